"""The law of the drawn noise, with fixed seeds and bounds of four standard errors or more."""

import numpy as np
import pytest
from scipy.stats import norm

import pysciml as ps

PATHS = 4000


@ps.model(state={"x": 0.0, "z": np.zeros(2)}, params={"s": [1.0, 2.0]})
def still(t, u, p):
    return {"x": 0.0, "z": 0 * u.z}


@still.noise
def brownian(t, u, p):
    return {"x": 0.5, "z": p.s}


@pytest.fixture(scope="module")
def walk():
    """Brownian motion of three components, shape (trajectory, time, component), dt = 0.25."""
    sol = ps.solve(brownian, t=(0, 2), save=0.5, dt=0.25, trajectories=PATHS, rng=7)
    return np.concatenate([sol.x.values[..., None], sol.z.values], axis=-1)


def test_increments_have_the_variance_of_their_time_and_nothing_in_common(walk):
    increments = np.diff(walk, axis=1) / np.array([0.5, 1.0, 2.0])
    flat = increments.reshape(PATHS, -1) / 0.5**0.5
    # The variance of a sample covariance of unit Gaussians is 1 / n, 2 / n on the diagonal.
    bound = 5 / np.sqrt(PATHS) * (1 + (2**0.5 - 1) * np.eye(flat.shape[1]))
    assert np.all(np.abs(np.cov(flat.T) - np.eye(flat.shape[1])) < bound)
    assert np.all(np.abs(flat.mean(0)) < 5 / np.sqrt(PATHS))


def test_increments_are_gaussian(walk):
    ordered = np.sort(walk[:, -1, 0] / (0.5 * 2**0.5))
    # Kolmogorov-Smirnov: beyond 2 / sqrt(n) once in 1,500.
    gaps = np.abs(norm.cdf(ordered) - (np.arange(PATHS) + 0.5) / PATHS)
    assert gaps.max() < 2 / np.sqrt(PATHS)


def test_ornstein_uhlenbeck_has_the_moments_of_euler_maruyama_and_nearly_its_own():
    theta, mean, sigma, x0, dt, end = 1.5, 0.3, 0.8, 2.0, 0.01, 1.0
    sol = ps.solve(
        ps.catalog.ornstein_uhlenbeck(),
        t=(0, end),
        save=0.25,
        dt=dt,
        state={"x": x0},
        params={"theta": theta, "mean": mean, "sigma": sigma},
        trajectories=PATHS,
        rng=1,
    )
    t, x = sol.time.values[1:], sol.x.values[:, 1:]
    # Of the scheme, exactly: a recursion x -> q x + (1 - q) mean + sigma dW.
    q = (1 - theta * dt) ** np.round(t / dt)
    expected = mean + (x0 - mean) * q
    variance = sigma**2 * dt * (1 - q**2) / (1 - (1 - theta * dt) ** 2)
    assert np.all(np.abs(x.mean(0) - expected) < 4 * np.sqrt(variance / PATHS))
    assert np.all(np.abs(x.var(0, ddof=1) / variance - 1) < 4 * np.sqrt(2 / PATHS))
    # Of the process (Uhlenbeck and Ornstein 1930): the step adds an error of order dt.
    assert expected == pytest.approx(mean + (x0 - mean) * np.exp(-theta * t), abs=dt)
    assert variance == pytest.approx(
        sigma**2 * (1 - np.exp(-2 * theta * t)) / (2 * theta), rel=2 * theta * dt
    )
