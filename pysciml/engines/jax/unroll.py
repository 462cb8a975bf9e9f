"""Unrolling: a function of small arrays as scalar code over lanes.

On a CPU the fast shape of a batched kernel is a structure of arrays: one contiguous array per
scalar component, with the batch as its only axis (a *lane*). A model function is written for one
trajectory; here its jaxpr is evaluated once more with every array held as a NumPy object array
whose elements are lanes. Shape operations then cost nothing, and what is left is elementwise
code that XLA fuses into one loop along the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

__all__ = ["NotUnrollableError", "cost", "gather", "unrolled"]

Objects = np.ndarray  # of dtype object; each element is a lane or a scalar


class NotUnrollableError(Exception):
    """The jaxpr has a primitive that has no scalar form here."""


ELEMENTWISE = frozenset(
    "abs acos acosh add and asin asinh atan atan2 atanh cbrt ceil clamp convert_element_type cos "
    "cosh digamma div eq erf erf_inv erfc exp exp2 expm1 floor ge gt integer_pow is_finite le "
    "lgamma log log1p logistic lt max min mul ne neg nextafter not or pow real rem round rsqrt "
    "select_n sign sin sinh sqrt square sub tan tanh xor copy copy_p stop_gradient".split()
)
REDUCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "reduce_sum": jnp.add,
    "reduce_prod": jnp.multiply,
    "reduce_max": jnp.maximum,
    "reduce_min": jnp.minimum,
    "reduce_and": jnp.logical_and,
    "reduce_or": jnp.logical_or,
}


def unrolled(closed: ClosedJaxpr) -> Callable[..., list[Objects]]:
    """Turn a jaxpr into a function of object arrays of lanes.

    Parameters
    ----------
    closed : ClosedJaxpr
        Of a function of arrays of one trajectory.

    Returns
    -------
    callable
        Takes one object array per argument, of the argument's shape, whose elements are arrays
        of shape (batch,) or (); returns the like for the results.

    Raises
    ------
    NotUnrollableError
        When called, if a primitive has no scalar form.
    """

    def run(*arguments: Objects) -> list[Objects]:
        return _evaluate(closed.jaxpr, closed.consts, arguments)

    return run


def cost(jaxpr: Jaxpr) -> int:
    """Count of scalar operations that unrolling would emit.

    Parameters
    ----------
    jaxpr : Jaxpr
        Of a function of arrays of one trajectory.

    Returns
    -------
    int
        Results of elementwise operations, and products of contractions.
    """
    total = 0
    for equation in jaxpr.eqns:
        inner = _inner(equation)
        size = max((math.prod(v.aval.shape) for v in equation.outvars), default=0)
        if inner is not None:
            total += cost(inner.jaxpr)
        elif equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            shape = equation.invars[0].aval.shape
            total += 2 * size * math.prod(shape[axis] for axis in contracted)
        elif equation.primitive.name in REDUCTIONS:
            total += math.prod(equation.invars[0].aval.shape)
        elif equation.primitive.name in ELEMENTWISE:
            total += size
    return total


def _inner(equation: Any) -> ClosedJaxpr | None:
    if equation.primitive.name in ("jit", "pjit", "closed_call", "remat", "checkpoint"):
        inner = equation.params["jaxpr"]
    elif equation.primitive.name in ("custom_jvp_call", "custom_vjp_call"):
        inner = equation.params.get("call_jaxpr", equation.params.get("fun_jaxpr"))
    else:
        return None
    return inner if isinstance(inner, ClosedJaxpr) else ClosedJaxpr(inner, ())


def _evaluate(jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Objects]) -> list[Objects]:
    values: dict[Any, Objects] = {}

    def read(atom: Any) -> Objects:
        if isinstance(atom, Literal):
            return _objects(np.asarray(atom.val, dtype=atom.aval.dtype))
        return values[atom]

    values.update(zip(jaxpr.constvars, map(_objects, consts), strict=True))
    values.update(zip(jaxpr.invars, arguments, strict=True))
    for equation in jaxpr.eqns:
        operands = [read(atom) for atom in equation.invars]
        inner = _inner(equation)
        if inner is not None:
            results = _evaluate(inner.jaxpr, inner.consts, operands)
        else:
            results = _apply(equation, operands)
        values.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def gather(elements: Sequence[Any], shape: Sequence[int]) -> Objects:
    """Hold lanes as an object array.

    Parameters
    ----------
    elements : sequence
        The lanes, in C order.
    shape : sequence of int
        Shape of the result.

    Returns
    -------
    numpy.ndarray
        Of dtype object and of `shape`.
    """
    made = np.empty(len(elements), dtype=object)
    for index, element in enumerate(elements):
        made[index] = element  # one by one: NumPy would try to unpack the lanes
    return made.reshape(tuple(shape))


def _objects(array: Any) -> Objects:
    array = np.asarray(array)
    return gather(list(array.reshape(-1)), array.shape)


def _apply(equation: Any, operands: list[Objects]) -> list[Objects]:
    name, params = equation.primitive.name, equation.params
    if name in ELEMENTWISE:
        return [_elementwise(equation.primitive, params, operands)]
    if name in REDUCTIONS:
        return [_reduce(REDUCTIONS[name], operands[0], params["axes"])]
    if name in STRUCTURE:
        results = STRUCTURE[name](params, *operands)
        return results if isinstance(results, list) else [results]
    raise NotUnrollableError(name)


def _elementwise(primitive: Any, params: dict[str, Any], operands: list[Objects]) -> Objects:
    # A scalar operand beside an array is allowed by select_n and clamp alone.
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    operands = [np.broadcast_to(operand, shape) for operand in operands]
    results = []
    for elements in zip(*(operand.flat for operand in operands), strict=True):
        lanes = jnp.broadcast_arrays(*map(jnp.asarray, elements))
        results.append(primitive.bind(*lanes, **params))
    return gather(results, shape)


def _reduce(combine: Callable[[Any, Any], Any], operand: Objects, axes: Sequence[int]) -> Objects:
    moved = np.moveaxis(operand, axes, range(len(axes)))
    kept = moved.shape[len(axes) :]
    terms = moved.reshape((-1, *kept))
    columns = terms.reshape(terms.shape[0], -1).T
    return gather([_fold(combine, list(column)) for column in columns], kept)


def _fold(combine: Callable[[Any, Any], Any], terms: list[Any]) -> Any:
    # Pairwise: short chains for the processor, small rounding error.
    if not terms:
        raise NotUnrollableError("reduction of nothing")
    while len(terms) > 1:
        pairs = [combine(a, b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + (terms[-1:] if len(terms) % 2 else [])
    return terms[0]


def _dot_general(params: dict[str, Any], left: Objects, right: Objects) -> Objects:
    (cl, cr), (bl, br) = params["dimension_numbers"]

    def arrange(a: Objects, batch: Sequence[int], contracted: Sequence[int]) -> Objects:
        free = [axis for axis in range(a.ndim) if axis not in (*batch, *contracted)]
        shape = [a.shape[axis] for axis in (*batch, *free)]
        inner = math.prod(a.shape[axis] for axis in contracted)
        flat = a.transpose(*batch, *free, *contracted) if a.ndim else a
        sizes = math.prod(shape[: len(batch)]), math.prod(shape[len(batch) :]), inner
        return flat.reshape(sizes)

    a, b = arrange(left, bl, cl), arrange(right, br, cr)
    out = [
        _fold(jnp.add, [x * y for x, y in zip(row, column, strict=True)])
        for rows_of, columns_of in zip(a, b, strict=True)
        for row in rows_of
        for column in columns_of
    ]
    batch = [left.shape[axis] for axis in bl]
    rows = [left.shape[axis] for axis in range(left.ndim) if axis not in (*bl, *cl)]
    columns = [right.shape[axis] for axis in range(right.ndim) if axis not in (*br, *cr)]
    return gather(out, (*batch, *rows, *columns))


def _broadcast(params: dict[str, Any], operand: Objects, *_: Objects) -> Objects:
    shape, axes = params["shape"], params["broadcast_dimensions"]
    expanded = [1] * len(shape)
    for axis, target in enumerate(axes):
        expanded[target] = operand.shape[axis]
    return np.broadcast_to(operand.reshape(expanded), shape)


def _slice(params: dict[str, Any], operand: Objects) -> Objects:
    strides = params["strides"] or (1,) * operand.ndim
    bounds = zip(params["start_indices"], params["limit_indices"], strides, strict=True)
    return operand[tuple(slice(*bound) for bound in bounds)]


def _split(params: dict[str, Any], operand: Objects) -> list[Objects]:
    return np.split(operand, np.cumsum(params["sizes"])[:-1], axis=params["axis"])


def _unstack(params: dict[str, Any], operand: Objects) -> list[Objects]:
    return list(np.moveaxis(operand, params["axis"], 0))


def _iota(params: dict[str, Any]) -> Objects:
    shape, axis = params["shape"], params["dimension"]
    along = np.arange(shape[axis], dtype=params["dtype"])
    column = along.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return _objects(np.broadcast_to(column, shape))


STRUCTURE: dict[str, Callable[..., Any]] = {
    "broadcast_in_dim": _broadcast,
    "concatenate": lambda params, *a: np.concatenate(a, axis=params["dimension"]),
    "dot_general": _dot_general,
    "expand_dims": lambda params, a: np.expand_dims(a, params["dimensions"]),
    "iota": _iota,
    "reshape": lambda params, a: a.reshape(params["new_sizes"]),
    "rev": lambda params, a: np.flip(a, params["dimensions"]),
    "slice": _slice,
    "split": _split,
    "squeeze": lambda params, a: np.squeeze(a, axis=params["dimensions"]),
    "stack": lambda params, *a: np.stack(a, axis=params["axis"]),
    "transpose": lambda params, a: a.transpose(params["permutation"]),
    "unstack": _unstack,
}
