"""Where a system is at rest, and how fast small deviations from there grow."""

import functools

import jax
import numpy as np
from scipy.optimize import fsolve

from pysciml.tracing import call


@functools.cache
def compiled(model):
    """Give the rates of all state components as a function of a vector, and its Jacobian."""

    def rates(y, params, inputs):
        pieces = jax.numpy.split(y, np.cumsum([v.size for v in model.state.values()])[:-1])
        state = {
            name: piece.reshape(variable.shape)
            for (name, variable), piece in zip(model.state.items(), pieces, strict=True)
        }
        found = call(model.drift, 0.0, state, params, inputs)
        return jax.numpy.concatenate([found[name].reshape(-1) for name in model.state])

    return jax.jit(rates), jax.jit(jax.jacfwd(rates))


def values(variables, given):
    return {name: np.asarray(given.get(name, v.array), float) for name, v in variables.items()}


def rates(model, y, **given):
    """Give the rates at `y`; `given` holds parameters and inputs by name."""
    with jax.enable_x64(True):
        groups = values(model.params, given), values(model.inputs, given)
        return np.asarray(compiled(model)[0](np.asarray(y, float), *groups))


def jacobian(model, y, **given):
    """Give the derivatives of the rates by the state components."""
    with jax.enable_x64(True):
        groups = values(model.params, given), values(model.inputs, given)
        return np.asarray(compiled(model)[1](np.asarray(y, float), *groups))


def rest(model, near, **given):
    """Find the state near `near` at which nothing moves."""
    found, _, success, message = fsolve(
        lambda y: rates(model, y, **given),
        near,
        fprime=lambda y: jacobian(model, y, **given),
        xtol=1e-13,
        full_output=True,
    )
    assert success == 1, message
    return found


def growth(model, near, **given):
    """Give the growth rate of the fastest small deviation from rest; complex if it turns."""
    eigenvalues = np.linalg.eigvals(jacobian(model, rest(model, near, **given), **given))
    return eigenvalues[np.argmax(eigenvalues.real)]
