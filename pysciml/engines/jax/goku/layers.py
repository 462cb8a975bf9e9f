"""Layers over time-major arrays (time, batch, feature).

Weights are (out, in), as in the checkpoint layout. Dense and recurrent layers start from
U(-1/sqrt(fan_in), 1/sqrt(fan_in)); the input projection of a recurrent layer is hoisted out of
its loop, so that one matrix product serves all times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.jax.goku.recurrence import gates, lstm

__all__ = [
    "LSTM",
    "RNN",
    "Attention",
    "Dense",
    "Gaussian",
    "Recurrent",
    "ResidualMLP",
    "both_ways",
    "last",
    "mish",
]


@jax.custom_jvp
def mish(x: jax.Array) -> jax.Array:
    """Mish, x tanh(softplus(x)) (Misra 2019), in a form with one exponential.

    Parameters
    ----------
    x : array
        Any shape.

    Returns
    -------
    array
        Same shape.
    """
    return x * _mish_parts(x)[0]


@mish.defjvp
def _mish_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    # Written out, so that reverse mode keeps one array instead of one per operation.
    (x,), (dx,) = primals, tangents
    squashed, sigmoid = _mish_parts(x)
    slope = squashed + x * (1 - squashed**2) * sigmoid
    return x * squashed, slope * dx


def _mish_parts(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Give tanh(softplus(x)) and the sigmoid of x; both are 1 beyond 20."""
    grown = jnp.exp(jnp.minimum(x, 20.0))
    square = grown * (grown + 2.0)
    return square / (square + 2.0), grown / (grown + 1.0)


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> jax.Array:
    # Drawn by NumPy: JAX would compile a program per shape.
    bound = fan_in**-0.5
    return jnp.asarray(rng.uniform(-bound, bound, shape), jnp.float32)


