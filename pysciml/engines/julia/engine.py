"""The engine that runs Julia."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pysciml.engines.base import Solution, SolveTask
from pysciml.engines.julia import refusals
from pysciml.errors import CapabilityError

if TYPE_CHECKING:
    from pysciml.goku.models import LatentForecaster
    from pysciml.goku.task import Forecasting, GokuTask, Watch

__all__ = ["JuliaEngine"]

PATHS = 1 << 26  # numbers in the paths of a block


class JuliaEngine:
    """Models translated to Julia, solved by the solvers of SciML."""

    name = "julia"

    def versions(self) -> dict[str, str]:
        """Versions of Julia and of the packages that decide its numbers.

        Returns
        -------
        dict
            Version by package.
        """
        from pysciml.engines.julia.convert import versions

        return dict(versions())

    def block(self, task: SolveTask) -> int:
        """Give the count of trajectories that are best solved together.

        Parameters
        ----------
        task : SolveTask
            What to solve.

        Returns
        -------
        int
            As many as paths fit in memory.
        """
        return max(1, PATHS // max(1, len(task.times) * task.model.size))

    def refusal(self, task: SolveTask | LatentForecaster) -> str | None:
        """Say why this engine does not take a task; Julia is not started.

        Parameters
        ----------
        task : SolveTask or LatentForecaster
            What is to be solved, or trained.

        Returns
        -------
        str or None
            A sentence without its end; None if it does.
        """
        if isinstance(task, SolveTask):
            return refusals.of_solving(task) or refusals.of_model(task.model, task.dtype)
        return refusals.of_training(task)

    def solve(self, task: SolveTask) -> Solution:
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
        """
        why = refusals.of_solving(task)
        if why is not None:
            raise CapabilityError(f"The julia engine does not take this: {why}. Use engine='jax'.")
        if task.model.is_stochastic:
            from pysciml.engines.julia.stochastic import solve

            return solve(task)
        from pysciml.engines.julia import lanes
        from pysciml.engines.julia.solve import solve

        if lanes.can(task):
            return lanes.solve(task)
        if task.device != "cpu":
            raise CapabilityError(
                f"On device={task.device!r} the julia engine solves small models without inputs "
                f"that vary in time; solve {task.model.name!r} with device='cpu', or engine='jax'."
            )
        return solve(task)

    def sensitivities(
        self, task: SolveTask, names: tuple[str, ...]
    ) -> tuple[Mapping[tuple[str, str], np.ndarray], Solution]:
        """Solve a batch and differentiate it.

        Parameters
        ----------
        task : SolveTask
            What to solve.
        names : tuple of str
            Parameters, inputs and states (their initial values) to differentiate by.

        Returns
        -------
        tuple
            By state and name: shape (n, *shape of the state, *shape of the other, batch); and
            the solution.

        Raises
        ------
        CapabilityError
            On another device than the CPU, or with a solver that has no tangents here.
        """
        if task.device != "cpu":
            raise CapabilityError(
                f"On device={task.device!r} the julia engine differentiates no solutions; use "
                "device='cpu'."
            )
        from pysciml.engines.julia.sensitivities import sensitivities

        return sensitivities(task, names)

    def train(
        self, task: GokuTask, arrays: Mapping[str, np.ndarray] | None, watch: Watch
    ) -> Mapping[str, np.ndarray]:
        """Train a latent model, from `arrays` of an earlier state or from the start.

        Parameters
        ----------
        task : GokuTask
            Model, data and settings.
        arrays : mapping or None
            State of an earlier, interrupted run.
        watch : Watch
            Hears of every update and epoch.

        Returns
        -------
        mapping
            State of the finished run.
        """
        from pysciml.engines.julia.goku.train import train

        return train(task, arrays, watch)

    def forecaster(self, task: GokuTask, weights: Mapping[str, np.ndarray]) -> Forecasting:
        """Put weights into a latent model.

        Parameters
        ----------
        task : GokuTask
            Model and settings.
        weights : mapping
            Weights by name, as a checkpoint holds them.

        Returns
        -------
        Forecasting
            What infers, reconstructs and forecasts.
        """
        from pysciml.engines.julia.goku.forecaster import Forecaster

        return Forecaster(task, weights)
