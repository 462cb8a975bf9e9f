"""Large batches are solved in blocks: the same numbers, in bounded memory."""

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.base import Solution, Status
from pysciml.engines.jax import engine
from pysciml.engines.jax.engine import JaxEngine
from pysciml.errors import Interrupted

DECAY = ps.model(state={"x": 1.0, "z": [1.0, 2.0]}, params={"k": 1.0}, inputs={"push": 0.0})(
    lambda t, u, p, x: {"x": x.push - p.k * u.x, "z": -u.z * u.x}
)
NOISY = DECAY.noise(lambda t, u, p, x: {"x": 0.2 * u.x, "z": 0.1 * u.z})
K = xr.DataArray(np.linspace(0.5, 2, 5), dims="k", coords={"k": np.linspace(0.5, 2, 5)})


@pytest.fixture
def seen(monkeypatch):
    """Blocks of a given size, and the tasks that the engine got."""
    tasks, solve = [], JaxEngine.solve

    def record(self, task):
        tasks.append(task)
        return solve(self, task)

    monkeypatch.setattr(JaxEngine, "solve", record)

    def of(size):
        monkeypatch.setattr(engine, "BLOCK", size)
        tasks.clear()
        return tasks

    return of


def paths(**more):
    settings = {"t": (0, 1), "save": 0.25, "dt": 0.125, "trajectories": 3, "params": {"k": K}}
    return ps.solve(NOISY, **{**settings, "rng": 7, **more})


@pytest.mark.parametrize("size", [15, 7, 4, 1])
def test_the_numbers_do_not_depend_on_the_block(size, seen):
    whole = paths()
    tasks = seen(size)
    cut = paths()
    xr.testing.assert_allclose(cut, whole, rtol=1e-14)
    assert cut.attrs == whole.attrs  # the counts too: what a block repeats is not counted
    # Blocks are of one size, so that they share a program, and as even as can be.
    sizes = {task.batch for task in tasks}
    assert len(sizes) == 1
    assert sizes.pop() <= size
    assert sum(task.batch for task in tasks) - 15 < len(tasks)
    assert [task.first for task in tasks] == [i * tasks[0].batch for i in range(len(tasks))]


def test_what_is_the_same_for_all_is_not_copied_and_the_rest_is_cut(seen):
    tasks = seen(4)
    rng = np.random.default_rng(0)
    times = [0.0, 0.5, 1.0]
    push = xr.DataArray(rng.normal(size=(5, 3)), dims=("k", "time"), coords={"time": times})
    increments = rng.normal(size=(3, 8, 3)) / 8**0.5
    given = {"inputs": {"push": push.assign_coords(k=K.k)}, "rng": None, "increments": increments}
    cut = paths(**given)
    assert len(tasks) == 4
    for task in tasks:
        assert task.state["z"].shape == (2,)
        assert task.params["k"].shape == (4,)
        assert task.inputs["push"].values.shape == (3, 4)
        assert task.increments.shape == (4, 8, 3)
    seen(1024)
    xr.testing.assert_allclose(cut, paths(**given), rtol=1e-14)


def test_events_of_blocks_of_different_length_are_joined(seen):
    # The phase grows by k, and spikes at every whole number.
    clock = ps.model(state={"phase": 0.0}, params={"k": 1.0})(
        lambda t, u, p: {"phase": p.k + 0 * t}
    )
    clock = clock.with_event(
        "spike",
        when=lambda t, u, p: u.phase - 1,
        direction="up",
        then=lambda t, u, p: {"phase": 0.0},
    )
    rates = np.array([0.5, 1.3, 0.1, 0.2, 7.7])
    for size in (1024, 2):
        tasks = seen(size)
        sol = ps.solve(clock, t=(0, 1), save=1, params={"k": xr.DataArray(rates, dims="k")})
        assert len(tasks) == (1 if size > 5 else 3)
        assert sol.spike.dims == ("k", "spike_index")
        assert sol.sizes["spike_index"] == 7
        np.testing.assert_array_equal(np.isfinite(sol.spike).sum("spike_index"), rates // 1)
        np.testing.assert_allclose(sol.spike[4], np.arange(1, 8) / 7.7, rtol=1e-6)


@pytest.mark.parametrize("dt", [None, 0.01], ids=["adaptive", "fixed"])
def test_one_failed_trajectory_leaves_the_others_as_they_are(dt, seen):
    explosive = ps.model(state={"x": 1.0}, params={"k": 1.0})(lambda t, u, p: {"x": p.k * u.x**2})
    rates = np.array([0.1, 5.0, 0.2, 0.3, 0.4])  # x = 1 / (1 - k t), so that one ends at 0.2
    settings = {"t": (0, 1), "save": [0.1, 1.0], "dt": dt, "on_error": "return"}
    for size in (1024, 2):
        seen(size)
        sol = ps.solve(explosive, params={"k": xr.DataArray(rates, dims="k")}, **settings)
        good = sol.isel(k=[0, 2, 3, 4])
        assert (good.status == 0).all()
        assert int(sol.status[1]) > 0
        assert sol.attrs["status"] == "1 of 5 failed"
        exact = 1 / (1 - rates[[0, 2, 3, 4], None] * sol.time.values)
        np.testing.assert_allclose(good.x, exact, rtol=1e-5)
        assert np.isfinite(sol.x[1, 0])
        assert np.isnan(sol.x[1, 1])


def test_what_an_engine_sees_is_bounded(seen, monkeypatch):
    monkeypatch.setattr(engine, "PATHS", 3 * 5 * 4)  # states of four trajectories
    tasks = seen(1024)
    paths()
    assert {task.batch for task in tasks} == {4}
    # And never less than one trajectory.
    monkeypatch.setattr(engine, "PATHS", 2)
    tasks = seen(1024)
    paths(trajectories=1)
    assert [task.batch for task in tasks] == [1] * 5


def test_a_bar_is_shown_for_several_blocks_where_asked_for(seen, capsys):
    seen(8)
    paths(progress=True)
    assert "100%" in capsys.readouterr().out


def test_what_was_solved_when_ctrl_c_came_is_kept(seen, monkeypatch):
    whole, tasks, solve = paths(), seen(4), JaxEngine.solve

    def interrupted(self, task):
        solution = solve(self, task)
        if len(tasks) < 3:
            return solution
        path = {name: np.where(np.arange(4) < 2, x, np.nan) for name, x in solution.state.items()}
        status = np.where(np.arange(4) < 2, Status.SUCCESS, Status.INTERRUPTED)
        raise Interrupted("Stopped.", Solution(path, status, solution.stopped))

    monkeypatch.setattr(JaxEngine, "solve", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        paths()
    partial = caught.value.partial.stack(lane=("trajectory", "k"))
    np.testing.assert_array_equal(partial.status == Status.INTERRUPTED, np.arange(15) >= 10)
    expected = whole.stack(lane=("trajectory", "k")).isel(lane=slice(10))
    xr.testing.assert_allclose(partial[["x", "z"]].isel(lane=slice(10)), expected, rtol=1e-14)
    assert np.isnan(partial.x.isel(lane=slice(12, None))).all()


def test_where_nothing_was_solved_when_ctrl_c_came_there_is_nothing(seen, monkeypatch):
    seen(4)

    def interrupted(self, task):
        raise Interrupted("Stopped in the start.")

    monkeypatch.setattr(JaxEngine, "solve", interrupted)
    with pytest.raises(Interrupted, match="in the start") as caught:
        paths()
    assert caught.value.partial is None
