"""Arrays put together, taken apart and repeated."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jax import ShapeDtypeStruct

from pysciml.engines.julia.translator.arrays import Array, Position, Stored
from pysciml.engines.julia.translator.ir import Atom
from pysciml.engines.julia.translator.movement import reshape

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["JOINING"]

Outputs = list[Array]


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


def _tile(emitter: Emitter, equation: Any, operand: Array) -> Outputs:
    """Repeat an array: along each axis first the copies, then what is in them."""
    reps = equation.params["reps"]
    pairs = [n for pair in zip(reps, operand.shape, strict=True) for n in pair]

    def element(index: Position) -> Atom:
        return operand.at(emitter, index[1::2])

    copies = ShapeDtypeStruct(pairs, operand.dtype)
    made = emitter.lazy(copies, operand.cost, element)
    return [reshape(emitter, made, equation.outvars[0].aval.shape)]


JOINING: dict[str, Callable[..., Outputs]] = {
    "concatenate": _concatenate,
    "stack": _stack,
    "unstack": _unstack,
    "split": _split,
    "tile": _tile,
}
