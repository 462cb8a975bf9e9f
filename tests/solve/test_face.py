"""What a user types, word for word."""

# ruff: noqa: E501

import numpy as np
import pytest
import xarray as xr

import pysciml as ps

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


def test_an_ensemble():
    sol = ps.solve(noisy, t=(0, 10), save=0.1, trajectories=1000, rng=0)    # x(trajectory, time)
    assert sol.x.dims == sol.y.dims == ("trajectory", "time")
    assert dict(sol.sizes) == {"trajectory": 1000, "time": 101}
    assert float(sol.x.isel(time=-1).std()) > 0.1


def test_a_sweep():
    a = xr.DataArray(np.linspace(1, 2, 50), dims="a", name="a")
    sol = ps.solve(lotka_volterra, t=(0, 10), save=0.1, params={"a": a})    # x(a, time): a sweep is a dimension
    assert sol.x.dims == sol.y.dims == ("a", "time")
    np.testing.assert_array_equal(sol.a, a)  # the values label the dimension
    alone = ps.solve(lotka_volterra, t=(0, 10), save=0.1, params={"a": 1.0})
    np.testing.assert_allclose(sol.x.sel(a=1.0), alone.x, rtol=1e-9)


def test_an_input():
    sol = ps.solve(membrane, t=(0, 50), save=5.0, inputs={"current": 20.0})
    # tau v' = rest - v + current, from rest
    np.testing.assert_allclose(sol.v, -65 + 20 * (1 - np.exp(-sol.time / 10)), rtol=1e-6)
