"""Ensembles of small systems as lanes of one batched problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from pysciml.engines.base import Solution, SolveTask, Status
from pysciml.engines.julia.batch import is_plain, noise_arguments, solution, solved
from pysciml.engines.julia.convert import system
from pysciml.engines.julia.process.start import julia
from pysciml.errors import Interrupted

__all__ = ["EVALUATIONS", "KERNELS", "can", "solve"]

EVALUATIONS = {  # of the drift, in a step
    "Euler": 1,
    "EulerMaruyama": 1,
    "EulerHeun": 1,
    "Heun": 2,
    "Milstein": 1,
    "SRA1": 2,
    "SRIW1": 2,
    "RK4": 4,
    "Tsit5": 6,
}
# Beside Tsit5, on a GPU: solvers of DiffEqGPU.
KERNELS = ("Kvaerno5", "Rodas4", "Rodas5P", "Rosenbrock23", "Vern7", "Vern9")
STATES = 64  # up to so many, a step of all lanes is compiled as one loop
FEW = 32  # below so many trajectories, adaptive steps of each on its own cost no compilation


def can(task: SolveTask) -> bool:
    """Tell whether a batch can be solved as lanes.

    Parameters
    ----------
    task : SolveTask
        What is to be solved.

    Returns
    -------
    bool
        True for small systems without events and without inputs that vary in time, with fixed
        steps or Tsit5.
    """
    known = task.solver.name in EVALUATIONS or (
        task.device != "cpu" and task.solver.name in KERNELS and not task.model.is_stochastic
    )
    if not known or not is_plain(task):
        return False
    if task.solver.adaptive and task.batch < FEW and task.device == "cpu":
        return False
    small = task.model.size <= STATES
    return small and bool(
        julia().call("is_small", system(task.model, task.dtype), task.solver.name)
    )


def solve(task: SolveTask) -> Solution:
    """Solve a batch as lanes.

    Parameters
    ----------
    task : SolveTask
        What to solve; one that :func:`can` allows.

    Returns
    -------
    Solution
        States at the save times, and how each trajectory ended. A trajectory is the same in every
        batch that is solved as lanes, and with every count of threads.
    """
    name = task.solver.name
    if name in KERNELS:
        found, _ = solved(task, "kernels_native!", name, task.rtol, task.atol)
        return dataclasses.replace(solution(task, found, None), counts={})
    if task.solver.adaptive:
        control = task.device, task.rtol, task.atol, task.fallback is not None
        found, _ = solved(task, "lanes_tsit5!", *control)
        return _handed_over(task, solution(task, found, EVALUATIONS[name]))
    numbers = task.substeps, noise_arguments(task)
    found, _ = solved(task, "lanes_fixed!", task.device, name, *numbers)
    return solution(task, found, EVALUATIONS[name])


def _handed_over(task: SolveTask, found: Solution) -> Solution:
    """Solve trajectories that turned out to be stiff with the other solver, from their start."""
    chosen = np.flatnonzero(found.status == Status.STIFF)
    if task.fallback is None or not len(chosen):
        return found
    from pysciml.engines.julia.solve import solve as solve_each

    model = task.model
    stiff = dataclasses.replace(
        task,
        state=_part(task.state, model.state, chosen),
        params=_part(task.params, model.params, chosen),
        inputs=_part(task.inputs, model.inputs, chosen),
        batch=len(chosen),
        solver=task.fallback,
        fallback=None,
    )
    try:
        return _put(found, solve_each(stiff), chosen)
    except Interrupted as error:
        raise Interrupted(str(error), _put(found, error.partial, chosen)) from error


def _put(found: Solution, part: Solution, chosen: np.ndarray) -> Solution:
    """Put some trajectories that were handed over into a batch."""
    for name, path in found.state.items():
        path[..., chosen] = part.state[name]
    for name, values in (("status", found.status), ("stopped", found.stopped)):
        values[chosen] = getattr(part, name)
    handed = np.zeros(len(found.status), np.int64)
    handed[chosen] = 1
    counts = dict(found.counts)
    for name in counts:
        counts[name][chosen] += part.counts.get(name, 0)
    return dataclasses.replace(found, counts={**counts, "handed_over": handed})


def _part(values: Mapping[str, Any], variables: Mapping[str, Any], lanes: np.ndarray) -> Any:
    return {
        name: value[..., lanes] if np.ndim(value) > len(variables[name].shape) else value
        for name, value in values.items()
    }
