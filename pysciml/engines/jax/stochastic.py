"""Steps of higher strong order for stochastic equations, for the categories that allow it."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from pysciml.engines.jax.system import Field
from pysciml.engines.jax.trees import add, axpy, shake

__all__ = ["NORMALS", "milstein", "sra1", "sriw1"]

NORMALS = {"SRA1": 2, "SRIW1": 2}  # per source and step, of the steps that need more than one


def milstein(field: Field, t: Any, y: Any, h: Any, dw: Any, *, ito: bool) -> Any:
    """Take a step of Milstein's scheme (strong order 1 where the sources commute).

    With commuting sources the iterated integrals are products of increments, so that the terms
    of second order are one derivative along the noise itself (Kloeden & Platen 1992, "Numerical
    solution of stochastic differential equations", 10.3.16 and 10.3.20).

    Parameters
    ----------
    field : Field
        The vector field.
    t, h : scalar
        Time at the start of the step, and its length.
    y : pytree
        State at `t`.
    dw : pytree
        Brownian increments.
    ito : bool
        In which calculus the noise is meant.

    Returns
    -------
    pytree
        State at `t` + `h`.
    """
    assert field.diffusion is not None
    amplitude, derivative = jax.linearize(functools.partial(field.diffusion, t), y)
    shaken = shake(field, amplitude, dw)
    second = shake(field, derivative(shaken), dw)
    if ito:
        if field.general:
            each = jax.vmap(derivative, in_axes=-2, out_axes=-2)(amplitude)
            own = jax.tree.map(lambda a: jnp.trace(a, axis1=-3, axis2=-2), each)
        else:
            own = derivative(amplitude)  # an amplitude depends on its own component alone
        second = axpy(-h, own, second)
    return axpy(0.5, second, add(axpy(h, field.drift(t, y), y), shaken))


def sra1(field: Field, t: Any, y: Any, h: Any, draws: Any) -> Any:
    """Take a step of SRA1 for additive noise (strong order 3/2, weak order 2).

    Coefficients: Roessler (2010), "Runge-Kutta methods for the strong approximation of solutions
    of stochastic differential equations", SIAM J. Numer. Anal. 48, table 6.3.

    Parameters
    ----------
    field, t, y, h
        As in `milstein`.
    draws : tuple of pytree
        Brownian increments, and independent numbers of the same law.

    Returns
    -------
    pytree
        State at `t` + `h`.
    """
    assert field.diffusion is not None
    dw, area = draws[0], _area(*draws)
    start, end = field.diffusion(t, y), field.diffusion(t + h, y)
    k1 = field.drift(t, y)
    moved = add(axpy(0.75 * h, k1, y), shake(field, _scaled(1.5, end), area))
    k2 = field.drift(t + 0.75 * h, moved)
    slope = jax.tree.map(lambda a, b: (a + 2 * b) / 3, k1, k2)
    change = shake(field, axpy(-1.0, end, start), area)
    return add(axpy(h, slope, y), shake(field, end, dw), change)


def sriw1(field: Field, t: Any, y: Any, h: Any, draws: Any) -> Any:
    """Take a step of SRIW1 for diagonal or scalar noise (Ito; strong order 3/2, weak order 2).

    Coefficients: Roessler (2010), as in `sra1`, table 6.1.

    Parameters
    ----------
    field, t, y, h, draws
        As in `sra1`.

    Returns
    -------
    pytree
        State at `t` + `h`.
    """
    diffusion, root = field.diffusion, jnp.sqrt(h)
    assert diffusion is not None
    dw, area = draws[0], _area(*draws)
    # Iterated integrals I_(1,1) / sqrt(h) and I_(1,1,1) / h.
    twice = jax.tree.map(lambda w: (w * w - h) / (2 * root), dw)
    thrice = jax.tree.map(lambda w: w * (w * w / h - 3) / 6, dw)

    def moved(drift: Any, weights: tuple[float, ...], stages: list[Any]) -> Any:
        """Go on from `y` by some drift and by amplitudes times the root of the step."""
        noise = shake(field, _weighted(weights, stages), jax.tree.map(lambda _: root, dw))
        return add(axpy(h, drift, y), noise)

    k1, g1 = field.drift(t, y), diffusion(t, y)
    ahead = add(axpy(0.75 * h, k1, y), shake(field, _scaled(1.5, g1), area))
    k2 = field.drift(t + 0.75 * h, ahead)
    quarter = _scaled(0.25, k1)
    g2 = diffusion(t + 0.25 * h, moved(quarter, (0.5,), [g1]))
    g3 = diffusion(t + h, moved(k1, (-1.0,), [g1]))
    g4 = diffusion(t + 0.25 * h, moved(quarter, (-5.0, 3.0, 0.5), [g1, g2, g3]))
    slope = jax.tree.map(lambda a, b: (a + 2 * b) / 3, k1, k2)
    noise = [
        shake(field, g, _weighted(weights, (dw, twice, area, thrice)))
        for g, weights in zip((g1, g2, g3, g4), _SRIW1, strict=True)
    ]
    return add(axpy(h, slope, y), *noise)


_SRIW1 = (  # of I_(1), I_(1,1) / sqrt(h), I_(1,0) / h and I_(1,1,1) / h, for every amplitude
    (-1.0, -1.0, 2.0, -2.0),
    (4 / 3, 4 / 3, -4 / 3, 5 / 3),
    (2 / 3, -1 / 3, -2 / 3, -2 / 3),
    (0.0, 0.0, 0.0, 1.0),
)


def _area(dw: Any, dz: Any) -> Any:
    """Give I_(1,0) / h, the mean over the step of the Brownian path since its start."""
    return jax.tree.map(lambda w, z: (w + z / 3**0.5) / 2, dw, dz)


def _scaled(a: float, x: Any) -> Any:
    return jax.tree.map(lambda x: a * x, x)


def _weighted(weights: tuple[float, ...], trees: Any) -> Any:
    return add(*(_scaled(w, x) for w, x in zip(weights, trees, strict=True) if w))
