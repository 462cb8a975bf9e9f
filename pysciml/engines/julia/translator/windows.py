"""Padding, and windows whose place is data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pysciml.engines.julia.translator.arrays import Array, Position, Stored
from pysciml.engines.julia.translator.elementwise import AND, SELECT
from pysciml.engines.julia.translator.ir import Atom, Const, Index, Name, Op, const

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["WINDOWS", "all_of", "inside", "padded"]

Outputs = list[Array]


def inside(emitter: Emitter, index: Index | int, size: int) -> Atom:
    """Emit whether an index is within 0..size-1.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    index : int or Index
        The index.
    size : int
        The length of its axis.

    Returns
    -------
    Atom
        A truth value.
    """
    if isinstance(index, int):
        return const(0 <= index < size, "bool")
    return emitter.op(Op(f"0 <= {{}} < {size}", 3), index, dtype="bool")


def all_of(emitter: Emitter, tests: Sequence[Atom]) -> Atom:
    """Emit whether all tests hold.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    tests : sequence of Atom
        Truth values.

    Returns
    -------
    Atom
        A truth value.
    """
    result: Atom = const(True, "bool")
    for test in tests:
        result = emitter.op(AND, result, test, dtype="bool")
    return result


def _pad(emitter: Emitter, equation: Any, operand: Array, value: Array) -> Outputs:
    out, padding = equation.outvars[0].aval, equation.params["padding_config"]
    return [padded(emitter, out, operand, value.at(emitter, ()), padding)]


def padded(
    emitter: Emitter, out: Any, operand: Array, filler: Atom, padding: Sequence[Sequence[int]]
) -> Array:
    """Put a number around and between the elements of an array.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    out : object
        Has the shape and the dtype of the result.
    operand : Array
        The array.
    filler : Atom
        The number.
    padding : sequence of (int, int, int)
        For each axis how many before, after and between; negative ones cut off.

    Returns
    -------
    Array
        The result.
    """
    low, _, inner = ([int(n) for n in column] for column in zip(*padding, strict=True))

    grows = all(int(n) >= 0 for low_high in padding for n in low_high[:2])
    if not emitter.scalar and isinstance(filler, Const) and grows:
        target = emitter.fill(str(out.dtype), out.shape, filler)
        start = sum(n * k for n, k in zip(low, target.strides, strict=True))
        steps = [(n + 1) * k for n, k in zip(inner, target.strides, strict=True)]
        emitter.store(Stored(target.buffer, operand.shape, start, steps), operand)
        return target

    def element(index: Position) -> Atom:
        source, tests = [], []
        for i, n, skip, size in zip(index, low, inner, operand.shape, strict=True):
            place = i + -n
            if skip:
                tests.append(_divides(emitter, place, skip + 1))
                place = _quotient(emitter, place, skip + 1)
            tests.append(inside(emitter, place, size))
            source.append(_clamped(emitter, place, size))
        here = all_of(emitter, tests)
        if isinstance(here, Const) and not here.value:
            return filler
        return emitter.op(SELECT, here, operand.at(emitter, source), filler, dtype=operand.dtype)

    return emitter.lazy(out, operand.cost + 2, element)


def _divides(emitter: Emitter, place: Index | int, step: int) -> Atom:
    if isinstance(place, int):
        return const(place % step == 0, "bool")
    return emitter.op(Op(f"mod({{}}, {step}) == 0", 3), place, dtype="bool")


def _quotient(emitter: Emitter, place: Index | int, step: int) -> Index | int:
    if isinstance(place, int):
        return place // step
    return emitter.whole(emitter.op(Op(f"fld({{}}, {step})"), place, dtype="int64"))


def _clamped(emitter: Emitter, place: Index | int, size: int) -> Index | int:
    if isinstance(place, int):
        return min(max(place, 0), size - 1)
    made = emitter.op(Op(f"clamp({{}}, 0, {size - 1})"), place, dtype="int64")
    assert isinstance(made, Name)
    return Index(0, ((made, 1),))


def _dynamic_slice(emitter: Emitter, equation: Any, operand: Array, *starts: Array) -> Outputs:
    out = equation.outvars[0].aval
    bounds = [n - m for n, m in zip(operand.shape, out.shape, strict=True)]
    offsets = [s.at(emitter, ()) for s in starts]
    operand = emitter.settle(operand)

    def element(index: Position) -> Atom:
        first = [emitter.whole(s, b) for s, b in zip(offsets, bounds, strict=True)]
        return operand.at(emitter, [f + i for f, i in zip(first, index, strict=True)])

    return [emitter.lazy(out, operand.cost, element)]


def _dynamic_update_slice(
    emitter: Emitter, equation: Any, operand: Array, update: Array, *starts: Array
) -> Outputs:
    bounds = [n - m for n, m in zip(operand.shape, update.shape, strict=True)]
    offsets = [s.at(emitter, ()) for s in starts]
    update = emitter.settle(update)

    def element(index: Position) -> Atom:
        tests, source = [], []
        for s, bound, i, size in zip(offsets, bounds, index, update.shape, strict=True):
            relative = i + emitter.whole(s, bound) * -1
            tests.append(inside(emitter, relative, size))
            source.append(_clamped(emitter, relative, size))
        here, old = all_of(emitter, tests), operand.at(emitter, index)
        if isinstance(here, Const) and not here.value:
            return old
        return emitter.op(SELECT, here, update.at(emitter, source), old, dtype=operand.dtype)

    return [emitter.lazy(equation.outvars[0].aval, operand.cost + 3, element)]


WINDOWS: dict[str, Callable[..., Outputs]] = {
    "pad": _pad,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
}
