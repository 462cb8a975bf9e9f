"""The engine protocol: a handful of methods, each taking one frozen task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pysciml.forcing import Series
from pysciml.model import Model
from pysciml.solvers import Solver

if TYPE_CHECKING:
    from pysciml.goku.task import Forecasting, GokuTask, Watch

__all__ = ["Engine", "Solution", "SolveTask", "Status"]


class Status:
    """Return codes of a trajectory."""

    SUCCESS = 0
    NOT_FINITE = 1
    TOO_MANY_STEPS = 2
    STEP_TOO_SMALL = 3
    EVENTS_ACCUMULATE = 4
    STOPPED = 5  # by an event that stops: the trajectory is complete
    STIFF = 6  # within an engine only: another method goes on from there
    INTERRUPTED = 7  # by Ctrl-C


@dataclass(frozen=True, eq=False)
class SolveTask:
    """A batch of trajectories to solve; validated, and free of labels.

    Parameters
    ----------
    model : Model
        The model.
    times : array
        Save times, shape (n,), increasing; the first is the initial time.
    state : mapping of str to array
        Initial states, each of its shape or with a last axis of the batch.
    params, inputs : mapping of str to array
        Parameters and inputs, likewise; an input that varies in time is a `Series`.
    batch : int
        Trajectories.
    solver : Solver
        A solver that can solve the model.
    fallback : Solver, optional
        The solver that goes on where the equations turn out to be stiff.
    stops : array, optional
        Times within the span on which steps end: jumps of inputs and timed events. With a
        fixed-step solver they are among `times`.
    events : mapping of str to array
        Times of the timed events within the span, by name.
    first : int
        Index of the first trajectory in the whole ensemble, which decides its noise.
    substeps : int
        Steps between two save times (fixed-step solvers).
    rtol, atol : float
        Tolerances (adaptive solvers).
    seed : int
        Seed of the noise; trajectory i of a seed is the same in every batch.
    increments : array, optional
        Brownian increments, shape (batch, steps, d), in place of the seed.
    dtype : str
        ``"float64"`` or ``"float32"``.
    device : str
        ``"cpu"`` or ``"gpu"``.
    """

    model: Model
    times: np.ndarray
    state: Mapping[str, np.ndarray]
    params: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray | Series]
    batch: int
    solver: Solver
    fallback: Solver | None = None
    stops: np.ndarray | None = None
    events: Mapping[str, np.ndarray] = field(default_factory=dict)
    first: int = 0
    substeps: int = 1
    rtol: float = 1e-6
    atol: float = 1e-9
    seed: int = 0
    increments: np.ndarray | None = None
    dtype: str = "float64"
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class Solution:
    """What an engine returns for a SolveTask.

    Parameters
    ----------
    state : mapping of str to array
        Shape (n, *shape, batch).
    status : array of int
        `Status` of every trajectory.
    stopped : array of float
        Time that every trajectory reached.
    events : mapping of str to array
        When each event happened, shape (k, batch), NaN where a trajectory had fewer.
    counts : mapping of str to array of int
        Steps and evaluations of every trajectory.
    """

    state: Mapping[str, np.ndarray]
    status: np.ndarray
    stopped: np.ndarray
    events: Mapping[str, np.ndarray] = field(default_factory=dict)
    counts: Mapping[str, np.ndarray] = field(default_factory=dict)


class Engine(Protocol):
    """What an engine can do."""

    name: str

    def versions(self) -> dict[str, str]:
        """Versions of the packages that decide its numbers."""
        ...

    def block(self, task: SolveTask) -> int:
        """Give the count of trajectories that are best solved together."""
        ...

    def solve(self, task: SolveTask) -> Solution:
        """Solve a batch of trajectories."""
        ...

    def sensitivities(
        self, task: SolveTask, names: tuple[str, ...]
    ) -> tuple[Mapping[tuple[str, str], np.ndarray], Solution]:
        """Solve a batch and differentiate it by parameters, inputs and initial states."""
        ...

    def train(
        self, task: GokuTask, arrays: Mapping[str, np.ndarray] | None, watch: Watch
    ) -> Mapping[str, np.ndarray]:
        """Train a latent model, from `arrays` of an earlier state or from the start."""
        ...

    def forecaster(self, task: GokuTask, weights: Mapping[str, np.ndarray]) -> Forecasting:
        """Put weights into a latent model and let it infer, reconstruct and forecast."""
        ...
