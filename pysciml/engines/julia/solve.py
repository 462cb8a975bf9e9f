"""Solving a batch of trajectories of an ordinary differential equation with Julia."""

from __future__ import annotations

from typing import Any

import numpy as np

from pysciml.engines.base import Solution, SolveTask
from pysciml.engines.julia.batch import is_plain
from pysciml.engines.julia.convert import courses, initial, packed, split, system
from pysciml.engines.julia.events import happened, timed
from pysciml.engines.julia.failures import explained
from pysciml.engines.julia.process.start import julia
from pysciml.engines.julia.process.threads import stop_flag
from pysciml.errors import Interrupted
from pysciml.solvers import StormerVerlet

__all__ = ["COUNTS", "method", "solve"]

COUNTS = ("steps", "rejected", "evaluations", "handed_over")


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
        If the model cannot be translated, or the solver is not in this Julia.
    SolveError
        If an event happens more often than can be kept.
    Interrupted
        After Ctrl-C, with what was solved until then.
    """
    times, batch = task.times.astype(task.dtype), task.batch
    path = np.empty((len(times), task.model.size, batch), task.dtype)
    status, stopped = np.zeros(batch, np.int32), np.zeros(batch)
    counts, stop = np.zeros((len(COUNTS), batch), np.int64), stop_flag()
    given, written = packed(task), (path, status, stopped, counts)
    asked = system(task.model, task.dtype), initial(task), given.p, times
    try:
        with explained(task):
            if task.solver.adaptive and not len(given.places) and is_plain(task):
                # Tolerances are all that Julia has to be told, which is quicker without words.
                fallback = "" if task.fallback is None else task.fallback.name
                told = task.solver.name, fallback, float(task.rtol), float(task.atol)
                seen = julia().call("solve_plain!", *written, stop, *asked, *told, stop=stop)
            else:
                seen = julia().call(
                    "solve_batch!",
                    *written,
                    *asked,
                    swept=(given.places, given.values) if len(given.places) else None,
                    courses=courses(task),
                    stop=stop,
                    stop_flag=stop,
                    **method(task),
                )
    except Interrupted as error:
        partial = Solution(split(task.model, path), status, stopped)
        raise Interrupted(str(error), partial) from error
    return Solution(
        state=split(task.model, path),
        status=status,
        stopped=stopped,
        events=happened(task, seen),
        counts=_counts(task, counts),
    )


def method(task: SolveTask) -> dict[str, Any]:
    """Give the options that the kind of solver needs."""
    solver, model = task.solver, task.model
    made: dict[str, Any] = {"algorithm": solver.name, "timed": timed(task)}
    if isinstance(solver, StormerVerlet):
        sides = [np.full(v.size, n in solver.momenta, task.dtype) for n, v in model.state.items()]
        made["momenta"] = np.concatenate(sides)
    if not solver.adaptive:
        return {**made, "substeps": task.substeps}
    stops = np.zeros(0) if task.stops is None else task.stops
    made.update(rtol=task.rtol, atol=task.atol, stops=stops.astype(task.dtype))
    if task.fallback is not None:
        made["fallback"] = task.fallback.name
    return made


def _counts(task: SolveTask, counts: np.ndarray) -> dict[str, np.ndarray]:
    named: dict[str, np.ndarray] = dict(zip(COUNTS, counts, strict=True))
    if task.fallback is None:
        named.pop("handed_over")
    if not task.solver.adaptive:
        named.pop("rejected")
    return named
