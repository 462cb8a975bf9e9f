"""Populations and networks of the catalogue against their rest, bifurcations and rhythms."""

import numpy as np
import pytest
import xarray as xr
from rest_points import growth, rates, rest
from scipy.optimize import brentq

import pysciml as ps


def test_wilson_cowan_rests_without_input():
    # By construction the responses vanish at 0.
    model = ps.catalog.wilson_cowan()
    assert np.abs(rates(model, [0, 0], P=0.0)).max() < 1e-15
    assert growth(model, [0, 0], P=0.0).real < 0


def test_wilson_cowan_has_a_limit_cycle_at_its_published_parameters():
    # Their figure 11: P = 1.25. Its one point of rest is unstable, and every orbit is bounded.
    model = ps.catalog.wilson_cowan()
    inside = growth(model, [0.15, 0.1], P=1.25)
    assert inside.real > 0
    assert inside.imag != 0
    start = xr.DataArray([0.0, 0.4], dims="orbit")
    sol = ps.solve(model, t=(0, 600), save=0.5, state={"E": start}).sel(time=slice(400, None))
    assert (sol.E.max("time") - sol.E.min("time") > 0.1).all()
    np.testing.assert_allclose(sol.E.max("time")[0], sol.E.max("time")[1], rtol=1e-3)
    np.testing.assert_allclose(sol.I.min("time")[0], sol.I.min("time")[1], rtol=5e-3)


def test_wilson_cowan_has_two_stable_states_at_its_published_parameters():
    # Their figures 4 and 5: hysteresis about P = 0.
    constants = {"c1": 12, "c2": 4, "c3": 13, "c4": 11, "a_e": 1.2, "theta_e": 2.8}
    constants |= {"a_i": 1.0, "theta_i": 4.0, "P": 0.0}
    model = ps.catalog.wilson_cowan()
    low, high = (rest(model, near, **constants) for near in ([0, 0], [0.45, 0.25]))
    assert high[0] - low[0] > 0.3
    for stable in (low, high):
        assert growth(model, stable, **constants).real < 0
    between = rest(model, [0.15, 0.08], **constants)
    assert low[0] < between[0] < high[0]
    assert growth(model, between, **constants).real > 0


@pytest.mark.parametrize(
    ("y0", "low", "high", "published"), [(0.097, 80, 100, 89.83), (0.122, 300, 330, 315.70)]
)
def test_jansen_rit_loses_its_rest_at_the_published_inputs(y0, low, high, published):
    # Grimbert and Faugeras (2006): Hopf bifurcations of the upper state at p = 89.83 and 315.70.
    model = ps.catalog.jansen_rit()

    def near(p):  # y1 and y2 follow from y0 and the rates
        v = 6 - np.log(5 / (y0 * 100 / 3.25) - 1) / 0.56
        y2 = 22 / 50 * 0.25 * 135 * 5 / (1 + np.exp(0.56 * (6 - 0.25 * 135 * y0)))
        return [y0, y2 + v, y2, 0, 0, 0]

    p = brentq(lambda p: growth(model, near(p), p=p).real, low, high)
    assert p == pytest.approx(published, abs=0.01)


def test_jansen_rit_gives_an_alpha_rhythm():
    # About 10 Hz between the two bifurcations, and rest beyond them.
    inputs = xr.DataArray([30.0, 150.0, 220.0, 400.0], dims="p", name="p")
    model = ps.catalog.jansen_rit()
    start = {"y0": 0.1, "y1": 22.0, "y2": 16.0}
    sol = ps.solve(model, t=(0, 4), save=0.002, inputs={"p": inputs}, state=start)
    eeg = (sol.y1 - sol.y2).sel(time=slice(2, None))
    swing = eeg.max("time") - eeg.min("time")
    assert (swing.sel(p=[150, 220]) > 2).all()
    assert (swing.sel(p=[30, 400]) < 0.2).all()
    above = (eeg > eeg.mean("time")).astype(int)
    cycles = (above.diff("time") > 0).sum("time") / 2
    assert (abs(cycles.sel(p=[150, 220]) - 10) <= 2).all()


