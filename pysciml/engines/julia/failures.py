"""What goes wrong in Julia, in the words of pysciml."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pysciml.engines.base import SolveTask
from pysciml.engines.julia.process.start import julia
from pysciml.errors import CapabilityError, EngineError, SolveError, suggest

__all__ = ["explained", "too_many_events"]

MOST_EVENTS = 1 << 20  # of a kind that are kept of a trajectory


@contextmanager
def explained(task: SolveTask) -> Iterator[None]:
    """Turn what Julia reports of a solve into an error that says what to do.

    Parameters
    ----------
    task : SolveTask
        What is being solved.

    Raises
    ------
    CapabilityError
        If there is no such solver.
    EngineError
        For what Julia did not expect; its trace is the cause.
    """
    try:
        yield
    except EngineError as error:
        kind, _, told = str(error).removeprefix("Julia stopped with ").partition(": ")
        if kind == "NoSolver":
            if told.startswith("There is no solver"):
                told += suggest(task.solver.name, julia().call("solver_names").split())
            raise CapabilityError(told) from error.__cause__
        raise EngineError(
            f"The solve of {task.model.name!r} with {task.solver.name} failed in Julia. {error} "
            "engine='jax' may solve it."
        ) from error.__cause__


def too_many_events(task: SolveTask, most: int) -> None:
    """Refuse a solution of which not all events could be kept.

    Parameters
    ----------
    task : SolveTask
        What was solved.
    most : int
        How often an event happened in one trajectory.

    Raises
    ------
    SolveError
        If that is too often.
    """
    if most > MOST_EVENTS:
        raise SolveError(
            f"An event of {task.model.name!r} happened more than {MOST_EVENTS} times in one "
            "trajectory, which are the most that can be kept. Shorten the span, or solve it in "
            "parts."
        )