class Dense(eqx.Module):
    """An affine map of the last axis."""

    weight: jax.Array
    bias: jax.Array

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator) -> None:
        self.weight = _uniform(rng, (outputs, inputs), inputs)
        self.bias = jnp.zeros(outputs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply to the last axis of `x`."""
        return x @ self.weight.T + self.bias


class ResidualMLP(eqx.Module):
    """Dense, residual blocks with mish, Dense; with a linear path beside them.

    The linear path lets a network that need only be linear learn so at once.
    """

    first: Dense
    blocks: list[Dense]
    last: Dense
    skip: Dense

    def __init__(
        self, inputs: int, hidden: int, outputs: int, rng: np.random.Generator, blocks: int = 2
    ) -> None:
        self.first = Dense(inputs, hidden, rng)
        self.blocks = [Dense(hidden, hidden, rng) for _ in range(blocks)]
        self.last = Dense(hidden, outputs, rng)
        self.skip = Dense(inputs, outputs, rng)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply to the last axis of `x`."""
        hidden = mish(self.first(x))
        for block in self.blocks:
            hidden = hidden + mish(block(hidden))
        return self.last(hidden) + self.skip(x)


class Recurrent(Protocol):
    """A recurrent layer: all hidden states (time, batch, size) of inputs (time, batch, in)."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """Run over the first axis of `x`."""
        ...


class LSTM(eqx.Module):
    """Long short-term memory with a trainable initial state and forget bias 1."""

    input: jax.Array
    recurrent: jax.Array
    bias: jax.Array
    start: jax.Array

    def __init__(self, inputs: int, size: int, rng: np.random.Generator) -> None:
        self.input = _uniform(rng, (4 * size, inputs), inputs)
        self.recurrent = _uniform(rng, (4 * size, size), size)
        self.bias = jnp.zeros(4 * size).at[size : 2 * size].set(1.0)
        self.start = jnp.zeros((2, size))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Run over the first axis of `x`."""
        size = self.recurrent.shape[1]
        start = [jnp.broadcast_to(row, (x.shape[1], size)) for row in self.start]
        return lstm(self.project(x), self.recurrent, (start[0], start[1]))

    def project(self, x: jax.Array) -> jax.Array:
        """Project inputs to the gates."""
        return x @ self.input.T + self.bias

    def step(
        self, carry: tuple[jax.Array, jax.Array], projected: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Advance (hidden, cell) by one time, given the projected input."""
        hidden, cell = carry
        i, f, g, o = gates(projected, hidden, self.recurrent)
        cell = f * cell + i * g
        return o * jnp.tanh(cell), cell


def both_ways(forward: LSTM, backward: LSTM, x: jax.Array, y: jax.Array) -> list[jax.Array]:
    """Run two LSTMs of one size side by side, as one of twice the size.

    A small step costs the same whatever its size, so this takes half the time.

    Parameters
    ----------
    forward, backward : LSTM
        The layers.
    x, y : array
        Their inputs, shape (time, batch, in) each.

    Returns
    -------
    list of array
        Their hidden states, shape (time, batch, size) each.
    """
    size = forward.recurrent.shape[1]
    pair = (forward, backward)

    def interleaved(first: jax.Array, second: jax.Array) -> jax.Array:
        """Put the gates of the second beside the like gates of the first."""
        shape = (*first.shape[:-1], 4, size)
        both = jnp.concatenate([first.reshape(shape), second.reshape(shape)], axis=-1)
        return both.reshape(*first.shape[:-1], 8 * size)

    projected = interleaved(forward.project(x), backward.project(y))
    first, second = (layer.recurrent.T for layer in pair)
    none = jnp.zeros_like(first)
    weight = jnp.concatenate([interleaved(first, none), interleaved(none, second)]).T
    start = [
        jnp.concatenate([jnp.broadcast_to(layer.start[k], (x.shape[1], size)) for layer in pair], 1)
        for k in range(2)
    ]
    return jnp.split(lstm(projected, weight, (start[0], start[1])), 2, axis=-1)


class RNN(eqx.Module):
    """Two stacked ReLU recurrences with identity recurrent weights at the start (Le et al. 2015).

    From uniform weights this encoder of GOKU-net stays on the mean-predictor plateau.
    """

    inputs: list[Dense]
    recurrent: list[jax.Array]
    start: jax.Array

    def __init__(self, inputs: int, size: int, rng: np.random.Generator) -> None:
        self.inputs = [Dense(inputs, size, rng), Dense(size, size, rng)]
        self.recurrent = [jnp.eye(size), jnp.eye(size)]
        self.start = jnp.zeros((2, size))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Run over the first axis of `x`."""
        for dense, recurrent, start in zip(self.inputs, self.recurrent, self.start, strict=True):
            projected = dense(x)

            def step(hidden: jax.Array, p: jax.Array, recurrent: jax.Array = recurrent) -> tuple:
                hidden = jax.nn.relu(p + hidden @ recurrent.T)
                return hidden, hidden

            x = jax.lax.scan(step, jnp.broadcast_to(start, projected.shape[1:]), projected)[1]
        return x


class Attention(eqx.Module):
    """Channel-wise pooling over time: softmax over time, per feature (GOKU-UI)."""

    score: Dense

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.score = Dense(size, size, rng)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Pool (time, batch, size) to (batch, size)."""
        return jnp.sum(jax.nn.softmax(self.score(x), axis=0) * x, axis=0)


class Gaussian(eqx.Module):
    """Mean and log-variance of a diagonal Gaussian code."""

    mean: Dense
    log_variance: Dense

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator) -> None:
        self.mean = Dense(inputs, outputs, rng)
        self.log_variance = Dense(inputs, outputs, rng)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return mean and log-variance, each of the same leading axes as `x`."""
        return self.mean(x), self.log_variance(x)


def last(layer: Callable[[jax.Array], jax.Array], x: jax.Array, reverse: bool) -> jax.Array:
    """Last hidden state of a pass over time, forwards or backwards.

    Parameters
    ----------
    layer : callable
        A recurrent layer.
    x : array
        Shape (time, batch, feature).
    reverse : bool
        Whether to read time backwards, so that the first time is read last.

    Returns
    -------
    array
        Shape (batch, size).
    """
    return layer(x[::-1] if reverse else x)[-1]
