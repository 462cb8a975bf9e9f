"""Any pure JAX function of named arrays as Julia source, with its tangent and its cotangents.

This is how observations and losses reach Julia; a model's own functions are in `trace`.
"""

from __future__ import annotations

import dataclasses
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from pysciml.engines.julia.translator.flat import is_wide, places, reverse, trace, vector
from pysciml.engines.julia.translator.program import Function, Slot
from pysciml.engines.julia.translator.refusing import origin, refusing
from pysciml.engines.julia.translator.source import Style, Translation, written
from pysciml.errors import CapabilityError, ModelError

__all__ = ["PureSource", "Shapes", "traced", "translate"]

Shapes = Mapping[str, tuple[int, ...]]
_OURS = {"y", "w", "cache", "T", "fill", "function", "end", "begin", "where", "in", "struct"}


@dataclass(frozen=True)
class PureSource(Translation):
    """A function in Julia.

    Parameters
    ----------
    arguments : mapping of str to mapping of str to slice
        Where each array is in the flat vectors that are the arguments.
    result : mapping of str to slice
        Where each array is in the result ``y``; that of a function that returns one array is
        named ``""``.
    """

    arguments: Mapping[str, Mapping[str, slice]]
    result: Mapping[str, slice]


def translate(
    name: str,
    function: Callable[..., Any],
    arguments: Mapping[str, Shapes | tuple[int, ...] | None],
    *,
    wrt: Sequence[str] | None = None,
    dtype: str = "float64",
    style: Style = "auto",
) -> PureSource:
    """Translate a function, with its derivatives, to Julia.

    The Julia functions are, for the name ``loss`` and the arguments ``u``, ``p``, ``t``:
    ``loss!(y, u, p, t)``; ``loss_jvp!(y, u, p, t, du, dp)``, the tangent of the result for
    tangents of the arguments; ``loss_vjp!(gu, gp, u, p, t, w)``, the cotangents of the arguments
    for a cotangent ``w`` of the result, unless JAX has none, as for loops whose count of iterations
    is data. A number that is the result is the one element of ``y``.

    Parameters
    ----------
    name : str
        Lower-case letters and underscores.
    function : callable
        Takes the arguments by position, each a dict of arrays, one array, or a scalar, as
        `arguments` says; returns an array or a dict of arrays.
    arguments : mapping of str to (mapping of str to tuple of int) or tuple of int or None
        For every argument, by a name of lower-case letters: the shapes of its named arrays, or
        the shape of the one array it is, all of them flat in Julia, row-major and one after the
        other; or None for a scalar.
    wrt : sequence of str, optional
        The arguments to differentiate by, in the order of `arguments`; all but scalars if not
        given.
    dtype : {"float64", "float32"}
        Of all numbers.
    style : {"auto", "scalar", "loops"}
        How arrays are written; by the count of operations if ``"auto"``.

    Returns
    -------
    PureSource
        The text, and what is in it.

    Raises
    ------
    ModelError
        If a name cannot be one of Julia, or `wrt` names no flat argument.
    CapabilityError
        If the function uses what cannot be traced or translated (with its line), or returns complex
        numbers.

    Examples
    --------
    >>> arguments = {"u": {"x": ()}, "p": {"gain": ()}}
    >>> made = translate("seen", lambda u, p: p["gain"] * u["x"], arguments)
    >>> "y[1] = p[1] * u[1]" in made.text, sorted(made.functions)
    (True, ['seen', 'seen_jvp', 'seen_vjp'])
    """
    named = {a: places(_named(shapes)) for a, shapes in arguments.items() if shapes is not None}
    with refusing(f"the function {name!r}"):
        pure, by = _read(name, function, arguments, wrt, dtype)
        text = written(pure.all(by), style)
    return PureSource(**vars(text), arguments=named, result=places(pure.result))


def traced(
    name: str,
    function: Callable[..., Any],
    arguments: Mapping[str, Shapes | tuple[int, ...] | None],
    *,
    wrt: Sequence[str] | None = None,
    dtype: str = "float64",
) -> list[Function]:
    """Trace the function, its tangent and its cotangents.

    Parameters
    ----------
    name, function, arguments, wrt, dtype
        As :func:`translate` takes them.

    Returns
    -------
    list of Function
        The traces, in this order; without the cotangents where JAX has none.
    """
    with refusing(f"the function {name!r}"):
        pure, by = _read(name, function, arguments, wrt, dtype)
        return pure.all(by)


def _read(
    name: str, function: Any, arguments: Any, wrt: Sequence[str] | None, dtype: str
) -> tuple[_Pure, list[str]]:
    _check(name, arguments)
    flat = [argument for argument, shapes in arguments.items() if shapes is not None]
    if unknown := [argument for argument in wrt or () if argument not in flat]:
        raise ModelError(
            f"{name!r} cannot be differentiated by {', '.join(map(repr, unknown))}; it can by its "
            f"flat arguments, {', '.join(map(repr, flat))}."
        )
    by = flat if wrt is None else [argument for argument in flat if argument in wrt]
    return _Pure(name, function, arguments, dtype), by


