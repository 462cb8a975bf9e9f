"""Which noise a trajectory gets: by its seed and its number, and by nothing else."""

import numpy as np
import pytest
import xarray as xr

import pysciml as ps

OU = ps.catalog.ornstein_uhlenbeck()
SETTINGS = {"t": (0, 1), "save": 0.25, "dt": 0.125}
THETA = xr.DataArray([0.5, 2.0], dims="theta")


def paths(**arguments):
    return ps.solve(OU, **SETTINGS, **arguments).x


def test_a_trajectory_is_the_same_whatever_the_size_of_the_ensemble():
    few, many = paths(trajectories=2, rng=5), paths(trajectories=5, rng=5)
    np.testing.assert_allclose(many[:2], few, rtol=1e-14)
    np.testing.assert_allclose(paths(rng=5), few[0], rtol=1e-14)
    # and each is another
    assert len(np.unique(many[:, -1])) == 5


def test_that_holds_at_every_value_of_a_sweep():
    few = paths(trajectories=2, rng=5, params={"theta": THETA})
    many = paths(trajectories=3, rng=5, params={"theta": THETA})
    assert many.dims == ("trajectory", "theta", "time")
    np.testing.assert_allclose(many[:2], few, rtol=1e-14)


def test_seeds_differ_and_are_recorded():
    assert not np.allclose(paths(rng=1), paths(rng=2))
    drawn = ps.solve(OU, **SETTINGS, trajectories=2)
    again = ps.solve(OU, **SETTINGS, trajectories=2, rng=drawn.attrs["seed"])
    xr.testing.assert_identical(drawn, again)


def test_a_generator_gives_seeds_in_turn():
    one, other = np.random.default_rng(9), np.random.default_rng(9)
    first, second = paths(rng=one), paths(rng=one)
    assert not np.allclose(first, second)
    xr.testing.assert_identical(first, paths(rng=other))
    xr.testing.assert_identical(second, paths(rng=other))


def test_given_increments_are_the_noise():
    # Euler-Maruyama for additive noise, step by step.
    theta, mean, sigma, dt = 0.7, 0.2, 0.4, 0.125
    dw = np.random.default_rng(0).normal(size=(5, 8, 1))
    expected = np.ones((5, 9))
    for i in range(8):
        x = expected[:, i]
        expected[:, i + 1] = x + theta * (mean - x) * dt + sigma * dw[:, i, 0]
    params = {"theta": theta, "mean": mean, "sigma": sigma}
    found = paths(trajectories=5, increments=dw, params=params)
    np.testing.assert_allclose(found, expected[:, ::2], rtol=1e-13)
    # The same for all trajectories, and for one alone.
    alone = paths(increments=dw[2], params=params)
    np.testing.assert_allclose(alone, expected[2, ::2], rtol=1e-13)
    same = paths(trajectories=2, increments=dw[2], params=params)
    np.testing.assert_allclose(same, expected[[2, 2], ::2], rtol=1e-13)


def test_all_values_of_a_sweep_share_given_increments():
    dw = np.random.default_rng(1).normal(size=(3, 8, 1))
    swept = paths(trajectories=3, increments=dw, params={"theta": THETA})
    for i, theta in enumerate(THETA.values):
        alone = paths(trajectories=3, increments=dw, params={"theta": theta})
        np.testing.assert_allclose(swept.isel(theta=i), alone, rtol=1e-14)


@pytest.mark.parametrize(
    ("order", "x", "z"), [(("x", "z"), 1.0, [2.0, 3.0]), (("z", "x"), 3.0, [1.0, 2.0])]
)
def test_components_are_those_of_the_states_in_their_order(order, x, z):
    start = {"x": 0.0, "z": np.zeros(2)}
    model = ps.model(state={name: start[name] for name in order})(
        lambda t, u, p: {"x": 0.0, "z": 0 * u.z}
    ).noise(lambda t, u, p: {"x": 1.0, "z": 1 + 0 * u.z})
    sol = ps.solve(model, t=(0, 1), save=1, dt=1, increments=[[1.0, 2.0, 3.0]])
    assert sol.x.values[-1] == x
    assert sol.z.values[-1].tolist() == z
