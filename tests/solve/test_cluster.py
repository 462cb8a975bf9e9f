"""Blocks on a Dask cluster: the same numbers, also where a worker is killed in the middle."""

import functools
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

# Defined in a test module, which no worker can import: models travel by value.
DECAY = ps.model(state={"x": 1.0}, params={"k": 1.0})(lambda t, u, p: {"x": -p.k * u.x})
NOISY = DECAY.noise(lambda t, u, p: {"x": 0.2 * u.x})


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(processes=True, **settings) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(engine, "BLOCK", 4)


def paths(**more):
    return ps.solve(NOISY, t=(0, 1), save=0.5, dt=0.25, trajectories=30, rng=3, **more)


def test_the_numbers_are_those_of_this_process(cluster, small_blocks):
    here, there = paths(), paths(client=cluster)
    xr.testing.assert_allclose(there, here, rtol=1e-14)
    assert there.attrs == here.attrs


def test_a_sweep_and_a_single_block_run_there_too(cluster):
    k = xr.DataArray([0.5, 1.0, 2.0], dims="k")
    sol = ps.solve(DECAY, t=(0, 1), save=1.0, params={"k": k}, client=cluster)
    np.testing.assert_allclose(sol.x[:, -1], np.exp(-k), rtol=1e-5)


def kill_one_when(client, done):
    """End a worker as a machine would that loses its power, once some blocks are solved."""
    pids = client.run(os.getpid)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if done():
            os.kill(next(iter(pids.values())), signal.SIGKILL)
            return
        time.sleep(0.005)


def test_a_worker_that_is_killed_changes_no_number(cluster, small_blocks):
    here = paths()
    before = set(cluster.run(os.getpid).values())
    solved = set()

    def some_are_solved():
        found = cluster.run_on_scheduler(_finished)
        solved.add(found)
        return found >= 1

    killer = threading.Thread(target=functools.partial(kill_one_when, cluster, some_are_solved))
    killer.start()
    there = paths(client=cluster)
    killer.join()
    assert max(solved) < 8, "all blocks were solved before the worker could be killed"
    xr.testing.assert_allclose(there, here, rtol=1e-14)
    cluster.wait_for_workers(2, timeout=30)
    assert set(cluster.run(os.getpid).values()) != before


def _finished(dask_scheduler=None):
    return sum(task.state == "memory" for task in dask_scheduler.tasks.values())


def test_what_goes_wrong_there_is_said(cluster):
    with pytest.raises(
        EngineError, match=r"could not solve a block of '<lambda>': CapabilityError: .* Look at"
    ):
        ps.solve(DECAY, t=(0, 1), save=1.0, dt=1.0, device="gpu", client=cluster)


def test_other_clients_are_refused(cluster):
    for client in (cluster.cluster, "tcp://localhost:8786"):
        with pytest.raises(InputError, match=r"client must be a dask\.distributed\.Client; got"):
            paths(client=client)
