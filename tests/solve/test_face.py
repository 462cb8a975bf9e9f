"""What a user types, word for word, on either engine."""

# ruff: noqa: E501

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from marks import ENGINES

import pysciml as ps


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    """Run a test on either engine, without naming one in its calls."""
    monkeypatch.setenv("PYSCIML_ENGINE", request.param)
    return request.param


EITHER = pytest.mark.usefixtures("engine")

# fmt: off


@ps.model(
    state={"x": 1.0, "y": 1.0},
    params={"a": 1.3, "b": 0.9, "c": 0.8, "d": 1.8},
)
def lotka_volterra(t, u, p):
    return {"x": p.a * u.x - p.b * u.x * u.y,
            "y": p.c * u.x * u.y - p.d * u.y}


@lotka_volterra.noise                       # a new Model; diagonal noise, Ito, unless said otherwise
def noisy(t, u, p):
    return {"x": 0.1 * u.x, "y": 0.1 * u.y}


@ps.model(state={"v": -65.0}, params={"tau": 10.0, "rest": -65.0, "threshold": -50.0, "reset": -70.0},
          inputs={"current": 0.0})
def membrane(t, u, p, x):
    return {"v": (p.rest - u.v + x.current) / p.tau}


neuron = membrane.with_event("spike", when=lambda t, u, p, x: u.v - p.threshold, direction="up",
                             then=lambda t, u, p, x: {"v": p.reset})


@ps.model(state={"x": 0.44, "y": 4.6}, params={"a": 1.3, "d": 1.8},
          networks={"missing": ps.MLP(2, [32, 32], 2, activation="tanh")})
def lv_ude(t, u, p):
    k = p.missing(jnp.stack([u.x, u.y]))
    return {"x": p.a * u.x + k[0], "y": -p.d * u.y + k[1]}


@EITHER
def test_one_trajectory():
    sol = ps.solve(lotka_volterra, t=(0, 10), save=0.1)                     # xr.Dataset: x(time), y(time)
    assert isinstance(sol, xr.Dataset)
    assert list(sol.data_vars) == ["x", "y"]
    assert sol.x.dims == sol.y.dims == ("time",)
    assert sol.time.values == pytest.approx(np.arange(101) / 10, rel=1e-15)
    assert sol.time.values[-1] == 10.0
    # The orbit is closed: c x - d log x + b y - a log y stays what it is.
    integral = 0.8 * sol.x - 1.8 * np.log(sol.x) + 0.9 * sol.y - 1.3 * np.log(sol.y)
    assert float(np.ptp(integral.values)) < 1e-5


@EITHER
def test_an_ensemble():
    sol = ps.solve(noisy, t=(0, 10), save=0.1, trajectories=1000, rng=0)    # x(trajectory, time)
    assert sol.x.dims == sol.y.dims == ("trajectory", "time")
    assert dict(sol.sizes) == {"trajectory": 1000, "time": 101}
    assert float(sol.x.isel(time=-1).std()) > 0.1


@EITHER
def test_a_sweep():
    a = xr.DataArray(np.linspace(1, 2, 50), dims="a", name="a")
    sol = ps.solve(lotka_volterra, t=(0, 10), save=0.1, params={"a": a})    # x(a, time): a sweep is a dimension
    assert sol.x.dims == sol.y.dims == ("a", "time")
    np.testing.assert_array_equal(sol.a, a)  # the values label the dimension
    alone = ps.solve(lotka_volterra, t=(0, 10), save=0.1, params={"a": 1.0})
    np.testing.assert_allclose(sol.x.sel(a=1.0), alone.x, rtol=1e-9)


@EITHER
def test_an_input():
    sol = ps.solve(membrane, t=(0, 50), save=5.0, inputs={"current": 20.0})
    # tau v' = rest - v + current, from rest
    np.testing.assert_allclose(sol.v, -65 + 20 * (1 - np.exp(-sol.time / 10)), rtol=1e-6)


