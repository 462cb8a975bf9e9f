"""System: a model as a vector field over lanes, the form that the kernels integrate.

A state is a tuple of *lanes*, one array of shape (*shape, batch) per named state. With the batch
on the last axis, XLA on a CPU vectorises along it; the model's functions, written for one
trajectory, are mapped over that axis.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from pysciml.engines.jax.forcing import Piecewise
from pysciml.engines.jax.lanes import Lanes
from pysciml.model import Model
from pysciml.tracing import call

__all__ = ["Field", "System"]


class Field(NamedTuple):
    """A vector field with its parameters bound: what a kernel integrates.

    Parameters
    ----------
    drift : callable
        ``(t, y) -> rates``, with `y` a pytree of lanes.
    diffusion : callable or None
        ``(t, y) -> amplitudes``: like `y` where every component has a Wiener process of its own,
        else with an axis of the sources before that of the batch.
    general : bool
        Whether amplitudes have the axis of the sources.
    pieces : callable or None
        Gives, for the time at which a step starts, the field to use throughout that step; None
        where the field has no pieces.
    conditions : tuple of callable
        ``(t, y) -> (batch,)`` for every event that has a condition.
    resets : tuple of callable or None
        ``(t, y) -> lanes`` for every event: the state after it.
    """

    drift: Callable[[Any, Any], Any]
    diffusion: Callable[[Any, Any], Any] | None = None
    general: bool = False
    pieces: Callable[[Any], Field] | None = None
    conditions: tuple[Callable[[Any, Any], jax.Array] | None, ...] = ()
    resets: tuple[Callable[[Any, Any], Any] | None, ...] = ()

    def during(self, t: Any) -> Field:
        """Give the field of the step that starts at `t`.

        Parameters
        ----------
        t : scalar or array
            Time, or one for every lane.

        Returns
        -------
        Field
            Smooth throughout the step.
        """
        return self if self.pieces is None else self.pieces(t)


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

    @property
    def sources(self) -> int:
        """Count of Wiener processes; 0 for a model without noise."""
        noise = self.model.diffusion
        return 0 if noise is None else noise.count(self.model.size)

    def increments(self, matrix: jax.Array) -> Any:
        """Give Brownian increments the form that the kernels take.

        Parameters
        ----------
        matrix : array
            Shape (..., sources, batch).

        Returns
        -------
        pytree
            Lanes for diagonal noise; the matrix itself for noise that drives all components.
        """
        noise = self.model.diffusion
        return self.lanes(matrix) if noise is None or noise.kind == "diagonal" else matrix

    def gather(self, rows: Sequence[jax.Array]) -> Any:
        """Do as :meth:`increments`, with the rows of the matrix one by one.

        Parameters
        ----------
        rows : sequence of array
            For every source, shape (batch,).

        Returns
        -------
        pytree
            Lanes for diagonal noise, else a matrix.
        """
        noise = self.model.diffusion
        if noise is not None and noise.kind != "diagonal":
            return jnp.stack(rows)
        lanes, start = [], 0
        for variable in self.model.state.values():
            own = rows[start : start + variable.size]
            start += variable.size
            shape = (*variable.shape, rows[0].shape[-1])
            lanes.append(jnp.stack(own).reshape(shape) if variable.shape else own[0])
        return tuple(lanes)

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
        self,
        params: Mapping[str, jax.Array],
        inputs: Mapping[str, jax.Array | Piecewise] | None = None,
    ) -> Field:
        """Bind parameters and inputs; the model's own values where none is given.

        Parameters
        ----------
        params, inputs : mapping of str to array
            Each of its own shape, or of its shape with a last axis of the batch; an input may
            be a `Piecewise` function of time.

        Returns
        -------
        Field
            Drift, diffusion and events over lanes.
        """
        inputs = dict(inputs or {})
        forced = {n: value for n, value in inputs.items() if isinstance(value, Piecewise)}
        steady = {n: value for n, value in inputs.items() if not isinstance(value, Piecewise)}
        if not forced:
            return self._field(params, lambda _: steady)

        def pieces(start: Any) -> Field:
            chosen = {name: value.during(start) for name, value in forced.items()}
            return self._field(params, lambda t: {**steady, **{n: f(t) for n, f in chosen.items()}})

        anywhere = self._field(
            params, lambda t: {**steady, **{n: value.during(t)(t) for n, value in forced.items()}}
        )
        return anywhere._replace(pieces=pieces)

    def _field(
        self, params: Mapping[str, jax.Array], inputs: Callable[[Any], Mapping[str, jax.Array]]
    ) -> Field:
        model, noise = self.model, self.model.diffusion
        bind = functools.partial(self._bound, params=params, inputs=inputs)
        shapes = {name: variable.shape for name, variable in model.state.items()}
        diffusion: Callable[[Any, Any], Any] | None = None
        if noise is not None:
            amplitudes = {name: noise.amplitude_shape(shape) for name, shape in shapes.items()}
            diffusion = bind(noise.function, amplitudes)
            if noise.kind == "scalar":  # one source, so that kernels know two forms only
                diffusion = functools.partial(_with_source, diffusion)
        return Field(
            bind(model.drift, shapes),
            diffusion,
            noise is not None and noise.kind != "diagonal",
            None,
            tuple(None if e.when is None else bind(e.when, None) for e in model.events),
            tuple(None if e.then is None else bind(e.then, shapes) for e in model.events),
        )

    def _bound(
        self,
        function: Callable[..., Any],
        shapes: Mapping[str, tuple[int, ...]] | None,
        *,
        params: Mapping[str, jax.Array],
        inputs: Callable[[Any], Mapping[str, jax.Array]],
    ) -> Callable[[Any, Lanes], Any]:
        """Map a function of the model over the batch, with parameters and inputs bound."""
        evaluate = functools.partial(self._evaluate, function, shapes)

        def mapped(t: Any, lanes: Lanes) -> Any:
            t = jnp.asarray(t, self.dtype)
            bound, axes = [], []
            for group, values in ((self.model.params, params), (self.model.inputs, inputs(t))):
                for name, variable in group.items():
                    array = jnp.asarray(values.get(name, variable.array), self.dtype)
                    bound.append(array)
                    axes.append(-1 if array.ndim > len(variable.shape) else None)
            along = (-1 if t.ndim else None, *(-1 for _ in lanes), *axes)
            return jax.vmap(evaluate, in_axes=along, out_axes=-1)(t, *lanes, *bound)

        return mapped

    def _evaluate(
        self,
        function: Callable[..., Any],
        shapes: Mapping[str, tuple[int, ...]] | None,
        t: Any,
        *values: Any,
    ) -> Any:
        # One by one, since JAX would reorder a dict.
        remaining = iter(values)
        groups = (self.model.state, self.model.params, self.model.inputs)
        state, params, inputs = [{name: next(remaining) for name in group} for group in groups]
        returned = call(function, t, state, params, inputs, networks=self.model.networks)
        if shapes is None:
            return jnp.asarray(returned, self.dtype)
        return tuple(
            jnp.broadcast_to(jnp.asarray(returned.get(name, state[name]), self.dtype), shape)
            for name, shape in shapes.items()
        )


def _with_source(amplitudes: Callable[[Any, Any], Lanes], t: Any, y: Lanes) -> Lanes:
    return tuple(lane[..., None, :] for lane in amplitudes(t, y))
