"""GOKU-UI and its relatives on the julia engine: equal to the jax engine, number by number."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import pysciml as ps
from pysciml.engines.jax.goku.arrays import named
from pysciml.engines.jax.goku.network import LatentModel
from pysciml.engines.jax.goku.objective import objective

pytestmark = pytest.mark.julia

SMALL = {"hidden": 8, "features": 6, "recurrent": 5, "latent_state": 4}
GOKU = SMALL | {"channels": 3, "length": 10, "latent_params": 4}
BATCH, FUTURE = 3, 2
OPTIONS = {"continuity_weight": 2.0, "kl_weight": 0.5, "forecast_weight": 0.3}


def oscillators():
    return ps.catalog.stuart_landau(2)


KINDS = {
    "goku_ui": lambda: ps.GokuUI(oscillators(), window=4, carry=True, **GOKU),
    "variational": lambda: ps.GokuUI(
        oscillators(), window=4, variational=True, noise="learned", **GOKU
    ),
    "goku_net": lambda: ps.GokuNet(oscillators(), **GOKU),
    "lorenz": lambda: ps.GokuUI(ps.catalog.lorenz63(), window=4, **GOKU),
    "latent_ode": lambda: ps.LatentODE(channels=3, length=10, state=2, **SMALL),
    "lstm": lambda: ps.LSTMForecaster(channels=3, length=10, window=4, state=3, **SMALL),
}


def jax_model(settings, jitter):
    """Give a model in float64, its vector of weights, and the way back to a model."""
    model = LatentModel(settings.architecture, settings.core, 0.5, np.random.default_rng(0))
    if settings.core is not None:
        system = dataclasses.replace(model.core.system, dtype="float64")
        object.__setattr__(model.core, "system", system)
    arrays, static = eqx.partition(model, eqx.is_array)
    vector, unravel = ravel_pytree(jax.tree.map(lambda a: a.astype(jnp.float64), arrays))
    moved = vector + jitter * np.random.default_rng(1).normal(size=vector.shape)
    return unravel(moved), lambda arrays: eqx.combine(arrays, static)


def draws_of(settings, key):
    """Give the random numbers that the objective of the jax engine draws from a key."""
    made = settings.architecture
    noise_key, code_key, jitter_key = jax.random.split(key, 3)
    draws = {"jitter": 0.1 * jax.random.normal(jitter_key, (made.length, BATCH, made.channels))}
    if settings.core is not None and settings.core.is_stochastic:
        early, late = jax.random.split(noise_key)
        joined, d = made.windows - 1, made.state  # with a forecast the last window goes on
        scale = (0.5 / made.substeps) ** 0.5

        def increments(key, steps, lanes):
            shape = (steps - 1, made.substeps, d, lanes)
            drawn = scale * jax.random.normal(key, shape, jnp.float64)
            return drawn.reshape(-1, d, lanes)

        if joined:
            draws["early"] = increments(early, made.span, joined * BATCH)
        draws["late"] = increments(late, made.span + FUTURE, BATCH)
    if made.variational:
        shapes = [(made.windows, BATCH, made.latent_state), (BATCH, made.latent_params)]
        keys = jax.random.split(code_key, len(shapes))
        for name, k, shape in zip(("state", "params"), keys, shapes, strict=True):
            draws[name] = jax.random.normal(k, shape, jnp.float64)
    return {name: np.ascontiguousarray(array) for name, array in draws.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradient_equal_those_of_the_jax_engine(kind):
    """Equal weights, data and increments, float64; forecast, carry, jitter and noise on."""
    from pysciml.engines.julia.goku.model import Layout, goku, latent_model
    from pysciml.engines.julia.start import julia

    settings = KINDS[kind]()
    made = settings.architecture
    with jax.enable_x64(True):
        arrays, model = jax_model(settings, 0.05)
        key = jax.random.key(1)
        data = jax.random.normal(jax.random.key(2), (made.length + FUTURE, BATCH, made.channels))

        def loss(arrays):
            return objective(model(arrays), data, key, stochastic=True, jitter=0.1, **OPTIONS)

        gradient, terms = jax.jit(jax.grad(loss, has_aux=True))(arrays)
        draws = draws_of(settings, key)
        weights, expected = named(arrays, ""), named(gradient, "")

    other = latent_model(made, settings.core, 0.5, "float64")
    layout = Layout.of(other)
    assert list(layout.shapes) == [name.removeprefix("/") for name in weights]
    found = np.zeros(layout.count)
    found_terms = julia().call(
        goku("loss_and_gradient!"),
        found,
        other,
        layout.vector("/", weights, np.float64),
        np.asarray(data),
        continuity=OPTIONS["continuity_weight"],
        forecast=OPTIONS["forecast_weight"],
        kl=OPTIONS["kl_weight"],
        **draws,
    )
    np.testing.assert_allclose(found_terms, terms, rtol=1e-9, atol=1e-12)
    size = np.sqrt(sum(np.sum(g**2) for g in expected.values()))
    for name, array in layout.named("/", found).items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-6, atol=1e-9 * size, err_msg=name)
