"""Steps that suit the derivatives of a solution as well as the solution.

The error of a state says nothing of its derivatives: where the state rests it is zero, however long
the step, while the derivatives still move. Within `pushed`, the local error of every tangent is
measured like that of the state, and the largest of all is the error of the step.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.jax.lanes import Lanes
from pysciml.engines.jax.methods import Method

__all__ = ["probes", "pushed", "step_error", "tolerance"]

TANGENTS = "tangents"  # the axis of all that are pushed at once
LADDER = 8  # steps of an error to a factor of e


def tolerance(rtol: Any, atol: Any, a: Lanes, b: Lanes) -> Lanes:
    """Give the tolerance of every component between two states.

    Parameters
    ----------
    rtol, atol : scalar
        Relative and absolute.
    a, b : tuple of array
        The states.

    Returns
    -------
    tuple of array
        Like them.
    """
    return tuple(
        atol + rtol * jnp.maximum(jnp.abs(x), jnp.abs(y)) for x, y in zip(a, b, strict=True)
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def step_error(
    method: Method, rtol: Any, atol: Any, y: Lanes, y1: Lanes, amiss: tuple[Lanes, ...]
) -> jax.Array:
    """Measure the local error of a step in units of the tolerances.

    Parameters
    ----------
    method : Method
        Knows what its estimates mean.
    rtol, atol : scalar
        Tolerances.
    y, y1 : tuple of array
        The state at the start of the step and at its end.
    amiss : tuple of lanes
        The estimates.

    Returns
    -------
    array
        Shape (batch,). It counts as constant where it is differentiated.
    """
    return method.measure(amiss, tolerance(rtol, atol, y, y1))


@step_error.defjvp
def _(method: Method, primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    # Called by its plain name, it would be differentiated again by whoever differentiates this.
    measured = functools.partial(step_error.fun, method, *primals[:2])
    own = measured(*jax.lax.stop_gradient(primals[2:]))
    # The same step for all tangents, which therefore share the solution.
    along = jax.lax.pmax(measured(*jax.lax.stop_gradient(tangents[2:])), TANGENTS)
    error = _coarse(jnp.maximum(own, along), primals[0])
    return error, jnp.zeros_like(error)


def _coarse(error: jax.Array, rtol: Any) -> jax.Array:
    """Round an error up to a step of a ladder, so that rounding errors do not change it.

    Backwards the steps of a loop are taken again, by other machine code, and have to be the same.
    """
    noise = jnp.minimum(1e3 * jnp.finfo(error.dtype).eps / rtol, 1e-3)
    return jnp.exp(jnp.ceil(jnp.log(jnp.maximum(error, noise)) * LADDER) / LADDER)


def pushed(
    function: Callable[[Any], tuple[Any, Any]], values: Any, tangents: Any
) -> tuple[Any, Any, Any]:
    """Evaluate a function that integrates, and its derivatives along tangents.

    Parameters
    ----------
    function : callable
        From `values` to a pair: what is differentiated, and what is not.
    values : pytree
        Where.
    tangents : pytree
        Like `values`, with a first axis of the tangents.

    Returns
    -------
    tuple
        What is differentiated; its derivatives, with the first axis of the tangents; the rest.
    """

    def push(tangent: Any) -> Any:
        return jax.jvp(function, (values,), (tangent,), has_aux=True)

    return jax.vmap(push, out_axes=(None, 0, None), axis_name=TANGENTS)(tangents)


def probes(values: tuple[Any, ...]) -> Any:
    """Give a tangent along every one of several groups of values, in which all its values move.

    Each array moves in units of its own root mean square, by numbers without a pattern.

    Parameters
    ----------
    values : tuple of pytree
        The groups.

    Returns
    -------
    tuple of pytree
        Like `values`, with a first axis of the groups.
    """
    rng = np.random.default_rng(0)

    def moved(leaf: jax.Array, group: int) -> jax.Array:
        size = jax.lax.stop_gradient(jnp.sqrt(jnp.mean(leaf**2)))
        numbers = np.zeros((len(values), *leaf.shape))
        numbers[group] = rng.uniform(0.5, 1.5, leaf.shape) * rng.choice([-1, 1], leaf.shape)
        return jnp.where(size > 0, size, 1.0) * numbers.astype(leaf.dtype)

    return tuple(
        jax.tree.map(functools.partial(moved, group=group), tree)
        for group, tree in enumerate(values)
    )
