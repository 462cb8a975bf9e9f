"""One traced function into one Julia function, in place or out of place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from pysciml.engines.julia.translator.arrays import Scalars, Stored, row_major
from pysciml.engines.julia.translator.emitter import Emitter
from pysciml.engines.julia.translator.fusion import buffers, prune
from pysciml.engines.julia.translator.ir import JULIA_TYPES, Buffer, Name, const
from pysciml.engines.julia.translator.printing import lines
from pysciml.engines.julia.translator.sparsity import Pattern
from pysciml.engines.julia.translator.translate import run

__all__ = ["Function", "Slot", "emit"]


@dataclass(frozen=True)
class Slot:
    """Where an array of a trace lives in the arguments of a Julia function.

    Parameters
    ----------
    argument : str
        Name of the argument, one of ours.
    shape : tuple of int
        Shape of the array; a scalar with `offset` None is the argument itself.
    dtype : str
        Its dtype.
    offset : int or None
        Where it starts in the argument, a flat vector.
    strides : tuple of int, optional
        Elements from one index to the next; row-major if not given.
    """

    argument: str
    shape: tuple[int, ...]
    dtype: str
    offset: int | None = 0
    strides: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Function:
    """A traced function, and where its arguments and results live.

    Parameters
    ----------
    name : str
        Name of the Julia function, without ``!``.
    jaxpr : ClosedJaxpr
        The trace.
    inputs, outputs : tuple of Slot
        One for every variable of the trace.
    arguments : tuple of str
        Arguments of the Julia function after its results, in order.
    sizes : mapping
        Length of every flat vector among arguments and results.
    derivative : bool
        Whether zeros are structural.
    pattern : Pattern, optional
        Of a Jacobian that is given by its elements that can differ from zero.
    wide : bool
        Whether it was traced with 64 bits.
    home : str
        Where the function that it comes from is defined, for messages.
    """

    name: str
    jaxpr: Any
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    arguments: tuple[str, ...]
    sizes: dict[str, int]
    derivative: bool = False
    pattern: Pattern | None = None
    wide: bool = True
    home: str = ""


def emit(function: Function, *, scalar: bool, in_place: bool = True) -> list[str]:
    """Write a Julia function.

    Parameters
    ----------
    function : Function
        What it computes.
    scalar : bool
        Scalar variables throughout, or loops over work arrays.
    in_place : bool
        Whether it writes its results into its first arguments; otherwise it returns their
        elements as a tuple (one number as itself).

    Returns
    -------
    list of str
        The lines; with loops, its cache type comes first.
    """
    with jax.enable_x64(function.wide):
        emitter = Emitter(scalar, function.derivative, function.home)
        results = run(emitter, function.jaxpr, [_input(emitter, s) for s in function.inputs])
        returned: list[Any] = []
        if in_place:
            outputs = [(slot, r) for slot, r in zip(function.outputs, results, strict=True)]
            for part, (slot, result) in enumerate(outputs):
                target = _buffer(emitter, slot, "output", part)
                stored = Stored(target, slot.shape, slot.offset or 0, slot.strides)
                emitter.store(stored, result)
        else:
            returned = _elements(emitter, function, results)
    names = {atom for atom in returned if isinstance(atom, Name)}
    prune(emitter.root, names)
    body, texts = _numbered(*lines(emitter.root, tuple(returned)))
    used = buffers(emitter.root)
    work = [b for b in emitter.buffers if b in used]
    kind = function.outputs[0].dtype
    return [
        *_cache(_cache_name(function.name), work, kind, emitter),
        *_head(function, in_place, bool(work or emitter.tables)),
        *(f"    {b.text} = cache.{b.text}" for b in (*work, *emitter.tables)),
        "    @inbounds begin",
        *("    " + line for line in body),
        "    end",
        "    return " + (_tuple(function, texts) if not in_place else "nothing"),
        "end",
        "",
    ]


def _tuple(function: Function, texts: Sequence[str]) -> str:
    if len(function.outputs) == 1 and function.outputs[0].offset is None:
        return texts[0]
    groups, start = [], 0
    for argument in _results(function):
        piece = texts[start : start + function.sizes[argument]]
        start += len(piece)
        groups.append(f"({', '.join(piece)}{',' if len(piece) == 1 else ''})")
    return groups[0] if len(groups) == 1 else f"({', '.join(groups)})"


def _results(function: Function) -> list[str]:
    return list(dict.fromkeys(slot.argument for slot in function.outputs))


def _numbered(body: list[str], results: list[str]) -> tuple[list[str], list[str]]:
    """Give the scalar variables that are left new numbers, in the order of the lines."""
    numbers: dict[str, str] = {}

    def new(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"{match[0][0]}{len(numbers) + 1}")

    renamed = [re.sub(r"\b[xs]\d+\b", new, line) for line in (*body, *results)]
    return renamed[: len(body)], renamed[len(body) :]


def _input(emitter: Emitter, slot: Slot) -> Any:
    if slot.offset is None:
        elements = np.empty((), object)
        elements[()] = Name(slot.argument, slot.dtype, emitter.root)
        return Scalars(elements, slot.dtype)
    return Stored(_buffer(emitter, slot, "input"), slot.shape, slot.offset, slot.strides)


def _buffer(emitter: Emitter, slot: Slot, kind: str, part: int = 0) -> Buffer:
    return Buffer(slot.argument, slot.dtype, 0, kind, emitter.root, part)


def _elements(emitter: Emitter, function: Function, results: Sequence[Any]) -> list[Any]:
    """Give the elements of all results, in the order of the flat vectors."""
    order = _results(function)
    places: dict[tuple[int, int], Any] = {}
    for slot, result in zip(function.outputs, results, strict=True):
        strides = row_major(slot.shape) if slot.strides is None else slot.strides
        for index in np.ndindex(*slot.shape):
            at = (slot.offset or 0) + sum(i * k for i, k in zip(index, strides, strict=True))
            places[order.index(slot.argument), at] = result.at(emitter, index)
    return [places[k] for k in sorted(places)]


def _cache_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_")) + "Cache"


def _head(function: Function, in_place: bool, cached: bool) -> list[str]:
    arguments = [*(_results(function) if in_place else ()), *function.arguments]
    checked = [(a, function.sizes[a]) for a in arguments if a in function.sizes]
    if cached:
        arguments.append(f"cache::{_cache_name(function.name)}")
    return [
        f"function {function.name}{'!' if in_place else ''}({', '.join(arguments)})",
        *(f"    check_length({name}, {size})" for name, size in checked if size),
    ]


def _cache(name: str, work: Sequence[Buffer], kind: str, emitter: Emitter) -> list[str]:
    """Write the type that holds the work arrays, for any element type, and the tables."""
    if not work and not emitter.tables:
        return []

    def field_type(buffer: Buffer) -> str:
        generic = buffer.kind == "work" and buffer.dtype == kind
        return "T" if generic else JULIA_TYPES[buffer.dtype]

    buffers = [*work, *emitter.tables]
    fresh = [f"Vector{{{field_type(b)}}}(undef, {b.size})" for b in work]
    known = []
    for buffer, values in emitter.tables.items():
        text = ", ".join(_number(value, buffer.dtype) for value in values.ravel().tolist())
        known.append(f"{JULIA_TYPES[buffer.dtype]}[{text}]")
    return [
        f"struct {name}{{T}}",
        *(f"    {b.text}::Vector{{{field_type(b)}}}" for b in buffers),
        "end",
        f"{name}(::Type{{T}}) where {{T}} = {name}{{T}}(",
        *(f"    {text}," for text in (*fresh, *known)),
        ")",
        "",
    ]


def _number(value: Any, dtype: str) -> str:
    """Write a number of a typed table, which needs no type of its own."""
    return str(value) if "int" in dtype and abs(value) < 2**63 else const(value, dtype).text
