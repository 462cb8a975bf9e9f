"""The task of training a latent model, and what an engine offers when it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from pysciml.goku.architecture import Architecture
from pysciml.goku.training import Training
from pysciml.model import Model

__all__ = ["Forecasting", "GokuTask", "Inference", "Progress", "Watch"]


@dataclass(frozen=True, eq=False)
class GokuTask:
    """A latent model, how it is trained, and on what; validated, and free of labels.

    Parameters
    ----------
    architecture : Architecture
        Sizes and choices.
    model : Model or None
        The core, for ``architecture.core == "model"``.
    training : Training
        Settings of the training.
    dt : float
        Time between two samples of the data, in the model's unit of time.
    seed : int
        Seed of weights, crops and noise.
    series : array or None
        Training data, standardised, shape (sample, time, channel); None where it is trained.
    validation : array or None
        Validation data, likewise.
    """

    architecture: Architecture
    model: Model | None
    training: Training
    dt: float
    seed: int
    series: np.ndarray | None = None
    validation: np.ndarray | None = None

    @property
    def updates_per_epoch(self) -> int:
        """Updates that it takes to see every time step once on average."""
        assert self.series is not None
        samples, steps, _ = self.series.shape
        crop = self.architecture.length + self.training.forecast_steps
        return max(1, round(samples * steps / (crop * self.training.batch)))

    @property
    def updates(self) -> int:
        """Updates of the whole run."""
        return self.updates_per_epoch * self.training.epochs


@dataclass(frozen=True)
class Progress:
    """Where a training run stands.

    Parameters
    ----------
    epoch, epochs : int
        Epochs done, and of the whole run.
    update, updates : int
        Updates done, and of the whole run.
    loss, validation : float
        Latest values; NaN where there is none yet.
    rate : float
        Updates per second.
    seconds_left : float
        Estimate of the time that is left.
    """

    epoch: int
    epochs: int
    update: int
    updates: int
    loss: float
    validation: float
    rate: float
    seconds_left: float


class Watch(Protocol):
    """What listens to a training run; the channel between the engine and the verb."""

    def progress(self, progress: Progress) -> None:
        """Hear of an update."""
        ...

    def checkpoint(self, arrays: Callable[[], Mapping[str, np.ndarray]], best: bool) -> None:
        """Hear of the end of an epoch; `arrays` gives the state of the run."""
        ...

    @property
    def stop(self) -> bool:
        """Whether the run is to stop at the end of this step."""
        ...


class Inference(NamedTuple):
    """What a model infers of its data, as plain arrays.

    Parameters
    ----------
    data : array
        Reconstruction or forecast, standardised, shape (path, sample, time, channel).
    states : array
        Latent states, shape (path, sample, time, d).
    params : array
        Inferred parameters, flattened, shape (sample, parameters).
    """

    data: np.ndarray
    states: np.ndarray
    params: np.ndarray


class Forecasting(Protocol):
    """A trained latent model."""

    def infer(
        self, data: np.ndarray, *, steps: int, refine: int, paths: int | None, seed: int
    ) -> Inference:
        """Infer codes of data (sample, length, channel); decode them and `steps` beyond.

        With `paths`, so many paths of the noise are drawn; else the core is free of noise.
        """
        ...

    @property
    def count(self) -> int:
        """Count of trainable numbers."""
        ...
