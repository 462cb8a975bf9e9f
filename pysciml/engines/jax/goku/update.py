"""One update of a training run: crop, gradient, AdamW, running mean of the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from ....goku.training import Training
from .network import LatentModel
from .objective import Terms, objective

__all__ = ["State", "Updater"]


class State(NamedTuple):
    """Arrays of a training run, all that an update changes."""

    weights: Any
    average: Any
    optimiser: Any
    update: jax.Array


class Updater:
    """The compiled update of one model under one set of settings.

    Parameters
    ----------
    model : LatentModel
        The model; its arrays are the initial weights.
    training : Training
        Settings.
    updates : int
        Updates of the whole run, which the schedules span.
    scale : float
        Factor on the learning rate.
    """

    def __init__(
        self, model: LatentModel, training: Training, updates: int, scale: float = 1.0
    ) -> None:
        self.training, self.updates = training, updates
        self.weights, self.static = eqx.partition(model, eqx.is_array)
        warmup = min(training.warmup, updates // 10)
        rate = scale * training.learning_rate
        self.rate: Callable[[Any], Any] = optax.schedules.warmup_cosine_decay_schedule(
            rate / 50, rate, warmup, max(updates, warmup + 1), rate / 100
        )
        self.optimiser = optax.chain(
            optax.clip_by_global_norm(training.clip),
            optax.adamw(self.rate, weight_decay=training.weight_decay),
        )
        self.step = jax.jit(self._step, donate_argnums=0)

    def start(self) -> State:
        """State of the run before its first update."""
        weights = self.weights
        copy = jax.tree.map(jnp.copy, weights)
        return State(weights, copy, self.optimiser.init(weights), jnp.zeros((), jnp.int32))

    def model(self, weights: Any) -> LatentModel:
        """Put weights into the model."""
        return eqx.combine(weights, self.static)

    def kl_weight(self, update: jax.Array) -> jax.Array:
        """Weight of the KL divergence: rises linearly over 90 % of every cycle (Fu et al. 2019)."""
        cycle = self.updates / self.training.kl_cycles
        phase = (update % cycle) / cycle
        return self.training.kl * jnp.minimum(phase / 0.9, 1.0)

    def crops(self, series: jax.Array, key: jax.Array) -> jax.Array:
        """Draw crops of series (sample, time, channel): (time, batch, channel)."""
        made, training = self.static.architecture, self.training
        length = made.length + training.forecast_steps
        which, where, sign = jax.random.split(key, 3)
        samples = jax.random.randint(which, (training.batch,), 0, series.shape[0])
        starts = jax.random.randint(where, (training.batch,), 0, series.shape[1] - length + 1)

        def crop(sample: jax.Array, start: jax.Array) -> jax.Array:
            corner = (sample, start, jnp.zeros((), start.dtype))
            return jax.lax.dynamic_slice(series, corner, (1, length, series.shape[2]))[0]

        crops = jax.vmap(crop, out_axes=1)(samples, starts)
        if training.flip:
            crops = crops * jax.random.rademacher(sign, (1, training.batch, 1), crops.dtype)
        return crops

    def _step(self, state: State, series: jax.Array, key: jax.Array) -> tuple[State, Terms]:
        crop_key, loss_key = jax.random.split(jax.random.fold_in(key, state.update))
        data = self.crops(series, crop_key)
        training = self.training

        def loss(weights: Any) -> tuple[jax.Array, Terms]:
            return objective(
                self.model(weights),
                data,
                loss_key,
                continuity_weight=training.continuity,
                kl_weight=self.kl_weight(state.update),
                forecast_weight=training.forecast_weight,
                stochastic=training.stochastic,
                jitter=training.jitter,
            )

        gradient, terms = jax.grad(loss, has_aux=True)(state.weights)
        change, optimiser = self.optimiser.update(gradient, state.optimiser, state.weights)
        weights = optax.apply_updates(state.weights, change)
        # The mean forgets its start: early on it covers the updates so far.
        seen = state.update.astype(jnp.float32)
        decay = jnp.minimum(training.average, seen / (seen + 10.0))
        average = jax.tree.map(lambda a, w: decay * a + (1 - decay) * w, state.average, weights)
        return State(weights, average, optimiser, state.update + 1), terms
