"""Primitives that move elements: each says from where the element at an index comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.engines.julia.translator.arrays import Array, Constant, Position, Stored, row_major
from pysciml.engines.julia.translator.ir import Atom, Index

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["MOVEMENT", "reshape"]

Outputs = list[Array]


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
    "squeeze": _rearranged(_squeezed),
    "transpose": _rearranged(_transposed),
    "slice": _rearranged(_sliced),
    "rev": _rearranged(_reversed),
    "iota": _iota,
}
