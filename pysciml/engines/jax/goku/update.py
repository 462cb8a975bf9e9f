"""One update of a training run: crops, gradient, AdamW, running mean of the weights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from pysciml.engines.jax.goku.network import LatentModel
from pysciml.engines.jax.goku.objective import Terms, objective
from pysciml.goku.training import Training

__all__ = ["State", "Updater"]


class State(NamedTuple):
    """Arrays of a training run, all that an update changes.

    Parameters
    ----------
    weights, average : array
        All weights in one vector, and their running mean. One vector, since the optimiser then
        compiles to a few operations instead of a few per layer.
    optimiser : pytree
        State of the optimiser, over that vector.
    update : array
        Updates done.
    scale : array
        Factor on the learning rate; halved when an epoch is tried again.
    """

    weights: jax.Array
    average: jax.Array
    optimiser: Any
    update: jax.Array
    scale: jax.Array


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
    """

    def __init__(self, model: LatentModel, training: Training, updates: int) -> None:
        self.training, self.updates = training, updates
        arrays, self.static = eqx.partition(model, eqx.is_array)
        self.weights, self.unravel = ravel_pytree(arrays)
        self.optimiser = optax.chain(
            optax.clip_by_global_norm(training.clip),
            optax.scale_by_adam(),
            optax.add_decayed_weights(training.weight_decay),
        )
        self._compiled = jax.jit(self._step)

    def start(self) -> State:
        """State of the run before its first update."""
        weights = self.weights
        count, scale = jnp.zeros((), jnp.int32), jnp.ones(())
        return State(weights, weights, self.optimiser.init(weights), count, scale)

    def model(self, weights: jax.Array) -> LatentModel:
        """Put a vector of weights into the model."""
        return eqx.combine(self.unravel(weights), self.static)

    def step(self, state: State, series: jax.Array, key: jax.Array) -> tuple[State, Terms]:
        """Do an update on crops of `series`; give the new state and the terms of the objective."""
        # The schedules are arguments, so that runs of other rates and lengths share a program.
        update = int(state.update)
        return self._compiled(state, series, key, self.rate(update), self.kl_weight(update))

    def rate(self, update: int) -> float:
        """Learning rate of an update: a linear warm-up, then half a cosine to a hundredth."""
        peak = self.training.learning_rate
        warmup = min(self.training.warmup, self.updates // 10)
        if update < warmup:
            return peak / 50 + (peak - peak / 50) * update / warmup
        done = min((update - warmup) / max(self.updates - warmup, 1), 1.0)
        return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2)

    def kl_weight(self, update: int) -> float:
        """Weight of the KL divergence: rises over 90 % of every cycle (Fu et al. 2019)."""
        cycle = self.updates / self.training.kl_cycles
        phase = (update % cycle) / cycle
        return self.training.kl * min(phase / 0.9, 1.0)

    def keys(self, key: jax.Array, update: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Keys of an update, for its crops and for its noise."""
        crop_key, loss_key = jax.random.split(jax.random.fold_in(key, update))
        return crop_key, loss_key

    def places(self, series: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Draw sample, first step and sign of every crop of a batch."""
        made, training = self.static.architecture, self.training
        length = made.length + training.forecast_steps
        which, where, sign = jax.random.split(key, 3)
        batch = (training.batch,)
        samples = jax.random.randint(which, batch, 0, series.shape[0])
        starts = jax.random.randint(where, batch, 0, series.shape[1] - length + 1)
        signs = jax.random.rademacher(sign, batch, series.dtype)
        return samples, starts, signs if training.flip else jnp.ones_like(signs)

    def crops(self, series: jax.Array, key: jax.Array) -> jax.Array:
        """Draw crops of series (sample, time, channel): (time, batch, channel)."""
        samples, starts, signs = self.places(series, key)
        length = self.static.architecture.length + self.training.forecast_steps

        def crop(sample: jax.Array, start: jax.Array, sign: jax.Array) -> jax.Array:
            corner = (sample, start, jnp.zeros((), start.dtype))
            shape = (1, length, series.shape[2])
            return sign * jax.lax.dynamic_slice(series, corner, shape)[0]

        return jax.vmap(crop, out_axes=1)(samples, starts, signs)

    def _step(
        self, state: State, series: jax.Array, key: jax.Array, rate: Any, kl_weight: Any
    ) -> tuple[State, Terms]:
        crop_key, loss_key = self.keys(key, state.update)
        data = self.crops(series, crop_key)
        training = self.training

        def loss(weights: jax.Array) -> tuple[jax.Array, Terms]:
            return objective(
                self.model(weights),
                data,
                loss_key,
                continuity_weight=training.continuity,
                kl_weight=kl_weight,
                forecast_weight=training.forecast_weight,
                stochastic=training.stochastic,
                jitter=training.jitter,
            )

        gradient, terms = jax.grad(loss, has_aux=True)(state.weights)
        # A gradient that is not finite spoils the weights though the loss is finite: report it.
        sound = jnp.isfinite(optax.tree.norm(gradient))
        terms = terms._replace(loss=jnp.where(sound, terms.loss, jnp.nan))
        change, optimiser = self.optimiser.update(gradient, state.optimiser, state.weights)
        weights = state.weights - rate * state.scale * cast("jax.Array", change)
        # The mean forgets its start: early on it covers the updates so far.
        seen = state.update.astype(jnp.float32)
        decay = jnp.minimum(training.average, seen / (seen + 10.0))
        average = decay * state.average + (1 - decay) * weights
        return State(weights, average, optimiser, state.update + 1, state.scale), terms
