"""Models whose translation is kept in golden/, and read by eye when it changes."""

import jax.numpy as jnp

import pysciml as ps


def with_network(hidden=(32, 32)):
    """Lotka-Volterra whose interaction a network learns."""

    @ps.model(
        state={"x": 1.0, "y": 1.0},
        params={"a": 1.3, "d": 1.8},
        networks={"missing": ps.MLP(2, hidden, 2, activation="tanh")},
        name="universal_lotka_volterra",
    )
    def model(t, u, p):
        missing = p.missing(jnp.stack([u.x, u.y]))
        return {"x": p.a * u.x + missing[0], "y": -p.d * u.y + missing[1]}

    return model


def golden():
    """Give the models by the names of their files."""
    return {
        "lorenz63": ps.catalog.lorenz63(),
        "universal_lotka_volterra": with_network(),
        "stuart_landau_90": ps.catalog.stuart_landau(90, stochastic=False),
        "leaky_integrate_and_fire": ps.catalog.leaky_integrate_and_fire(),
    }
