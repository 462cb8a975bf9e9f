"""Training on the julia engine: every epoch is one call of Julia.

The algorithm, the checkpoint and the weights at the start are those of the jax engine; the random
numbers of crops and noise are Julia's own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
from collections.abc import Iterator, Mapping

import numpy as np

from pysciml.engines.julia.goku.model import Layout, goku, initial_weights, latent_model
from pysciml.engines.julia.process.start import julia
from pysciml.engines.julia.process.threads import stop_flag
from pysciml.errors import SolveError
from pysciml.goku.epochs import (
    HISTORY,
    TERMS,
    Clock,
    component_names,
    conclude,
    even_crops,
    out_of_patience,
)
from pysciml.goku.task import GokuTask, Watch

__all__ = ["train"]

# Vectors of a run, by their names in the checkpoint; those of Adam are one array each there.
WEIGHTS = {"weights/": "weights", "average/": "average"}
MOMENTS = {"optimiser/1.mu": "first_moment", "optimiser/1.nu": "second_moment"}
NOTICE = 0.05  # seconds between two looks at the wish to stop


class Run:
    """A training run in Julia.

    Parameters
    ----------
    task : GokuTask
        What is trained, and on what.
    """

    def __init__(self, task: GokuTask) -> None:
        assert task.series is not None
        self.task = task
        self.model = latent_model(task.architecture, task.model, task.dt, "float32")
        self.layout = Layout.of(self.model)
        settings = dataclasses.asdict(task.training)
        for name in ("epochs", "validate_every", "patience", "retries"):
            del settings[name]
        self.run = julia().call(
            goku("training_run"),
            self.model,
            np.ascontiguousarray(task.series, np.float32),
            seed=task.seed,
            updates=task.updates,
            **settings,
        )
        start = self.layout.vector("", initial_weights(task), np.float32)
        for name in WEIGHTS.values():
            self._set(name, start)
        self.best, self.scale = start, np.ones(task.architecture.state, np.float32)
        self.best_score, self.since_best, self.retries = math.inf, 0, 0
        self.history: dict[str, list[float]] = {name: [] for name in HISTORY}
        self.crops = even_crops(task)
        self._ask()

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history["epoch"])

    @property
    def update(self) -> int:
        """Updates done."""
        return self.counts["update"]

    def _set(self, name: str, vector: np.ndarray) -> None:
        julia().call(goku("set_vector!"), self.run, name, vector.astype(np.float32))

    def vector(self, name: str) -> np.ndarray:
        """Copy a vector of the run: ``weights``, ``average``, or a moment of Adam.

        Parameters
        ----------
        name : str
            Which.

        Returns
        -------
        array of float32
            Shape (count,).
        """
        vector = np.empty(self.layout.count, np.float32)
        julia().call(goku("get_vector!"), vector, self.run, name)
        return vector

    def _ask(self) -> None:
        """Ask for the counts of the run."""
        count, update, scale, rate, *partial = julia().call(goku("get_counts"), self.run)
        self.counts = {"count": count, "update": update, "scale": scale}
        self.rate, self.partial = rate, np.array(partial)

    def arrays(self) -> dict[str, np.ndarray]:
        """State of the run as named arrays; :meth:`restore` takes them back."""
        made: dict[str, np.ndarray] = {}
        for prefix, name in WEIGHTS.items():
            made.update(self.layout.named(prefix, self.vector(name)))
        made.update(self.layout.named("best/", self.best))
        made["best/state_scale"] = self.scale.copy()
        made["optimiser/1.count"] = np.asarray(self.counts["count"], np.int32)
        for array, name in MOMENTS.items():
            made[array] = self.layout.by_row(self.vector(name))
        made["run/update"] = np.asarray(self.counts["update"], np.int32)
        made["run/scale"] = np.asarray(self.counts["scale"], np.float32)
        made["run/best_score"] = np.asarray(self.best_score)
        made["run/partial"] = self.partial.copy()
        made["run/counts"] = np.asarray([self.since_best, self.retries])
        made.update({f"history/{k}": np.asarray(v, np.float64) for k, v in self.history.items()})
        return made

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Continue from the arrays of an earlier run, of this engine or of the jax engine."""
        for prefix, name in WEIGHTS.items():
            self._set(name, self.layout.vector(prefix, arrays, np.float32))
        self.best = self.layout.vector("best/", arrays, np.float32)
        self.scale = np.array(arrays["best/state_scale"], np.float32)
        for array, name in MOMENTS.items():
            self._set(name, self.layout.by_column(np.asarray(arrays[array])))
        julia().call(
            goku("set_counts!"),
            self.run,
            int(arrays["optimiser/1.count"]),
            int(arrays["run/update"]),
            float(arrays["run/scale"]),
            np.array(arrays["run/partial"], np.float64),
        )
        self.best_score = float(arrays["run/best_score"])
        self.since_best, self.retries = map(int, arrays["run/counts"])
        self.history = {k: arrays[f"history/{k}"].tolist() for k in HISTORY}
        self._ask()

    def advance(self, watch: Watch) -> tuple[dict[str, float], bool]:
        """Run the updates of one epoch; give the mean terms, and whether it was finished."""
        with _stopping(watch) as stop:
            julia().call(goku("epoch!"), self.run, self.task.updates_per_epoch, stop, stop=stop)
        self._ask()
        terms = dict(zip(TERMS, self.partial[:-1] / max(self.partial[-1], 1), strict=True))
        whole = self.partial[-1] >= self.task.updates_per_epoch
        if not whole and math.isfinite(terms["loss"]):
            return terms, False
        self._clear()
        return terms, True

    def _clear(self) -> None:
        self.partial = np.zeros_like(self.partial)
        julia().call(goku("set_counts!"), self.run, *self.counts.values(), self.partial)

    def validate(self) -> tuple[float, np.ndarray]:
        """Judge the running mean of the weights: its error, and the size of the states.

        The error is NaN where there are no validation data.
        """
        scale = np.empty_like(self.scale)
        error = julia().call(goku("judge!"), scale, self.run, self.crops)
        return (math.nan if self.task.validation is None else float(error)), scale

    def retry(self) -> str:
        """Go back to the start of the epoch with half the rate; or say why that is over."""
        if self.retries < self.task.training.retries:
            self.retries += 1
            julia().call(goku("retry!"), self.run)
            self._ask()
            return ""
        return (
            f"The loss became not finite in epoch {self.epoch + 1}, and again after "
            f"{self.retries} retries with a lower learning rate. {self._blame()} Lower "
            "learning_rate, raise substeps, or narrow the bounds of the parameters."
        )

    def _blame(self) -> str:
        """Say which sample, time and variable is not finite."""
        found = julia().call(goku("blame!"), self.run, self.task.updates_per_epoch)
        if found is None:
            return "The latent states are finite; the weights or the gradient are not."
        sample, start, step, component = found
        return (
            f"In sample {sample} the latent variable {component_names(self.task)[component]} is "
            f"not finite from time {(start + step) * self.task.dt:.6g} after the start of the "
            "training data."
        )


