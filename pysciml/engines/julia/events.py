"""Events of a task, as Julia takes them and gives them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from pysciml.engines.base import SolveTask
from pysciml.engines.julia.failures import too_many_events
from pysciml.engines.julia.process.start import julia

__all__ = ["happened", "timed"]


def timed(task: SolveTask) -> tuple[np.ndarray, ...]:
    """Give the known times of every event of the model; none of one with a condition.

    Parameters
    ----------
    task : SolveTask
        What to solve.

    Returns
    -------
    tuple of array
        In the order of the events.
    """
    return tuple(np.asarray(task.events.get(e.name, ()), task.dtype) for e in task.model.events)


def happened(task: SolveTask, seen: Any) -> dict[str, np.ndarray]:
    """Read when each event happened.

    Parameters
    ----------
    task : SolveTask
        What was solved.
    seen : JuliaObject
        What the solve returned.

    Returns
    -------
    dict of str to array
        Shape (k, batch), NaN where a trajectory had fewer.

    Raises
    ------
    SolveError
        If an event happened more often than can be kept.
    """
    found = {}
    for number, event in enumerate(task.model.events, 1):
        most = julia().call("most_events", seen, number)
        too_many_events(task, most)
        times = np.empty((most, task.batch))
        if most:
            julia().call("event_times!", times, seen, number)
        found[event.name] = times
    return found
