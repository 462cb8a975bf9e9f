"""Stochastic equations: as lanes where they are small, else one trajectory after the other."""

from __future__ import annotations

import numpy as np

from pysciml.engines.base import Solution, SolveTask
from pysciml.engines.julia import lanes
from pysciml.engines.julia.batch import noise_arguments, solution, solved
from pysciml.engines.julia.convert import courses
from pysciml.engines.julia.events import happened, timed
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
    if not task.solver.adaptive and lanes.can(task):
        return lanes.solve(task)
    if task.device != "cpu":
        raise CapabilityError(
            f"On device={task.device!r} the julia engine takes small stochastic models with fixed "
            f"steps, without events and inputs that vary in time; solve {task.model.name!r} with "
            "device='cpu', or engine='jax'."
        )
    return _adaptive(task) if task.solver.adaptive else _by_paths(task)


def _adaptive(task: SolveTask) -> Solution:
    """Solve each with adaptive steps of StochasticDiffEq."""
    stops = np.zeros(0) if task.stops is None else task.stops
    settings = task.rtol, task.atol, stops.astype(task.dtype)
    given = settings, (task.seed, task.first), courses(task)
    found, _ = solved(task, "paths_adaptive!", task.solver.name, *given)
    return solution(task, found, None)


def _by_paths(task: SolveTask) -> Solution:
    """Solve each on its own: a large system, or one with events or inputs that vary in time."""
    given = task.substeps, noise_arguments(task), timed(task), courses(task)
    found, seen = solved(task, "paths_fixed!", task.solver.name, *given)
    evaluations = lanes.EVALUATIONS[task.solver.name]
    return solution(task, found, evaluations, happened(task, seen))
