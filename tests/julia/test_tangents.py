"""Sensitivities by Julia: against the jax engine, differences and what is known in closed form."""

import numpy as np
import pytest
import xarray as xr

import pysciml as ps

pytestmark = pytest.mark.julia

LOTKA = {"wrt": ["a", "x"], "t": (0, 3), "save": 1.0}
STUART = {"wrt": ["a", "sigma", "x", "C"], "t": (0, 1), "save": 0.5, "dt": 0.1, "rng": 3}
BROWN = {"t": (0, 1), "save": 0.5, "dt": 0.1, "rng": 3, "trajectories": 3}


def on_both(model, **settings):
    """Give every derivative by Julia and by the jax engine."""
    julia, jax = (ps.sensitivities(model, engine=name, **settings) for name in ("julia", "jax"))
    assert set(julia.data_vars) == set(jax.data_vars)
    for name in julia.data_vars:
        assert julia[name].dims == jax[name].dims
        yield julia[name].values, jax[name].values


def test_fixed_steps_give_the_numbers_of_the_jax_engine():
    for julia, jax in on_both(ps.catalog.lotka_volterra(), solver="RK4", dt=0.1, **LOTKA):
        np.testing.assert_allclose(julia, jax, rtol=1e-12, atol=1e-12)


def test_adaptive_steps_agree_within_the_tolerance():
    settings = {"rtol": 1e-9, "atol": 1e-11, **LOTKA}
    for julia, jax in on_both(ps.catalog.lotka_volterra(), **settings):
        np.testing.assert_allclose(julia, jax, rtol=1e-6, atol=1e-7)


def test_stiff_equations():
    model = ps.catalog.robertson()
    settings = {"t": (0, 1e3), "save": [0, 1.0, 1e3], "solver": "Rodas5P", "rtol": 1e-8}
    for julia, jax in on_both(model, wrt=list(model.params), atol=1e-11, **settings):
        np.testing.assert_allclose(julia, jax, atol=1e-5 * np.abs(jax).max())


@pytest.mark.parametrize("solver", ["EulerMaruyama", "SRA1"])
def test_paths_of_arrays_are_differentiated_with_their_noise(solver):
    for julia, jax in on_both(ps.catalog.stuart_landau(2), solver=solver, **STUART):
        np.testing.assert_allclose(julia, jax, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("solver", ["EulerMaruyama", "Milstein", "SRIW1"])
def test_paths_with_multiplicative_noise(solver):
    model = ps.catalog.geometric_brownian_motion()
    for julia, jax in on_both(model, wrt=list(model.params), solver=solver, **BROWN):
        np.testing.assert_allclose(julia, jax, rtol=1e-10, atol=1e-12)


def test_derivatives_jump_at_events_as_the_implicit_function_theorem_says():
    # From reset to threshold takes a time T = tau log((v_inf - reset) / (v_inf - threshold)).
    neuron, current = ps.catalog.leaky_integrate_and_fire(), 2.0
    settings = {"t": (0, 60), "save": 20.0, "inputs": {"current": current}}
    names = ["tau", "threshold", "reset", "current"]
    got = ps.sensitivities(neuron, wrt=names, engine="julia", rtol=1e-10, atol=1e-12, **settings)

    def potential(tau=10.0, threshold=-50.0, reset=-70.0, current=current):
        limit = -65.0 + 10.0 * current
        first = tau * np.log((limit + 65.0) / (limit - threshold))
        period = tau * np.log((limit - reset) / (limit - threshold))
        t = np.array([20.0, 40.0, 60.0])
        since = (t - first) % period
        return limit + (reset - limit) * np.exp(-since / tau)

    for name in names:
        value = {"tau": 10.0, "threshold": -50.0, "reset": -70.0, "current": current}[name]
        step = 1e-5 * abs(value)
        slope = (potential(**{name: value + step}) - potential(**{name: value - step})) / 2 / step
        np.testing.assert_allclose(got[f"dv_d{name}"].values[1:], slope, rtol=1e-6)


def test_derivatives_jump_where_the_threshold_moves():
    # v = a t meets 1 - t / 2 at 1 / (a + 1/2), and goes on from half of that.
    ramp = xr.DataArray([1.0, 0.5], {"time": [0.0, 1.0]}, ["time"])
    model = ps.model(state={"v": 0.0}, params={"a": 1.0}, inputs={"ramp": 0.0})(
        lambda t, u, p, x: {"v": p.a}
    ).with_event(
        "spike", when=lambda t, u, p, x: u.v - x.ramp, then=lambda t, u, p, x: {"v": x.ramp / 2}
    )
    settings = {"t": (0, 0.85), "save": [0.5, 0.85], "inputs": {"ramp": ramp}, "wrt": "a"}
    for julia, jax in on_both(model, rtol=1e-9, atol=1e-11, **settings):
        np.testing.assert_allclose(julia, [0.5, 0.85 - 2 / 3 + 1.25 / 2.25], rtol=1e-6)
        np.testing.assert_allclose(jax, julia, rtol=1e-6)


def test_a_state_at_rest_has_derivatives_all_the_same():
    # v stays at rest, so that its error alone would let steps grow without bound.
    got = ps.sensitivities(
        ps.catalog.leaky_integrate_and_fire(), wrt="current", t=(0, 60), save=20.0, engine="julia"
    )
    known = 10.0 * (1 - np.exp(-got.time.values / 10.0))
    np.testing.assert_allclose(got.dv_dcurrent.values, known, rtol=1e-4, atol=1e-6)


def test_sweeps_and_inputs_that_vary_in_time():
    neuron = ps.catalog.leaky_integrate_and_fire()
    current = xr.DataArray([0.5, 1.2, 0.3], {"time": [0.0, 4.0, 10.0]}, ["time"])
    settings = {"t": (0, 10), "save": 5.0, "inputs": {"current": current}, "rtol": 1e-9}
    taus = xr.DataArray([5.0, 10.0, 20.0], dims="cell")
    for julia, jax in on_both(
        neuron, wrt=["tau", "v"], params={"tau": taus}, atol=1e-11, **settings
    ):
        np.testing.assert_allclose(julia, jax, rtol=1e-5, atol=1e-7)
