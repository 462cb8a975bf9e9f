"""Simplified Newton iterations over lanes, for the stages of implicit methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from pysciml.engines.jax.lanes import Lanes, norm, pick
from pysciml.engines.jax.linear import inverse, jacobian

__all__ = ["root"]

ITERATIONS = 10
CLOSE = 1e-2  # distance from the root, in units of the tolerances


class _State(NamedTuple):
    z: Lanes
    size: jax.Array  # of the last correction
    eta: jax.Array  # distance to the root over the size of the last correction
    left: jax.Array  # lanes that go on
    failed: jax.Array
    tries: jax.Array


def root(
    residual: Callable[[Lanes], Lanes],
    guess: Lanes,
    solve: Callable[[Lanes], Lanes],
    scale: Lanes,
    eta: jax.Array,
) -> tuple[Lanes, jax.Array, jax.Array]:
    """Find the zero of a function in every lane (Hairer & Wanner 1996, IV.8).

    The root has the derivatives that the implicit function theorem gives it, in both modes.

    Parameters
    ----------
    residual : callable
        From lanes to lanes.
    guess : tuple of array
        Where to start.
    solve : callable
        Solves a system with an approximate Jacobian of the residual.
    scale : tuple of array
        Tolerance of every component.
    eta : array
        Distance to the root over the size of a correction as expected before any is seen,
        (batch,); what `root` returned for a similar system.

    Returns
    -------
    tuple
        The root; eta as seen at the end; whether the iterations failed.
    """
    frozen = jax.lax.stop_gradient

    def search(function: Callable[[Lanes], Lanes], start: Lanes) -> tuple[Lanes, Any]:
        end = _iterate(function, start, solve, scale, eta)
        # A number, because the tangent of a flag has a type that not every loop of JAX takes.
        return end.z, (end.eta, (end.left | end.failed).astype(eta.dtype))

    def tangent(linear: Callable[[Lanes], Lanes], b: Lanes) -> Lanes:
        return inverse(jacobian(linear, b))(b)

    z, (eta, failed) = jax.lax.custom_root(residual, frozen(guess), search, tangent, has_aux=True)
    return z, frozen(eta), frozen(failed) > 0


def _iterate(
    function: Callable[[Lanes], Lanes],
    start: Lanes,
    solve: Callable[[Lanes], Lanes],
    scale: Lanes,
    eta: jax.Array,
) -> _State:
    def correct(s: _State) -> _State:
        change = solve(function(s.z))
        size = norm(change, scale)
        rate = size / jnp.where(s.size > 0, s.size, 1.0)
        first = s.tries == 0
        eta = jnp.where(first, s.eta, rate / jnp.where(rate < 1, 1 - rate, 1.0))
        diverged = ~jnp.isfinite(size) | (~first & (rate >= 1) & (size > CLOSE))
        close = (eta * size <= CLOSE) & ~diverged
        z = tuple(a - b for a, b in zip(s.z, change, strict=True))
        return _State(
            pick(s.left, z, s.z),
            jnp.where(s.left, size, s.size),
            jnp.where(s.left & ~diverged, eta, s.eta),
            s.left & ~close & ~diverged,
            s.failed | (s.left & diverged),
            s.tries + 1,
        )

    def unfinished(s: _State) -> jax.Array:
        return jnp.any(s.left) & (s.tries < ITERATIONS)

    everywhere = jnp.ones(eta.shape, bool)
    begin = jnp.maximum(eta, jnp.finfo(eta.dtype).eps) ** 0.8
    state = _State(start, jnp.zeros_like(eta), begin, everywhere, ~everywhere, jnp.asarray(0))
    return jax.lax.while_loop(unfinished, correct, state)
