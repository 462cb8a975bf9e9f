"""Adaptive steps over lanes: every trajectory keeps its own step, all run in one loop.

Between two save times the loop runs until the slowest lane has passed the later one; lanes that
are there already wait. Save times are met by the method's own interpolant, not by short steps.
Steps end on *stops*, the times at which inputs jump or timed events happen, and on crossings of
the conditions of events.

Where the loop is differentiated, the step sizes that the error estimate chose are constants: what
is differentiated is the sequence of steps that was taken.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.base import Status
from pysciml.engines.jax import crossings
from pysciml.engines.jax.crossings import Record, Watch
from pysciml.engines.jax.lanes import Lanes, combine, norm, pick
from pysciml.engines.jax.methods import Method
from pysciml.engines.jax.system import Field
from pysciml.engines.jax.variations import step_error, tolerance

__all__ = ["Adaptive", "Problem", "solve_adaptive"]

MAX_STEPS = 1_000_000  # per trajectory
SAFETY, SHRINK, GROW = 0.9, 0.2, 10.0
KI, KP = 0.7, 0.4  # proportional-integral control (Hairer & Wanner 1996, IV.2), over the order
FEW_SAVES = 32  # up to so many, the last step is taken again to interpolate, and not kept
STIFF_STEPS = 15  # in a row, after which a trajectory is handed to a method for stiff equations


class Problem(NamedTuple):
    """What to integrate, and how closely.

    Parameters
    ----------
    field : Field
        The vector field.
    rtol, atol : scalar
        Tolerances on the local error of every component, in the root mean square.
    end : scalar
        The final time.
    stops : array or None
        Increasing times on which steps must end, the last of them infinite; None for none.
    watch : Watch or None
        The events.
    """

    field: Field
    rtol: Any
    atol: Any
    end: Any
    stops: jax.Array | None = None
    watch: Watch | None = None

    def scale(self, a: Lanes, b: Lanes) -> Lanes:
        """Give the tolerance of every component between two states."""
        return tolerance(self.rtol, self.atol, a, b)


class Adaptive(NamedTuple):
    """Where the loop stands; every field but lanes and events has shape (batch,)."""

    t: jax.Array
    h: jax.Array  # the next step
    y: Lanes
    slope: Lanes | None  # the rate at (t, y), where the last step has left it
    started: jax.Array  # the last step: where it started,
    width: jax.Array  # how long it was before an event cut it short,
    before: Lanes  # the state there,
    dense: tuple[Lanes, tuple[Lanes, ...]] | None  # its uncut end and its stages, where kept
    log_error: jax.Array  # of the last step that was kept
    status: jax.Array
    accepted: jax.Array
    rejected: jax.Array
    stiff: jax.Array  # steps in a row that looked stiff
    record: Record | None


def solve_adaptive(
    method: Method,
    problem: Problem,
    y0: Lanes,
    t0: jax.Array,
    times: jax.Array,
    *,
    hand_over: bool = False,
    loop: Callable[..., Any] = jax.lax.while_loop,
) -> tuple[Lanes, Adaptive]:
    """Integrate every lane from its `t0` and return the state at `times`.

    Parameters
    ----------
    method : Method
        The method.
    problem : Problem
        Field, tolerances, stops and events.
    y0 : tuple of array
        Lanes at `t0`.
    t0 : array
        Where each lane starts, shape (batch,).
    times : array
        Save times, shape (n,), increasing. At those before its `t0` a lane is not finite.
    hand_over : bool
        Whether a trajectory stops with `Status.STIFF` where the equations become stiff.
    loop : callable
        The while loop; one that can be differentiated backwards in place of that of JAX.

    Returns
    -------
    tuple
        Lanes with a first axis of n (not finite after a failure), and where the loop ended.
    """
    start = _start(method, problem, y0, t0, keep=times.shape[0] > FEW_SAVES)
    advance = functools.partial(_advance, method, problem, hand_over and method.explicit)

    def to(carry: Adaptive, until: jax.Array) -> tuple[Adaptive, Lanes]:
        def waiting(c: Adaptive) -> jax.Array:
            return (c.t < until) & (c.status == Status.SUCCESS)

        carry = loop(lambda c: jnp.any(waiting(c)), lambda c: advance(c, waiting(c)), carry)
        return carry, _saved(method, problem, carry, until)

    end, path = jax.lax.scan(to, start, times)
    return path, end


def _start(method: Method, problem: Problem, y0: Lanes, t0: jax.Array, *, keep: bool) -> Adaptive:
    field = problem.field.during(t0)
    slope = field.drift(t0, y0)
    h = jax.lax.stop_gradient(_first_step(method, problem, field, t0, y0, slope))
    zero = jnp.zeros(t0.shape, jnp.int32)
    dense = None
    if keep:
        shapes = jax.eval_shape(lambda: method.trial(field, t0, h, y0, slope, problem.scale))
        dense = (y0, jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), shapes.stages))
    record = None if problem.watch is None else crossings.start(problem.watch, field, t0, y0)
    return Adaptive(
        t=t0,
        h=h,
        y=y0,
        slope=slope if _keeps_slope(method, problem) else None,
        started=t0,
        width=jnp.zeros_like(t0),
        before=y0,
        dense=dense,
        log_error=jnp.zeros_like(t0),
        status=zero,
        accepted=zero,
        rejected=zero,
        stiff=zero,
        record=record,
    )


def _keeps_slope(method: Method, problem: Problem) -> bool:
    """Whether the rate at the end of a step is the rate at the start of the next."""
    return method.fsal and problem.stops is None and problem.watch is None


def _first_step(
    method: Method, problem: Problem, field: Field, t: jax.Array, y: Lanes, slope: Lanes
) -> jax.Array:
    """Guess the first step, at most the span (Hairer, Norsett & Wanner 1993, II.4)."""
    span = problem.end - t
    scale = problem.scale(y, y)
    d0, d1 = norm(y, scale), norm(slope, scale)
    h0 = jnp.where((d0 < 1e-5) | (d1 < 1e-5), 1e-6, 0.01 * d0 / jnp.maximum(d1, 1e-30))
    h0 = jnp.minimum(h0, span)
    ahead = field.drift(t + h0, combine(y, h0, (1.0,), (slope,)))
    change = tuple(b - a for a, b in zip(slope, ahead, strict=True))
    largest = jnp.maximum(d1, norm(change, scale) / h0)
    power = 1 / method.error_order
    h1 = jnp.where(largest <= 1e-15, jnp.maximum(1e-6, h0 * 1e-3), (0.01 / largest) ** power)
    h = jnp.minimum(jnp.minimum(100 * h0, h1), span)
    # Where the rates are not finite any step will do: the loop shortens it, then gives up.
    return jnp.where(jnp.isfinite(h), h, span)


def _advance(
    method: Method, problem: Problem, hand_over: bool, c: Adaptive, active: jax.Array
) -> Adaptive:
    """Try a step of every lane, and keep it where it is active and close enough."""
    target = jnp.broadcast_to(problem.end, c.t.shape)
    if problem.stops is not None:
        target = problem.stops[jnp.searchsorted(problem.stops, c.t, side="right")]
        target = jnp.minimum(target, problem.end)
    left = target - c.t
    # A step that would leave a crumb before its target takes it along.
    lands = c.h * 1.000001 >= left
    h = jnp.where(lands, left, c.h)
    field = problem.field.during(c.t)
    slope = field.drift(c.t, c.y) if c.slope is None else c.slope
    trial = method.trial(field, c.t, h, c.y, slope, problem.scale)
    error = step_error(method, problem.rtol, problem.atol, c.y, trial.y, trial.amiss)
    error = jax.lax.stop_gradient(error)
    finite = jnp.isfinite(error)
    log_error = jnp.log(jnp.where(finite, jnp.maximum(error, 1e-10), 1e10))
    good = (log_error <= 0) & active
    h_next = _next_step(method, c, jax.lax.stop_gradient(h), log_error, good, lands)
    reached = jnp.where(lands, target, c.t + h)
    y, record, stopped = trial.y, c.record, False
    if problem.watch is not None and c.record is not None:
        scale = problem.scale(c.y, trial.y)
        found = crossings.look(problem.watch, method, field, c, h, trial, scale, reached, good)
        reached, y, record, stopped = found
    stiff = c.stiff
    if hand_over:
        looks = method.stiffness(h, c.y, trial, problem.scale) > 1
        stiff = jnp.where(good, jnp.where(looks, stiff + 1, jnp.maximum(stiff - 2, 0)), stiff)
    # A single trajectory leaves the loop only after a step that was kept.
    dense = None if c.dense is None else (trial.y, trial.stages)
    if c.dense is not None and c.t.shape[0] > 1:
        dense = pick(good, dense, c.dense)
    made = Adaptive(
        t=jnp.where(good, reached, c.t),
        h=jnp.where(active, h_next, c.h),
        y=pick(good, y, c.y),
        slope=None if c.slope is None else pick(good, trial.slope, c.slope),
        started=jnp.where(good, c.t, c.started),
        width=jnp.where(good, h, c.width),
        before=pick(good, c.y, c.before),
        dense=dense,
        log_error=jnp.where(good, log_error, c.log_error),
        status=c.status,
        accepted=c.accepted + good,
        rejected=c.rejected + (active & ~good),
        stiff=stiff,
        record=record,
    )
    tiny = 16 * jnp.finfo(c.t.dtype).eps * jnp.maximum(jnp.abs(c.t), 1e-30)
    stuck = active & ~good & (h_next < tiny)
    outcomes = [
        (stuck & finite, Status.STEP_TOO_SMALL),
        (stuck & ~finite, Status.NOT_FINITE),
        (active & (made.accepted + made.rejected >= MAX_STEPS), Status.TOO_MANY_STEPS),
    ]
    if hand_over:
        outcomes.append((active & (stiff >= STIFF_STEPS), Status.STIFF))
    if record is not None:
        outcomes.append((active & (record.short >= crossings.SHORT), Status.EVENTS_ACCUMULATE))
        outcomes.append((stopped, Status.STOPPED))
    return made._replace(status=_first(outcomes, c.status))


def _next_step(
    method: Method,
    c: Adaptive,
    h: jax.Array,
    log_error: jax.Array,
    good: jax.Array,
    cut: jax.Array,
) -> jax.Array:
    power = 1 / method.error_order
    # With logarithms carried along, one exponential serves both branches.
    exponent = power * jnp.where(good, KP * c.log_error - KI * log_error, -log_error)
    factor = SAFETY * jnp.exp(exponent)
    most = jnp.where(good, GROW, 1.0)
    proposed = h * jnp.clip(factor, SHRINK, most)
    # A step that was cut to end on a stop says nothing against the longer one.
    return jnp.where(good & cut, jnp.maximum(proposed, c.h), proposed)


def _first(outcomes: list[tuple[Any, int]], status: jax.Array) -> jax.Array:
    """Give the code of the first outcome that is true, where none has been given before."""
    for where, code in outcomes:
        status = jnp.where((status == Status.SUCCESS) & where, code, status)
    return status


def _saved(method: Method, problem: Problem, c: Adaptive, at: jax.Array) -> Lanes:
    """Interpolate within the last step; not a number where a lane has not come so far."""
    x = (at - c.started) / jnp.where(c.width > 0, c.width, 1.0)
    within = (c.width > 0) & (c.started < at)
    x = jnp.where(within, x, 0.0)
    field = problem.field.during(c.started)
    if c.dense is None:
        slope = field.drift(c.started, c.before)
        trial = method.trial(field, c.started, c.width, c.before, slope, problem.scale)
        after, stages = trial.y, trial.stages
    else:
        after, stages = c.dense
    values = method.interpolate(field, c.started, c.width, c.before, after, stages, x)
    ended = (c.status == Status.SUCCESS) | (c.status == Status.STOPPED) | (c.status == Status.STIFF)
    good = (c.t >= at) & (c.started <= at) & ended
    return tuple(jnp.where(good, lane, jnp.asarray(np.nan, lane.dtype)) for lane in values)