def test_the_noise_of_jansen_rit_is_that_of_its_input():
    # Where p fluctuates by sigma dW, so does y4 by A a sigma dW, for one small step.
    noisy, sigma, h = ps.catalog.jansen_rit(noise=2.0), 2.0, 1e-3
    sol = ps.solve(noisy, t=(0, h), save=[h], dt=h, increments=[[0.3]], solver="EulerMaruyama")
    calm = rates(ps.catalog.jansen_rit(), np.zeros(6))
    expected = h * calm
    expected[4] += 3.25 * 100 * sigma * 0.3
    np.testing.assert_allclose([float(sol[f"y{i}"].squeeze()) for i in range(6)], expected)


def test_kuramoto_is_the_sum_over_its_pairs():
    n, rng = 5, np.random.default_rng(0)
    theta, omega, C, K = rng.normal(size=n), rng.normal(size=n), rng.random((n, n)), 0.7
    expected = [
        omega[j] + K / n * sum(C[i, j] * np.sin(theta[i] - theta[j]) for i in range(n))
        for j in range(n)
    ]
    found = rates(ps.catalog.kuramoto(n), theta, omega=omega, C=C, K=K)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    # Pairs cancel where the coupling is symmetric: the mean phase turns at the mean frequency.
    assert rates(ps.catalog.kuramoto(n), theta, omega=omega, C=C + C.T, K=K).sum() == (
        pytest.approx(omega.sum(), rel=1e-12)
    )


def test_two_kuramoto_oscillators_lock_up_to_their_threshold():
    # The difference d follows d' = w - K sin d: locked at arcsin(w / K), or with a period of
    # 2 pi / sqrt(w^2 - K^2).
    K = 1.0
    gaps = xr.DataArray([0.3, 0.9, 1.25], dims="gap")
    omega = xr.concat([-gaps / 2, gaps / 2], "oscillator")
    beat = 2 * np.pi / np.sqrt(1.25**2 - K**2)
    sol = ps.solve(
        ps.catalog.kuramoto(2),
        t=(0, 60 + beat),
        save=[60, 60 + beat],
        params={"omega": omega, "K": K},
        rtol=1e-9,
        atol=1e-9,
    )
    d = sol.theta.isel(oscillator=1) - sol.theta.isel(oscillator=0)
    locked = d.isel(gap=[0, 1], time=-1)
    np.testing.assert_allclose(locked, np.arcsin([0.3, 0.9]), atol=1e-6)
    assert float(d.isel(gap=2).diff("time").item()) == pytest.approx(2 * np.pi, abs=1e-6)


def test_kuramoto_oscillators_lock_together_at_the_critical_coupling():
    # Uniform frequencies in [-1, 1]: K_c = 4 / pi (Pazo 2005). Locked, sin(theta_j) is
    # omega_j / (K r), so that r is the mean of sqrt(1 - (omega / (K r))^2), for any N.
    n = 200
    model = ps.catalog.kuramoto(n)
    strengths = xr.DataArray([0.9, 1.1], dims="K", name="K") * 4 / np.pi
    sol = ps.solve(model, t=(0, 100), save=[90, 100], params={"K": strengths})
    order = abs(np.exp(1j * sol.theta).mean("oscillator")).isel(time=-1)
    speed = sol.theta.diff("time").isel(time=0) / 10
    assert float(np.ptp(speed.isel(K=1).values)) < 1e-4
    assert float(np.ptp(speed.isel(K=0).values)) > 0.5
    np.testing.assert_allclose(speed.mean("oscillator"), 0, atol=1e-6)
    r, K, omega = float(order[1]), float(strengths[1]), model.params["omega"].array
    assert r > np.pi / 4
    assert r == pytest.approx(np.sqrt(1 - (omega / (K * r)) ** 2).mean(), abs=1e-5)
