"""Taming: bounded from any state, invisible at ordinary ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.engines.jax.kernels import STEPS, integrate
from pysciml.engines.jax.system import Field, System
from pysciml.engines.jax.taming import tamed

CUBIC = Field(lambda t, y: -(y**3))


def solved(field, start, times, substeps):
    return integrate(STEPS["Heun"], field, start, jnp.asarray(times), substeps)


def test_the_factor_is_its_definition():
    """Against (1 + q^4)^(-1/4) in float64, beyond where q^4 overflows in float32."""
    y = np.array([[1e-3, 0.3, 1.0, 5.0, 1e3, 1e6]], np.float32)
    rates = tamed(CUBIC, 0.5).drift(0.0, jnp.asarray(y))
    exact = y.astype(np.float64)
    q = 0.5 * np.abs(exact) ** 3 / np.sqrt(1 + exact**2)
    np.testing.assert_allclose(rates, -(exact**3) * (1 + q**4) ** -0.25, rtol=1e-5)


def test_every_trajectory_is_slowed_as_one_and_on_its_own():
    """The direction of the drift stays, and a large neighbour in the batch changes nothing."""
    field = Field(lambda t, y: (y[0] ** 3, -0.2 * y[1]))
    y = (jnp.asarray([0.2, 30.0]), jnp.asarray([[0.1, 1.0], [0.3, 2.0]]))
    plain = np.concatenate([np.ravel(r[..., 1]) for r in field.drift(0.0, y)])
    slow = np.concatenate([np.ravel(r[..., 1]) for r in tamed(field, 0.5).drift(0.0, y)])
    ratio = slow / plain
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    assert ratio[0] < 0.1
    for rate, exact in zip(tamed(field, 0.5).drift(0.0, y), field.drift(0.0, y), strict=True):
        np.testing.assert_allclose(rate[..., 0], exact[..., 0], rtol=1e-4)


def test_order_two_of_heun_remains():
    """-y^3 from 1 is 1 / sqrt(1 + 2 t)."""
    with jax.enable_x64(True):
        errors = []
        for n in (8, 16, 32, 64):
            path = solved(tamed(CUBIC, 2.0 / n), jnp.ones((1, 1)), [0.0, 2.0], n)
            errors.append(abs(float(path[-1, 0, 0]) - 5**-0.5))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, 2.0, atol=0.25)


@pytest.fixture(scope="module")
def oscillators():
    """Path and gradient of three oscillators over 66 steps of 1 s, two steps of Heun each."""
    system = System(ps.catalog.stuart_landau(3).without_noise(), "float32")
    omega = jnp.full((3, 1), 0.4)

    @jax.jit
    def run(start, growth):
        def mean_square(start):
            field = system.field({"a": growth, "omega": jnp.broadcast_to(omega, growth.shape)})
            path = solved(tamed(field, 0.5), system.lanes(start), np.arange(66.0), 2)
            path = system.matrix(path)
            return jnp.mean(path**2), path

        gradient, path = jax.grad(mean_square, has_aux=True)(start)
        return path, gradient

    return run


def test_oscillators_come_back_from_any_state(oscillators):
    """From 1,000 radii out all end on limit cycles of radius sqrt(a), as the exact ones do."""
    rng = np.random.default_rng(0)
    size = 10.0 ** np.linspace(-1, 3, 32)
    # One angle for all: oscillators in phase pull each other along their radii alone.
    angle, growth = rng.uniform(0, 6, 32), rng.uniform(0.5, 1.0, 32)
    start = np.repeat(size * np.stack([np.cos(angle), np.sin(angle)]), 3, axis=0)
    path, gradient = oscillators(
        jnp.asarray(start, jnp.float32), jnp.broadcast_to(growth, (3, 32)).astype(jnp.float32)
    )
    assert np.all(np.isfinite(path))
    assert np.all(np.isfinite(gradient))
    radius = np.hypot(path[-1, :3], path[-1, 3:])
    np.testing.assert_allclose(radius, np.sqrt(np.broadcast_to(growth, (3, 32))), rtol=0.05)


def test_ordinary_states_move_as_without_taming(oscillators):
    start = np.full((6, 1), 0.35)
    path, _ = oscillators(jnp.asarray(start, jnp.float32), jnp.full((3, 1), 0.2))
    model = ps.catalog.stuart_landau(3, stochastic=False)
    values = {"a": np.full(3, 0.2), "omega": np.full(3, 0.4)}
    exact = ps.solve(model, t=(0, 65), save=1.0, params=values, solver="Heun", dt=0.5)
    expected = np.concatenate([exact["x"].values, exact["y"].values], axis=-1)
    # The drift is slower by q^4 / 4, q = 0.4 * 0.5 * 0.78 / 1.27, over 65 s of 0.4 rad/s at a
    # radius of 0.45: 7e-4.
    np.testing.assert_allclose(path[..., 0], expected, atol=1e-3)
