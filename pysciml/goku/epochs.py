"""What the training loops of all engines share: history, crops of validation, progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from pysciml.goku.task import GokuTask, Progress

__all__ = [
    "HISTORY",
    "TERMS",
    "Clock",
    "component_names",
    "conclude",
    "even_crops",
    "out_of_patience",
]

TERMS: tuple[str, ...] = ("loss", "reconstruction", "continuity", "kl", "forecast")
HISTORY = ("epoch", *TERMS, "validation", "learning_rate")
CROPS = 256  # of validation, at most


class Running(Protocol):
    """A training run, as far as its clock sees it."""

    task: GokuTask
    history: dict[str, list[float]]
    best: Any
    scale: Any
    best_score: float
    since_best: int

    def validate(self) -> tuple[float, Any]:
        """Give the error on validation data and the scale of the states."""
        ...

    @property
    def epoch(self) -> int:
        """Epochs done."""
        ...

    @property
    def update(self) -> int:
        """Updates done."""
        ...


class Clock:
    """Rate of the updates and the time that is left.

    Parameters
    ----------
    run : Running
        The run.
    """

    def __init__(self, run: Running) -> None:
        self.run, self.began = run, math.nan
        self.first = run.update

    def progress(self, loss: float) -> Progress:
        """Say where the run stands.

        Parameters
        ----------
        loss : float
            The latest.

        Returns
        -------
        Progress
            Where it stands.
        """
        now, task, update = time.perf_counter(), self.run.task, self.run.update
        if math.isnan(self.began):
            self.began, self.first = now, update  # what came before was compiling too
        timed = update - self.first
        rate = timed / (now - self.began) if timed > 0 and now > self.began else math.nan
        scores = [v for v in self.run.history["validation"] if math.isfinite(v)]
        return Progress(
            epoch=self.run.epoch,
            epochs=task.training.epochs,
            update=update,
            updates=task.updates,
            loss=loss,
            validation=scores[-1] if scores else math.nan,
            rate=rate,
            seconds_left=(task.updates - update) / rate if rate > 0 else math.nan,
        )


def conclude(
    run: Running, terms: Mapping[str, Any], rate: float, averaged: Callable[[], Any]
) -> bool:
    """End an epoch: validate where that is due, keep the best weights, write a row of the history.

    Parameters
    ----------
    run : Running
        The run.
    terms : mapping of str to float
        The terms of the loss.
    rate : float
        The learning rate that was reached.
    averaged : callable
        Gives the weights that are judged.

    Returns
    -------
    bool
        Whether they are the best so far.
    """
    task, epoch = run.task, run.epoch + 1
    due = epoch % task.training.validate_every == 0 or epoch == task.training.epochs
    score, scale = run.validate() if due else (math.nan, run.scale)
    # Without validation data the latest weights are the best there are.
    better = due and (task.validation is None or score < run.best_score)
    if better:
        run.best, run.scale = averaged(), scale
        run.best_score, run.since_best = score, 0
    elif due:
        run.since_best += 1
    row = {"epoch": epoch, **terms, "validation": score, "learning_rate": rate}
    for name, column in run.history.items():
        column.append(float(row[name]))
    return better


def out_of_patience(run: Running) -> bool:
    """Whether validation has not been better for as long as the settings allow.

    Parameters
    ----------
    run : Running
        The run.

    Returns
    -------
    bool
        Whether to stop.
    """
    patience = run.task.training.patience
    return bool(patience) and run.since_best >= patience


def even_crops(task: GokuTask) -> np.ndarray:
    """Cut the validation data, or the training data where there are none, at even distances.

    Parameters
    ----------
    task : GokuTask
        What is trained, and on what.

    Returns
    -------
    array of float32
        Shape (time, crop, channel).
    """
    held = task.series if task.validation is None else task.validation
    data = np.asarray(held, np.float32)
    length = task.architecture.length + task.training.forecast_steps
    # The forecast part of validation is cut short where the data are.
    length = min(length, data.shape[1])
    starts = np.arange(0, data.shape[1] - length + 1)
    per_sample = max(1, CROPS // data.shape[0])
    picked = starts[np.linspace(0, len(starts) - 1, min(per_sample, len(starts))).astype(int)]
    crops = [sample[s : s + length] for sample in data for s in picked]
    chosen = np.linspace(0, len(crops) - 1, min(CROPS, len(crops))).astype(int)
    return np.stack([crops[i] for i in chosen], axis=1)


def component_names(task: GokuTask) -> list[str]:
    """Name every component of the latent state.

    Parameters
    ----------
    task : GokuTask
        What is trained.

    Returns
    -------
    list of str
        Such as ``x[0]``.
    """
    if task.model is None:
        return [f"z[{i}]" for i in range(task.architecture.state)]
    names = []
    for name, variable in task.model.state.items():
        for index in np.ndindex(variable.shape):
            names.append(f"{name}[{', '.join(map(str, index))}]" if index else name)
    return names
