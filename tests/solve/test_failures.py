"""A trajectory that fails is named, and leaves the others as they are."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.jax import adaptive
from pysciml.errors import SolveError


@ps.model(state={"calm": 1.0, "wild": 1.0}, params={"k": 1.0})
def explosive(t, u, p):
    """The solution wild = 1 / (1 - k t) ends at t = 1 / k."""
    return {"calm": -u.calm, "wild": p.k * u.wild**2}


STARTS = xr.DataArray([0.1, 1.0, 0.2], dims="k", coords={"k": [10, 20, 30]})


@pytest.mark.parametrize("dt", [None, 0.01], ids=["Tsit5", "RK4"])
def test_a_blow_up_names_variable_time_and_trajectory(dt):
    with pytest.raises(SolveError) as raised:
        ps.solve(explosive, t=(0, 2), save=0.01, dt=dt)
    message = str(raised.value)
    assert "'explosive'" in message
    assert "'wild'" in message
    assert float(message.split("after time ")[1].split()[0].rstrip(".")) == pytest.approx(
        1, abs=0.03
    )
    with pytest.raises(
        SolveError, match=r"stopped at k = 20: 'wild' .* 1 of 3 trajectories failed"
    ):
        ps.solve(explosive, t=(0, 2), save=0.01, dt=dt, params={"k": STARTS})


@pytest.mark.parametrize("dt", [None, 0.01], ids=["Tsit5", "RK4"])
def test_the_others_are_kept_as_they_are(dt):
    sol = ps.solve(explosive, t=(0, 2), save=0.01, dt=dt, params={"k": STARTS}, on_error="return")
    assert [int(code) > 0 for code in sol.status] == [False, True, False]
    assert sol.attrs["status"] == "1 of 3 failed"
    good, bad = sol.isel(k=[0, 2]), sol.isel(k=1)
    np.testing.assert_allclose(
        good.wild, 1 / (1 - STARTS[[0, 2]].values[:, None] * sol.time.values)
    )
    # Of the one that failed, what was before is right, and nothing is left after.
    before = sol.time < 0.9
    np.testing.assert_allclose(bad.wild[before], 1 / (1 - sol.time[before]), rtol=1e-3)
    after = sol.time > 1.05
    assert np.isnan(bad.wild[after]).all()
    assert np.isnan(bad.calm[after]).all()


def test_the_status_is_there_when_asked_for_and_only_then():
    arguments = {"t": (0, 0.5), "save": 0.01, "dt": 0.01}
    sol = ps.solve(explosive, **arguments, on_error="return")
    assert int(sol.status.item()) == 0
    assert "0: success" in sol["status"].attrs["long_name"]
    assert sol.attrs["status"] == "success"
    assert "status" not in ps.solve(explosive, **arguments).data_vars


@pytest.mark.parametrize("dt", [None, 0.1], ids=["Tsit5", "RK4"])
def test_rates_that_are_not_numbers_are_named_at_the_start(dt):
    root = ps.model(state={"depth": -1.0})(lambda t, u, p: {"depth": jnp.sqrt(u.depth)})
    with pytest.raises(SolveError, match=r"'depth' became NaN or infinite after time 0\."):
        ps.solve(root, t=(0, 1), save=0.5, dt=dt)


def test_noise_that_drives_a_path_away_is_named():
    model = explosive.noise(lambda t, u, p: {"calm": 0.0, "wild": 1e3 * u.wild**3})
    with pytest.raises(SolveError, match=r"stopped at trajectory = 0: 'wild' became NaN"):
        ps.solve(model, t=(0, 1), save=0.1, trajectories=2, rng=0)


def test_too_many_steps_are_said_to_be_that(monkeypatch):
    monkeypatch.setattr(adaptive, "MAX_STEPS", 20)
    wave = ps.model(state={"x": 0.0}, name="wave")(lambda t, u, p: {"x": jnp.cos(50 * t)})
    with pytest.raises(
        SolveError, match=r"'x' took too many steps after time 0\.\d+\. Loosen rtol"
    ):
        ps.solve(wave, t=(0, 100), save=10)


def test_rejected_steps_are_taken_again():
    # A rate that jumps: the error estimate sees it only in a step across it.
    step = ps.model(state={"x": 0.0})(lambda t, u, p: {"x": jnp.where(t < 1, 0.0, 1.0)})
    sol = ps.solve(step, t=(0, 3), save=0.1)
    assert sol.attrs["rejected"] > 0
    np.testing.assert_allclose(sol.x, np.maximum(sol.time - 1, 0), atol=1e-6)


def test_the_rates_are_never_asked_for_beyond_the_end():
    model = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": jnp.where(t > 1, jnp.nan, -0.5 * u.x)})
    sol = ps.solve(model, t=(0, 1), save=0.1)
    np.testing.assert_allclose(sol.x, np.exp(-sol.time / 2), rtol=1e-5)
