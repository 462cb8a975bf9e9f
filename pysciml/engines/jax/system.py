"""System: a model as a vector field over lanes, the form that the kernels integrate.

A state is a tuple of *lanes*. Of a small model every scalar component is a lane of shape
(batch,), and the field is unrolled into scalar code; of a large one every state is a lane of
shape (*shape, batch), and the field is the vectorised function. Kernels treat both alike.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...model import Model
from ...tracing import call
from ...variable import Variable
from .unroll import NotUnrollableError, cost, gather, unrolled

__all__ = ["Field", "Lanes", "System"]

Lanes = tuple[jax.Array, ...]
UNROLL_LIMIT = 1500  # scalar operations per evaluation; beyond, compile time outweighs the gain


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
        ``"float64"`` or ``"float32"``: the dtype in which its functions are traced.
    """

    model: Model
    dtype: str = "float64"

    @property
    def size(self) -> int:
        """Count of scalar state components, d."""
        return self.model.size

    @functools.cached_property
    def _traced(self) -> dict[str, Any]:
        """Return the jaxpr of each function, over (t, *states, *params, *inputs)."""
        functions = {"drift": self.model.drift}
        if self.model.diffusion is not None:
            functions["diffusion"] = self.model.diffusion.function
        shapes = [
            jax.ShapeDtypeStruct(v.shape, self.dtype)
            for group in self._groups
            for v in group.values()
        ]
        time = jax.ShapeDtypeStruct((), self.dtype)
        return {
            name: jax.make_jaxpr(functools.partial(self._rates, function))(time, *shapes)
            for name, function in functions.items()
        }

    @property
    def _groups(self) -> tuple[Mapping[str, Variable], ...]:
        return self.model.state, self.model.params, self.model.inputs

    def _rates(self, function: Any, t: Any, *values: Any) -> tuple[Any, ...]:
        # Values come one by one: a dict would be reordered by JAX.
        remaining = iter(values)
        groups = [{name: next(remaining) for name in group} for group in self._groups]
        rates = call(function, t, *groups)
        return tuple(jnp.asarray(rates[name], self.dtype) for name in self.model.state)

    @functools.cached_property
    def unrolls(self) -> bool:
        """Whether the field is small enough, and of such primitives, that it is unrolled."""
        if sum(cost(closed.jaxpr) for closed in self._traced.values()) > UNROLL_LIMIT:
            return False
        ones = [np.ones(v.shape, self.dtype) for group in self._groups for v in group.values()]
        arguments = [gather(list(a.reshape(-1)), a.shape) for a in (np.ones(()), *ones)]
        try:
            jax.eval_shape(
                lambda: [
                    unrolled(closed)(*arguments)[0].flat[0] for closed in self._traced.values()
                ]
            )
        except NotUnrollableError:
            return False
        return True

    def lanes(self, matrix: jax.Array) -> Lanes:
        """Split a matrix of components into lanes.

        Parameters
        ----------
        matrix : array
            Shape (d, batch), components in the order of the states.

        Returns
        -------
        tuple of array
            The lanes.
        """
        if self.unrolls:
            return tuple(matrix[i] for i in range(self.size))
        lanes, start = [], 0
        for variable in self.model.state.values():
            rows = matrix[start : start + variable.size]
            lanes.append(rows.reshape(*variable.shape, matrix.shape[-1]))
            start += variable.size
        return tuple(lanes)

    def matrix(self, lanes: Lanes) -> jax.Array:
        """Join lanes into a matrix of components; the inverse of :meth:`lanes`.

        Parameters
        ----------
        lanes : tuple of array
            The lanes, with any leading axes (such as time) before those of the lane.

        Returns
        -------
        array
            Shape (..., d, batch).
        """
        if self.unrolls:
            return jnp.stack(lanes, axis=-2)
        rows = [
            lane.reshape(*lane.shape[: lane.ndim - 1 - len(variable.shape)], -1, lane.shape[-1])
            for lane, variable in zip(lanes, self.model.state.values(), strict=True)
        ]
        return jnp.concatenate(rows, axis=-2)

    def field(
        self, params: Mapping[str, jax.Array], inputs: Mapping[str, jax.Array] | None = None
    ) -> Field:
        """Bind parameters and inputs.

        Parameters
        ----------
        params, inputs : mapping of str to array
            Each of its own shape, or of its shape with a last axis of the batch.

        Returns
        -------
        Field
            Drift and diffusion over lanes.
        """
        build = self._unrolled if self.unrolls else self._vectorised
        named = [(self.model.params, params), (self.model.inputs, inputs or {})]
        bound = [
            (jnp.asarray(values.get(name, variable.array), self.dtype), len(variable.shape))
            for group, values in named
            for name, variable in group.items()
        ]
        functions = {name: build(closed, bound) for name, closed in self._traced.items()}
        return Field(functions["drift"], functions.get("diffusion"))

    def _unrolled(self, closed: Any, bound: list[tuple[jax.Array, int]]) -> Callable[..., Lanes]:
        run = unrolled(closed)
        constants = []
        for array, ndim in bound:
            flat = array.reshape(-1, *array.shape[ndim:])
            constants.append(gather([flat[i] for i in range(flat.shape[0])], array.shape[:ndim]))

        def evaluate(t: Any, lanes: Lanes) -> Lanes:
            states, start = [], 0
            for variable in self.model.state.values():
                states.append(gather(lanes[start : start + variable.size], variable.shape))
                start += variable.size
            results = run(gather([jnp.asarray(t, self.dtype)], ()), *states, *constants)
            flat = [lane for result in results for lane in result.flat]
            return tuple(jnp.broadcast_to(a, b.shape) for a, b in zip(flat, lanes, strict=True))

        return evaluate

    def _vectorised(self, closed: Any, bound: list[tuple[jax.Array, int]]) -> Callable[..., Lanes]:
        function = jax.extend.core.jaxpr_as_fun(closed)
        constants = [array for array, _ in bound]
        axes = [-1 if array.ndim > ndim else None for array, ndim in bound]

        def evaluate(t: Any, lanes: Lanes) -> Lanes:
            t = jnp.asarray(t, self.dtype)
            along = (-1 if t.ndim else None, *(-1 for _ in lanes), *axes)
            return tuple(jax.vmap(function, in_axes=along, out_axes=-1)(t, *lanes, *constants))

        return evaluate
