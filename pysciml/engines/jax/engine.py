"""The embedded engine."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from pysciml.engines.base import Solution, SolveTask
from pysciml.solvers import ShARK, SPaRK

if TYPE_CHECKING:
    from pysciml.goku.task import Forecasting, GokuTask, Watch

__all__ = ["JaxEngine"]

BLOCK = 1024  # trajectories
PATHS = 1 << 24  # numbers in the paths of a block

_version = functools.cache(version)  # reading metadata takes longer than a small solve


class JaxEngine:
    """Lean JAX kernels; everything works on a machine without Julia."""

    name = "jax"

    def versions(self) -> dict[str, str]:
        """Versions of the packages that decide its numbers.

        Returns
        -------
        dict
            Version by package.
        """
        return {name: _version(name) for name in ("jax", "jaxlib", "diffrax", "equinox", "optax")}

    def block(self, task: SolveTask) -> int:
        """Give the count of trajectories that are best solved together.

        Parameters
        ----------
        task : SolveTask
            What to solve.

        Returns
        -------
        int
            So many that vectors are long, and so few that they stay in the cache and their
            paths in memory.
        """
        path = max(1, len(task.times) * task.model.size)
        return max(1, min(BLOCK, PATHS // path))

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
        """
        if isinstance(task.solver, ShARK | SPaRK):
            from pysciml.engines.jax.longtail import solve
        else:
            from pysciml.engines.jax.solve import solve

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
        """
        from pysciml.engines.jax.sensitivities import sensitivities

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
        from pysciml.engines.jax.goku.train import train

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
        from pysciml.engines.jax.goku.forecaster import Forecaster

        return Forecaster(task, weights)
