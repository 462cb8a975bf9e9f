"""Lanes: a state as a tuple of arrays, one per named state, with the batch on the last axis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["Lanes", "combine", "norm", "pick"]

Lanes = tuple[jax.Array, ...]


def combine(y: Lanes, h: Any, weights: Iterable[Any], stages: Iterable[Lanes]) -> Lanes:
    """Add ``h`` times a weighted sum of stages; a weight that is the number 0 costs nothing.

    Parameters
    ----------
    y : tuple of array
        Where to start.
    h : array
        Step, shape (batch,).
    weights : iterable
        A number or an array of shape (batch,) for every stage.
    stages : iterable of lanes
        Rates.

    Returns
    -------
    tuple of array
        Like `y`.
    """
    pairs = [
        (w, k)
        for w, k in zip(weights, stages, strict=True)
        if not isinstance(w, int | float) or w != 0
    ]
    return tuple(lane + h * sum(w * k[i] for w, k in pairs) for i, lane in enumerate(y))


def norm(values: Lanes, scale: Lanes) -> jax.Array:
    """Give the root mean square of all components in units of a scale.

    Parameters
    ----------
    values, scale : tuple of array
        Lanes of the same shapes.

    Returns
    -------
    array
        Shape (batch,).
    """
    squares = [
        jnp.sum(((v / s) ** 2).reshape(-1, v.shape[-1]), axis=0)
        for v, s in zip(values, scale, strict=True)
    ]
    count = sum(v.size // v.shape[-1] for v in values)
    total = sum(squares[1:], squares[0]) / count
    # A root with a finite slope at zero, for those who differentiate.
    return jnp.where(total == 0, 0.0, jnp.sqrt(jnp.where(total == 0, 1.0, total)))


def pick(where: jax.Array, new: Any, old: Any) -> Any:
    """Choose between two pytrees of lanes, trajectory by trajectory.

    Parameters
    ----------
    where : array of bool
        Shape (batch,): true where `new` is taken.
    new, old : pytree
        Arrays with the batch on the last axis.

    Returns
    -------
    pytree
        Like `new`.
    """
    return jax.tree.map(lambda a, b: jnp.where(where, a, b), new, old)
