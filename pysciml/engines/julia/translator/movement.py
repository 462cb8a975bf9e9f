"""Primitives that move elements: each says from where the element at an index comes."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jax import ShapeDtypeStruct

from pysciml.engines.julia.translator.arrays import Array, Constant, Position, Stored, row_major
from pysciml.engines.julia.translator.elementwise import AND, SELECT
from pysciml.engines.julia.translator.ir import Atom, Const, Index, Name, Op, const

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["MOVEMENT", "inside"]

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


def _identity(emitter: Emitter, equation: Any, *operands: Array) -> Outputs:
    return list(operands)


def _broadcast(emitter: Emitter, equation: Any, operand: Array, *_: Array) -> Outputs:
    out, dims = equation.outvars[0].aval, equation.params["broadcast_dimensions"]
    if isinstance(operand, Constant):
        shape = [1] * len(out.shape)
        for axis, dim in enumerate(dims):
            shape[dim] = operand.shape[axis]
        return [Constant(np.broadcast_to(operand.values.reshape(shape), out.shape))]
    if np.prod(out.shape) > operand.size and operand.cost > 2:
        operand = emitter.settle(operand)

    def element(index: Position) -> Atom:
        source = [0 if operand.shape[a] == 1 else index[d] for a, d in enumerate(dims)]
        return operand.at(emitter, source)

    return [emitter.lazy(out, operand.cost, element)]


def reshape(emitter: Emitter, operand: Array, shape: Sequence[int]) -> Array:
    """Give an array another shape, in row-major order.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    operand : Array
        Any.
    shape : sequence of int
        Its new shape.

    Returns
    -------
    Array
        The same elements.
    """
    shape = tuple(int(n) for n in shape)
    if isinstance(operand, Constant):
        return Constant(operand.values.reshape(shape))
    groups = _groups(operand.shape, shape)
    merges = any(len(old) > 1 for old, _ in groups) and not emitter.scalar
    if merges and not (isinstance(operand, Stored) and operand.is_contiguous):
        operand = emitter.copy(operand)
    if isinstance(operand, Stored) and operand.is_contiguous:
        return Stored(operand.buffer, shape, operand.offset)

    def element(index: Position) -> Atom:
        source: list[Index | int] = [0] * len(operand.shape)
        for old, new in groups:
            place: Index | int = 0
            for axis, stride in zip(new, row_major([shape[a] for a in new]), strict=True):
                place = place + index[axis] * stride
            if len(old) == 1:
                source[old[0]] = place
            elif old:
                assert isinstance(place, int)  # otherwise it has been copied
                where = np.unravel_index(place, [operand.shape[a] for a in old])
                for axis, i in zip(old, where, strict=True):
                    source[axis] = int(i)
        return operand.at(emitter, source)

    from pysciml.engines.julia.translator.arrays import Lazy

    made = Lazy(shape, operand.dtype, operand.cost, element)
    return emitter.settle(made) if emitter.scalar or not shape else made


def _groups(old: Sequence[int], new: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Pair the axes of two shapes that hold the same elements; axes of length 1 pair with none."""
    found: list[tuple[list[int], list[int]]] = []
    before = [a for a, n in enumerate(old) if n != 1]
    after = [a for a, n in enumerate(new) if n != 1]
    while before and after:
        left, right = [before.pop(0)], [after.pop(0)]
        a, b = old[left[0]], new[right[0]]
        while a != b:
            if a < b:
                left.append(before.pop(0))
                a *= old[left[-1]]
            else:
                right.append(after.pop(0))
                b *= new[right[-1]]
        found.append((left, right))
    return found


def _reshape(emitter: Emitter, equation: Any, operand: Array, *_: Array) -> Outputs:
    return [reshape(emitter, operand, equation.outvars[0].aval.shape)]


def _tile(emitter: Emitter, equation: Any, operand: Array) -> Outputs:
    """Repeat an array: along each axis first the copies, then what is in them."""
    reps = equation.params["reps"]
    pairs = [n for pair in zip(reps, operand.shape, strict=True) for n in pair]

    def element(index: Position) -> Atom:
        return operand.at(emitter, index[1::2])

    copies = ShapeDtypeStruct(pairs, operand.dtype)
    made = emitter.lazy(copies, operand.cost, element)
    return [reshape(emitter, made, equation.outvars[0].aval.shape)]


def _rearranged(source: Callable[[Any, Position], Position]) -> Callable[..., Outputs]:
    """Make a rule of a function ``(params, index) -> index of the operand``."""

    def rule(emitter: Emitter, equation: Any, operand: Array, *_: Array) -> Outputs:
        params = {**equation.params, "shape": operand.shape}

        def element(index: Position) -> Atom:
            return operand.at(emitter, source(params, index))

        return [emitter.lazy(equation.outvars[0].aval, operand.cost, element)]

    return rule


def _transposed(params: Any, index: Position) -> Position:
    return [index[params["permutation"].index(axis)] for axis in range(len(index))]


def _sliced(params: Any, index: Position) -> Position:
    strides = params["strides"] or (1,) * len(index)
    starts = params["start_indices"]
    return [int(s) + i * int(k) for s, i, k in zip(starts, index, strides, strict=True)]


