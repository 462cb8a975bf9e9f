"""The functions of a model, and their derivatives, traced with their arguments laid out flat.

All Julia functions take ``u``, the states one after the other; ``p``, the parameters followed by
the inputs; and ``t``. Each is a flat vector in the order of the model's names, arrays row-major.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.julia.translator.flat import places, reverse, trace, vector
from pysciml.engines.julia.translator.program import Function, Slot
from pysciml.engines.julia.translator.refusing import origin
from pysciml.engines.julia.translator.sparsity import LARGE, Pattern, pattern
from pysciml.model import Model
from pysciml.tracing import call

__all__ = ["Layout", "functions"]


@dataclass(frozen=True)
class Layout:
    """Where each named quantity is in the flat vectors ``u`` and ``p``.

    Parameters
    ----------
    state : mapping of str to slice
        Places in ``u``.
    params : mapping of str to slice
        Places in ``p`` of parameters and inputs.

    Examples
    --------
    >>> Layout.of(ps.catalog.lorenz63()).params["beta"]
    slice(2, 3, None)
    """

    state: Mapping[str, slice]
    params: Mapping[str, slice]

    @classmethod
    def of(cls, model: Model) -> Layout:
        """Lay out a model.

        Parameters
        ----------
        model : Model
            The model.

        Returns
        -------
        Layout
            Its layout.
        """
        given = {**model.params, **model.inputs}
        state, params = (
            places({name: variable.shape for name, variable in group.items()})
            for group in (model.state, given)
        )
        return cls(state, params)


@dataclass(frozen=True)
class _Tracer:
    """Traces functions of one model.

    Parameters
    ----------
    model : Model
        The model.
    dtype : str
        Of all its numbers.
    """

    model: Model
    dtype: str

    @property
    def state(self) -> list[tuple[int, ...]]:
        return [v.shape for v in self.model.state.values()]

    @property
    def params(self) -> list[tuple[int, ...]]:
        groups = (self.model.params, self.model.inputs)
        return [variable.shape for group in groups for variable in group.values()]

    def positional(
        self, function: Callable[..., Any], shapes: Mapping[str, tuple[int, ...]] | None
    ) -> Callable[..., Any]:
        """Give ``(t, *state, *params, *inputs) -> arrays`` of a function of the model."""
        model = self.model
        groups = (model.state, model.params, model.inputs)

        def evaluate(t: Any, *values: Any) -> Any:
            remaining = iter(values)
            state, params, inputs = [{n: next(remaining) for n in group} for group in groups]
            returned = call(function, t, state, params, inputs, networks=model.networks)
            if shapes is None:
                return (jnp.asarray(returned, self.dtype),)
            return tuple(
                jnp.broadcast_to(jnp.asarray(returned.get(name, state[name]), self.dtype), shape)
                for name, shape in shapes.items()
            )

        return evaluate

    def vector(self, argument: str, shapes: Sequence[tuple[int, ...]]) -> list[Slot]:
        """Lay arrays out one after the other."""
        return vector(argument, shapes, self.dtype)


def functions(model: Model, dtype: str = "float64") -> Iterator[Function]:
    """Trace all functions of a model that its solution and its gradients need.

    Drift and diffusion each come with ``_jac``, the Jacobian by the state (that of a large drift
    with few elements other than zero is these elements, see `sparsity`); ``_jvp``, the tangent
    for tangents ``v`` of the state and ``q`` of the parameters; ``_vjp``, the cotangents ``gu`` and
    ``gp`` for a cotangent ``w``, unless JAX has none, as for loops whose count of iterations is
    data; the drift also with ``_tgrad``, its derivative by time. Events are
    ``condition_<i>``, with its tangent ``_jvp`` for tangents ``v``, ``q`` and ``s`` of the time,
    and ``reset_<i>``, counted from 1.

    Parameters
    ----------
    model : Model
        The model.
    dtype : str
        ``"float64"`` or ``"float32"``.

    Yields
    ------
    Function
        One after the other.
    """
    tracer = _Tracer(model, dtype)
    shapes = {name: variable.shape for name, variable in model.state.items()}
    inputs = _inputs(tracer)
    outputs = tracer.vector("du", tracer.state)
    drift = tracer.positional(model.drift, shapes)
    made = [*_with_derivatives(tracer, "drift", drift, outputs)]
    yield from _from(model.drift, *made, _by_time(tracer, drift, inputs, outputs))
    noise = model.diffusion
    if noise is not None:
        amplitudes = {name: noise.amplitude_shape(shape) for name, shape in shapes.items()}
        if noise.kind == "general":  # a matrix (states, sources), column by column as in Julia
            outputs = [
                Slot("du", (*s.shape, noise.sources or 0), dtype, s.offset, _columns(s, model.size))
                for s in outputs
            ]
        function = tracer.positional(noise.function, amplitudes)
        made = _with_derivatives(tracer, "diffusion", function, outputs)
        yield from _from(noise.function, *made)
    for number, event in enumerate(model.events, 1):
        if event.when is not None:
            function = tracer.positional(event.when, None)
            result = [Slot("value", (), dtype, None)]
            value = trace(f"condition_{number}", function, inputs, result, derivative=False)
            tangent = _tangent(tracer, f"condition_{number}_jvp", function, inputs, result)
            yield from _from(event.when, value, tangent)
        if event.then is not None:
            function = tracer.positional(event.then, shapes)
            outputs = tracer.vector("du", tracer.state)
            value = trace(f"reset_{number}", function, inputs, outputs, derivative=False)
            yield from _from(event.then, value)


def _from(function: Callable[..., Any], *made: Function) -> Iterator[Function]:
    for one in made:
        yield dataclasses.replace(one, home=origin(function))


def _columns(slot: Slot, rows: int) -> tuple[int, ...]:
    inner = tuple(math.prod(slot.shape[a + 1 :]) for a in range(len(slot.shape)))
    return (*inner, rows)


def _inputs(tracer: _Tracer) -> list[Slot]:
    time = Slot("t", (), tracer.dtype, None)
    return [time, *tracer.vector("u", tracer.state), *tracer.vector("p", tracer.params)]


def _by_time(
    tracer: _Tracer,
    evaluate: Callable[..., Any],
    inputs: Sequence[Slot],
    outputs: Sequence[Slot],
) -> Function:
    def tgrad(t: Any, *values: Any) -> Any:
        return jax.jvp(lambda s: evaluate(s, *values), (t,), (jnp.ones_like(t),))[1]

    return trace("drift_tgrad", tgrad, inputs, outputs)


def _sparse(
    tracer: _Tracer, evaluate: Callable[..., Any], inputs: Sequence[Slot], found: Pattern
) -> Function:
    """Trace the elements of the Jacobian of the drift that can differ from zero."""
    shapes, columns = tracer.state, found.columns
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]

    def elements(t: Any, *values: Any) -> Any:
        state, rest = values[: len(shapes)], values[len(shapes) :]

        def product(tangent: Any) -> Any:
            pieces = jnp.split(tangent, ends)
            along = tuple(x.reshape(s) for x, s in zip(pieces, shapes, strict=True))
            moved = jax.jvp(lambda *u: evaluate(t, *u, *rest), state, along)[1]
            return jnp.concatenate([jnp.ravel(x) for x in moved])

        products = jax.vmap(product)(jnp.asarray(found.tangents, tracer.dtype))
        return (products[found.colors[columns], found.rows],)

    outputs = [Slot("J", (found.rows.size,), tracer.dtype, 0)]
    function = trace("drift_jac", elements, inputs, outputs)
    return dataclasses.replace(function, pattern=found)


def _tangent(
    tracer: _Tracer,
    name: str,
    evaluate: Callable[..., Any],
    inputs: Sequence[Slot],
    outputs: Sequence[Slot],
) -> Function:
    count = len(inputs)

    def jvp(*values: Any) -> Any:
        return jax.jvp(evaluate, values[:count], (values[-1], *values[count:-1]))[1]

    tangents = [*tracer.vector("v", tracer.state), *tracer.vector("q", tracer.params)]
    tangents.append(Slot("s", (), tracer.dtype, None))
    return trace(name, jvp, [*inputs, *tangents], outputs, arguments="u p t v q s")


def _with_derivatives(
    tracer: _Tracer,
    name: str,
    evaluate: Callable[..., Any],
    outputs: Sequence[Slot],
) -> Iterator[Function]:
    inputs, states = _inputs(tracer), len(tracer.state)
    count = len(inputs) - 1
    yield trace(name, evaluate, inputs, outputs, derivative=False)

    def jvp(t: Any, *values: Any) -> Any:
        at, along = values[:count], values[count:]
        return jax.jvp(lambda *v: evaluate(t, *v), at, along)[1]

    tangents = [*tracer.vector("v", tracer.state), *tracer.vector("q", tracer.params)]
    forward = trace(f"{name}_jvp", jvp, [*inputs, *tangents], outputs, arguments="u p t v q")
    yield forward

    def vjp(t: Any, *values: Any) -> Any:
        back = jax.vjp(lambda *v: evaluate(t, *v), *values[:count])[1]
        return back(tuple(values[count:]))

    cotangents = [Slot("w", s.shape, s.dtype, s.offset, s.strides) for s in outputs]
    gradients = [*tracer.vector("gu", tracer.state), *tracer.vector("gp", tracer.params)]
    backward = [*inputs, *cotangents]
    yield from reverse(f"{name}_vjp", vjp, backward, gradients, arguments="u p t w")

    if name == "drift" and tracer.model.size >= LARGE:
        by = range(len(inputs), len(inputs) + states)
        found = pattern(forward.jaxpr, by, wide=forward.wide)
        if found.pays:
            yield _sparse(tracer, evaluate, inputs, found)
            return

    def jacobian(t: Any, *values: Any) -> Any:
        def by_state(*state: Any) -> Any:
            return evaluate(t, *state, *values[states:])

        blocks = jax.jacfwd(by_state, argnums=tuple(range(states)))(*values[:states])
        return [block for row in blocks for block in row]

    rows = sum(math.prod(s.shape) for s in outputs)
    matrix = []
    for out in outputs:
        column = 0
        for shape in tracer.state:
            strides = out.strides or _columns(out, 1)[:-1]
            inner = [math.prod(shape[a + 1 :]) * rows for a in range(len(shape))]
            place = (out.offset or 0) + column * rows
            matrix.append(Slot("J", (*out.shape, *shape), tracer.dtype, place, (*strides, *inner)))
            column += math.prod(shape)
    yield trace(f"{name}_jac", jacobian, inputs, matrix)
