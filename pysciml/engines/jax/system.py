"""System: a model as a vector field over lanes, the form that the kernels integrate.

A state is a tuple of *lanes*, one array of shape (*shape, batch) per named state. With the batch
on the last axis, XLA on a CPU vectorises along it; the model's functions, written for one
trajectory, are mapped over that axis.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from pysciml.model import Model
from pysciml.tracing import call

__all__ = ["Field", "Lanes", "System"]

Lanes = tuple[jax.Array, ...]


class Field(NamedTuple):
    """A vector field with its parameters bound: what a kernel integrates.

    Parameters
    ----------
    drift : callable
        ``(t, y) -> rates``, with `y` a pytree of lanes.
    diffusion : callable or None
        ``(t, y) -> amplitudes`` of diagonal noise.
    """

    drift: Callable[[Any, Any], Any]
    diffusion: Callable[[Any, Any], Any] | None = None


@dataclass(frozen=True)
class System:
    """A model prepared for the kernels.

    Parameters
    ----------
    model : Model
        The model.
    dtype : str
        ``"float64"`` or ``"float32"``: the dtype in which it is computed.
    """

    model: Model
    dtype: str = "float64"

    @property
    def size(self) -> int:
        """Count of scalar state components, d."""
        return self.model.size

    def lanes(self, matrix: jax.Array) -> Lanes:
        """Split a matrix of components into lanes.

        Parameters
        ----------
        matrix : array
            Shape (..., d, batch), components in the order of the states.

        Returns
        -------
        tuple of array
            Shape (..., *shape, batch) each.
        """
        lanes, start = [], 0
        for variable in self.model.state.values():
            rows = matrix[..., start : start + variable.size, :]
            lanes.append(rows.reshape(*rows.shape[:-2], *variable.shape, rows.shape[-1]))
            start += variable.size
        return tuple(lanes)

    def matrix(self, lanes: Lanes) -> jax.Array:
        """Join lanes into a matrix of components; the inverse of :meth:`lanes`.

        Parameters
        ----------
        lanes : tuple of array
            Shape (..., *shape, batch) each.

        Returns
        -------
        array
            Shape (..., d, batch).
        """
        rows = [
            lane.reshape(*lane.shape[: lane.ndim - 1 - len(variable.shape)], -1, lane.shape[-1])
            for lane, variable in zip(lanes, self.model.state.values(), strict=True)
        ]
        return jnp.concatenate(rows, axis=-2)

    def field(
        self, params: Mapping[str, jax.Array], inputs: Mapping[str, jax.Array] | None = None
    ) -> Field:
        """Bind parameters and inputs; the model's own values where none is given.

        Parameters
        ----------
        params, inputs : mapping of str to array
            Each of its own shape, or of its shape with a last axis of the batch.

        Returns
        -------
        Field
            Drift and diffusion over lanes.
        """
        bound, axes = [], []
        for group, values in ((self.model.params, params), (self.model.inputs, inputs or {})):
            for name, variable in group.items():
                array = jnp.asarray(values.get(name, variable.array), self.dtype)
                bound.append(array)
                axes.append(-1 if array.ndim > len(variable.shape) else None)
        build = functools.partial(self._mapped, bound=bound, axes=axes)
        noise = self.model.diffusion
        return Field(build(self.model.drift), None if noise is None else build(noise.function))

    def _mapped(
        self, function: Callable[..., Any], bound: list[jax.Array], axes: list[int | None]
    ) -> Callable[[Any, Lanes], Lanes]:
        rates = functools.partial(self._rates, function)

        def evaluate(t: Any, lanes: Lanes) -> Lanes:
            t = jnp.asarray(t, self.dtype)
            along = (-1 if t.ndim else None, *(-1 for _ in lanes), *axes)
            return jax.vmap(rates, in_axes=along, out_axes=-1)(t, *lanes, *bound)

        return evaluate

    def _rates(self, function: Callable[..., Any], t: Any, *values: Any) -> Lanes:
        # One by one, since JAX would reorder a dict.
        remaining = iter(values)
        groups = (self.model.state, self.model.params, self.model.inputs)
        state, params, inputs = [{name: next(remaining) for name in group} for group in groups]
        rates = call(function, t, state, params, inputs)
        return tuple(
            jnp.broadcast_to(jnp.asarray(rates[name], self.dtype), variable.shape)
            for name, variable in self.model.state.items()
        )
