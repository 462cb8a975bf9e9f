"""Arrays laid out one after the other in flat vectors, and the trace of a function of such."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax

from pysciml.engines.julia.translator.program import Function, Slot
from pysciml.engines.julia.translator.refusing import is_forward_only

__all__ = ["is_wide", "places", "reverse", "trace", "vector"]


def is_wide(dtype: str) -> bool:
    """Whether functions of numbers of a dtype are traced with 64 bits, as the jax engine does.

    Parameters
    ----------
    dtype : str
        ``"float64"`` or ``"float32"``.

    Returns
    -------
    bool
        False in single precision, where whole numbers and literals have 32 bits too.
    """
    return dtype == "float64"


def places(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, slice]:
    """Say where named arrays are in the flat vector of all.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Their shapes, in order.

    Returns
    -------
    dict of str to slice
        Their places.

    Examples
    --------
    >>> places({"x": (), "y": (2, 3)})
    {'x': slice(0, 1, None), 'y': slice(1, 7, None)}
    """
    found, start = {}, 0
    for name, shape in shapes.items():
        found[name] = slice(start, start := start + math.prod(shape))
    return found


def vector(argument: str, shapes: Sequence[tuple[int, ...]], dtype: str) -> list[Slot]:
    """Lay arrays out in one argument.

    Parameters
    ----------
    argument : str
        Its name.
    shapes : sequence of tuple of int
        Their shapes, in order.
    dtype : str
        Of their numbers.

    Returns
    -------
    list of Slot
        One for each array.
    """
    slots, start = [], 0
    for shape in shapes:
        slots.append(Slot(argument, shape, dtype, start))
        start += math.prod(shape)
    return slots


def trace(
    name: str,
    function: Callable[..., Any],
    inputs: Sequence[Slot],
    outputs: Sequence[Slot],
    *,
    arguments: str = "u p t",
    derivative: bool = True,
) -> Function:
    """Trace a function.

    Parameters
    ----------
    name : str
        Of the Julia function.
    function : callable
        Takes one array for each of `inputs`, and returns as many as there are `outputs`.
    inputs, outputs : sequence of Slot
        Where these arrays are.
    arguments : str
        Arguments of the Julia function after its results, in order.
    derivative : bool
        Whether zeros are structural.

    Returns
    -------
    Function
        The trace.
    """
    shapes = [jax.ShapeDtypeStruct(slot.shape, slot.dtype) for slot in inputs]
    wide = is_wide(outputs[0].dtype)
    with jax.enable_x64(wide):
        jaxpr = jax.make_jaxpr(function)(*shapes)
    sizes: dict[str, int] = {}
    for slot in (*inputs, *outputs):
        if slot.offset is not None:
            sizes[slot.argument] = sizes.get(slot.argument, 0) + math.prod(slot.shape)
    order = tuple(arguments.split())
    return Function(name, jaxpr, tuple(inputs), tuple(outputs), order, sizes, derivative, wide=wide)


def reverse(
    name: str,
    function: Callable[..., Any],
    inputs: Sequence[Slot],
    outputs: Sequence[Slot],
    *,
    arguments: str,
) -> Iterator[Function]:
    """Trace the cotangents of a function, if it has any.

    Parameters
    ----------
    name, function, inputs, outputs, arguments
        As :func:`trace` takes them.

    Yields
    ------
    Function
        The trace; nothing if JAX differentiates the function in forward mode only.
    """
    try:
        yield trace(name, function, inputs, outputs, arguments=arguments)
    except (NotImplementedError, ValueError) as error:
        if not is_forward_only(error):
            raise
