"""Schemes on given increments, against other software (tests/data/README.md) and by hand."""

from pathlib import Path

import jax
import numpy as np
import pytest

import pysciml as ps
from pysciml.errors import InputError

DATA = Path(__file__).parents[1] / "data"


def table(name):
    return np.genfromtxt(DATA / name, delimiter=",", names=True)


def test_euler_maruyama_on_given_increments():
    growth = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": 0.1 * u.x})
    noisy = growth.noise(lambda t, u, p: {"x": 0.3 * u.x})
    increments, paths = table("gbm_increments.csv"), table("gbm_euler_maruyama.csv")
    names = increments.dtype.names
    sol = ps.solve(
        noisy,
        t=(0, 1),
        save="steps",
        dt=0.005,
        solver="EulerMaruyama",
        trajectories=4,
        increments=np.stack([increments[name] for name in names])[..., None],
    )
    expected = np.stack([paths[name] for name in names])
    np.testing.assert_allclose(sol.time, paths["t"], rtol=1e-14)
    np.testing.assert_allclose(sol.x, expected, rtol=1e-13)


def test_milstein_on_given_increments():
    # By hand, since other software replaces the derivative of the amplitude by a difference.
    a, b, h = 0.1, 0.3, 0.005
    growth = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": a * u.x})
    table_ = table("gbm_increments.csv")
    dw = np.stack([table_[name] for name in table_.dtype.names])
    for calculus, less in (("ito", h), ("stratonovich", 0.0)):
        sol = ps.solve(
            growth.noise(lambda t, u, p: {"x": b * u.x}, calculus=calculus),
            t=(0, 1),
            save="steps",
            dt=h,
            solver="Milstein",
            trajectories=4,
            increments=dw[..., None],
        )
        factors = 1 + a * h + b * dw + b**2 * (dw**2 - less) / 2
        np.testing.assert_allclose(sol.x[:, 1:], np.cumprod(factors, axis=1), rtol=1e-12)


def test_schemes_that_need_more_of_a_path_than_increments_take_none():
    model = ps.catalog.ornstein_uhlenbeck()
    for solver in ("SRA1", "SRIW1"):
        with pytest.raises(InputError, match=f"{solver} needs more of a path than its increments"):
            ps.solve(model, t=(0, 1), save=1, dt=1, solver=solver, increments=np.ones((1, 1)))
        flow = ps.flow(model, t=(0, 1), save=1, dt=1, solver=solver)
        with pytest.raises(InputError, match="noise= must be a JAX key"):
            flow({}, {}, noise=np.ones((1, 1)))
        assert np.isfinite(flow({}, {}, noise=jax.random.key(0))["x"]).all()
