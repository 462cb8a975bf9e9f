"""A trained latent model at work in Julia: encode, refine, decode, in blocks of samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pysciml.engines.julia.goku.model import Layout, goku, latent_model
from pysciml.engines.julia.process.start import julia
from pysciml.goku.task import GokuTask, Inference

__all__ = ["Forecaster"]

BLOCK = 256  # samples times paths at once


class Forecaster:
    """A latent model with trained weights.

    Parameters
    ----------
    task : GokuTask
        Architecture, model and time step.
    weights : mapping of str to array
        Weights by name.
    dtype : {"float32", "float64"}
        Of all numbers.
    """

    def __init__(
        self, task: GokuTask, weights: Mapping[str, np.ndarray], dtype: str = "float32"
    ) -> None:
        self.architecture = task.architecture
        self._model = latent_model(task.architecture, task.model, task.dt, dtype)
        self._layout = Layout.of(self._model)
        self._weights = self._layout.vector("", weights, dtype)
        self._scale = np.asarray(weights["state_scale"], dtype)

    @property
    def count(self) -> int:
        """Count of trainable numbers."""
        return self._layout.count

    def infer(
        self, data: np.ndarray, *, steps: int, refine: int, paths: int | None, seed: int
    ) -> Inference:
        """Infer codes of data, decode them and go on.

        Parameters
        ----------
        data : array
            Shape (sample, length, channel), standardised.
        steps : int
            Steps to go on after the data.
        refine : int
            Steps of semi-amortised inference.
        paths : int or None
            Paths of the noise; None for a core free of noise.
        seed : int
            Seed of the paths.

        Returns
        -------
        Inference
            Data, states and parameters.
        """
        made, dtype, count = self.architecture, self._weights.dtype, paths or 1
        samples, length, channels = data.shape
        inferred = julia().call(goku("inferred_count"), self._model)
        found = Inference(
            np.empty((count, samples, length + steps, channels), dtype),
            np.empty((count, samples, length + steps, made.state), dtype),
            np.empty((samples, inferred), dtype),
        )
        julia().call(
            goku("infer!"),
            *found,
            self._model,
            self._weights,
            np.ascontiguousarray(data, dtype),
            steps=steps,
            refine=refine,
            scale=self._scale,
            paths=paths,
            seed=seed,
            block=max(1, BLOCK // count),
        )
        return found