def _reversed(params: Any, index: Position) -> Position:
    return [
        params["shape"][axis] - 1 + i * -1 if axis in params["dimensions"] else i
        for axis, i in enumerate(index)
    ]


def _squeezed(params: Any, index: Position) -> Position:
    left, rank = iter(index), len(params["shape"])
    gone = {int(axis) % rank for axis in params["dimensions"]}
    return [0 if axis in gone else next(left) for axis in range(rank)]


def _empty(emitter: Emitter, equation: Any) -> Outputs:
    """Give zeros for what JAX leaves open, such as values that only the other branch has."""
    out = equation.outvars[0].aval
    return [Constant(np.broadcast_to(np.zeros((), out.dtype), out.shape))]


def _iota(emitter: Emitter, equation: Any, *_: Array) -> Outputs:
    out, axis = equation.outvars[0].aval, equation.params["dimension"]
    dtype = str(out.dtype)

    def element(index: Position) -> Atom:
        return emitter.number(index[axis], dtype)

    return [emitter.lazy(out, 1.0, element)]


def _concatenate(emitter: Emitter, equation: Any, *operands: Array) -> Outputs:
    return [join(emitter, equation.outvars[0].aval, operands, equation.params["dimension"])]


def join(emitter: Emitter, out: Any, operands: Sequence[Array], axis: int) -> Array:
    """Join arrays along an axis.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    out : object
        Has the shape and the dtype of the result.
    operands : sequence of Array
        The pieces.
    axis : int
        Along which.

    Returns
    -------
    Array
        The whole.
    """
    ends = np.cumsum([operand.shape[axis] for operand in operands]).tolist()
    if emitter.scalar:

        def element(index: Position) -> Atom:
            place = index[axis]
            assert isinstance(place, int)  # in scalar style every index is known
            piece = bisect.bisect_right(ends, place)
            start = ends[piece] - operands[piece].shape[axis]
            inner = [i + -start if a == axis else i for a, i in enumerate(index)]
            return operands[piece].at(emitter, inner)

        return emitter.lazy(out, 0.0, element)
    target = Stored(emitter.buffer(str(out.dtype), int(np.prod(out.shape))), out.shape)
    for operand, end in zip(operands, ends, strict=True):
        start = (end - operand.shape[axis]) * target.strides[axis]
        emitter.store(Stored(target.buffer, operand.shape, start, target.strides), operand)
    return target


def _stack(emitter: Emitter, equation: Any, *operands: Array) -> Outputs:
    out, axis = equation.outvars[0].aval, equation.params["axis"]
    shape = [*out.shape[:axis], 1, *out.shape[axis + 1 :]]
    return [join(emitter, out, [reshape(emitter, piece, shape) for piece in operands], axis)]


def _unstack(emitter: Emitter, equation: Any, operand: Array) -> Outputs:
    axis = equation.params["axis"]

    def piece(i: int, out: Any) -> Array:
        def element(index: Position) -> Atom:
            return operand.at(emitter, [*index[:axis], i, *index[axis:]])

        return emitter.lazy(out, operand.cost, element)

    return [piece(i, variable.aval) for i, variable in enumerate(equation.outvars)]


def _split(emitter: Emitter, equation: Any, operand: Array) -> Outputs:
    axis, sizes = equation.params["axis"], equation.params["sizes"]
    starts = np.cumsum([0, *sizes]).tolist()

    def piece(start: int, out: Any) -> Array:
        def element(index: Position) -> Atom:
            return operand.at(emitter, [i + start if a == axis else i for a, i in enumerate(index)])

        return emitter.lazy(out, operand.cost, element)

    return [piece(s, v.aval) for s, v in zip(starts, equation.outvars, strict=False)]


def _pad(emitter: Emitter, equation: Any, operand: Array, value: Array) -> Outputs:
    out, padding = equation.outvars[0].aval, equation.params["padding_config"]
    filler = value.at(emitter, ())
    low, _, inner = ([int(n) for n in column] for column in zip(*padding, strict=True))

    grows = all(int(n) >= 0 for low_high in padding for n in low_high[:2])
    if not emitter.scalar and isinstance(filler, Const) and grows:
        target = emitter.fill(str(out.dtype), out.shape, filler)
        start = sum(n * k for n, k in zip(low, target.strides, strict=True))
        steps = [(n + 1) * k for n, k in zip(inner, target.strides, strict=True)]
        emitter.store(Stored(target.buffer, operand.shape, start, steps), operand)
        return [target]

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

    return [emitter.lazy(out, operand.cost + 2, element)]


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


MOVEMENT: dict[str, Callable[..., Outputs]] = {
    **dict.fromkeys(
        [
            "copy",
            "copy_p",
            "device_put",
            "name",
            "optimization_barrier",
            "pvary",
            "stop_gradient",
        ],
        _identity,
    ),
    **dict.fromkeys(["empty", "empty2"], _empty),
    "broadcast_in_dim": _broadcast,
    "reshape": _reshape,
    "expand_dims": _reshape,
    "tile": _tile,
    "squeeze": _rearranged(_squeezed),
    "transpose": _rearranged(_transposed),
    "slice": _rearranged(_sliced),
    "rev": _rearranged(_reversed),
    "iota": _iota,
    "concatenate": _concatenate,
    "stack": _stack,
    "unstack": _unstack,
    "split": _split,
    "pad": _pad,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
}
