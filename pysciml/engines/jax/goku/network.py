"""The latent model: features, codes of initial states and parameters, core, readout.

Arrays are time-major: data (time, batch, channel), states (time, d, batch).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.jax.goku.cores import Core, LSTMCore, ModelCore, NeuralODE, parameter_bounds
from pysciml.engines.jax.goku.layers import (
    LSTM,
    RNN,
    Attention,
    Dense,
    Gaussian,
    Recurrent,
    ResidualMLP,
    both_ways,
    last,
    mish,
)
from pysciml.goku import windows
from pysciml.goku.architecture import Architecture
from pysciml.model import Model

__all__ = ["Codes", "Decoded", "LatentModel", "Posterior"]


class Codes(NamedTuple):
    """Latent codes of a batch.

    Parameters
    ----------
    state : array
        Of the initial state of every window, shape (windows, batch, latent_state).
    params : array or None
        Of the parameters, one per sample, shape (batch, latent_params).
    """

    state: jax.Array
    params: jax.Array | None


class Posterior(NamedTuple):
    """Means and log-variances of the codes."""

    mean: Codes
    log_variance: Codes


class Decoded(NamedTuple):
    """What codes decode to.

    Parameters
    ----------
    data : array
        Shape (length + horizon, batch, channel).
    states : array
        Shape (length + horizon, d, batch).
    ends, starts : array
        States that meet at the joints: the last of each window but the last, the first of each
        window but the first; shape (windows - 1, d, batch).
    params : array or None
        Inferred parameters, shape (parameters, batch).
    """

    data: jax.Array
    states: jax.Array
    ends: jax.Array
    starts: jax.Array
    params: jax.Array | None


class TwoLayer(eqx.Module):
    """Dense, mish, Dense: from a code to physical values."""

    first: Dense
    second: Dense

    def __init__(self, inputs: int, hidden: int, outputs: int, rng: np.random.Generator) -> None:
        self.first, self.second = Dense(inputs, hidden, rng), Dense(hidden, outputs, rng)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply to the last axis of `x`."""
        return self.second(mish(self.first(x)))


