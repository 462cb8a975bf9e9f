"""Inputs that vary in time, as piecewise polynomials over lanes.

A step of a solver is taken inside one piece: the piece is chosen at the start of the step and
continued beyond its ends, so that no stage of the step sees the jump or the kink at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["Piecewise", "piecewise"]


class Piecewise(NamedTuple):
    """A polynomial between every two neighbouring knots.

    Parameters
    ----------
    knots : array
        Increasing times, shape (k,).
    coefficients : array
        Shape (degree + 1, k - 1, *shape) or with a last axis of the batch; lowest power first, in
        the time since the knot before.
    swept : bool
        Whether there is an axis of the batch.
    """

    knots: jax.Array
    coefficients: jax.Array
    swept: bool

    def during(self, t: Any) -> Callable[[Any], jax.Array]:
        """Choose the piece that begins at or before `t`, and give it as a function of time.

        Parameters
        ----------
        t : scalar or array
            Time, or one for every lane, shape (batch,).

        Returns
        -------
        callable
            ``time -> value``; the value has an axis of the batch if `t` has or if it is swept.
        """
        last = self.knots.shape[0] - 2
        index = jnp.clip(jnp.searchsorted(self.knots, t, side="right") - 1, 0, last)
        if self.swept and jnp.ndim(t):
            rows = jax.vmap(lambda c, i: c[:, i], in_axes=(-1, 0), out_axes=-1)
            chosen = rows(self.coefficients, index)
        else:
            chosen = self.coefficients[:, index]
            if jnp.ndim(t):
                chosen = jnp.moveaxis(chosen, 1, -1)
        start = self.knots[index]

        def value(time: Any) -> jax.Array:
            total = chosen[-1]
            for coefficient in chosen[-2::-1]:
                total = total * (time - start) + coefficient
            return total

        return value


def piecewise(
    knots: jax.Array,
    values: jax.Array,
    interpolation: Literal["previous", "linear", "cubic"],
    *,
    swept: bool = False,
) -> Piecewise:
    """Interpolate values at knots; differentiable in the values.

    Parameters
    ----------
    knots : array
        Increasing times, shape (k,), k at least 2.
    values : array
        Shape (k, *shape), or with a last axis of the batch.
    interpolation : {"previous", "linear", "cubic"}
        Steps that begin at the knots; straight lines; or cubic Hermite pieces whose slope at a
        knot is that of the parabola through it and its neighbours.
    swept : bool
        Whether there is an axis of the batch.

    Returns
    -------
    Piecewise
        The interpolant.
    """
    if interpolation == "previous":
        return Piecewise(knots, values[None, :-1], swept)
    width = jnp.diff(knots).reshape(-1, *(1,) * (values.ndim - 1))
    secant = jnp.diff(values, axis=0) / width
    if interpolation == "linear" or knots.shape[0] == 2:
        return Piecewise(knots, jnp.stack([values[:-1], secant]), swept)
    left, right = width[:-1], width[1:]
    inner = (right * secant[:-1] + left * secant[1:]) / (left + right)
    slope = jnp.concatenate([2 * secant[:1] - inner[:1], inner, 2 * secant[-1:] - inner[-1:]])
    bend = (3 * secant - 2 * slope[:-1] - slope[1:]) / width
    twist = (slope[:-1] + slope[1:] - 2 * secant) / width**2
    return Piecewise(knots, jnp.stack([values[:-1], slope[:-1], bend, twist]), swept)
