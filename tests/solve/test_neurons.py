"""The neurons of the catalogue against their rest, their bifurcations and their firing."""

import jax
import numpy as np
import pytest
import xarray as xr
from rest_points import growth, jacobian, rates, rest
from scipy.optimize import brentq

import pysciml as ps
from pysciml.catalog.hodgkin_huxley import _linoid


def crossings(trace, level=0.0):
    """Give the times at which a trace crosses a level upwards."""
    v, t = trace.values, trace.time.values
    at = np.flatnonzero((v[:-1] < level) & (v[1:] >= level))
    return t[at] + (level - v[at]) / (v[at + 1] - v[at]) * (t[at + 1] - t[at])


def test_fitzhugh_nagumo_rests_at_the_root_of_its_cubic():
    a, b = 0.7, 0.8
    for current in (0.0, 0.5, 1.0):
        roots = np.roots([-1 / 3, 0, 1 - 1 / b, current - a / b])
        expected = roots[np.isreal(roots)].real
        v, w = rest(ps.catalog.fitzhugh_nagumo(), [expected[0], 0.0], current=current)
        assert expected.size == 1
        np.testing.assert_allclose([v, w], [expected[0], (expected[0] + a) / b], rtol=1e-9)


def test_fitzhugh_nagumo_fires_between_its_two_hopf_bifurcations():
    # The trace 1 - v^2 - b / tau vanishes at v = -+sqrt(1 - b / tau); the current follows.
    model, a, b, tau = ps.catalog.fitzhugh_nagumo(), 0.7, 0.8, 12.5
    for side in (-1, 1):
        v = side * np.sqrt(1 - b / tau)
        current = (v + a) / b - v + v**3 / 3
        assert abs(growth(model, [v, (v + a) / b], current=current).real) < 1e-12
    currents = xr.DataArray([0.2, 0.5, 1.2, 1.6], dims="current", name="current")
    sol = ps.solve(model, t=(0, 400), save=0.5, inputs={"current": currents})
    late = sol.v.sel(time=slice(200, None))
    swing = (late.max("time") - late.min("time")).values
    assert (swing[[0, 3]] < 0.01).all()
    assert (swing[[1, 2]] > 2).all()


def test_the_opening_rates_of_hodgkin_huxley_are_smooth_where_they_are_0_by_0():
    # z / (1 - exp(-z)) = z / 2 + (z / 2) coth(z / 2), where the series and the quotient meet.
    z = np.array([-0.0300001, -0.0299999, 0.0299999, 0.0300001])
    half = z / 2
    slopes = 0.5 + 0.5 / np.tanh(half) - half / 2 / np.sinh(half) ** 2
    with jax.enable_x64(True):
        every = jax.jit(jax.vmap(lambda z: (_linoid(z), jax.grad(_linoid)(z))))
        value, slope = every(np.append(z, 0.0))
    np.testing.assert_allclose(value, np.append(half + half / np.tanh(half), 1.0), rtol=1e-14)
    np.testing.assert_allclose(slope, np.append(slopes, 0.5), rtol=1e-11)
    # -40 and -55 mV, where the two rates of the paper are 0 / 0: 1 and 0.1 per ms.
    for v, gate, rate in ((-40.0, 1, 1.0), (-55.0, 3, 0.1)):
        assert rates(ps.catalog.hodgkin_huxley(), [v, 0, 0, 0])[gate] == pytest.approx(rate)
        assert np.isfinite(jacobian(ps.catalog.hodgkin_huxley(), [v, 0, 0, 0])).all()


def test_hodgkin_huxley_rests_near_minus_65_mv():
    found = rest(ps.catalog.hodgkin_huxley(), [-65, 0.05, 0.6, 0.3])
    assert found[0] == pytest.approx(-65, abs=0.01)
    np.testing.assert_allclose(found[1:], [0.0529, 0.5961, 0.3177], atol=2e-4)
    assert growth(ps.catalog.hodgkin_huxley(), found).real < 0


def test_hodgkin_huxley_loses_its_rest_at_the_published_currents():
    # Rinzel and Miller (1980), Math. Biosci. 49, 27: Hopf bifurcations at 9.78 and 154.5 uA/cm^2.
    model = ps.catalog.hodgkin_huxley()
    for low, high, near, published in (
        (9, 11, [-60, 0.1, 0.4, 0.4], 9.78),
        (150, 160, [-45, 0.3, 0.1, 0.6], 154.5),
    ):
        current = brentq(lambda i, near=near: growth(model, near, current=i).real, low, high)
        assert current == pytest.approx(published, abs=0.05)


