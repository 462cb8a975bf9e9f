"""A trained latent model at work: encode, refine, decode, in blocks of samples."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.jax.goku.arrays import named, restored
from pysciml.engines.jax.goku.network import LatentModel
from pysciml.engines.jax.goku.refine import refined, smoothed
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
    """

    def __init__(self, task: GokuTask, weights: Mapping[str, np.ndarray]) -> None:
        fresh = LatentModel(task.architecture, task.model, task.dt, np.random.default_rng(0))
        arrays, self._static = eqx.partition(fresh, eqx.is_array)
        marked = {f"best/{name}": array for name, array in weights.items()}
        self._weights = restored(arrays, "best", marked)
        self._scale = jnp.asarray(weights["state_scale"])
        self.architecture = task.architecture

    @property
    def count(self) -> int:
        """Count of trainable numbers."""
        return sum(array.size for array in named(self._weights, "").values())

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
        per_block = max(1, BLOCK // (paths or 1))
        blocks = [data[s : s + per_block] for s in range(0, len(data), per_block)]
        key = jax.random.key(seed)
        found = []
        for index, block in enumerate(blocks):
            keys = None
            if paths is not None:
                keys = jax.random.split(jax.random.fold_in(key, index), paths)
            seen = jnp.asarray(block, jnp.float32).swapaxes(0, 1)
            found.append(self._block(self._weights, seen, keys, steps, refine))
        data_, states, params = zip(*found, strict=True)
        return Inference(
            np.concatenate([np.asarray(d) for d in data_], axis=1),
            np.concatenate([np.asarray(s) for s in states], axis=1),
            np.concatenate([np.asarray(p) for p in params], axis=0),
        )

    @functools.cached_property
    def _block(self) -> Any:
        def run(weights: Any, seen: Any, keys: Any, steps: int, refine: int) -> Any:
            model = eqx.combine(weights, self._static)
            codes = model.encode(seen).mean
            if refine:
                codes = refined(model, codes, seen, refine, self._scale)
            starts, params = model.physical(codes)
            span = model.architecture.span
            if refine and steps and model.architecture.core == "model":
                starts, params = smoothed(model, codes, seen, refine, self._scale)
                span = 2

            def decode(key: Any) -> Any:
                decoded = model.unfold(starts, params, key, steps, span)
                data = model.carried(decoded, seen[-1])
                return data.swapaxes(0, 1), decoded.states.transpose(2, 0, 1)

            if keys is None:
                data, states = jax.tree.map(lambda a: a[None], decode(None))
            else:
                data, states = jax.lax.map(decode, keys)
            batch = seen.shape[1]
            return data, states, jnp.zeros((batch, 0)) if params is None else params.T

        return jax.jit(run, static_argnums=(3, 4))
