"""Which elements of a Jacobian can differ from zero, and few tangents that give them all.

Every array of a trace carries, for each of its elements, the set of inputs that it depends on; so
the zeros are structural, never the chance of one point. A primitive without a rule depends on all
that its arguments depend on. Columns without a row in common share a tangent (Curtis, Powell &
Reid, 1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from pysciml.engines.julia.translator.elementwise import ELEMENTWISE

__all__ = ["Pattern", "pattern"]

LARGE = 50  # states from which a sparse Jacobian pays
DENSE = 0.2  # share of elements up to which it does
MOVES = {
    "broadcast_in_dim", "concatenate", "copy", "expand_dims", "pad", "reshape", "rev", "slice",
    "split", "squeeze", "stack", "transpose", "unstack",
}  # fmt: skip


@dataclass(frozen=True)
class Pattern:
    """A sparsity pattern, column by column as in Julia, counted from 0; the diagonal is in it.

    Parameters
    ----------
    starts : array of int
        Where each column starts in `rows`, and the end; shape (columns + 1,).
    rows : array of int
        Row of each element.
    colors : array of int
        The tangent that each column shares, shape (columns,).
    """

    starts: np.ndarray
    rows: np.ndarray
    colors: np.ndarray

    @property
    def columns(self) -> np.ndarray:
        """Column of each element."""
        return np.repeat(np.arange(self.colors.size), np.diff(self.starts))

    @property
    def tangents(self) -> np.ndarray:
        """The tangents, shape (colors, columns)."""
        return (np.arange(self.colors.max() + 1)[:, None] == self.colors).astype(float)

    @property
    def pays(self) -> bool:
        """Whether the matrix is large and sparse enough to be kept sparse."""
        size = self.colors.size
        return size >= LARGE and self.rows.size <= DENSE * size**2


def pattern(jaxpr: Any, by: Sequence[int], *, wide: bool = True) -> Pattern:
    """Find the pattern of a square Jacobian from the trace of its product with a tangent.

    Parameters
    ----------
    jaxpr : ClosedJaxpr
        The trace; its results, one after the other and row-major, are the rows.
    by : sequence of int
        Which arguments of the trace are the tangent, in the order of the columns.
    wide : bool
        Whether it was traced with 64 bits.

    Returns
    -------
    Pattern
        Its pattern.

    Examples
    --------
    >>> found = pattern(jax.make_jaxpr(lambda v: v - 2 * v[::-1])(np.ones(4)), [0])
    >>> found.rows.tolist(), found.colors.tolist()
    ([0, 3, 1, 2, 1, 2, 0, 3], [0, 0, 1, 1])
    """
    variables = jaxpr.jaxpr.invars
    sizes = [variables[k].aval.size for k in by]
    size = sum(sizes)
    given, start = [], 0
    for k, variable in enumerate(variables):
        depends = np.zeros((*variable.aval.shape, size), bool)
        if k in by:
            count = variable.aval.size
            depends.reshape(count, size)[:, start : start + count] = np.eye(count, dtype=bool)
            start += count
        given.append((depends, None))
    with jax.enable_x64(wide):
        results = _run(jaxpr, given, size)
    matrix = np.concatenate([depends.reshape(-1, size) for depends, _ in results])
    matrix |= np.eye(size, dtype=bool)
    columns, rows = np.nonzero(matrix.T)
    starts = np.searchsorted(columns, np.arange(size + 1))
    return Pattern(starts, rows, _colors(matrix))


def _colors(matrix: np.ndarray) -> np.ndarray:
    """Give every column the first tangent that has none of its rows."""
    used = np.zeros((0, matrix.shape[0]), bool)
    colors = np.zeros(matrix.shape[1], int)
    for k, column in enumerate(matrix.T):
        free = ~used[:, column].any(axis=1)
        if not free.any():
            used = np.concatenate([used, np.zeros((1, matrix.shape[0]), bool)])
        colors[k] = int(np.argmax(free)) if free.any() else len(used) - 1
        used[colors[k]] |= column
    return colors


Depends = tuple[np.ndarray, Any]  # for every element the inputs it depends on; the value, if known


def _run(jaxpr: Any, given: Sequence[Depends], size: int) -> list[Depends]:
    constants = getattr(jaxpr, "consts", ())
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)

    def known(value: Any) -> Depends:
        return np.zeros((*np.shape(value), size), bool), np.asarray(value)

    values = dict(zip(map(id, jaxpr.invars), given, strict=True))
    values.update(zip(map(id, jaxpr.constvars), map(known, constants), strict=True))
    for equation in jaxpr.eqns:
        operands = [
            known(np.asarray(a.val, a.aval.dtype)) if hasattr(a, "val") else values[id(a)]
            for a in equation.invars
        ]
        for variable, result in zip(equation.outvars, _once(equation, operands, size), strict=True):
            values[id(variable)] = result
    return [known(a.val) if hasattr(a, "val") else values[id(a)] for a in jaxpr.outvars]


def _once(equation: Any, operands: Sequence[Depends], size: int) -> list[Depends]:
    name, params = equation.primitive.name, equation.params
    inner = next((params[k] for k in ("jaxpr", "call_jaxpr") if k in params), None)
    if inner is not None and name not in ("scan", "while", "cond"):
        return _run(inner, operands, size)
    depends = [d for d, _ in operands]
    shapes = [variable.aval.shape for variable in equation.outvars]
    if all(value is not None for _, value in operands):
        results = equation.primitive.bind(*(v for _, v in operands), **params)
        many = results if equation.primitive.multiple_results else [results]
        return [
            (np.zeros((*s, size), bool), np.asarray(r)) for s, r in zip(shapes, many, strict=True)
        ]
    if name in ELEMENTWISE:
        found = np.zeros((*shapes[0], size), bool)
        for d in depends:
            found |= d  # of the same shape, or a scalar
        return [(found, None)]
    if name in MOVES:
        return _moved(equation, depends, size)
    if name in ("gather", "dynamic_slice") and all(v is not None for _, v in operands[1:]):
        return _moved(equation, depends[:1], size, [v for _, v in operands[1:]])
    if name.startswith("reduce_") and "axes" in params:
        return [(np.asarray(depends[0].any(axis=tuple(params["axes"]))), None)]
    if name == "dot_general":
        return [(_product(params["dimension_numbers"], *operands), None)]
    everything = np.zeros(size, bool)
    for d in depends:
        everything |= d.reshape(-1, size).any(axis=0)
    return [(np.broadcast_to(everything, (*shape, size)), None) for shape in shapes]


def _moved(
    equation: Any, depends: Sequence[np.ndarray], size: int, rest: Sequence[Any] = ()
) -> list[Depends]:
    """Let the primitive move numbers of elements about; -1 is none of them."""
    start, numbers = 0, []
    for d in depends:
        count = int(np.prod(d.shape[:-1]))
        numbers.append(np.arange(start, start + count, dtype=np.int32).reshape(d.shape[:-1]))
        start += count
    params = dict(equation.params)
    if "fill_value" in params:
        params["fill_value"] = -1
    found = equation.primitive.bind(*numbers, *rest, **params)
    many = found if equation.primitive.multiple_results else [found]
    table = np.concatenate([*(d.reshape(-1, size) for d in depends), np.zeros((1, size), bool)])
    return [(table[np.where(np.asarray(n) < 0, start, np.asarray(n))], None) for n in many]


def _product(numbers: Any, left: Depends, right: Depends) -> np.ndarray:
    """Join what the factors depend on; a known zero lets nothing through."""

    def through(d: np.ndarray, side: int, other: Any) -> Any:
        counts = d.astype(np.float32)
        known = np.ones(other[0].shape[:-1]) if other[1] is None else other[1] != 0
        weights = known.astype(np.float32)
        swapped = tuple(tuple(axes)[::-1] for axes in numbers)
        contract, batches = numbers if side == 0 else swapped
        found = jax.lax.dot_general(counts, weights, (contract, batches))
        # Batch axes come first, then those of the one, its inputs last, then those of the other.
        place = counts.ndim - 1 - len(contract[0])
        found = np.moveaxis(np.asarray(found) > 0, place, -1)
        if side == 1:  # the free axes of the right factor stand before those of the left
            first = len(batches[0])
            free = place - first
            axes = [*range(first + free, found.ndim - 1), *range(first, first + free)]
            found = found.transpose(*range(first), *axes, found.ndim - 1)
        return found

    return through(left[0], 0, right) | through(right[0], 1, left)
