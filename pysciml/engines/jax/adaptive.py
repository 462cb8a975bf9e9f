"""Adaptive Tsit5 over lanes: every trajectory keeps its own step, all run in one loop.

Between two save times the loop runs until the slowest lane has passed the later one; lanes that
are there already wait. Save times are met by the scheme's own interpolant, not by short steps.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.base import Status
from pysciml.engines.jax.system import Field, Lanes

__all__ = ["Adaptive", "solve_adaptive"]

# Tsitouras (2011), Comput. Math. Appl. 62, 770: coefficients of the 5(4) pair and its interpolant.
A = (
    (0.161,),
    (-0.008480655492356989, 0.335480655492357),
    (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
    (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
    (
        5.86145544294642,
        -12.92096931784711,
        8.159367898576159,
        -0.071584973281401,
        -0.028269050394068383,
    ),
    (
        0.09646076681806523,
        0.01,
        0.4798896504144996,
        1.379008574103742,
        -3.290069515436081,
        2.324710524099774,
    ),
)
C = (0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0)
ERROR = (
    0.0017800110522257714,
    0.0008164344596567463,
    -0.007880878010261995,
    0.144711007173263,
    -0.5823571654525552,
    0.45808210592918697,
    -1 / 66,
)
MAX_STEPS = 1_000_000  # per trajectory
SAFETY, SHRINK, GROW = 0.9, 0.2, 10.0
KI, KP = 0.7 / 5, 0.4 / 5  # proportional-integral control of the step (Hairer & Wanner, IV.2)


class Adaptive(NamedTuple):
    """Where the loop stands; every field but the lanes has shape (batch,)."""

    t: jax.Array
    h: jax.Array
    y: Lanes
    slope: Lanes
    started: jax.Array
    before: Lanes
    stages: tuple[Lanes, ...]
    error: jax.Array
    status: jax.Array
    accepted: jax.Array
    rejected: jax.Array


def solve_adaptive(
    field: Field, y0: Lanes, times: jax.Array, rtol: jax.Array, atol: jax.Array
) -> tuple[Lanes, Adaptive]:
    """Integrate from ``times[0]`` and return the state at every one of `times`.

    Parameters
    ----------
    field : Field
        The vector field.
    y0 : tuple of array
        Lanes at ``times[0]``.
    times : array
        Save times, shape (n,).
    rtol, atol : scalar
        Tolerances on the local error of every component, in the root mean square.

    Returns
    -------
    tuple
        Lanes with a first axis of n (not finite after a failure), and where the loop ended.
    """
    batch = y0[0].shape[-1]
    t = jnp.full(batch, times[0])
    end = times[-1]
    slope = field.drift(t, y0)
    h = _first_step(field, t, y0, slope, end - times[0], rtol, atol)
    zero = jnp.zeros(batch, jnp.int32)
    start = Adaptive(
        t, h, y0, slope, t, y0, (slope,) * 7, jnp.ones(batch, t.dtype), zero, zero, zero
    )

    def to(carry: Adaptive, until: jax.Array) -> tuple[Adaptive, Lanes]:
        def waiting(c: Adaptive) -> jax.Array:
            return (c.t < until) & (c.status == Status.SUCCESS)

        carry = jax.lax.while_loop(
            lambda c: jnp.any(waiting(c)),
            lambda c: _advance(field, c, waiting(c), end, rtol, atol),
            carry,
        )
        return carry, _interpolate(carry, until)

    carry, path = jax.lax.scan(to, start, times[1:])
    joined = (jnp.concatenate([a[None], b]) for a, b in zip(y0, path, strict=True))
    return tuple(joined), carry


def _norm(values: Lanes, scale: Lanes) -> jax.Array:
    squares = [
        jnp.sum(((v / s) ** 2).reshape(-1, v.shape[-1]), axis=0)
        for v, s in zip(values, scale, strict=True)
    ]
    count = sum(v.size // v.shape[-1] for v in values)
    return jnp.sqrt(sum(squares[1:], squares[0]) / count)


def _combine(y: Lanes, h: jax.Array, weights: Any, stages: Any) -> Lanes:
    return tuple(
        lane + h * sum(w * k[i] for w, k in zip(weights, stages, strict=True))
        for i, lane in enumerate(y)
    )


def _first_step(
    field: Field,
    t: jax.Array,
    y: Lanes,
    slope: Lanes,
    span: jax.Array,
    rtol: jax.Array,
    atol: jax.Array,
) -> jax.Array:
    """Guess the first step, at most the span (Hairer, Norsett & Wanner, II.4)."""
    scale = tuple(atol + rtol * jnp.abs(lane) for lane in y)
    d0, d1 = _norm(y, scale), _norm(slope, scale)
    h0 = jnp.where((d0 < 1e-5) | (d1 < 1e-5), 1e-6, 0.01 * d0 / jnp.maximum(d1, 1e-30))
    h0 = jnp.minimum(h0, span)
    ahead = field.drift(t + h0, _combine(y, h0, (1.0,), (slope,)))
    change = tuple(b - a for a, b in zip(slope, ahead, strict=True))
    largest = jnp.maximum(d1, _norm(change, scale) / h0)
    h1 = jnp.where(largest <= 1e-15, jnp.maximum(1e-6, h0 * 1e-3), (0.01 / largest) ** 0.2)
    h = jnp.minimum(jnp.minimum(100 * h0, h1), span)
    # Where the rates are not finite any step will do: the loop shortens it, then gives up.
    return jnp.where(jnp.isfinite(h), h, span)


def _advance(
    field: Field,
    c: Adaptive,
    active: jax.Array,
    end: jax.Array,
    rtol: jax.Array,
    atol: jax.Array,
) -> Adaptive:
    left = end - c.t
    # A step that would leave a crumb before the end takes it along.
    h = jnp.where(c.h * 1.000001 >= left, left, c.h)
    stages = [c.slope]
    y = c.y
    for row, node in zip(A, C, strict=True):
        y = _combine(c.y, h, row, stages)
        stages.append(field.drift(c.t + node * h, y))
    zero = tuple(jnp.zeros_like(lane) for lane in y)
    scale = tuple(
        atol + rtol * jnp.maximum(jnp.abs(a), jnp.abs(b)) for a, b in zip(c.y, y, strict=True)
    )
    error = _norm(_combine(zero, h, ERROR, stages), scale)
    finite = jnp.isfinite(error)
    error = jnp.where(finite, jnp.maximum(error, 1e-10), 1e10)
    good = (error <= 1) & active
    factor = jnp.where(
        good, SAFETY * error**-KI * c.error**KP, jnp.minimum(SAFETY * error ** (-1 / 5), 1.0)
    )
    grown = h * jnp.clip(factor, SHRINK, GROW)
    reached = jnp.where(h == left, end, c.t + h)

    def keep(new: Any, old: Any, where: jax.Array = good) -> Any:
        return jax.tree.map(lambda a, b: jnp.where(where, a, b), new, old)

    tiny = active & ~good & (grown < 16 * jnp.finfo(c.t.dtype).eps * jnp.maximum(abs(c.t), 1e-30))
    status = jnp.where(tiny & finite, Status.STEP_TOO_SMALL, c.status)
    status = jnp.where(tiny & ~finite, Status.NOT_FINITE, status)
    accepted = c.accepted + good
    rejected = c.rejected + (active & ~good)
    spent = active & (accepted + rejected >= MAX_STEPS) & (status == Status.SUCCESS)
    status = jnp.where(spent, Status.TOO_MANY_STEPS, status)
    return Adaptive(
        keep(reached, c.t),
        jnp.where(active, grown, c.h),
        keep(y, c.y),
        keep(stages[-1], c.slope),
        keep(c.t, c.started),
        keep(c.y, c.before),
        keep(tuple(stages), c.stages),
        keep(error, c.error),
        status,
        accepted,
        rejected,
    )


def _interpolate(c: Adaptive, at: jax.Array) -> Lanes:
    h = c.t - c.started
    x = (at - c.started) / jnp.where(h > 0, h, 1.0)
    square = x * x
    weights = (
        -1.0530884977290216
        * x
        * (x - 1.3299890189751412)
        * (square - 1.4364028541716351 * x + 0.7139816917074209),
        0.1017 * square * (square - 2.1966568338249754 * x + 1.2949852507374631),
        2.490627285651252793 * square * (square - 2.38535645472061657 * x + 1.57803468208092486),
        -16.54810288924490272 * (x - 1.21712927295533244) * (x - 0.61620406037800089) * square,
        47.37952196281928122 * (x - 1.203071208372362603) * (x - 0.658047292653547382) * square,
        -34.87065786149660974 * (x - 1.2) * (x - 2 / 3) * square,
        2.5 * (x - 1) * (x - 0.6) * square,
    )
    values = _combine(c.before, h, weights, c.stages)
    good = (c.t >= at) & (c.status == Status.SUCCESS)
    return tuple(jnp.where(good, lane, jnp.asarray(np.nan, lane.dtype)) for lane in values)
