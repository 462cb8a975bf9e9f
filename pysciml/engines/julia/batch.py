"""What the functions of Julia for ensembles take, and what they write into."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pysciml.engines.base import Solution, SolveTask
from pysciml.engines.julia.convert import initial, packed, split, system
from pysciml.engines.julia.failures import explained
from pysciml.engines.julia.process.start import julia
from pysciml.engines.julia.process.threads import stop_flag
from pysciml.errors import Interrupted
from pysciml.forcing import Series

__all__ = ["Outputs", "is_plain", "noise_arguments", "outputs", "solution", "solved"]


class Outputs(NamedTuple):
    """What a solve writes into; the batch is the last axis, which Julia sees as the first.

    Parameters
    ----------
    path : array
        States, shape (n, d, batch).
    status : array of int32
        How each trajectory ended.
    stopped : array of float
        When.
    steps, rejected : array of int64
        Steps, and those tried in vain.
    """

    path: np.ndarray
    status: np.ndarray
    stopped: np.ndarray
    steps: np.ndarray
    rejected: np.ndarray


def outputs(task: SolveTask) -> Outputs:
    """Make room for the solution of a task.

    Parameters
    ----------
    task : SolveTask
        What is to be solved.

    Returns
    -------
    Outputs
        The arrays.
    """
    batch = task.batch
    return Outputs(
        np.empty((len(task.times), task.model.size, batch), task.dtype),
        np.zeros(batch, np.int32),
        np.full(batch, float(task.times[0])),
        np.zeros(batch, np.int64),
        np.zeros(batch, np.int64),
    )


def is_plain(task: SolveTask) -> bool:
    """Tell whether the steps of a task are those of its tolerances alone.

    Parameters
    ----------
    task : SolveTask
        What is to be solved.

    Returns
    -------
    bool
        True where there are no events, no inputs that vary in time, and no times to stop at.
    """
    stops = task.solver.adaptive and task.stops is not None and len(task.stops) > 0
    varies = any(isinstance(value, Series) for value in task.inputs.values())
    return not (task.model.events or varies or stops)


def noise_arguments(task: SolveTask) -> tuple[str, int, int, np.ndarray]:
    """Give the source of the noise, its seed, the first trajectory, and given increments.

    Parameters
    ----------
    task : SolveTask
        What is to be solved.

    Returns
    -------
    tuple
        No source where increments are given, which have shape (steps * sources, batch); neither
        where the model has no noise.
    """
    none = np.zeros((0, 0), task.dtype)
    if task.model.diffusion is None:
        return "", 0, 0, none
    if task.increments is None:
        return getattr(task.solver, "stream", "threefry"), task.seed, task.first, none
    given = np.asarray(task.increments, task.dtype)
    rows = given.reshape(given.shape[0], given.shape[1] * given.shape[2])
    return "", 0, 0, np.ascontiguousarray(rows.T)


def solved(task: SolveTask, function: str, *arguments: object) -> tuple[Outputs, Any]:
    """Call a function of Julia that solves a task.

    Parameters
    ----------
    task : SolveTask
        What to solve.
    function : str
        Its name; it takes the outputs, the system, the initial states, parameters and times first.
    *arguments : object
        What else it takes.

    Returns
    -------
    tuple
        What it wrote, and what it returned.

    Raises
    ------
    Interrupted
        After Ctrl-C, with what was solved until then.
    """
    found, stop = outputs(task), stop_flag()
    given, made = packed(task), system(task.model, task.dtype)
    places = (given.p, given.places, given.values)
    try:
        with explained(task):
            returned = julia().call(
                function,
                (*found, stop),
                made,
                initial(task),
                places,
                task.times.astype(task.dtype),
                *arguments,
                stop=stop,
            )
    except Interrupted as error:
        partial = Solution(split(task.model, found.path), found.status, found.stopped)
        raise Interrupted(str(error), partial) from error
    return found, returned


def solution(
    task: SolveTask,
    found: Outputs,
    evaluations: int | None,
    events: dict[str, np.ndarray] | None = None,
) -> Solution:
    """Name what Julia wrote.

    Parameters
    ----------
    task : SolveTask
        What was solved.
    found : Outputs
        The arrays.
    evaluations : int or None
        Of the drift, in a step that was tried; None where it is not known.
    events : mapping of str to array, optional
        When each event happened.

    Returns
    -------
    Solution
        Its arrays are views of `found`.
    """
    counts, tried = {"steps": found.steps}, found.steps
    if task.solver.adaptive:
        tried = tried + found.rejected
        counts["rejected"] = found.rejected
    if evaluations is not None:
        counts["evaluations"] = evaluations * tried + (2 if task.solver.adaptive else 0)
    return Solution(
        split(task.model, found.path), found.status, found.stopped, events or {}, counts
    )
