"""Cores: what moves the latent state between the encoder and the readout."""

from __future__ import annotations

import itertools
from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.jax.goku.layers import LSTM, Dense, mish
from pysciml.engines.jax.kernels import STEPS, integrate
from pysciml.engines.jax.system import Field, System
from pysciml.engines.jax.taming import tamed
from pysciml.goku.architecture import Architecture
from pysciml.model import Model

__all__ = ["Core", "LSTMCore", "ModelCore", "NeuralODE", "parameter_bounds"]


class Core(Protocol):
    """What every core can do."""

    def path(
        self, start: jax.Array, params: jax.Array | None, steps: int, key: jax.Array | None
    ) -> jax.Array:
        """Move the state (d, batch) over `steps` save points: (steps, d, batch)."""
        ...


def parameter_bounds(model: Model, infer: tuple[str, ...]) -> np.ndarray:
    """Bounds of the inferred parameters, flattened.

    Parameters
    ----------
    model : Model
        The model.
    infer : tuple of str
        Names of the inferred parameters.

    Returns
    -------
    numpy.ndarray
        Shape (parameters, 2).
    """
    rows = [np.tile(model.params[n].bounds or (0.0, 0.0), (model.params[n].size, 1)) for n in infer]
    return np.concatenate(rows) if rows else np.zeros((0, 2))


class ModelCore(eqx.Module):
    """A Model as the core: its equations, with parameters inferred per sample."""

    log_noise: jax.Array | None
    system: System = eqx.field(static=True)
    infer: tuple[str, ...] = eqx.field(static=True)
    solver: str = eqx.field(static=True)
    substeps: int = eqx.field(static=True)
    dt: float = eqx.field(static=True)

    def __init__(self, model: Model, made: Architecture, dt: float) -> None:
        self.log_noise = jnp.zeros(model.size) if made.noise == "learned" else None
        self.system = System(model if made.noise != "off" else model.without_noise(), "float32")
        self.infer, self.solver, self.substeps = made.infer, made.solver, made.substeps
        self.dt = dt

    def path(
        self, start: jax.Array, params: jax.Array | None, steps: int, key: jax.Array | None
    ) -> jax.Array:
        """Solve the model; without its noise where no `key` is given.

        Parameters
        ----------
        start : array
            Initial states, shape (d, batch).
        params : array or None
            Inferred parameters, shape (parameters, batch).
        steps : int
            Save points, the initial one among them.
        key : array or None
            JAX key of the noise.

        Returns
        -------
        array
            Shape (steps, d, batch).
        """
        system, dtype = self.system, start.dtype
        # An encoder may propose any state, so the step has to bear large ones.
        field = tamed(system.field(self.named(params)), self.dt / self.substeps)
        noise: Any = None
        if key is not None and field.diffusion is not None:
            shape = (steps - 1, self.substeps, *start.shape)
            scale = (self.dt / self.substeps) ** 0.5
            draws = scale * jax.random.normal(key, shape, dtype)
            if self.log_noise is not None:
                draws = draws * jnp.exp(self.log_noise)[:, None]
            noise = system.lanes(draws)

        times = self.dt * jnp.arange(steps, dtype=dtype)
        step = STEPS[self.solver]
        path = integrate(step, field, system.lanes(start), times, self.substeps, noise)
        return system.matrix(path)

    def named(self, params: jax.Array | None) -> dict[str, jax.Array]:
        """Split a matrix of inferred parameters by name.

        Parameters
        ----------
        params : array or None
            Shape (parameters, batch).

        Returns
        -------
        dict
            Each parameter with its own shape and a last axis of the batch.
        """
        if params is None:
            return {}
        named, start = {}, 0
        for name in self.infer:
            variable = self.system.model.params[name]
            rows = params[start : start + variable.size]
            named[name] = rows.reshape(*variable.shape, params.shape[-1])
            start += variable.size
        return named

    def jump_scale(self, params: jax.Array | None, steps: int) -> jax.Array | None:
        """Give the standard deviation that the noise alone lends the state after some steps.

        The noise is taken as it is at the origin and the drift is neglected, which is exact
        for additive noise to first order in time.

        Parameters
        ----------
        params : array or None
            Inferred parameters, shape (parameters, batch).
        steps : int
            Steps of the data.

        Returns
        -------
        array or None
            Shape (d, batch) or (d, 1); None for a model without noise.
        """
        field = self.system.field(self.named(params))
        if field.diffusion is None:
            return None
        batch = 1 if params is None else params.shape[-1]
        zero = self.system.lanes(jnp.zeros((self.system.size, batch), jnp.float32))
        amplitude = self.system.matrix(field.diffusion(0.0, zero))
        if self.log_noise is not None:
            amplitude = amplitude * jnp.exp(self.log_noise)[:, None]
        return amplitude * (steps * self.dt) ** 0.5


class NeuralODE(eqx.Module):
    """A network as vector field (Chen et al. 2018), in units of the data's time step."""

    layers: list[Dense]
    solver: str = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(self, made: Architecture, rng: np.random.Generator) -> None:
        sizes = (made.state, made.hidden, made.hidden, made.state)
        self.layers = [Dense(a, b, rng) for a, b in itertools.pairwise(sizes)]
        self.solver, self.substeps = made.solver, made.substeps

    def path(
        self, start: jax.Array, params: jax.Array | None, steps: int, key: jax.Array | None
    ) -> jax.Array:
        """Solve the neural ODE; `params` and `key` are not used."""

        def drift(t: Any, y: jax.Array) -> jax.Array:
            *hidden, out = self.layers
            for layer in hidden:
                y = mish(layer.weight @ y + layer.bias[:, None])
            return 0.1 * (out.weight @ y + out.bias[:, None])

        times = jnp.arange(steps, dtype=start.dtype)
        return integrate(STEPS[self.solver], Field(drift), start, times, self.substeps)


class LSTMCore(eqx.Module):
    """A recurrence fed its own output; the first output is the latent state itself."""

    cell: LSTM

    def __init__(self, made: Architecture, rng: np.random.Generator) -> None:
        self.cell = LSTM(made.state, made.state, rng)

    def path(
        self, start: jax.Array, params: jax.Array | None, steps: int, key: jax.Array | None
    ) -> jax.Array:
        """Run the recurrence; `params` and `key` are not used."""
        zero = jnp.zeros_like(start.T)

        def step(carry: tuple[jax.Array, ...], _: None) -> tuple:
            output, hidden, cell = carry
            hidden, cell = self.cell.step((hidden, cell), self.cell.project(output))
            return (hidden, hidden, cell), hidden

        _, rest = jax.lax.scan(step, (start.T, zero, zero), None, length=steps - 1)
        return jnp.concatenate([start.T[None], rest]).transpose(0, 2, 1)