@EITHER
def test_spikes_of_a_driven_neuron():
    sol = ps.solve(neuron, t=(0, 200), save=0.5, inputs={"current": xr.DataArray([0, 20, 20], dims="time", coords={"time": [0, 50, 200]})})
    # Once the current is steady, tau log((rest + current - reset) / (rest + current - threshold)).
    assert sol.spike.dims == ("spike_index",)
    late = sol.spike.values[sol.spike.values > 50]
    np.testing.assert_allclose(np.diff(late), 10 * np.log(25 / 5), rtol=1e-5)
    assert float(sol.v.max()) <= -50


@EITHER
def test_general_noise():
    m = lotka_volterra

    @m.noise(kind="general", sources=3, calculus="stratonovich")
    def driven(t, u, p):
        return {"x": 0.1 * u.x * jnp.array([1.0, 2.0, 0.0]), "y": 0.1 * u.y * jnp.array([0.0, 1.0, 1.0])}

    assert (driven.diffusion.sources, driven.diffusion.calculus) == (3, "stratonovich")
    sol = ps.solve(driven, t=(0, 1), save=0.1, trajectories=4, rng=0)
    assert sol.x.dims == ("trajectory", "time")
    assert sol.attrs["solver"] == "EulerHeun"


@EITHER
def test_a_hybrid_model():
    sol = ps.solve(lv_ude, t=(0, 1), save=0.1)
    w = {name.removeprefix("missing."): v.array for name, v in lv_ude.params.items() if "." in name}
    h = np.array([0.44, 4.6])
    for i in range(3):
        h = w[f"layers.{i}.weight"] @ h + w[f"layers.{i}.bias"]
        h = np.tanh(h) if i < 2 else h
    start = ps.solve(lv_ude, t=(0, 1e-6), save=1e-6)
    slope = (start.x[-1] - start.x[0]) / 1e-6
    assert float(slope) == pytest.approx(1.3 * 0.44 + h[0], rel=1e-4)
    assert np.isfinite(sol.x).all()


@EITHER
def test_solvers_by_object_and_by_name_and_given_increments():
    by_object = ps.solve(lotka_volterra, t=(0, 1), save=0.5, solver=ps.Tsit5())
    by_name = ps.solve(lotka_volterra, t=(0, 1), save=0.5, solver="Tsit5")
    xr.testing.assert_identical(by_object, by_name)
    assert ps.solve(lotka_volterra, t=(0, 1), save="steps", dt=0.1).sizes["time"] == 11
    dw = np.full((2, 10, 2), 0.01)
    sol = ps.solve(noisy, t=(0, 1), save=1.0, dt=0.1, increments=dw, trajectories=2)
    np.testing.assert_array_equal(sol.x[0], sol.x[1])
    kept = ps.solve(lotka_volterra, t=(0, 1), save=0.5, on_error="return")
    assert int(kept.status) == 0


def test_sensitivities():
    model, h = lotka_volterra, 1e-4
    sens = ps.sensitivities(model, wrt=["a", "b"], t=(0, 1), save=0.5)
    for name, value in (("a", 1.3), ("b", 0.9)):
        up, down = (ps.solve(model, t=(0, 1), save=0.5, params={name: value + s}, rtol=1e-10, atol=1e-10) for s in (h, -h))
        for state in "xy":
            np.testing.assert_allclose(sens[f"d{state}_d{name}"], (up[state] - down[state]) / (2 * h), atol=1e-5)


def test_the_flow():
    with jax.enable_x64(True):
        flow = ps.flow(lotka_volterra, t=(0, 1), save=0.5, max_steps=64)
        made = jax.jit(flow)({"x": 1.0}, {"a": 1.3})
        sol = ps.solve(lotka_volterra, t=(0, 1), save=0.5)
        np.testing.assert_allclose(made["x"], sol.x, rtol=1e-6)  # to the tolerance
        paths = ps.flow(noisy, t=(0, 1), save=0.5, dt=0.1)
        ends = jax.vmap(lambda key: paths({}, {}, noise=key)["x"][-1])(jax.random.split(jax.random.key(0), 3))
        assert ends.shape == (3,)
