"""Blocks on a Dask cluster: the same numbers, also where a worker is killed in the middle."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.jax import engine
from pysciml.errors import EngineError, InputError

distributed = pytest.importorskip("distributed")

# Functions without a name that a worker could import: models travel by value.
DECAY = ps.model(state={"x": 1.0}, params={"k": 1.0})(lambda t, u, p: {"x": -p.k * u.x})
NOISY = DECAY.noise(lambda t, u, p: {"x": 0.2 * u.x})
BLOCKS = 15


@pytest.fixture(scope="module")
def client():
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(processes=True, **settings) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(engine, "BLOCK", 4)


def paths(**more):
    settings = {"t": (0, 1), "save": 0.5, "dt": 0.25, "trajectories": 4 * BLOCKS - 1, "rng": 3}
    return ps.solve(NOISY, **settings, **more)


def test_the_numbers_are_those_of_this_process(client, small_blocks):
    here, there = paths(), paths(client=client)
    xr.testing.assert_allclose(there, here, rtol=1e-14)
    assert there.attrs == here.attrs


def test_a_sweep_of_one_block_runs_there_too(client):
    k = xr.DataArray([0.5, 1.0, 2.0], dims="k")
    sol = ps.solve(DECAY, t=(0, 1), save=1.0, params={"k": k}, client=client)
    np.testing.assert_allclose(sol.x[:, -1], np.exp(-k), rtol=1e-5)


def test_what_goes_wrong_there_is_said(client):
    client.run(_break)
    try:
        with pytest.raises(EngineError, match=r"of '<lambda>': RuntimeError: no memory\. Look at"):
            ps.solve(DECAY, t=(0, 1), save=1.0, client=client)
    finally:
        client.run(_mend)
    ps.solve(DECAY, t=(0, 1), save=1.0, client=client)


def test_other_clients_are_refused(client):
    for other in (client.cluster, "tcp://localhost:8786", 2):
        with pytest.raises(InputError, match=r"client must be a dask\.distributed\.Client; got"):
            paths(client=other)


def test_a_worker_that_is_killed_changes_no_number(client, small_blocks):
    here = paths()
    client.run(_slow)  # so that there is a middle
    pid = next(iter(client.run(os.getpid).values()))
    solved = []

    def kill():
        """End a worker as a machine does that loses its power."""
        until = time.monotonic() + 30
        while not client.run_on_scheduler(_finished) and time.monotonic() < until:
            time.sleep(0.01)
        solved.append(client.run_on_scheduler(_finished))
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    there = paths(client=client)
    killer.join()
    assert 0 < solved[0] < BLOCKS
    xr.testing.assert_allclose(there, here, rtol=1e-14)


def _finished(dask_scheduler=None):
    return sum(task.state == "memory" for task in dask_scheduler.tasks.values())


def _break():
    from pysciml import blocks

    def broken(name):
        raise RuntimeError("no memory")

    blocks.kept, blocks.choose = blocks.choose, broken


def _mend():
    from pysciml import blocks

    blocks.choose = blocks.kept


def _slow():
    import time

    from pysciml import blocks

    def late(name):
        time.sleep(0.05)
        return kept(name)

    kept, blocks.choose = blocks.choose, late
