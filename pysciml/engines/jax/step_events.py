"""Events with fixed steps: looked for at the end of every step, and happening there.

The time of a crossing is read off a straight line between the ends of the step, but the state
changes at its end, so that trajectories are accurate to the length of a step. With noise a path
may cross and come back within a step unseen.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from pysciml.engines.jax import crossings
from pysciml.engines.jax.crossings import Record, Watch
from pysciml.engines.jax.kernels import Step
from pysciml.engines.jax.lanes import Lanes, pick
from pysciml.engines.jax.marching import march
from pysciml.engines.jax.system import Field

__all__ = ["integrate_events"]


def integrate_events(
    watch: Watch,
    step: Step,
    field: Field,
    y0: Lanes,
    times: jax.Array,
    substeps: int | jax.Array,
    noise: Any,
) -> tuple[Lanes, Record]:
    """Integrate as `kernels.integrate`, with events at the ends of steps.

    Parameters
    ----------
    watch : Watch
        The events.
    step, field, y0, times, substeps, noise
        As in `kernels.integrate`.

    Returns
    -------
    tuple
        Lanes with a first axis of n, not a number after an event that stops; and the record,
        whose `last` is when a trajectory was stopped, infinite where it was not.
    """
    # Timed events are at ends of steps but for rounding, and so next to one end only.
    slack = jnp.min(jnp.diff(times)) / substeps / 2

    def advance(carry: tuple[Lanes, Lanes, Record], t: Any, h: Any, dw: Any) -> Any:
        y, _, record = carry
        here = field.during(t + h / 2)
        return _happen(watch, here, record, t, h, step(here, t, y, h, dw), slack)

    t0 = jnp.broadcast_to(times[0], y0[0].shape[-1:])
    start = (y0, y0, crossings.start(watch, field.during(t0), t0, y0))
    (_, _, record), path = march(
        advance, start, times, substeps, noise, observe=lambda carry: carry[1]
    )
    return path, record


def _happen(
    watch: Watch, field: Field, record: Record, t: Any, h: Any, y: Lanes, slack: Any
) -> tuple[Lanes, Lanes, Record]:
    """Let the events of a step happen at its end, one after the other.

    Returned are the state after all of them, the state to be saved, which is that before those
    at the very end, and the record.
    """
    running = ~jnp.isfinite(record.last)
    end = jnp.broadcast_to(t + h, record.last.shape)
    after, saved, seen = y, y, []
    for index, (g, reset) in enumerate(zip(field.conditions, field.resets, strict=True)):
        old, known, new = record.values[index], watch.times[index], None
        if g is None or old is None:
            assert known is not None
            place = jnp.searchsorted(known, t + slack)
            at = known[jnp.minimum(place, known.shape[0] - 1)] if known.shape[0] else t
            fired = running & (jnp.searchsorted(known, t + h + slack) > place)
        else:
            new = g(end, y)
            fired = running & crossings.crossed(watch.directions[index], old, new)
            at = t + h * old / jnp.where(fired, old - new, 1.0)
        record = crossings.note(record, index, fired, jnp.where(fired, at, 0.0))
        changed = after if reset is None else pick(fired, reset(end, after), after)
        if watch.stops[index]:
            record = record._replace(last=jnp.where(fired, at, record.last))
            changed = pick(fired, tuple(jnp.full_like(lane, jnp.nan) for lane in y), changed)
        if g is not None:
            saved = pick(fired, changed, saved)
        after = changed
        seen.append((fired, None if new is None or old is None else crossings.settle(old, new)))
    # A condition that another event has changed is compared, in the next step, with what it was.
    values = tuple(
        None if g is None else jnp.where(fired, g(end, after), value)
        for g, (fired, value) in zip(field.conditions, seen, strict=True)
    )
    return after, pick(running, saved, after), record._replace(values=values)
