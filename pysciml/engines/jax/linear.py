"""Linear systems over lanes: Jacobians, and the solution of a dense system in every lane.

A matrix over lanes is an array of shape (d, d, batch). A small one is inverted by elimination
over whole arrays: a loop of a few array operations, which XLA compiles together with the loop of
the solver, and then each solution is one product. A call of LAPACK would cost more than all of
this, but is better for large matrices.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from pysciml.engines.jax.lanes import Lanes

__all__ = ["inverse", "jacobian", "shift"]

SMALL = 24  # components, up to which a matrix is inverted here


def jacobian(function: Callable[[Lanes], Lanes], y: Lanes) -> jax.Array:
    """Differentiate a function of lanes, where every trajectory depends on itself only.

    Parameters
    ----------
    function : callable
        From lanes to lanes of the same shapes.
    y : tuple of array
        Where.

    Returns
    -------
    array
        Shape (d, d, batch): the derivative of component i by component j at (i, j).
    """
    columns = []
    for place, lane in enumerate(y):

        def along(one: jax.Array, place: int = place) -> Lanes:
            return function((*y[:place], one, *y[place + 1 :]))

        # One lane at a time: what does not depend on it is then known to be zero.
        _, tangent = jax.linearize(along, lane)
        if lane.ndim == 1:
            columns.append(_rows(tangent(jnp.ones_like(lane)))[:, None])
        else:
            count = lane.size // lane.shape[-1]
            units = jnp.eye(count, dtype=lane.dtype).reshape(count, *lane.shape[:-1], 1)
            units = jnp.broadcast_to(units, (count, *lane.shape))
            columns.append(jax.vmap(lambda u, f=tangent: _rows(f(u)), out_axes=1)(units))
    return jnp.concatenate(columns, axis=1)


def shift(matrix: jax.Array, s: jax.Array) -> jax.Array:
    """Give ``I - s A``.

    Parameters
    ----------
    matrix : array
        A, shape (d, d, batch).
    s : array
        Shape (batch,).

    Returns
    -------
    array
        Shape (d, d, batch).
    """
    return jnp.eye(matrix.shape[0], dtype=matrix.dtype)[..., None] - s * matrix


def inverse(matrix: jax.Array) -> Callable[[Lanes], Lanes]:
    """Factorise a matrix once, to solve for many right-hand sides.

    Solutions can be differentiated by the matrix too, in both modes; the elimination itself is
    not differentiated.

    Parameters
    ----------
    matrix : array
        A, shape (d, d, batch).

    Returns
    -------
    callable
        From lanes b to the lanes x of ``A x = b``; not finite where A is singular.
    """
    constant = jax.lax.stop_gradient(matrix)
    factorise = _eliminated if matrix.shape[0] <= SMALL else _lapack
    plain, transposed = factorise(constant)

    def solve(b: Lanes) -> Lanes:
        x = jax.lax.custom_linear_solve(
            lambda v: jnp.sum(matrix * v, axis=1),
            _rows(b),
            lambda _, c: plain(c),
            lambda _, c: transposed(c),
        )
        return _lanes(x, b)

    return solve


Solve = Callable[[jax.Array], jax.Array]


def _eliminated(matrix: jax.Array) -> tuple[Solve, Solve]:
    """Invert by Gauss-Jordan elimination with partial pivoting."""
    size = matrix.shape[0]
    index = jnp.arange(size)[:, None]

    def column(k: jax.Array, m: jax.Array) -> jax.Array:
        """Turn column k of [A, I] into a unit vector."""
        entries, old = m[:, k], m[k]
        chosen = index == jnp.argmax(jnp.where(index >= k, jnp.abs(entries), -1.0), axis=0)
        pivot = jnp.sum(jnp.where(chosen, entries, 0.0), axis=0)
        row = jnp.sum(jnp.where(chosen[:, None], m, 0.0), axis=0) / pivot
        m = jnp.where(chosen[:, None], old, m)
        entries = jnp.where(chosen, old[k], entries)
        return jnp.where((index == k)[:, None], row, m - entries[:, None] * row)

    unit = jnp.broadcast_to(jnp.eye(size, dtype=matrix.dtype)[..., None], matrix.shape)
    both = jnp.concatenate([matrix, unit], axis=1)
    inverted = jax.lax.fori_loop(0, size, column, both)[:, size:]
    return (
        lambda b: jnp.sum(inverted * b, axis=1),
        lambda b: jnp.sum(inverted * b[:, None], axis=0),
    )


def _lapack(matrix: jax.Array) -> tuple[Solve, Solve]:
    factors = jax.scipy.linalg.lu_factor(jnp.moveaxis(matrix, -1, 0))

    def solve(b: jax.Array, trans: int) -> jax.Array:
        return jax.scipy.linalg.lu_solve(factors, b.T[..., None], trans=trans)[..., 0].T

    return lambda b: solve(b, 0), lambda b: solve(b, 1)


def _rows(lanes: Lanes) -> jax.Array:
    """Join lanes into (d, batch)."""
    return jnp.concatenate([lane.reshape(-1, lane.shape[-1]) for lane in lanes])


def _lanes(rows: jax.Array, like: Lanes) -> Lanes:
    """Split (d, batch) into lanes."""
    lanes, start = [], 0
    for lane in like:
        count = lane.size // lane.shape[-1]
        lanes.append(rows[start : start + count].reshape(lane.shape))
        start += count
    return tuple(lanes)