def _check(name: str, arguments: Mapping[str, Any]) -> None:
    for word in (name, *arguments):
        pattern = r"[a-z]+(_[a-z]+)*" if word == name else r"[a-z]+"
        if not re.fullmatch(pattern, word) or word in _OURS or keyword.iskeyword(word):
            raise ModelError(
                f"{word!r} cannot name a Julia function or an argument of it here; use lower-case "
                "letters, and none of " + ", ".join(sorted(_OURS)) + "."
            )
    derived = [f"{letter}{argument}" for letter in "dg" for argument in arguments]
    if clashes := sorted(set(derived) & set(arguments)):
        raise ModelError(
            f"The argument {clashes[0]!r} of {name!r} would have the name of the tangent or the "
            f"cotangent of {clashes[0][1:]!r}; give it another name."
        )


def _named(shapes: Shapes | tuple[int, ...] | None) -> dict[str, tuple[int, ...]]:
    return dict(shapes) if isinstance(shapes, Mapping) else {"": shapes or ()}


class _Pure:
    """The function with its arguments flat, and its results in order."""

    def __init__(
        self, name: str, function: Callable[..., Any], arguments: Mapping[str, Any], dtype: str
    ) -> None:
        self.name, self.function, self.arguments, self.dtype = name, function, arguments, dtype
        self.order = " ".join(arguments)
        self.inputs: list[Slot] = []
        for argument, shapes in arguments.items():
            self.inputs += self.slots(argument, argument, shapes)
        given = [jax.ShapeDtypeStruct(slot.shape, dtype) for slot in self.inputs]
        with jax.enable_x64(is_wide(dtype)):
            found = jax.eval_shape(lambda *values: self.returned(*values), *given)
        self.result = {key: value.shape for key, value in found.items()}

    def slots(self, name: str, argument: str, shapes: Any) -> list[Slot]:
        """Lay an argument out, under a name that may be that of its tangent."""
        if self.arguments[argument] is None:
            return [Slot(name, (), self.dtype, None)]
        return vector(name, list(_named(shapes).values()), self.dtype)

    def returned(self, *values: Any) -> dict[str, Any]:
        """Call the function, and name what it returns."""
        remaining = iter(values)
        given = []
        for shapes in self.arguments.values():
            named = {key: next(remaining) for key in _named(shapes)}
            given.append(named if isinstance(shapes, Mapping) else named[""])
        found = self.function(*given)
        named = dict(found) if isinstance(found, Mapping) else {"": found}
        arrays = {key: jnp.asarray(value) for key, value in named.items()}
        for key, array in arrays.items():
            if jnp.issubdtype(array.dtype, jnp.complexfloating):
                raise CapabilityError(
                    f"{self.name!r} returns complex numbers{f' for {key!r}' if key else ''}; the "
                    "julia engine has real ones only. Return the real and the imaginary part."
                )
        return {key: array.astype(self.dtype) for key, array in arrays.items()}

    def evaluate(self, *values: Any) -> tuple[Any, ...]:
        """Give the results in order."""
        return tuple(self.returned(*values).values())

    def all(self, by: Sequence[str]) -> list[Function]:
        """Trace the value, the tangent and the cotangents."""
        count = len(self.inputs)
        outputs = vector("y", list(self.result.values()), self.dtype)
        chosen = [k for k, slot in enumerate(self.inputs) if slot.argument in by]

        def along(values: Sequence[Any]) -> Callable[..., Any]:
            def partial(*free: Any) -> tuple[Any, ...]:
                full = list(values[:count])
                for k, value in zip(chosen, free, strict=True):
                    full[k] = value
                return self.evaluate(*full)

            return partial

        def jvp(*values: Any) -> Any:
            at = tuple(values[k] for k in chosen)
            return jax.jvp(along(values), at, tuple(values[count:]))[1]

        def vjp(*values: Any) -> Any:
            back = jax.vjp(along(values), *(values[k] for k in chosen))[1]
            return back(tuple(values[count:]))

        def renamed(letter: str) -> list[Slot]:
            shapes = [(a, self.arguments[a]) for a in by]
            return [slot for a, s in shapes for slot in self.slots(f"{letter}{a}", a, s)]

        cotangent = [Slot("w", slot.shape, slot.dtype, slot.offset) for slot in outputs]
        tangents = " ".join(f"d{argument}" for argument in by)
        name, order = self.name, self.order
        made = [trace(name, self.evaluate, self.inputs, outputs, arguments=order, derivative=False)]
        if not by:
            return [dataclasses.replace(one, home=origin(self.function)) for one in made]
        forward = [*self.inputs, *renamed("d")]
        backward = [*self.inputs, *cotangent]
        made.append(trace(f"{name}_jvp", jvp, forward, outputs, arguments=f"{order} {tangents}"))
        made += reverse(f"{name}_vjp", vjp, backward, renamed("g"), arguments=f"{order} w")
        return [dataclasses.replace(one, home=origin(self.function)) for one in made]
