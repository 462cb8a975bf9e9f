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

__all__ = ["SHORT", "Record", "Watch", "crossed", "look", "note", "settle", "start"]

LOOKS = 4  # looks into each step, so that a condition that crosses twice is not missed
ITERATIONS = 60  # at most, of the search for a crossing
SHORT = 10  # events in a row with next to no time between them: they will never end
GAP = 1e-10  # such a time, in units of the span
FAR = 10.0  # times what the tolerances let through is no error


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
    values = []
    for g in field.conditions:
        now = None if g is None else g(t, y)
        if g is not None and now is not None:
            now = jnp.where(now == 0, _heading(g, field, t, y), now)
        values.append(now)
    return Record(
        tuple(values),
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
    scale: Lanes,
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
    scale : tuple of array
        Tolerance of every component.
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

    def doubt(g: Any) -> jax.Array:
        # How far the tolerances let a condition stray.
        _, span = jax.jvp(lambda y: g(reached, y), (trial.y,), (scale,))
        return jax.lax.stop_gradient(jnp.abs(span))

    wanted = jnp.maximum(h, c.h)  # whatever stops have cut off
    found = [
        None
        if g is None or value is None
        else _crossing(g, value, sign, doubt(g), field, within, wanted, (reached, trial.y), good)
        for g, value, sign in zip(field.conditions, record.values, watch.directions, strict=True)
    ]
    earliest = jnp.full_like(c.t, jnp.inf)
    for crossing in found:
        if crossing is not None:
            earliest = jnp.minimum(earliest, crossing.x)
    cut = jnp.isfinite(earliest)
    inside = within(jnp.where(cut, earliest, 1.0))
    # Not beyond the end, where rounding would carry it past a stop.
    t = jnp.where(cut & (inside[0] < reached), inside[0], reached)
    y = pick(cut, inside[1], trial.y)
    same = 5e3 * jnp.finfo(t.dtype).eps
    happens = [
        _due(times, t) & (t > c.t) & good
        if crossing is None
        else cut & (jax.lax.stop_gradient(crossing.x - earliest) <= same)
        for crossing, times in zip(found, watch.times, strict=True)
    ]
    after = y
    for fired, reset in zip(happens, field.resets, strict=True):
        if reset is not None:
            after = pick(fired, reset(t, after), after)
    record = _noted(watch, field, record, happens, t, y, after, found, good)
    ended = [fired for fired, stops in zip(happens, watch.stops, strict=True) if stops]
    stopped = jnp.any(jnp.stack(ended), axis=0) if ended else jnp.zeros_like(good)
    return t, after, record, stopped


def crossed(direction: int, before: jax.Array, now: jax.Array) -> jax.Array:
    """Tell where a condition has crossed zero in the direction that counts.

    Parameters
    ----------
    direction : int
        1 for up, -1 for down, 0 for both.
    before, now : array
        The condition.

    Returns
    -------
    array of bool
        Of the same shape.
    """
    found = jnp.zeros(now.shape, bool)
    if direction >= 0:
        found |= (before < 0) & (now > 0)
    if direction <= 0:
        found |= (before > 0) & (now < 0)
    return found


def settle(before: jax.Array, now: jax.Array, undecided: Any = False) -> jax.Array:
    """Give a condition as later ones are compared with it: at zero still on its old side.

    Parameters
    ----------
    before, now : array
        The condition.
    undecided : array of bool
        Where it is to stay on its old side, although it is beyond zero.

    Returns
    -------
    array
        `now`, or next to zero on the side of `before`.
    """
    old = jnp.sign(before) * _least(now)
    return jnp.where((now == 0) | undecided, old, now)


def _least(like: jax.Array) -> float:
    """Give what stands for a side of zero: XLA may take the smallest numbers of all for zero."""
    return 1e10 * float(jnp.finfo(like.dtype).tiny)


def _rate(g: Any, field: Field, t: jax.Array, y: Lanes) -> jax.Array:
    """Give the rate at which the field carries a condition."""
    return jax.jvp(g, (t, y), (jnp.ones_like(t), field.drift(t, y)))[1]


def _heading(g: Any, field: Field, t: jax.Array, y: Lanes) -> jax.Array:
    """Give a condition that is zero as next to zero, on the side to which it moves."""
    return jnp.sign(_rate(g, field, t, y)) * _least(t)


class _Crossing(NamedTuple):
    """Where a condition crosses zero first within a step."""

    x: jax.Array  # in units of the step; infinite where it does not
    size: jax.Array  # the largest size of the condition in the step
    jumped: jax.Array  # it is beyond zero since the start, where something else changed it
    undecided: jax.Array  # it has come beyond zero, but by error alone, as far as one can tell
    backward: jax.Array  # it moves the other way where it was located


def _crossing(
    g: Any,
    value: jax.Array,
    direction: int,
    doubt: jax.Array,
    field: Field,
    within: Any,
    h: jax.Array,
    end: tuple[jax.Array, Lanes],
    good: jax.Array,
) -> _Crossing:
    def at(x: jax.Array) -> jax.Array:
        return g(*within(x))

    zero = jnp.zeros_like(value)
    # Other events and jumps of inputs may have carried it across zero since it was looked at.
    plain = jnp.abs(value) > _least(value)
    jumped = good & plain & crossed(direction, value, at(zero))
    low = high = jnp.where(jumped, 0.0, jnp.full_like(value, jnp.inf))
    low_value, previous, left, size, beyond = value, value, zero, zero, zero
    for k in range(1, LOOKS + 1):
        x = jnp.full_like(value, k / LOOKS)
        here = g(*end) if k == LOOKS else at(x)
        first = crossed(direction, previous, here) & good & ~jnp.isfinite(high)
        low, high = jnp.where(first, left, low), jnp.where(first, x, high)
        low_value = jnp.where(first, previous, low_value)
        previous, left = settle(previous, here), x
        size = jnp.maximum(size, jnp.abs(here))
        side = jnp.where(jnp.isfinite(high), -jnp.sign(low_value), 0.0)
        beyond = jnp.maximum(beyond, side * here)
    found = jnp.isfinite(high)
    low, high = jnp.where(found, low, 0.0), jnp.where(found, high, 0.0)
    x = jax.lax.stop_gradient(_bracketed(at, low, high, low_value))
    # A trajectory that comes to rest at zero is carried across by error: there the field itself
    # does not move it.
    rate = jax.lax.stop_gradient(_rate(g, field, *within(x)))
    forward = -jnp.sign(low_value) * rate * h
    moved = forward > doubt
    undecided = found & ~(jumped | moved | (beyond > FAR * doubt))
    found &= ~undecided
    residual, slope = jax.jvp(at, (x,), (jnp.ones_like(x),))
    # The same number, with the derivative of the implicit function.
    shift = residual - jax.lax.stop_gradient(residual)
    moves = found & ~jumped
    slope = jax.lax.stop_gradient(jnp.where(moves & (slope != 0), slope, 1.0))
    x = jnp.where(found, x - jnp.where(moves, shift, 0.0) / slope, jnp.inf)
    return _Crossing(x, size, jumped, undecided, (forward < 0) & moves)


def _bracketed(at: Any, low: jax.Array, high: jax.Array, low_value: jax.Array) -> jax.Array:
    """Find a zero by the Illinois rule in every lane with ``low < high``; all at once."""
    freeze = jax.lax.stop_gradient
    low, high, low_value = freeze((low, high, low_value))
    tolerance = 4 * jnp.finfo(low.dtype).eps

    def wide(s: Any) -> jax.Array:
        a, b, _, _, _, fx, _ = s
        return (b - a > tolerance) & (fx != 0)

    def narrow(s: Any) -> Any:
        a, b, fa, fb, _, last, count = s
        still = wide(s)
        x = b - fb * (b - a) / jnp.where(fb != fa, fb - fa, 1.0)
        # Next to an end with a zero, a step across it closes the bracket. The other one may be
        # where the last event has left the condition, which is not the zero looked for.
        x = jnp.where(x > a + tolerance / 2, jnp.minimum(x, b - tolerance / 2), (a + b) / 2)
        fx = freeze(at(x))
        left = (fx > 0) == (low_value > 0)
        # An end that stays twice counts half, or the other one would creep.
        again = (fx > 0) == (last > 0)
        less = jnp.where(again, 0.5, 1.0)
        ends = jnp.where(left, x, a), jnp.where(left, b, x)
        values = jnp.where(left, fx, fa * less), jnp.where(left, fb * less, fx)
        return (*pick(still, (*ends, *values, x, fx), s[:-1]), count + 1)

    def unfinished(s: Any) -> jax.Array:
        return jnp.any(wide(s)) & (s[-1] < ITERATIONS)

    high_value = freeze(at(high))
    state = (low, high, low_value, high_value, high, high_value, 0)
    return jax.lax.while_loop(unfinished, narrow, state)[4]


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
    y: Lanes,
    after: Lanes,
    found: list[_Crossing | None],
    good: jax.Array,
) -> Record:
    values = []
    for index, (fired, g) in enumerate(zip(happens, field.conditions, strict=True)):
        record = note(record, index, fired, t)
        old, crossing = record.values[index], found[index]
        if g is None or old is None or crossing is None:
            values.append(None)
            continue
        here, now = g(t, y), g(t, after)
        # Where its event has left it at zero, it is on the side to which it moves.
        kept = jnp.abs(now - here) <= 1e-6 * jnp.abs(here)
        small = jnp.abs(now) <= 5e3 * jnp.finfo(t.dtype).eps * crossing.size
        now = jnp.where((kept | small) & ~crossing.jumped, _heading(g, field, t, after), now)
        # Where another event has changed it, it is still to be seen on which side it is.
        values.append(
            jnp.where(good, jnp.where(fired, now, settle(old, here, crossing.undecided)), old)
        )
    conditional = [f for f, g in zip(happens, field.conditions, strict=True) if g is not None]
    some = jnp.any(jnp.stack(conditional), axis=0) if conditional else jnp.zeros_like(good)
    near = some & (jax.lax.stop_gradient(t) - record.last <= watch.gap)
    short = jnp.where(some, jnp.where(near, record.short + 1, 0), record.short)
    for fired, crossing in zip(happens, found, strict=True):
        if crossing is not None:  # there it still leaves the last event: no time is left
            short = jnp.where(near & fired & crossing.backward, SHORT, short)
    return record._replace(
        values=tuple(values),
        last=jnp.where(some, jax.lax.stop_gradient(t), record.last),
        short=short,
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
