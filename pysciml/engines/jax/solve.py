"""Solving a batch of trajectories: from a task to arrays, and back."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from pysciml.engines.base import Solution, SolveTask, Status
from pysciml.engines.jax.compile import Kernel
from pysciml.engines.jax.programs import Outcome, adaptive_program, fixed_program
from pysciml.errors import CapabilityError, SolveError
from pysciml.forcing import Series
from pysciml.solvers import Solver

__all__ = ["arguments", "forms", "program", "scope", "solve", "to_solution"]

Program = Callable[..., Any]

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
    with scope(task):
        outcome = _run(task)
        stiff = outcome.status == Status.STIFF
        if task.fallback is not None and stiff.any():
            # The others wait at the end.
            start = np.where(stiff, outcome.stopped, task.times[-1])
            rest = _run(task, task.fallback, start, outcome.last)
            outcome = _joined(task, outcome, rest, stiff)
        return to_solution(task, outcome)


@contextmanager
def scope(task: SolveTask) -> Iterator[None]:
    """Choose precision and device for a call: the user's own JAX configuration stays as it is.

    Parameters
    ----------
    task : SolveTask
        What is to be solved.

    Raises
    ------
    CapabilityError
        If the device asked for is not there.
    """
    try:
        device = jax.devices(task.device)[0]
    except RuntimeError as error:
        raise CapabilityError(
            f"JAX sees no device {task.device!r} here; use device='cpu', or install a JAX build "
            "for it."
        ) from error
    with jax.enable_x64(task.dtype == "float64"), jax.default_device(device):
        yield


def program(task: SolveTask, solver: Solver | None = None, capacity: int = EVENTS) -> Program:
    """Bind the kernel that solves a task to its model.

    Parameters
    ----------
    task : SolveTask
        What to solve.
    solver : Solver, optional
        In place of that of the task.
    capacity : int
        Times kept of an event and trajectory.

    Returns
    -------
    callable
        The same one for tasks that need no other compilation.
    """
    solver = solver or task.solver
    kept = capacity if task.model.events else 0
    if not solver.adaptive:
        forced = forms(task)
        return fixed_program(task.model, solver, task.dtype, forced, kept)
    hand_over = task.fallback is not None and solver is task.solver
    return adaptive_program(task.model, solver, task.dtype, forms(task), hand_over, kept)


def arguments(task: SolveTask, start: Any = None, y0: Any = None) -> tuple[Any, ...]:
    """Give the arrays that the program of a task takes.

    Parameters
    ----------
    task : SolveTask
        What to solve.
    start : array, optional
        Where each trajectory starts; at the first time unless given.
    y0 : tuple of array, optional
        Lanes there; the initial states unless given.

    Returns
    -------
    tuple
        Lanes, parameters, inputs, and what the kind of solver needs.
    """
    y0, times = y0 or _initial(task), _cast(task, task.times)
    timed = tuple(_cast(task, task.events.get(e.name, ())) for e in task.model.events)
    if not task.solver.adaptive:
        return (y0, *_values(task), times, _noise(task), timed, np.int32(task.substeps))
    stops = None
    if task.stops is not None and len(task.stops):
        stops = _cast(task, np.append(task.stops, np.inf))
    start = np.full(task.batch, task.times[0]) if start is None else start
    tolerances = _cast(task, [task.rtol, task.atol])
    return (y0, *_values(task), _cast(task, start), times, tolerances, stops, timed)


@functools.lru_cache(maxsize=64)
def _compiled(run: Program, wide: bool) -> Program:
    return Kernel(run, small_loops=True, wide=wide)


def _run(task: SolveTask, solver: Solver | None = None, start: Any = None, y0: Any = None) -> Any:
    """Run a program; once more, with room for all times of an event, where there was too little."""
    capacity, wide = EVENTS, task.model.is_stochastic
    given = arguments(task, start, y0)
    while True:
        outcome = Outcome(*_compiled(program(task, solver, capacity), wide)(*given))
        most = int(np.max(np.asarray(outcome.counts["events"]), initial=0))
        if most <= capacity:
            return jax.tree.map(np.asarray, outcome)
        if most > MOST_EVENTS:
            raise SolveError(
                f"An event of {task.model.name!r} happened {most} times in one trajectory; at most "
                f"{MOST_EVENTS} can be kept. Shorten the span, or solve it in parts."
            )
        while capacity < most:
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


def to_solution(task: SolveTask, outcome: Outcome) -> Solution:
    """Turn what a program returned into a solution.

    Parameters
    ----------
    task : SolveTask
        What was solved.
    outcome : Outcome
        What came out.

    Returns
    -------
    Solution
        As NumPy arrays.
    """
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


def forms(task: SolveTask) -> tuple[tuple[str, str, bool], ...]:
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
    """Give the seed and the numbers of the trajectories, or increments as the program has them."""
    if task.model.diffusion is None:
        return None
    if task.increments is None:
        return np.uint32(task.seed), np.uint32(task.first) + np.arange(task.batch, dtype=np.uint32)
    moved = np.moveaxis(_cast(task, task.increments), 0, -1)
    return moved.reshape(len(task.times) - 1, task.substeps, *moved.shape[1:])