def test_hodgkin_huxley_fires_at_its_published_rate():
    # Above 6.26 uA/cm^2 it fires for ever (Rinzel and Miller), below after a step at most briefly.
    currents = xr.DataArray([0.0, 6.0, 6.5, 10.0], dims="current", name="current")
    model = ps.catalog.hodgkin_huxley()
    sol = ps.solve(model, t=(0, 300), save=0.05, inputs={"current": currents})
    quiet, below, above, firing = (sol.v.isel(current=i) for i in range(4))
    assert abs(quiet + 65).max() < 0.1
    assert len(crossings(below)) <= 3
    assert len(crossings(above)) > 12
    intervals = np.diff(crossings(firing))[5:]
    assert np.ptp(intervals) < 0.01
    assert 1000 / intervals.mean() == pytest.approx(68, abs=1)
    assert float(firing[:1000].max()) == pytest.approx(40, abs=3)
    assert float(firing.min()) > -77  # the reversal of potassium


def test_nakl_rests_where_its_currents_cancel():
    # The gates follow v, so that rest is the root of one equation, written here in NumPy.
    def steady(v, middle, width):
        return (1 + np.tanh((v - middle) / width)) / 2

    def membrane(v):
        m, h, n = steady(v, -40, 15), steady(v, -60, -15), steady(v, -55, 30)
        return 120 * m**3 * h * (50 - v) + 20 * n**4 * (-77 - v) + 0.3 * (-54.4 - v)

    v = brentq(membrane, -80, -60)
    expected = [v, steady(v, -40, 15), steady(v, -60, -15), steady(v, -55, 30)]
    np.testing.assert_allclose(rest(ps.catalog.nakl(), [-70, 0.0, 0.8, 0.3]), expected, rtol=1e-9)
    assert growth(ps.catalog.nakl(), expected).real < 0
    # At its midpoint a gate has the time constant t0 + t1.
    for gate, middle, constant in ((1, -40.0, 0.5), (2, -60.0, 8.0), (3, -55.0, 6.0)):
        assert rates(ps.catalog.nakl(), [middle, 0, 0, 0])[gate] == pytest.approx(0.5 / constant)


def test_nakl_spikes_under_current():
    currents = xr.DataArray([0.0, 30.0], dims="current", name="current")
    sol = ps.solve(ps.catalog.nakl(), t=(0, 100), save=0.1, inputs={"current": currents})
    quiet, firing = sol.v.sel(current=0.0), sol.v.sel(current=30.0)
    assert len(crossings(quiet)) <= 1
    assert float(quiet[-100:].max() - quiet[-100:].min()) < 0.01
    assert len(crossings(firing)) > 5
    assert float(sol.v.max()) < 50  # the reversal of sodium
    for gate in ("m", "h", "n"):
        assert 0 < float(sol[gate].min()) < float(sol[gate].max()) < 1


def test_integrate_and_fire_spikes_at_its_closed_form_times():
    currents = xr.DataArray([1.4, 2.0, 5.0], dims="current", name="current")
    model = ps.catalog.leaky_integrate_and_fire()
    sol = ps.solve(model, t=(0, 100), save=0.5, inputs={"current": currents}, rtol=1e-9, atol=1e-9)
    assert sol.spike.dims == ("current", "spike_index")
    assert sol.v.max() <= -50 + 1e-6
    assert sol.v.min() >= -70 - 1e-6
    for current in (2.0, 5.0):
        high = -65 + 10 * current
        first = 10 * np.log((high + 65) / (high + 50))
        interval = 10 * np.log((high + 70) / (high + 50))
        times = sol.spike.sel(current=current).dropna("spike_index")
        expected = np.arange(first, 100, interval)
        assert expected.size > 5
        np.testing.assert_allclose(times, expected, rtol=1e-6)
    # 14 mV of drive do not reach the threshold 15 mV above rest.
    below = sol.sel(current=1.4)
    assert below.spike.isnull().all()
    np.testing.assert_allclose(below.v, -65 - 14 * np.expm1(-sol.time / 10), rtol=1e-8)
