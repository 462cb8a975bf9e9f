"""Linear systems over lanes: Jacobians, and the solution of a small dense system in every lane.

A matrix over lanes is held as rows of arrays of shape (batch,) where it is small. Elimination is
then written out term by term, so that a whole implicit step compiles to one piece of straight
code; a call of LAPACK would cost more than the arithmetic. Larger matrices are one array of shape
(batch, d, d), and LAPACK solves them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.jax.lanes import Lanes

__all__ = ["Matrix", "inverse", "jacobian", "shift"]

SMALL = 8  # components, up to which elimination is written out

Row = tuple[jax.Array, ...]
Rows = tuple[Row, ...]
Matrix = Rows | jax.Array


def jacobian(function: Callable[[Lanes], Lanes], y: Lanes) -> Matrix:
    """Differentiate every lane of a function by that lane.

    Parameters
    ----------
    function : callable
        From lanes to lanes of the same shapes; a trajectory depends on itself only.
    y : tuple of array
        Where.

    Returns
    -------
    Matrix
        Derivative of component i by component j in row i and column j.
    """
    if _size(y) > SMALL:
        return _dense_jacobian(function, y)
    columns = []
    for place, lane in enumerate(y):

        def along(one: jax.Array, place: int = place) -> Lanes:
            return function((*y[:place], one, *y[place + 1 :]))

        # One lane at a time: what does not depend on it is then known to be zero.
        _, tangent = jax.linearize(along, lane)
        columns.extend(_rows(tangent(unit)) for unit in _units(lane))
    return tuple(zip(*columns, strict=True))


def shift(matrix: Matrix, s: jax.Array) -> Matrix:
    """Give ``I - s J``.

    Parameters
    ----------
    matrix : Matrix
        J.
    s : array
        Shape (batch,).

    Returns
    -------
    Matrix
        Like `matrix`.
    """
    if isinstance(matrix, jax.Array):
        return jnp.eye(matrix.shape[-1], dtype=matrix.dtype) - s[:, None, None] * matrix
    return tuple(
        tuple(float(i == j) - s * entry for j, entry in enumerate(row))
        for i, row in enumerate(matrix)
    )


def inverse(matrix: Matrix) -> Callable[[Lanes], Lanes]:
    """Factorise a matrix once, to solve for many right-hand sides.

    Solutions can be differentiated by the matrix too, in both modes; the elimination itself is
    not differentiated.

    Parameters
    ----------
    matrix : Matrix
        W.

    Returns
    -------
    callable
        From lanes b to the lanes x of ``W x = b``; not finite where W is singular.
    """
    if isinstance(matrix, jax.Array):
        return _dense_inverse(matrix)
    substitute = _eliminate(jax.lax.stop_gradient(matrix))

    def multiply(x: Row) -> Row:
        return tuple(_dot(row, x) for row in matrix)

    def transposed(_: object, b: Row) -> Row:
        (x,) = jax.linear_transpose(substitute, b)(b)
        return x

    def solve(b: Lanes) -> Lanes:
        x = jax.lax.custom_linear_solve(
            multiply, _rows(b), lambda _, c: substitute(c), transposed, symmetric=False
        )
        return _lanes(x, b)

    return solve


def _eliminate(matrix: Rows) -> Callable[[Row], Row]:
    """Factorise by Gaussian elimination with partial pivoting; give the substitution."""
    rows = [list(row) for row in matrix]
    size = len(rows)
    swaps: dict[tuple[int, int], jax.Array] = {}
    lower: dict[tuple[int, int], jax.Array] = {}
    reciprocal = []
    for k in range(size):
        # Compare and swap, one row after the other: the largest pivot ends up on top.
        for i in range(k + 1, size):
            swaps[k, i] = jnp.abs(rows[i][k]) > jnp.abs(rows[k][k])
            for j in range(k, size):
                rows[k][j], rows[i][j] = _swapped(swaps[k, i], rows[k][j], rows[i][j])
        reciprocal.append(1 / rows[k][k])
        for i in range(k + 1, size):
            lower[k, i] = rows[i][k] * reciprocal[k]
            for j in range(k + 1, size):
                rows[i][j] = rows[i][j] - lower[k, i] * rows[k][j]

    def substitute(b: Row) -> Row:
        x = list(b)
        for k in range(size):
            for i in range(k + 1, size):
                x[k], x[i] = _swapped(swaps[k, i], x[k], x[i])
            for i in range(k + 1, size):
                x[i] = x[i] - lower[k, i] * x[k]
        for k in reversed(range(size)):
            for j in range(k + 1, size):
                x[k] = x[k] - rows[k][j] * x[j]
            x[k] = x[k] * reciprocal[k]
        return tuple(x)

    return substitute


def _swapped(where: jax.Array, a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.where(where, b, a), jnp.where(where, a, b)


def _dot(row: Row, x: Row) -> jax.Array:
    total = row[0] * x[0]
    for a, b in zip(row[1:], x[1:], strict=True):
        total = total + a * b
    return total


def _dense_jacobian(function: Callable[[Lanes], Lanes], y: Lanes) -> jax.Array:
    size, batch = _size(y), y[0].shape[-1]
    basis, start = [], 0
    for lane in y:
        count = lane.size // batch
        units = jnp.eye(size, dtype=lane.dtype)[:, start : start + count]
        basis.append(
            jnp.broadcast_to(units.reshape(size, *lane.shape[:-1], 1), (size, *lane.shape))
        )
        start += count
    _, tangent = jax.linearize(function, y)
    columns = jax.vmap(tangent)(tuple(basis))
    return jnp.concatenate([c.reshape(size, -1, batch) for c in columns], axis=1).T


def _dense_inverse(matrix: jax.Array) -> Callable[[Lanes], Lanes]:
    factors = jax.scipy.linalg.lu_factor(jax.lax.stop_gradient(matrix))

    def solved(b: jax.Array, trans: int) -> jax.Array:
        return jax.scipy.linalg.lu_solve(factors, b[..., None], trans=trans)[..., 0]

    def solve(b: Lanes) -> Lanes:
        batch = b[0].shape[-1]
        rows = jnp.concatenate([lane.reshape(-1, batch) for lane in b]).T
        x = jax.lax.custom_linear_solve(
            lambda v: jnp.einsum("bij,bj->bi", matrix, v),
            rows,
            lambda _, c: solved(c, 0),
            lambda _, c: solved(c, 1),
        ).T
        ends = np.cumsum([lane.size // batch for lane in b])
        parts = jnp.split(x, ends[:-1])
        return tuple(part.reshape(lane.shape) for part, lane in zip(parts, b, strict=True))

    return solve


def _size(y: Lanes) -> int:
    return sum(lane.size // lane.shape[-1] for lane in y)


def _units(lane: jax.Array) -> list[jax.Array]:
    """Give the directions of the components of a lane."""
    count = lane.size // lane.shape[-1]
    shape = (*lane.shape[:-1], 1)
    return [
        jnp.broadcast_to(jnp.asarray(row.reshape(shape), lane.dtype), lane.shape)
        for row in np.eye(count)
    ]


def _rows(lanes: Lanes) -> Row:
    """Split lanes into components of shape (batch,)."""
    return tuple(row for lane in lanes for row in lane.reshape(-1, lane.shape[-1]))


def _lanes(rows: Sequence[jax.Array], like: Lanes) -> Lanes:
    """Join components again."""
    remaining = iter(rows)
    return tuple(
        next(remaining)
        if lane.ndim == 1
        else jnp.stack([next(remaining) for _ in range(lane.size // lane.shape[-1])]).reshape(
            lane.shape
        )
        for lane in like
    )
