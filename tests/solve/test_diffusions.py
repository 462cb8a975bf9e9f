"""The stochastic systems of the catalogue against their laws (tests/data/README.md)."""

from pathlib import Path

import jax
import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.linalg import eigh_tridiagonal

import pysciml as ps
from pysciml.tracing import call

DATA = Path(__file__).parents[1] / "data"
MANY = 10_000


def errors(samples):
    """Give mean and variance of samples, and the standard errors of both."""
    deviations = samples - samples.mean()
    variance = (deviations**2).mean()
    spread = np.sqrt((deviations**4).mean() - variance**2)
    return samples.mean(), variance, np.sqrt(variance / samples.size), spread / samples.size**0.5


def test_geometric_brownian_motion_follows_the_reference():
    increments, paths = (
        np.genfromtxt(DATA / f"gbm_{what}.csv", delimiter=",", names=True)
        for what in ("increments", "euler_maruyama")
    )
    names = increments.dtype.names
    sol = ps.solve(
        ps.catalog.geometric_brownian_motion(),
        t=(0, 1),
        save="steps",
        dt=0.005,
        solver="EulerMaruyama",
        trajectories=4,
        increments=np.stack([increments[name] for name in names])[..., None],
    )
    np.testing.assert_allclose(sol.x, np.stack([paths[name] for name in names]), rtol=1e-13)


def test_geometric_brownian_motion_has_its_moments():
    mu, sigma, x0, t = 0.5, 0.4, 2.0, 1.0
    sol = ps.solve(
        ps.catalog.geometric_brownian_motion(),
        t=(0, t),
        save=[t],
        dt=0.005,
        state={"x": x0},
        params={"mu": mu, "sigma": sigma},
        trajectories=MANY,
        rng=1,
    )
    mean, variance, mean_error, variance_error = errors(sol.x.values)
    # The scheme itself is off by a share mu^2 t dt / 2 in the mean.
    expected = x0 * np.exp(mu * t)
    assert mean == pytest.approx(expected, abs=4 * mean_error + 1e-3 * expected)
    expected = x0**2 * np.exp(2 * mu * t) * np.expm1(sigma**2 * t)
    assert variance == pytest.approx(expected, abs=4 * variance_error + 4e-3 * expected)


def test_cox_ingersoll_ross_has_its_moments():
    # With Feller's condition (2 theta mean = 3.2 against 0.64) and without it (0.4 against 1).
    t, x0 = 0.8, np.array([2.0, 0.5])
    theta, mean, sigma = np.array([[2.0, 0.8, 0.8], [1.0, 0.2, 1.0]]).T
    cases = [xr.DataArray(values, dims="case") for values in (theta, mean, sigma)]
    sol = ps.solve(
        ps.catalog.cox_ingersoll_ross(),
        t=(0, t),
        save=[t],
        dt=0.004,
        state={"x": xr.DataArray(x0, dims="case")},
        params=dict(zip(("theta", "mean", "sigma"), cases, strict=True)),
        trajectories=MANY,
        rng=2,
    )
    e = np.exp(-theta * t)
    means = mean + (x0 - mean) * e
    variances = sigma**2 / theta * (x0 * (e - e**2) + mean * (1 - e) ** 2 / 2)
    for case, allowance in ((0, 0.01), (1, 0.05)):  # the scheme is coarse near zero
        found = errors(sol.x.isel(case=case).values)
        assert found[0] == pytest.approx(means[case], abs=4 * found[2] + 1e-3)
        expected = variances[case]
        assert found[1] == pytest.approx(expected, abs=4 * found[3] + allowance * expected)


def test_the_noise_of_cox_ingersoll_ross_is_finite_at_zero_and_so_is_its_gradient():
    model = ps.catalog.cox_ingersoll_ross()
    params = {"theta": 1.0, "mean": 1.0, "sigma": 0.5}

    def amplitude(x):
        return call(model.diffusion.function, 0.0, {"x": x}, params, {})["x"]

    with jax.enable_x64(True):
        points = np.array([-0.1, 0.0, 4.0])
        value, slope = jax.jit(jax.vmap(jax.value_and_grad(amplitude)))(points)
    np.testing.assert_allclose(value, [0, 0, 1.0])
    np.testing.assert_allclose(slope, [0, 0, 0.125])


def test_the_double_well_has_its_stationary_density_and_its_slowest_rate():
    a, b, sigma = 1.0, 1.0, 0.7
    sol = ps.solve(
        ps.catalog.double_well(),
        t=(0, 8),
        save=[4, 8],
        dt=0.02,
        params={"sigma": sigma},
        trajectories=4 * MANY,
        rng=3,
        solver=ps.EulerMaruyama(stream="xoshiro"),
    )

    def density(x):
        return np.exp(-2 * (b * x**4 / 4 - a * x**2 / 2) / sigma**2)

    # Even moments have settled; they do not tell one well from the other.
    total = quad(density, -4, 4)[0]
    for power in (2, 4):
        samples = sol.x.values[:, -1] ** power
        mean, _, error, _ = errors(samples)
        expected = quad(lambda x, power=power: x**power * density(x), -4, 4)[0] / total
        assert mean == pytest.approx(expected, abs=4 * error + 0.01 * expected)
    # The mean falls at the slowest rate of the Fokker-Planck operator, here as a symmetric matrix
    # of hops between neighbours that keeps the density.
    x, h = np.linspace(-3, 3, 1201, retstep=True)
    between = density((x[1:] + x[:-1]) / 2) * sigma**2 / (2 * h**2)
    weight = density(x)
    diagonal = (np.append(between, 0) + np.insert(between, 0, 0)) / weight
    off = -between / np.sqrt(weight[1:] * weight[:-1])
    zero, slowest = eigh_tridiagonal(
        diagonal, off, select="i", select_range=(0, 1), eigvals_only=True
    )
    assert abs(zero) < 1e-8
    first, second = (errors(sol.x.values[:, i]) for i in (0, 1))
    share = second[0] / first[0]
    error = share * np.hypot(first[2] / first[0], second[2] / second[0])
    assert share == pytest.approx(np.exp(-slowest * 4), abs=4 * error)
    # Kramers: for weak noise twice the rate at which a well is left.
    kramers = a / (np.sqrt(2) * np.pi) * np.exp(-(a**2) / (2 * b * sigma**2))
    assert slowest == pytest.approx(2 * kramers, rel=0.3)
