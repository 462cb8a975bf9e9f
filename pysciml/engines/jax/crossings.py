"""Events within the adaptive loop: where conditions cross zero, and what happens there.

After a step, the conditions are looked at within it; the first crossing is located on the
method's interpolant, the step is cut there, and the state is changed. The located time has the
derivative that the implicit function theorem gives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp

from pysciml.engines.jax.lanes import Lanes, pick
from pysciml.engines.jax.methods import Method, Trial
from pysciml.engines.jax.system import Field

if TYPE_CHECKING:
    from pysciml.engines.jax.adaptive import Adaptive

__all__ = ["SHORT", "Record", "Watch", "look", "note", "start"]

LOOKS = 4  # looks into each step, so that a condition that crosses twice is not missed
ITERATIONS = 60  # at most, of the search for a crossing
SHORT = 10  # events in a row with next to no time between them: they will never end
GAP = 1e-10  # such a time, in units of the span


class Watch(NamedTuple):
    """The events of a model, as the loop needs them.

    Parameters
    ----------
    directions : tuple of int
        For every event: 1 for crossings from below, -1 from above, 0 for both.
    stops : tuple of bool
        Whether the trajectory ends at it.
    times : tuple of array or None
        Its known times, increasing, where it has no condition.
    capacity : int
        How many times are kept of an event and trajectory; later ones are counted only.
    gap : scalar
        Time below which the one between two events counts as none.
    """

    directions: tuple[int, ...]
    stops: tuple[bool, ...]
    times: tuple[jax.Array | None, ...]
    capacity: int
    gap: Any


class Record(NamedTuple):
    """What has been seen of the events.

    Parameters
    ----------
    values : tuple of array
        The conditions at the current state, (batch,).
    times : array
        When the events happened, shape (events, capacity, batch).
    counts : array
        How often, shape (events, batch).
    last : array
        When the last one happened, shape (batch,).
    short : array
        Events in a row with next to no time between them, shape (batch,).
    """

    values: tuple[jax.Array | None, ...]
    times: jax.Array
    counts: jax.Array
    last: jax.Array
    short: jax.Array


def start(watch: Watch, field: Field, t: jax.Array, y: Lanes) -> Record:
    """Begin to watch.

    Parameters
    ----------
    watch : Watch
        The events.
    field : Field
        Conditions and resets.
    t, y : array and lanes
        Where every lane starts.

    Returns
    -------
    Record
        With nothing seen yet.
    """
    count, batch = len(watch.stops), t.shape[0]
    return Record(
        tuple(None if g is None else g(t, y) for g in field.conditions),
        jnp.full((count, watch.capacity, batch), jnp.nan, t.dtype),
        jnp.zeros((count, batch), jnp.int32),
        jnp.full(batch, -jnp.inf, t.dtype),
        jnp.zeros(batch, jnp.int32),
    )


def look(
    watch: Watch,
    method: Method,
    field: Field,
    c: Adaptive,
    h: jax.Array,
    trial: Trial,
    reached: jax.Array,
    good: jax.Array,
) -> tuple[jax.Array, Lanes, Record, jax.Array]:
    """Find the first event of a step, cut the step there, and let it happen.

    Parameters
    ----------
    watch : Watch
        The events.
    method : Method
        Interpolates within the step.
    field : Field
        The field during the step.
    c : Adaptive
        Where the step started.
    h : array
        Its length, shape (batch,).
    trial : Trial
        The step.
    reached : array
        Time of its end.
    good : array of bool
        Whether it was accepted.

    Returns
    -------
    tuple
        Time and state at the end, perhaps cut; the record; whether the trajectory ends there.
    """
    record = c.record
    assert record is not None

    def within(x: jax.Array) -> tuple[jax.Array, Lanes]:
        return c.t + x * h, method.interpolate(field, c.t, h, c.y, trial.y, trial.stages, x)

    crossings = [
        _crossing(g, value, direction, within, trial.y, reached, good)
        for g, value, direction in zip(
            field.conditions, record.values, watch.directions, strict=True
        )
        if g is not None and value is not None
    ]
    earliest = jnp.full_like(c.t, jnp.inf)
    for x, _ in crossings:
        earliest = jnp.minimum(earliest, x)
    cut = jnp.isfinite(earliest)
    x = jnp.where(cut, earliest, 1.0)
    inside = within(x)
    t = jnp.where(cut, inside[0], reached)
    y = pick(cut, inside[1], trial.y)
    located = iter(crossings)
    happens = [
        _due(times, t) & good
        if g is None
        else cut & (jax.lax.stop_gradient(next(located)[0] - earliest) <= 1e-12)
        for g, times in zip(field.conditions, watch.times, strict=True)
    ]
    after = y
    for fired, reset in zip(happens, field.resets, strict=True):
        if reset is not None:
            after = pick(fired, reset(t, after), after)
    sizes = [size for _, size in crossings]
    record = _noted(watch, field, record, happens, t, after, sizes, good)
    ended = [fired for fired, stops in zip(happens, watch.stops, strict=True) if stops]
    stopped = jnp.any(jnp.stack(ended), axis=0) if ended else jnp.zeros_like(good)
    return t, after, record, stopped


def _crossing(
    g: Any,
    value: jax.Array,
    direction: int,
    within: Any,
    end: Lanes,
    reached: jax.Array,
    good: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """Locate the first crossing within the step, in units of it; infinite where there is none.

    Returned with it is the largest size of the condition in the step.
    """

    def at(x: jax.Array) -> jax.Array:
        return g(*within(x))

    low = high = jnp.full_like(value, jnp.inf)
    low_value, previous, left = value, value, jnp.zeros_like(value)
    size = jnp.zeros_like(value)
    for k in range(1, LOOKS + 1):
        x = jnp.full_like(value, k / LOOKS)
        here = g(reached, end) if k == LOOKS else at(x)
        crossed = jnp.zeros_like(good)
        if direction >= 0:
            crossed |= (previous < 0) & (here >= 0)
        if direction <= 0:
            crossed |= (previous > 0) & (here <= 0)
        first = crossed & good & ~jnp.isfinite(high)
        low, high = jnp.where(first, left, low), jnp.where(first, x, high)
        low_value = jnp.where(first, previous, low_value)
        previous, left = here, x
        size = jnp.maximum(size, jnp.abs(here))
    found = jnp.isfinite(high)
    low, high = jnp.where(found, low, 0.0), jnp.where(found, high, 0.0)
    x = jax.lax.stop_gradient(_bracketed(at, low, high, low_value))
    rate = jax.jvp(at, (x,), (jnp.ones_like(x),))
    residual, slope = rate
    # The same number, with the derivative of the implicit function.
    shift = residual - jax.lax.stop_gradient(residual)
    slope = jax.lax.stop_gradient(jnp.where(found & (slope != 0), slope, 1.0))
    return jnp.where(found, x - jnp.where(found, shift, 0.0) / slope, jnp.inf), size


def _bracketed(at: Any, low: jax.Array, high: jax.Array, low_value: jax.Array) -> jax.Array:
    """Find a zero by the Illinois rule in every lane with ``low < high``; all at once."""
    freeze = jax.lax.stop_gradient
    low, high, low_value = freeze((low, high, low_value))
    tolerance = 4 * jnp.finfo(low.dtype).eps

    def wide(a: jax.Array, b: jax.Array, fb: jax.Array) -> jax.Array:
        return (jnp.abs(b - a) > tolerance) & (fb != 0)

    def narrow(s: Any) -> Any:
        a, b, fa, fb, count = s
        still = wide(a, b, fb)
        x = b - fb * (b - a) / jnp.where(fb != fa, fb - fa, 1.0)
        inside = (x > jnp.minimum(a, b)) & (x < jnp.maximum(a, b))
        x = jnp.where(still, jnp.where(inside, x, (a + b) / 2), b)
        fx = freeze(at(x))
        switched = (fx > 0) != (fb > 0)
        a_next, fa_next = jnp.where(switched, b, a), jnp.where(switched, fb, fa / 2)
        moved = pick(still, (a_next, x, fa_next, fx), (a, b, fa, fb))
        return (*moved, count + 1)

    def unfinished(s: Any) -> jax.Array:
        a, b, _, fb, count = s
        return jnp.any(wide(a, b, fb)) & (count < ITERATIONS)

    state = (low, high, low_value, freeze(at(high)), 0)
    return jax.lax.while_loop(unfinished, narrow, state)[1]


def _due(times: jax.Array | None, t: jax.Array) -> jax.Array:
    if times is None or times.shape[0] == 0:
        return jnp.zeros(t.shape, bool)
    index = jnp.minimum(jnp.searchsorted(times, t), times.shape[0] - 1)
    return times[index] == t


def _noted(
    watch: Watch,
    field: Field,
    record: Record,
    happens: list[jax.Array],
    t: jax.Array,
    after: Lanes,
    sizes: list[jax.Array],
    good: jax.Array,
) -> Record:
    size = iter(sizes)
    values = []
    for index, (fired, g) in enumerate(zip(happens, field.conditions, strict=True)):
        record = note(record, index, fired, t)
        old = record.values[index]
        if g is None or old is None:
            values.append(None)
            continue
        now = g(t, after)
        # Next to zero right after its event, a condition is on the side to which it moves.
        small = jnp.abs(now) <= 1e-9 * next(size)
        _, rate = jax.jvp(g, (t, after), (jnp.ones_like(t), field.drift(t, after)))
        side = jnp.sign(rate) * jnp.finfo(t.dtype).tiny
        values.append(jnp.where(good, jnp.where(fired & small, side, now), old))
    conditional = [f for f, g in zip(happens, field.conditions, strict=True) if g is not None]
    some = jnp.any(jnp.stack(conditional), axis=0) if conditional else jnp.zeros_like(good)
    near = some & (jax.lax.stop_gradient(t) - record.last <= watch.gap)
    return record._replace(
        values=tuple(values),
        last=jnp.where(some, jax.lax.stop_gradient(t), record.last),
        short=jnp.where(some, jnp.where(near, record.short + 1, 0), record.short),
    )


def note(record: Record, index: int, fired: jax.Array, t: jax.Array) -> Record:
    """Write down when an event happened.

    Parameters
    ----------
    record : Record
        What has been seen.
    index : int
        Which event.
    fired : array of bool
        In which lanes it happened.
    t : array
        When.

    Returns
    -------
    Record
        With one time more in those lanes.
    """
    capacity, batch = record.times.shape[1:]
    place = jnp.where(fired, record.counts[index], capacity)  # beyond the end: dropped
    return record._replace(
        times=record.times.at[index, place, jnp.arange(batch)].set(t, mode="drop"),
        counts=record.counts.at[index].add(fired),
    )
