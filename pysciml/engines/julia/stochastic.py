"""Stochastic equations: as lanes where they are small, else one trajectory after the other."""

from __future__ import annotations

import numpy as np

from pysciml.engines.base import Solution, SolveTask
from pysciml.engines.julia import lanes
from pysciml.engines.julia.convert import courses
from pysciml.engines.julia.failures import too_many_events
from pysciml.engines.julia.batch import noise_arguments, solution, solved
from pysciml.engines.julia.start import julia
from pysciml.errors import CapabilityError

__all__ = ["solve"]


def solve(task: SolveTask) -> Solution:
    """Solve a batch of trajectories of a stochastic model.

    Parameters
    ----------
    task : SolveTask
        What to solve.

    Returns
    -------
    Solution
        States at the save times, and how each trajectory ended. Trajectory i of a seed follows the
        path that it follows on the jax engine.

    Raises
    ------
    CapabilityError
        If the solver does not run on this engine.
    """
    if task.solver.name not in lanes.EVALUATIONS or task.solver.adaptive:
        raise CapabilityError(
            f"The julia engine has no solver {task.solver.name} for stochastic equations; use "
            f"ps.SRIW1() or ps.EulerMaruyama(), or engine='jax'."
        )
    return lanes.solve(task) if lanes.can(task) else _by_paths(task)


def _by_paths(task: SolveTask) -> Solution:
    """Solve each on its own: a large system, or one with events or inputs that vary in time."""
    known = tuple(np.asarray(task.events.get(e.name, ()), task.dtype) for e in task.model.events)
    numbers = task.substeps, noise_arguments(task)
    found, seen = solved(task, "paths_fixed!", task.solver.name, *numbers, known, courses(task))
    times = {}
    for number, event in enumerate(task.model.events, 1):
        most = julia().call("most_events", seen, number)
        too_many_events(task, most)
        times[event.name] = np.empty((most, task.batch))
        if most:
            julia().call("event_times!", times[event.name], seen, number)
    return solution(task, found, lanes.EVALUATIONS[task.solver.name], times)
