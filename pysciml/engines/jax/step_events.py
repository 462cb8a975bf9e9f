"""Events with fixed steps: looked for at the end of every step, and happening there.

The time of a crossing is read off a straight line between the ends of the step, but the state
changes at its end, so that trajectories are accurate to the length of a step. With noise a path
may cross and come back within a step unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from pysciml.engines.jax import crossings
from pysciml.engines.jax.crossings import Record, Watch
from pysciml.engines.jax.kernels import Step, march
from pysciml.engines.jax.lanes import Lanes, pick
from pysciml.engines.jax.system import Field

__all__ = ["integrate_events"]

ROUNDING = 1e-9  # of the span: a timed event happens in the step that ends so near to it


def integrate_events(
    watch: Watch,
    step: Step,
    field: Field,
    y0: Lanes,
    times: jax.Array,
    substeps: int,
    increments: Callable[[jax.Array], Any] | None,
) -> tuple[Lanes, Record]:
    """Integrate as `kernels.integrate`, with events at the ends of steps.

    Parameters
    ----------
    watch : Watch
        The events.
    step, field, y0, times, substeps, increments
        As in `kernels.integrate`.

    Returns
    -------
    tuple
        Lanes with a first axis of n, not a number after an event that stops; and the record,
        whose `last` is when a trajectory was stopped, infinite where it was not.
    """
    slack = ROUNDING * (times[-1] - times[0])

    def advance(carry: tuple[Lanes, Record], t: Any, h: Any, dw: Any) -> tuple[Lanes, Record]:
        y, record = carry
        here = field.during(t)
        return _happen(watch, here, record, t, h, step(here, t, y, h, dw), slack)

    t0 = jnp.broadcast_to(times[0], y0[0].shape[-1:])
    start = (y0, crossings.start(watch, field, t0, y0))
    (_, record), path = march(
        advance, start, times, substeps, increments, observe=lambda carry: carry[0]
    )
    joined = (jnp.concatenate([a[None], b]) for a, b in zip(y0, path, strict=True))
    return tuple(joined), record


def _happen(
    watch: Watch, field: Field, record: Record, t: Any, h: Any, y: Lanes, slack: Any
) -> tuple[Lanes, Record]:
    """Let the events of a step happen at its end, one after the other."""
    running = ~jnp.isfinite(record.last)
    end = jnp.broadcast_to(t + h, record.last.shape)
    after, values, ended = y, [], []
    for index, (g, reset) in enumerate(zip(field.conditions, field.resets, strict=True)):
        old, known = record.values[index], watch.times[index]
        if g is None or old is None:
            assert known is not None
            passed = jnp.searchsorted(known, t + h + slack) - jnp.searchsorted(known, t + slack)
            fired, at = running & (passed > 0), end
        else:
            new = g(end, y)
            crossed = jnp.zeros_like(running)
            if watch.directions[index] >= 0:
                crossed |= (old < 0) & (new >= 0)
            if watch.directions[index] <= 0:
                crossed |= (old > 0) & (new <= 0)
            fired = running & crossed
            at = t + h * old / jnp.where(fired, old - new, 1.0)
        record = crossings.note(record, index, fired, jnp.where(fired, at, 0.0))
        if reset is not None:
            after = pick(fired, reset(end, after), after)
        if watch.stops[index]:
            record = record._replace(last=jnp.where(fired, at, record.last))
            ended.append(fired)
    for g in field.conditions:
        values.append(None if g is None else g(end, after))
    if ended:
        over = jnp.isfinite(record.last)
        after = pick(over, tuple(jnp.full_like(lane, jnp.nan) for lane in after), after)
    return after, record._replace(values=tuple(values))
