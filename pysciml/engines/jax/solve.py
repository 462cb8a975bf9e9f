"""Solving a batch of trajectories: from a task to arrays, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from pysciml.engines.base import Solution, SolveTask, Status
from pysciml.engines.jax.programs import Outcome, adaptive_program, fixed_program
from pysciml.errors import CapabilityError, SolveError
from pysciml.forcing import Series

__all__ = ["solve"]

EVENTS = 64  # times kept of an event and trajectory at first; as many more as turn out to be needed
MOST_EVENTS = 1 << 20


def solve(task: SolveTask) -> Solution:
    """Solve a batch of trajectories.

    Parameters
    ----------
    task : SolveTask
        What to solve.

    Returns
    -------
    Solution
        States at the save times, and how each trajectory ended.

    Raises
    ------
    CapabilityError
        If the device asked for is not there.
    SolveError
        If an event happens more often than can be kept.
    """
    with _scope(task):
        if not task.solver.adaptive:
            return _solution(task, _fixed(task))
        start = np.full(task.batch, task.times[0])
        outcome = _adaptive(task, task.solver, start, _initial(task))
        stiff = outcome.status == Status.STIFF
        if task.fallback is not None and stiff.any():
            # The others wait at the end.
            start = np.where(stiff, outcome.stopped, task.times[-1])
            rest = _adaptive(task, task.fallback, start, outcome.last)
            outcome = _joined(task, outcome, rest, stiff)
        return _solution(task, outcome)


@contextmanager
def _scope(task: SolveTask) -> Iterator[None]:
    """Choose precision and device for a call: the user's own JAX configuration stays as it is."""
    try:
        device = jax.devices(task.device)[0]
    except RuntimeError as error:
        raise CapabilityError(
            f"JAX sees no device {task.device!r} here; use device='cpu', or install a JAX build "
            "for it."
        ) from error
    with jax.enable_x64(task.dtype == "float64"), jax.default_device(device):
        yield


def _fixed(task: SolveTask) -> Outcome:
    run = fixed_program(task.model, task.solver, task.substeps, task.dtype, _shapes(task))
    return Outcome(*run(_initial(task), *_values(task), _cast(task, task.times), _noise(task)))


def _adaptive(
    task: SolveTask, solver: Any, start: np.ndarray, y0: tuple[np.ndarray, ...]
) -> Outcome:
    hand_over = task.fallback is not None and solver is task.solver
    stops = None
    if task.stops is not None and len(task.stops):
        stops = _cast(task, np.append(task.stops, np.inf))
    timed = tuple(_cast(task, task.events.get(e.name, ())) for e in task.model.events)
    capacity = EVENTS if task.model.events else 0
    while True:
        run = adaptive_program(task.model, solver, task.dtype, _shapes(task), hand_over, capacity)
        outcome = Outcome(
            *run(
                y0,
                *_values(task),
                _cast(task, start),
                _cast(task, task.times),
                _cast(task, [task.rtol, task.atol]),
                stops,
                timed,
            )
        )
        most = int(np.max(np.asarray(outcome.counts["events"]), initial=0))
        if most <= capacity:
            return jax.tree.map(np.asarray, outcome)
        if most > MOST_EVENTS:
            raise SolveError(
                f"An event of {task.model.name!r} happened {most} times in one trajectory; at most "
                f"{MOST_EVENTS} can be kept. Shorten the span, or solve it in parts."
            )
        while capacity < most:  # once more, with room for all of them
            capacity *= 4


def _joined(task: SolveTask, first: Outcome, rest: Outcome, stiff: np.ndarray) -> Outcome:
    """Put the second part of the trajectories that were handed over behind the first."""
    later = stiff & (_cast(task, task.times)[:, None] > first.stopped)

    def along(a: np.ndarray) -> np.ndarray:
        return later.reshape(len(later), *(1,) * (a.ndim - 2), -1)

    path = tuple(np.where(along(a), b, a) for a, b in zip(first.path, rest.path, strict=True))
    events = np.sort(np.concatenate([first.events, rest.events], axis=1), axis=1)
    counts = {name: first.counts[name] + rest.counts[name] for name in first.counts}
    counts["handed_over"] = stiff
    return Outcome(
        path,
        np.where(stiff, rest.status, first.status),
        np.where(stiff, rest.stopped, first.stopped),
        rest.last,
        events,
        counts,
    )


def _solution(task: SolveTask, outcome: Outcome) -> Solution:
    names = [event.name for event in task.model.events]
    counts = {name: np.asarray(value, dtype=np.int64) for name, value in outcome.counts.items()}
    counts.pop("events", None)
    return Solution(
        state=dict(zip(task.model.state, map(np.asarray, outcome.path), strict=True)),
        status=np.asarray(outcome.status),
        stopped=np.asarray(outcome.stopped, dtype=np.float64),
        events={name: _full(times) for name, times in zip(names, outcome.events, strict=True)},
        counts=counts,
    )


def _full(times: Any) -> np.ndarray:
    """Drop the rows in which no trajectory has a time."""
    array = np.asarray(times, dtype=np.float64)
    return array[: int(np.max(np.sum(np.isfinite(array), axis=0), initial=0))]


def _cast(task: SolveTask, values: Any) -> np.ndarray:
    return np.asarray(values, dtype=task.dtype)


def _shapes(task: SolveTask) -> tuple[tuple[str, str, bool], ...]:
    """Give name, interpolation and sweep of every input that varies in time."""
    return tuple(
        (name, value.interpolation, value.values.ndim > len(task.model.inputs[name].shape) + 1)
        for name, value in task.inputs.items()
        if isinstance(value, Series)
    )


def _values(task: SolveTask) -> tuple[dict[str, Any], dict[str, Any]]:
    params = {name: _cast(task, value) for name, value in task.params.items()}
    inputs = {
        name: (_cast(task, value.times), _cast(task, value.values))
        if isinstance(value, Series)
        else _cast(task, value)
        for name, value in task.inputs.items()
    }
    return params, inputs


def _initial(task: SolveTask) -> tuple[np.ndarray, ...]:
    lanes = []
    for name, variable in task.model.state.items():
        value = _cast(task, task.state[name])
        if value.ndim == len(variable.shape):
            value = value[..., None]
        lanes.append(np.broadcast_to(value, (*variable.shape, task.batch)))
    return tuple(lanes)


def _noise(task: SolveTask) -> Any:
    """Give the keys of the trajectories, or the increments (interval, substep, source, batch)."""
    if task.model.diffusion is None:
        return None
    if task.increments is None:
        key = jax.random.key(task.seed, impl="threefry2x32")  # whatever the user's default is
        return jax.vmap(jax.random.fold_in, (None, 0))(key, task.first + np.arange(task.batch))
    moved = np.moveaxis(_cast(task, task.increments), 0, -1)
    return moved.reshape(len(task.times) - 1, task.substeps, *moved.shape[1:])
