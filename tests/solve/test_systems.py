"""Every system of the catalogue against what is known of it (tests/data/README.md)."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from rest_points import jacobian, rates
from scipy.special import ellipk

import pysciml as ps

DATA = Path(__file__).parents[1] / "data"
LORENZ, ROBERTSON = (
    np.genfromtxt(DATA / name, delimiter=",", names=True)
    for name in ("lorenz63.csv", "robertson.csv")
)

TIGHT = {"rtol": 1e-11, "atol": 1e-11}
SAVED = 41  # times in every solve of a system, so that it is compiled once


def test_lotka_volterra_keeps_its_first_integral():
    # Volterra (1926): c x - d log x + b y - a log y is constant along an orbit.
    model = ps.catalog.lotka_volterra()
    start = xr.DataArray([0.3, 1.0, 2.5], dims="orbit")
    sol = ps.solve(model, t=(0, 30), save=0.1, state={"x": start}, **TIGHT)
    a, b, c, d = (float(model.params[name].array) for name in "abcd")
    integral = c * sol.x - d * np.log(sol.x) + b * sol.y - a * np.log(sol.y)
    assert float(abs(integral - integral.isel(time=0)).max()) < 1e-8
    assert float(sol.x.std("time").min()) > 0.3


def test_a_stuart_landau_oscillator_spirals_as_its_solution_does():
    # Without coupling, r' = (a - r^2) r and the phase grows by omega t, so that
    # r^2 = a / (1 + (a / r0^2 - 1) exp(-2 a t)).
    a, omega, z0 = np.array([0.5, 0.9, -0.4]), np.array([0.8, 0.2, 0.6]), 0.1 + 0.2j
    sol = ps.solve(
        ps.catalog.stuart_landau(3, stochastic=False),
        t=(0, 40),
        save=np.linspace(0, 40, SAVED),
        state={"x": np.full(3, z0.real), "y": np.full(3, z0.imag)},
        params={"a": a, "omega": omega, "G": 0.0},
        **TIGHT,
    )
    t = sol.time.values[:, None]
    radius = np.sqrt(a / (1 + (a / abs(z0) ** 2 - 1) * np.exp(-2 * a * t)))
    expected = radius * np.exp(1j * (np.angle(z0) + omega * t))
    np.testing.assert_allclose(sol.x + 1j * sol.y, expected, rtol=0, atol=1e-9)
    # The limit cycle: radius sqrt(a) above the bifurcation, rest below it.
    final = np.hypot(sol.x, sol.y).isel(time=-1)
    np.testing.assert_allclose(final, [0.5**0.5, 0.9**0.5, 0], atol=1e-6)


def test_coupled_stuart_landau_oscillators_synchronise():
    # Equal oscillators with equal coupling k to all of N: the difference of two small ones grows
    # at the rate a - G k N, so it dies out where G k N > a.
    n, a, strength = 3, 0.2, 0.5
    sol = ps.solve(
        ps.catalog.stuart_landau(n, stochastic=False),
        t=(0, 4),
        save=np.linspace(0, 4, SAVED),
        state={"x": [1e-5, 0, -1e-5], "y": np.zeros(n)},
        params={
            "a": np.full(n, a),
            "omega": np.full(n, 0.7),
            "C": np.full((n, n), 0.2),
            "G": strength,
        },
        rtol=1e-10,
        atol=1e-16,
    )
    gap = (sol.x + 1j * sol.y).isel(oscillator=0) - (sol.x + 1j * sol.y).isel(oscillator=2)
    rate = a + 0.7j - strength * 0.2 * n
    np.testing.assert_allclose(gap, 2e-5 * np.exp(rate * sol.time.values), rtol=1e-7)


def test_van_der_pol_has_its_published_period():
    # For mu = 1; to many more digits in Amore (2021), arXiv:2111.12198.
    period = 6.6632868593231
    sol = ps.solve(
        ps.catalog.van_der_pol(),
        t=(0, 60 + period),
        save=[0, *np.linspace(60, 60 + period, SAVED - 1)],
        rtol=1e-12,
        atol=1e-12,
    )
    orbit = np.array([sol.x, sol.v])[:, 1:]
    np.testing.assert_allclose(orbit[:, -1], orbit[:, 0], rtol=0, atol=1e-8)
    assert np.linalg.norm(orbit[:, 1:-1] - orbit[:, :1], axis=0).min() > 0.1  # and no shorter one


def test_van_der_pol_swings_to_2_for_weak_damping():
    # Averaging: A(t) = 2 / sqrt(1 + (4 / A0^2 - 1) exp(-mu t)), with an error of order mu.
    mu, a0 = 0.01, 0.5
    sol = ps.solve(
        ps.catalog.van_der_pol(),
        t=(0, 900),
        save=np.linspace(0, 900, SAVED),
        state={"x": a0},
        params={"mu": mu},
        rtol=1e-8,
        atol=1e-8,
    )
    amplitude = np.hypot(sol.x, sol.v).values
    expected = 2 / np.sqrt(1 + (4 / a0**2 - 1) * np.exp(-mu * sol.time.values))
    np.testing.assert_allclose(amplitude, expected, atol=mu)
    assert amplitude[-1] == pytest.approx(2, abs=mu)


def test_lorenz_63_rests_at_its_fixed_points():
    # Lorenz (1963): x = y = +-sqrt(beta (rho - 1)), z = rho - 1; stable for 1 < rho < 24.74.
    rho, beta = 10.0, 8 / 3
    rest = np.sqrt(beta * (rho - 1))
    for side in (1, -1):
        sol = ps.solve(
            ps.catalog.lorenz63(),
            t=(0, 60),
            save=np.linspace(0, 60, LORENZ["t"].size),
            state={"x": side},
            params={"rho": rho},
        )
        final = sol.isel(time=-1)
        np.testing.assert_allclose(
            [final.x, final.y, final.z], [side * rest, side * rest, rho - 1], rtol=1e-5
        )


def test_lorenz_63_follows_the_reference_up_to_time_15():
    # There the flow has stretched errors some 1e4 times.
    sol = ps.solve(ps.catalog.lorenz63(), t=(0, 15), save=LORENZ["t"], rtol=1e-13, atol=1e-13)
    for name in ("x", "y", "z"):
        np.testing.assert_allclose(sol[name], LORENZ[name], rtol=0, atol=1e-9)


def test_lorenz_96_moves_energy_without_making_any():
    # Lorenz (1996): the quadratic terms keep the sum of x^2, so that E' = F sum x - sum x^2.
    for n in (4, 5, 40):
        model, x = ps.catalog.lorenz96(n), np.random.default_rng(n).normal(3, 5, n)
        assert x @ rates(model, x, F=8.0) == pytest.approx(8 * x.sum() - x @ x, rel=1e-12)
        expected = [(x[(i + 1) % n] - x[i - 2]) * x[i - 1] - x[i] + 8.0 for i in range(n)]
        np.testing.assert_allclose(rates(model, x, F=8.0), expected, rtol=1e-12)


def test_waves_in_lorenz_96_grow_where_the_forcing_exceeds_8_9ths():
    # About x = F a wave of phase k per site grows at F (exp(ik) - exp(-2ik)) - 1; the real part,
    # F (cos k - cos 2k) - 1, is largest, 9 F / 8 - 1, at cos k = 1 / 4.
    n = 43  # whose ninth wave is close to that
    model = ps.catalog.lorenz96(n)
    k = 2 * np.pi * np.arange(n) / n
    for F in (0.88, 0.9, 8.0):
        expected = F * (np.exp(1j * k) - np.exp(-2j * k)) - 1
        found = np.linalg.eigvals(jacobian(model, np.full(n, F), F=F))
        np.testing.assert_allclose(np.sort(found.real), np.sort(expected.real), atol=1e-12)
        assert (found.real.max() > 0) == (F > 8 / 9)


def test_lorenz_96_has_its_published_climate():
    # Lorenz and Emanuel (1998), F = 8: mean 2.3, standard deviation 3.6. A chaotic orbit forgets
    # its start, so that the mean of x^2 is F times that of x.
    model = ps.catalog.lorenz96(40, forcing=8.0)
    sol = ps.solve(model, t=(0, 220), save=0.2, dt=0.05, solver="RK4")
    x = sol.x.sel(time=slice(20, None))
    assert float(x.mean()) == pytest.approx(2.3, abs=0.1)
    assert float(x.std()) == pytest.approx(3.6, abs=0.1)
    assert float((x**2).mean()) == pytest.approx(8 * float(x.mean()), rel=0.02)


def test_robertson_keeps_its_mass_and_slows_down_along_the_whole_reference():
    # After the first instants B is made as fast as it is used, to within 1e-4.
    model = ps.catalog.robertson()
    states = np.stack([ROBERTSON[name] for name in ("y1", "y2", "y3")], axis=1)
    for t, y in zip(ROBERTSON["t"], states, strict=True):
        found = rates(model, y)
        assert abs(found.sum()) < 1e-16 + 1e-15 * 0.04 * y[0]
        if t > 1:
            assert abs(found[1]) < 1e-4 * 0.04 * y[0]
            assert found[2] == pytest.approx(3e7 * y[1] ** 2, rel=1e-12)


def test_a_pendulum_swings_with_its_exact_period_and_energy():
    model, g, length = ps.catalog.pendulum(), 9.81, 0.7
    amplitudes = np.array([0.1, 1.0, 2.0, 3.1])
    periods = 4 * np.sqrt(length / g) * ellipk(np.sin(amplitudes / 2) ** 2)
    assert periods[3] > 3 * periods[0]
    sol = ps.solve(
        model,
        t=(0, 3 * periods[-1]),
        save=np.sort(np.concatenate([3 * periods, np.linspace(0, periods[-1], 37)])),
        state={"theta": xr.DataArray(amplitudes, dims="orbit")},
        params={"length": length},
        **TIGHT,
    )
    for orbit, (amplitude, period) in enumerate(zip(amplitudes, periods, strict=True)):
        back = sol.isel(orbit=orbit).sel(time=3 * period)
        assert float(back.theta) == pytest.approx(amplitude, abs=1e-7)
        assert float(back.omega) == pytest.approx(0, abs=1e-6)
    energy = sol.omega**2 / 2 - g / length * np.cos(sol.theta)
    np.testing.assert_allclose(energy, -g / length * np.cos(amplitudes)[:, None] + 0 * energy)


def test_a_damped_pendulum_swings_out_as_a_damped_oscillator():
    # For small angles theta'' + d theta' + (g / l) theta = 0.
    a, d = 1e-4, 0.6
    w = np.sqrt(9.81 - d**2 / 4)
    sol = ps.solve(
        ps.catalog.pendulum(damping=d),
        t=(0, 8),
        save=np.linspace(0, 8, SAVED),
        state={"theta": a},
        rtol=1e-10,
        atol=1e-16,
    )
    t = sol.time.values
    expected = a * np.exp(-d * t / 2) * (np.cos(w * t) + d / (2 * w) * np.sin(w * t))
    np.testing.assert_allclose(sol.theta, expected, rtol=0, atol=1e-7 * a)
