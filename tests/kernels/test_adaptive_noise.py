"""Adaptive steps for stochastic equations: paths that do not depend on the tolerance."""

import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.engines.base import Status
from pysciml.errors import CapabilityError, InputError

A, B, S = 0.4, 0.8, 0.7
PATHS = 200


@ps.model(state={"x": 1.0, "w": 0.0}, params={"blow": 0.0})
def growth(t, u, p):
    return {"x": A * u.x + p.blow * u.x**3, "w": 0.0}


@growth.noise(kind="general", sources=2, calculus="stratonovich")
def grown(t, u, p):
    """Commuting sources, whose weighted sum is kept beside the solution that they make."""
    return {"x": jnp.stack([B * u.x, B * u.x / 2]), "w": jnp.array([1.0, 0.5])}


@ps.model(state={"x": 1.0, "w": np.zeros(2)})
def relaxation(t, u, p):
    return {"x": -u.x * (1 + t), "w": 0 * u.w}


RELAXED = relaxation.noise(lambda t, u, p: {"x": S, "w": np.ones(2)})
SETTINGS = {"t": (0, 1), "save": 0.25, "rng": 1}


def solve(model, solver, tolerance, trajectories=PATHS, **given):
    return ps.solve(
        model,
        solver=solver,
        rtol=tolerance,
        atol=tolerance,
        trajectories=trajectories,
        **SETTINGS,
        **given,
    )


def test_sources_that_commute_converge_on_the_path_of_the_seed():
    """To the exact solution, with strong order 1 in the mean count of steps."""
    errors, steps, ends = [], [], []
    for tolerance in (1e-2, 3e-4):
        sol = solve(grown, "SPaRK", tolerance)
        exact = np.exp(A * sol.time + B * sol.w)
        errors.append(float(np.sqrt(((sol.x - exact) ** 2).mean())))
        steps.append(sol.attrs["steps"])
        ends.append(sol.w.values)
        assert sol.attrs["evaluations"] == 3 * (steps[-1] + sol.attrs["rejected"])
    np.testing.assert_allclose(*ends, atol=1e-12)
    assert np.log(errors[0] / errors[1]) / np.log(steps[1] / steps[0]) > 0.8
    assert errors[1] < 0.03
    # The Brownian path is one: of the variance of its time, with independent increments.
    increments = np.diff(ends[0], axis=1)
    expected = 1.25 * 0.25 * np.eye(4)
    bound = 5 * 1.25 * 0.25 * (2 / PATHS) ** 0.5
    assert np.abs(np.cov(increments.T) - expected).max() < bound


def test_a_trajectory_is_the_same_in_every_ensemble():
    few = solve(grown, "SPaRK", 1e-2, trajectories=3)
    many = solve(grown, "SPaRK", 1e-2)
    np.testing.assert_allclose(many.x[:3], few.x, rtol=1e-12)
    assert len(np.unique(many.x[:, -1])) == PATHS


def test_a_trajectory_that_blows_up_is_told_and_ends_there():
    sol = solve(grown, "SPaRK", 1e-2, on_error="return", params={"blow": 3.0})
    failed = sol.status.values != Status.SUCCESS
    assert failed.any()
    assert np.isnan(sol.x.values[failed, -1]).all()
    assert np.isfinite(sol.x.values[:, 0]).all()
    assert np.isfinite(sol.x.values[~failed]).all()


def test_additive_noise_converges_and_has_its_law():
    coarse, fine = (solve(RELAXED, "ShARK", tolerance) for tolerance in (1e-2, 1e-4))
    np.testing.assert_allclose(coarse.w, fine.w, atol=1e-12)
    error = np.abs(coarse.x - fine.x).max()
    assert 0 < error < 2e-2
    # A linear equation: x = exp(-t - t^2 / 2) (1 + S times the integral of exp(s + s^2 / 2) dW).
    s, weights = np.polynomial.legendre.leggauss(30)
    variance = S**2 * np.exp(-3.0) * np.sum(weights / 2 * np.exp(1 + s + (1 + s) ** 2 / 4))
    end = fine.x.values[:, -1]
    assert end.mean() == pytest.approx(np.exp(-1.5), abs=4 * (variance / PATHS) ** 0.5)
    assert end.var(ddof=1) == pytest.approx(variance, rel=4 * (2 / PATHS) ** 0.5)


def test_what_it_does_not_solve_is_refused():
    with pytest.raises(InputError, match="ShARK chooses its steps by rtol and atol"):
        ps.solve(RELAXED, solver="ShARK", dt=0.1, t=(0, 1))
    with pytest.raises(InputError, match="SPaRK needs more of a path than its increments"):
        ps.solve(grown, solver="SPaRK", t=(0, 1), increments=np.ones((1, 1)))
    with pytest.raises(CapabilityError, match=r"ShARK solves noise that is additive.*; use"):
        ps.solve(grown, solver="ShARK", t=(0, 1))
    with pytest.raises(CapabilityError, match="cannot be differentiated"):
        ps.flow(grown, solver="SPaRK", t=(0, 1))
