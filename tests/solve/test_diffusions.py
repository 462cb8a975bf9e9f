"""The stochastic systems of the catalogue against their laws (tests/data/README.md)."""

from pathlib import Path

import numpy as np
import pytest

import pysciml as ps

DATA = Path(__file__).parents[1] / "data"
MANY = 20_000


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