class ParameterEncoder(eqx.Module):
    """From the features of the whole sequence to the code of the parameters."""

    forward: list[LSTM]
    backward: list[LSTM]
    attention: Attention | None
    head: Gaussian

    def __init__(self, made: Architecture, rng: np.random.Generator) -> None:
        sizes = (made.features, made.recurrent, made.recurrent)
        layers = 1 if made.encoder == "attention" else 2
        pairs = list(itertools.pairwise(sizes))[:layers]
        self.forward = [LSTM(a, b, rng) for a, b in pairs]
        self.backward = [LSTM(a, b, rng) for a, b in pairs]
        both = 2 * made.recurrent
        self.attention = Attention(both, rng) if made.encoder == "attention" else None
        self.head = Gaussian(both, made.latent_params, rng)

    def __call__(self, features: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Encode features (time, batch, feature)."""
        there, back = features, features[::-1]
        for forward, backward in zip(self.forward, self.backward, strict=True):
            there, back = both_ways(forward, backward, there, back)
        if self.attention is None:
            return self.head(jnp.concatenate([there[-1], back[-1]], axis=-1))
        # Turned round again, so that both halves of a row speak of the same time.
        aligned = jnp.concatenate([there, back[::-1]], axis=-1)
        return self.head(self.attention(aligned))


class LatentModel(eqx.Module):
    """GOKU-UI or one of its relatives, as its architecture says."""

    features: ResidualMLP
    state_encoder: Recurrent
    state_head: Gaussian
    params_encoder: ParameterEncoder | None
    to_state: TwoLayer
    to_params: TwoLayer | None
    core: Core
    readout: ResidualMLP
    carry: jax.Array | None
    architecture: Architecture = eqx.field(static=True)
    bounds: tuple[tuple[float, float], ...] = eqx.field(static=True)

    def __init__(
        self, made: Architecture, model: Model | None, dt: float, rng: np.random.Generator
    ) -> None:
        self.architecture = made
        self.features = ResidualMLP(made.channels, made.hidden, made.features, rng)
        recurrence = LSTM if made.encoder == "attention" else RNN
        self.state_encoder = recurrence(made.features, made.recurrent, rng)
        self.state_head = Gaussian(made.recurrent, made.latent_state, rng)
        self.to_state = TwoLayer(made.latent_state, made.hidden, made.state, rng)
        self.readout = ResidualMLP(made.state, made.hidden, made.channels, rng)
        self.carry = jnp.zeros(made.channels) if made.carry else None
        self.params_encoder = self.to_params = None
        self.bounds = ()
        if made.core == "model":
            assert model is not None
            self.core = ModelCore(model, made, dt)
            bounds = parameter_bounds(model, made.infer)
            self.bounds = tuple((float(low), float(high)) for low, high in bounds)
            if self.bounds:
                self.params_encoder = ParameterEncoder(made, rng)
                size = len(self.bounds)
                self.to_params = TwoLayer(made.latent_params, made.hidden, size, rng)
        elif made.core == "neural_ode":
            self.core = NeuralODE(made, rng)
        else:
            self.core = LSTMCore(made, rng)

    def encode(self, data: jax.Array) -> Posterior:
        """Infer the codes of data (length, batch, channel)."""
        made = self.architecture
        features = self.features(data)
        pieces = windows.cut(features, made.window, jnp)
        flat = pieces.reshape(pieces.shape[0], -1, pieces.shape[-1])
        read = last(self.state_encoder, flat, reverse=True)
        mean, log_variance = self.state_head(read.reshape(*pieces.shape[1:3], -1))
        if self.params_encoder is None:
            return Posterior(Codes(mean, None), Codes(log_variance, None))
        params, params_variance = self.params_encoder(features)
        return Posterior(Codes(mean, params), Codes(log_variance, params_variance))

    def physical(self, codes: Codes) -> tuple[jax.Array, jax.Array | None]:
        """Map codes to initial states (d, windows, batch) and parameters (parameters, batch)."""
        starts = jnp.moveaxis(self.to_state(codes.state), -1, 0)
        return starts, self.parameters(codes.params)

    def parameters(self, code: jax.Array | None) -> jax.Array | None:
        """Map the code of the parameters into their bounds: (parameters, batch)."""
        if self.to_params is None or code is None:
            return None
        low, high = jnp.asarray(self.bounds, code.dtype).T[:, :, None]
        return low + (high - low) * jax.nn.sigmoid(self.to_params(code).T)

    def decode(self, codes: Codes, key: jax.Array | None = None, horizon: int = 0) -> Decoded:
        """Solve from the codes and read out; only the last window runs on into the future."""
        starts, params = self.physical(codes)
        return self.unfold(starts, params, key, horizon)

    def unfold(
        self,
        starts: jax.Array,
        params: jax.Array | None,
        key: jax.Array | None = None,
        horizon: int = 0,
        span: int | None = None,
    ) -> Decoded:
        """Solve from initial states (d, windows, batch), `span` save points each, and read out."""
        span = self.architecture.span if span is None else span
        d, count, batch = starts.shape
        early = late = None if key is None else key
        if key is not None:
            early, late = jax.random.split(key)
        joined = count if horizon == 0 else count - 1
        pieces = []
        if joined:
            tiled = None if params is None else jnp.tile(params, (1, joined))
            flat = starts[:, :joined].reshape(d, -1)
            path = self.core.path(flat, tiled, span, early)
            pieces.append(path.reshape(span, d, joined, batch))
        future = jnp.zeros((0, d, batch), starts.dtype)
        if horizon:
            path = self.core.path(starts[:, -1], params, span + horizon, late)
            pieces.append(path[:span, :, None])
            future = path[span:]
        windowed = jnp.concatenate(pieces, axis=2)
        states = windows.join(windowed.transpose(0, 2, 1, 3), jnp)
        states = jnp.concatenate([states, future])
        ends, first = windowed[-1, :, :-1], starts[:, 1:]
        data = self.readout(states.transpose(0, 2, 1))
        return Decoded(data, states, ends.swapaxes(0, 1), first.swapaxes(0, 1), params)

    def carried(self, decoded: Decoded, last: jax.Array) -> jax.Array:
        """Carry what was left of the last observed step into the forecast.

        Parameters
        ----------
        decoded : Decoded
            What codes decode to.
        last : array
            Last observed step, shape (batch, channel).

        Returns
        -------
        array
            The decoded data, shape (length + horizon, batch, channel).
        """
        length = self.architecture.length
        if self.carry is None:
            return decoded.data
        rest = last - decoded.data[length - 1]
        steps = jnp.arange(1, decoded.data.shape[0] - length + 1)[:, None, None]
        return decoded.data.at[length:].add(jax.nn.sigmoid(self.carry) ** steps * rest)