@contextlib.contextmanager
def _stopping(watch: Watch) -> Iterator[np.ndarray]:
    """Give a stop flag that follows `watch` while Julia runs."""
    stop, done = stop_flag(), threading.Event()

    def look() -> None:
        while not done.wait(NOTICE):
            if watch.stop:
                stop[0] = 1

    looking = threading.Thread(target=look, name="pysciml-stop", daemon=True)
    looking.start()
    try:
        yield stop
    finally:
        done.set()
        looking.join()


def train(
    task: GokuTask, arrays: Mapping[str, np.ndarray] | None, watch: Watch
) -> Mapping[str, np.ndarray]:
    """Train a latent model, from `arrays` of an earlier state or from the start.

    An epoch whose loss is not finite is tried again from its start with the learning rate
    halved, at most ``training.retries`` times in a run; after that the run stops.

    Parameters
    ----------
    task : GokuTask
        What is trained, and on what.
    arrays : mapping or None
        State of an earlier, interrupted run, of this engine or of the jax engine.
    watch : Watch
        Hears of every epoch.

    Returns
    -------
    mapping
        State of the finished run.

    Raises
    ------
    SolveError
        If the loss is not finite and the retries are used up; names sample, time and variable.
    """
    run = Run(task)
    if arrays is not None:
        run.restore(arrays)
    training, clock = task.training, Clock(run)
    while run.epoch < training.epochs and not out_of_patience(run):
        terms, finished = run.advance(watch)
        if not finished:
            break
        if not math.isfinite(terms["loss"]):
            reason = run.retry()
            if reason:
                raise SolveError(reason)
            continue
        better = conclude(run, terms, run.rate, lambda: run.vector("average"))
        watch.progress(clock.progress(terms["loss"]))
        watch.checkpoint(run.arrays, better)
        if watch.stop:
            break
    return run.arrays()
