"""The training loop: epochs of updates, validation, the best weights, and what to do with NaN."""

from __future__ import annotations

import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from pysciml.engines.jax.goku.arrays import named, restored
from pysciml.engines.jax.goku.network import LatentModel
from pysciml.engines.jax.goku.objective import Terms
from pysciml.engines.jax.goku.update import State, Updater
from pysciml.errors import SolveError
from pysciml.goku.epochs import (
    HISTORY,
    Clock,
    component_names,
    conclude,
    even_crops,
    out_of_patience,
)
from pysciml.goku.task import GokuTask, Watch

__all__ = ["train"]


class Run:
    """A training run in memory.

    Parameters
    ----------
    task : GokuTask
        What is trained, and on what.
    """

    def __init__(self, task: GokuTask) -> None:
        self.task = task
        made = task.architecture
        self.key = jax.random.key(task.seed)
        rng = np.random.default_rng(task.seed)
        self.updater = Updater(
            LatentModel(made, task.model, task.dt, rng), task.training, task.updates
        )
        self.series = jnp.asarray(task.series, jnp.float32)
        self.state = self.updater.start()
        self.best = self.state.average
        self.scale = jnp.ones(task.architecture.state)
        self.best_score, self.since_best = math.inf, 0
        self.retries = 0
        # Sums of the terms over the updates of an epoch that is not finished, and their count.
        self.partial = np.zeros(len(Terms._fields) + 1)
        self.history: dict[str, list[float]] = {name: [] for name in HISTORY}
        self.crops = jnp.asarray(even_crops(task))
        self._judge = jax.jit(self._judged)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history["epoch"])

    @property
    def update(self) -> int:
        """Updates done."""
        return int(self.state.update)

    def arrays(self) -> dict[str, np.ndarray]:
        """State of the run as named arrays; :meth:`restore` takes them back."""
        made: dict[str, np.ndarray] = {}
        for prefix, vector in self._vectors().items():
            made.update(named(self.updater.unravel(vector), prefix))
        made["best/state_scale"] = np.asarray(self.scale)
        made.update(named(self.state.optimiser, "optimiser"))
        made["run/update"] = np.asarray(self.state.update)
        made["run/scale"] = np.asarray(self.state.scale)
        made["run/best_score"] = np.asarray(self.best_score)
        made["run/partial"] = self.partial.copy()
        made["run/counts"] = np.asarray([self.since_best, self.retries])
        made.update({f"history/{k}": np.asarray(v, np.float64) for k, v in self.history.items()})
        return made

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Continue from the arrays of an earlier run."""
        vectors = {}
        for prefix, vector in self._vectors().items():
            tree = restored(self.updater.unravel(vector), prefix, arrays)
            vectors[prefix] = ravel_pytree(tree)[0]
        self.best = vectors["best"]
        self.scale = jnp.asarray(arrays["best/state_scale"])
        self.state = State(
            vectors["weights"],
            vectors["average"],
            restored(self.state.optimiser, "optimiser", arrays),
            jnp.asarray(arrays["run/update"]),
            jnp.asarray(arrays["run/scale"]),
        )
        self.best_score = float(arrays["run/best_score"])
        self.since_best, self.retries = map(int, arrays["run/counts"])
        self.partial = np.array(arrays["run/partial"])
        self.history = {k: arrays[f"history/{k}"].tolist() for k in HISTORY}

    def _vectors(self) -> dict[str, jax.Array]:
        return {
            "weights": self.state.weights,
            "average": self.state.average,
            "best": self.best,
        }

    def validate(self) -> tuple[float, jax.Array]:
        """Judge the running mean of the weights: its error, and the size of the states.

        The error is NaN where there are no validation data.
        """
        error, scale = self._judge(self.state.average, self.crops)
        return (math.nan if self.task.validation is None else float(error)), scale

    def _judged(self, weights: jax.Array, crops: jax.Array) -> tuple[jax.Array, jax.Array]:
        """NRMSE of reconstruction, plus that of the forecast where training has one."""
        model, made = self.updater.model(weights), self.task.architecture
        seen = crops[: made.length]
        horizon = crops.shape[0] - made.length
        decoded = model.decode(model.encode(seen).mean, None, horizon)
        error = (model.carried(decoded, seen[-1]) - crops) ** 2
        parts = [(error[: made.length], seen)]
        if horizon:
            parts.append((error[made.length :], crops[made.length :]))
        errors = [jnp.mean(jnp.sqrt(e.mean(axis=(0, 2)))) / jnp.mean(jnp.abs(x)) for e, x in parts]
        return jnp.sum(jnp.stack(errors)), jnp.std(decoded.states, axis=(0, 2)) + 1e-6

    def blame(self, state: State) -> str:
        """Say which sample, time and variable of the next update is not finite."""
        crop_key, loss_key = self.updater.keys(self.key, state.update)
        samples, starts, _ = self.updater.places(self.series, crop_key)
        data = self.updater.crops(self.series, crop_key)
        model = self.updater.model(state.weights)
        made = self.task.architecture
        noise = jax.random.split(loss_key, 3)[0] if self.task.training.stochastic else None
        seen = data[: made.length]
        decoded = model.decode(model.encode(seen).mean, noise, data.shape[0] - made.length)
        states = np.asarray(decoded.states)  # (time, d, batch)
        bad = np.argwhere(~np.isfinite(states).transpose(2, 0, 1))
        if not len(bad):
            return "The latent states are finite; the weights or the gradient are not."
        crop, step, component = map(int, bad[0])
        names = component_names(self.task)
        at = (int(starts[crop]) + step) * self.task.dt
        return (
            f"In sample {int(samples[crop])} the latent variable {names[component]} is not finite "
            f"from time {at:.6g} after the start of the training data."
        )


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
        State of an earlier, interrupted run.
    watch : Watch
        Hears of every update and epoch.

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
    training = task.training
    clock = Clock(run)
    while run.epoch < training.epochs and not out_of_patience(run):
        started, entered = run.state, run.partial.copy()
        terms, finished = _epoch(run, watch, clock)
        if not finished:
            break
        if not math.isfinite(terms.loss):
            reason = _retry(run, started)
            if reason:
                raise SolveError(reason)
            run.partial = entered
            continue
        rate = run.updater.rate(int(run.state.update) - 1) * float(run.state.scale)
        better = conclude(run, terms._asdict(), rate, lambda: run.state.average)
        watch.checkpoint(run.arrays, better)
        if watch.stop:
            break
    return run.arrays()


def _epoch(run: Run, watch: Watch, clock: Clock) -> tuple[Terms, bool]:
    """Run the updates of one epoch; return the mean terms, and whether it was finished."""
    count = run.task.updates_per_epoch
    while run.partial[-1] < count:
        run.state, terms = run.updater.step(run.state, run.series, run.key)
        values = np.asarray(jax.device_get(terms), np.float64)
        run.partial += [*values, 1]
        watch.progress(clock.progress(float(values[0])))
        if not math.isfinite(values[0]):
            break
        if watch.stop and run.partial[-1] < count:
            return Terms(*run.partial[:-1]), False
    mean = run.partial[:-1] / run.partial[-1]
    run.partial = np.zeros_like(run.partial)
    return Terms(*mean), True


def _retry(run: Run, started: State) -> str:
    """Go back to the start of the epoch with half the rate; or say why that is over."""
    if run.retries >= run.task.training.retries:
        # The state before the update that fails tells what fails.
        state, loss = started, math.nan
        for _ in range(run.task.updates_per_epoch):
            after, terms = run.updater.step(state, run.series, run.key)
            loss = float(terms.loss)
            if not math.isfinite(loss):
                break
            state = after
        return (
            f"The loss became {loss} in epoch {run.epoch + 1}, and again after "
            f"{run.retries} retries with a lower learning rate. {run.blame(state)} Lower "
            "learning_rate, raise substeps, or narrow the bounds of the parameters."
        )
    run.retries += 1
    run.state = started._replace(scale=started.scale / 2)
    return ""
