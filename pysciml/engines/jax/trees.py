"""Arithmetic of lanes, and of amplitudes with increments, as pytrees of any form."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from pysciml.engines.jax.system import Field

__all__ = ["add", "axpy", "mean", "shake"]


def axpy(a: Any, x: Any, y: Any) -> Any:
    """Give ``a x + y``."""
    return jax.tree.map(lambda x, y: y + a * x, x, y)


def add(*trees: Any) -> Any:
    """Give the sum of trees."""
    return jax.tree.map(lambda *leaves: sum(leaves[1:], leaves[0]), *trees)


def mean(a: Any, b: Any) -> Any:
    """Give the mean of two trees."""
    return jax.tree.map(lambda a, b: (a + b) / 2, a, b)


def shake(field: Field, amplitude: Any, increment: Any) -> Any:
    """Multiply amplitudes by Brownian increments, summed over the sources."""
    if field.general:
        return jax.tree.map(lambda a: jnp.sum(a * increment, axis=-2), amplitude)
    return jax.tree.map(jnp.multiply, amplitude, increment)
