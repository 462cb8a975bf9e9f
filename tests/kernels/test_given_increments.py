"""Euler-Maruyama on given increments against other software (tests/data/README.md)."""

from pathlib import Path

import numpy as np

import pysciml as ps

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
