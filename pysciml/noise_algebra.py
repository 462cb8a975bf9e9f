"""What the amplitudes of a model's noise imply: its category, and its other calculus."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.errors import ModelError
from pysciml.noise import Noise
from pysciml.tracing import call, dependencies

if TYPE_CHECKING:
    from pysciml.model import Model
    from pysciml.solvers.base import Category

__all__ = ["category", "convert"]

PROBES = 4  # points at which sources are tried; they commute where they do at all of them


@functools.lru_cache(maxsize=256)
def category(model: Model) -> Category:
    """Find the category of the noise of a model.

    Parameters
    ----------
    model : Model
        A model with noise.

    Returns
    -------
    str
        See :attr:`pysciml.model.Model.noise_category`.
    """
    noise = _noise(model)
    if not any(dependencies(model, noise.function).values()):
        return "additive"
    if noise.count(model.size) == 1:
        return "scalar"
    if not _commutes(model):
        return "general"
    return "diagonal" if noise.kind == "diagonal" else "commutative"


def convert(model: Model, calculus: str) -> Model:
    """Write a model in the other calculus; see :meth:`pysciml.model.Model.with_calculus`.

    Parameters
    ----------
    model : Model
        A model with noise.
    calculus : {"ito", "stratonovich"}
        The calculus of the new model.

    Returns
    -------
    Model
        With the same paths.

    Raises
    ------
    ModelError
        If the model has no noise, or the calculus is unknown.
    """
    noise = _noise(model)
    made = dataclasses.replace(noise, calculus=calculus)  # refuses an unknown one
    if made.calculus == noise.calculus:
        return model
    sign = 0.5 if calculus == "ito" else -0.5

    def drift(t: Any, u: Any, p: Any, x: Any) -> dict[str, Any]:
        import jax

        groups = [{name: group[name] for name in group} for group in (p, x)]
        state = {name: u[name] for name in u}
        mixture = _mixture(model, t, *groups)
        rates = call(model.drift, t, state, *groups, networks=model.networks)

        def along(weights: Any) -> Any:
            def source(state: Mapping[str, Any]) -> Mapping[str, Any]:
                return mixture(state, weights)

            return jax.jvp(source, (state,), (source(state),))[1]

        dtype = jax.numpy.result_type(float, *state.values())
        sources = jax.numpy.eye(noise.count(model.size), dtype=dtype)
        shifts = jax.tree.map(lambda a: sign * a.sum(axis=0), jax.vmap(along)(sources))
        return {name: jax.numpy.asarray(rates[name]) + shifts[name] for name in state}

    return dataclasses.replace(model, drift=drift, diffusion=made, recipe={})


def _noise(model: Model) -> Noise:
    if model.diffusion is None:
        raise ModelError(
            f"{model.name!r} has no noise, so it has no calculus; add some with @model.noise."
        )
    return model.diffusion


def _mixture(model: Model, t: Any, params: Any, inputs: Any) -> Callable[[Any, Any], Any]:
    """Give ``(state, weights) -> sum of the amplitudes of all sources``, like the state."""
    import jax.numpy as jnp

    noise = _noise(model)

    def mixture(state: Mapping[str, Any], weights: Any) -> dict[str, Any]:
        made = call(noise.function, t, state, params, inputs, networks=model.networks)
        parts, start = {}, 0
        for name, variable in model.state.items():
            value = jnp.asarray(made[name], jnp.result_type(weights))
            if noise.kind == "diagonal":
                own = weights[start : start + variable.size].reshape(variable.shape)
                parts[name] = value * own
                start += variable.size
            else:
                parts[name] = value * weights[0] if noise.kind == "scalar" else value @ weights
        return parts

    return mixture


def _commutes(model: Model) -> bool:
    """Whether the derivative of every amplitude along every other is symmetric in the two.

    The bracket of two random mixtures of the sources vanishes only where all brackets do.
    """
    import jax
    import jax.numpy as jnp

    def derivative(state: Any, params: Any, inputs: Any, a: Any, b: Any) -> Any:
        mixture = _mixture(model, 0.0, params, inputs)
        _, along = jax.jvp(lambda s: mixture(s, b), (state,), (mixture(state, a),))
        return jnp.concatenate([jnp.ravel(part) for part in along.values()])

    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        tried = jax.jit(derivative)
        groups = [{n: v.array for n, v in g.items()} for g in (model.params, model.inputs)]
        for _ in range(PROBES):
            state = {
                name: np.abs(v.array) * rng.uniform(0.7, 1.3, v.shape) + rng.uniform(0.1, 0.4)
                for name, v in model.state.items()
            }
            a, b = rng.normal(size=(2, _noise(model).count(model.size)))
            one, other = tried(state, *groups, a, b), tried(state, *groups, b, a)
            size = np.max(np.abs([one, other]), initial=0.0)
            if not np.all(np.abs(one - other) <= 1e-10 * size):
                return False  # also where an amplitude is not finite
    return True
