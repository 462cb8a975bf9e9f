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
        active = gates(now, hidden, weight)
        i, f, g, o = active
        moved = f * cell + i * g
        out = o * jnp.tanh(moved)
        return (out, moved), (out, moved, jnp.concatenate(active, axis=-1))

    _, (path, cells, active) = jax.lax.scan(step, start, projected)
    return path, (path, cells, active, weight, start)


def _backward(saved: Any, cotangent: jax.Array) -> tuple[jax.Array, jax.Array, Carry]:
    path, cells, active, weight, start = saved
    hidden = jnp.concatenate([start[0][None], path[:-1]])
    before = jnp.concatenate([start[1][None], cells[:-1]])

    def step(carry: Carry, now: Any) -> tuple[Carry, jax.Array]:
        dh, dc = carry
        from_output, cell, moved, active = now
        i, f, g, o = jnp.split(active, 4, axis=-1)
        dh = dh + from_output
        squashed = jnp.tanh(moved)
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
    along = (cotangent, before, cells, active)
    dstart, dgates = jax.lax.scan(step, (zero, zero), along, reverse=True)
    size, count = hidden.shape[-1], hidden.shape[0] * hidden.shape[1]
    dweight = dgates.reshape(count, 4 * size).T @ hidden.reshape(count, size)
    return dgates, dweight, dstart


lstm.defvjp(_forward, _backward)
