"""A solve leaves the user's JAX as it was, computes in the precision asked for, compiles once."""

import contextlib

import jax
import jax.monitoring
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps

LV = ps.catalog.lotka_volterra()
OU = ps.catalog.ornstein_uhlenbeck()


@contextlib.contextmanager
def compilations():
    """Count the programs that XLA compiles meanwhile."""
    found = []

    def listen(event, duration, **rest):
        if event == "/jax/core/compile/backend_compile_duration":
            found.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield found
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


@pytest.mark.parametrize("wide", [False, True])
def test_the_configuration_of_jax_stays_as_it_is(wide):
    with jax.enable_x64(wide):
        before = dict(jax.config.values)
        sol = ps.solve(LV, t=(0, 1), save=0.5, dt=0.5)
        ps.solve(OU, t=(0, 1), save=0.5, dt=0.5, rng=0)
        assert dict(jax.config.values) == before
        assert jax.config.jax_enable_x64 is wide
        assert jnp.ones(1).dtype == ("float64" if wide else "float32")
    assert sol.x.dtype == np.float64


def test_a_solve_that_fails_leaves_it_too():
    before = jax.config.jax_enable_x64
    explosive = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": u.x**2})
    with pytest.raises(ps.errors.SolveError):
        ps.solve(explosive, t=(0, 100), save=50, dt=1)
    assert jax.config.jax_enable_x64 is before


@pytest.mark.parametrize("arguments", [{"dt": 0.1}, {}], ids=["RK4", "Tsit5"])
def test_float32_is_float32_and_close_to_float64(arguments):
    values = {"params": {"a": xr.DataArray([1.0, 1.3], dims="a")}, "t": (0, 2), "save": 0.5}
    wide = ps.solve(LV, **arguments, **values)
    narrow = ps.solve(LV, **arguments, **values, dtype="float32")
    assert wide.x.dtype == np.float64
    assert narrow.x.dtype == np.float32
    assert narrow.time.dtype == np.float64
    np.testing.assert_allclose(narrow.x, wide.x, rtol=2e-5)
    assert not np.array_equal(narrow.x, wide.x)


def test_the_precision_of_a_solve_is_not_that_of_the_user():
    with jax.enable_x64(True):
        inside = ps.solve(LV, t=(0, 2), save=0.5, dt=0.1)
        narrow = ps.solve(LV, t=(0, 2), save=0.5, dt=0.1, dtype="float32")
    xr.testing.assert_identical(inside, ps.solve(LV, t=(0, 2), save=0.5, dt=0.1))
    assert narrow.x.dtype == np.float32


def test_the_noise_of_a_seed_is_not_that_of_the_users_generator():
    plain = ps.solve(OU, t=(0, 1), save=0.5, dt=0.5, rng=0)
    with jax.default_prng_impl("rbg"):
        other = ps.solve(OU, t=(0, 1), save=0.5, dt=0.5, rng=0)
    xr.testing.assert_identical(plain, other)


def test_other_values_seeds_tolerances_and_a_longer_span_do_not_compile_again():
    theta = xr.DataArray([0.1, 0.2], dims="s")
    ps.solve(LV, t=(0, 1), save=0.1)
    ps.solve(OU, t=(0, 1), save=0.1, dt=0.1, rng=0, trajectories=2, params={"theta": theta})
    with compilations() as found:
        ps.solve(ps.catalog.lotka_volterra(), t=(3, 6), save=0.3, rtol=1e-4, params={"a": 0.9})
        ps.solve(LV, t=(0, 10), save=np.linspace(0, 9, 11) ** 1.01, state={"x": 2.0}, atol=1e-5)
        settings = {"t": (0, 20), "save": 2.0, "dt": 2.0, "trajectories": 2}
        ps.solve(OU, **settings, rng=9, params={"theta": theta + 0.1}, state={"x": 0.3})
    assert not found


def test_compilations_are_counted():
    with compilations() as found:
        ps.solve(LV, t=(0, 1), save=1 / 7, dt=1 / 14)  # shapes that no other test here has
    assert len(found) == 1
