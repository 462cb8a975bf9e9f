"""The error within a step: what the interpolant lacks to solve the equations."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from pysciml.engines.jax.lanes import Lanes
from pysciml.engines.jax.system import Field

__all__ = ["defect"]

WHERE = 0.25  # within the step; at its middle the interpolant of Rodas4 is better than around it


def defect(
    field: Field, within: Callable[[jax.Array], Lanes], t: jax.Array, h: jax.Array, gamma: float
) -> Lanes:
    """Give ``gamma h (f(y) - y')`` for the interpolant y of a step.

    Divided by the matrix ``I - gamma h J`` it is about the error there, stiff or not. In very
    stiff equations the interpolant can be far worse than the end of the step, of which alone the
    error estimates of these methods know. Rodas5P with control of the residual (Steinebach 2023)
    looks at it too.

    Parameters
    ----------
    field : Field
        The vector field during the step.
    within : callable
        The interpolant, over the step taken as 1.
    t, h : array
        Start and length of the step, shape (batch,).
    gamma : float
        Diagonal coefficient of the method.

    Returns
    -------
    tuple of array
        Lanes.
    """
    x = jnp.full_like(h, WHERE)
    state, rise = jax.jvp(within, (x,), (jnp.ones_like(x),))
    rates = field.drift(t + x * h, state)
    return tuple(gamma * (h * f - r) for f, r in zip(rates, rise, strict=True))
