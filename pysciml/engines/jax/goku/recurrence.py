"""The LSTM recurrence with its own adjoint.

Plain reverse mode adds to the gradient of the weights at every step of the loop. Here the loop
backwards yields the gradients of the gates alone, and one matrix product after it those of the
weights.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["lstm"]

Carry = tuple[jax.Array, jax.Array]


def gates(projected: jax.Array, hidden: jax.Array, weight: jax.Array) -> tuple[jax.Array, ...]:
    """Input, forget, candidate and output gates of one step.

    Parameters
    ----------
    projected : array
        Projected input, shape (batch, 4 size).
    hidden : array
        Shape (batch, size).
    weight : array
        Recurrent weights, shape (4 size, size).

    Returns
    -------
    tuple of array
        Shape (batch, size) each.
    """
    i, f, g, o = jnp.split(projected + hidden @ weight.T, 4, axis=-1)
    return jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)


@jax.custom_vjp
def lstm(projected: jax.Array, weight: jax.Array, start: Carry) -> jax.Array:
    """Run an LSTM over projected inputs.

    Parameters
    ----------
    projected : array
        Projected inputs, shape (time, batch, 4 size).
    weight : array
        Recurrent weights, shape (4 size, size).
    start : tuple of array
        Initial hidden state and cell, shape (batch, size) each.

    Returns
    -------
    array
        Hidden states, shape (time, batch, size).
    """
    return _forward(projected, weight, start)[0]


def _forward(projected: jax.Array, weight: jax.Array, start: Carry) -> tuple[jax.Array, Any]:
    def step(carry: Carry, now: jax.Array) -> tuple[Carry, Any]:
        hidden, cell = carry
        i, f, g, o = gates(now, hidden, weight)
        moved = f * cell + i * g
        out = o * jnp.tanh(moved)
        return (out, moved), (out, (hidden, cell, i, f, g, o))

    _, (path, kept) = jax.lax.scan(step, start, projected)
    return path, (kept, weight)


def _backward(saved: Any, cotangent: jax.Array) -> tuple[jax.Array, jax.Array, Carry]:
    kept, weight = saved

    def step(carry: Carry, now: Any) -> tuple[Carry, jax.Array]:
        dh, dc = carry
        from_output, (_, cell, i, f, g, o) = now
        dh = dh + from_output
        squashed = jnp.tanh(f * cell + i * g)
        dc = dc + dh * o * (1 - squashed**2)
        parts = (
            dc * g * i * (1 - i),
            dc * cell * f * (1 - f),
            dc * i * (1 - g**2),
            dh * squashed * o * (1 - o),
        )
        dgates = jnp.concatenate(parts, axis=-1)
        return (dgates @ weight, dc * f), dgates

    zero = jnp.zeros_like(cotangent[0])
    start, dgates = jax.lax.scan(step, (zero, zero), (cotangent, kept), reverse=True)
    hidden = kept[0]
    size, count = hidden.shape[-1], hidden.shape[0] * hidden.shape[1]
    dweight = dgates.reshape(count, 4 * size).T @ hidden.reshape(count, size)
    return dgates, dweight, start


lstm.defvjp(_forward, _backward)
