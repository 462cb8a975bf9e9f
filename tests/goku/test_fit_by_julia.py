"""Training on the julia engine, stopped or killed within an epoch, goes on to the same numbers."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
import xarray as xr
from comparing import same

import pysciml as ps

pytestmark = pytest.mark.julia

OPTIONS = {"epochs": 3, "batch": 1, "rng": 3, "learning_rate": 1e-3}
UPDATES = 6000  # of an epoch, which takes about a second


@pytest.fixture(scope="module")
def many(rotations):
    """As many samples as make an epoch long."""
    copies = UPDATES * 10 // (rotations.sizes["sample"] * rotations.sizes["time"])
    return xr.concat([rotations] * copies, dim="sample")


@pytest.fixture(scope="module")
def whole(goku, many):
    """An uninterrupted run."""
    return goku.fit(many, engine="julia", progress=False, **OPTIONS)


def test_ctrl_c_within_an_epoch_stops_there_and_resumes(goku, many, whole, tmp_path):
    def interrupt_in_the_next(progress):
        if progress.epoch == 1:
            pause = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
            pause.start()

    with pytest.raises(KeyboardInterrupt, match=r"Stopped in epoch 2; .*ps\.resume\("):
        goku.fit(
            many, engine="julia", run=tmp_path / "run", progress=interrupt_in_the_next, **OPTIONS
        )
    stopped = ps.load(tmp_path / "run")
    assert UPDATES < int(stopped._arrays["run/update"]) < 2 * UPDATES
    same(ps.resume(tmp_path / "run", progress=False), whole)


def test_a_run_killed_within_an_epoch_goes_on_to_the_same_numbers(many, whole, tmp_path):
    many.to_netcdf(tmp_path / "data.nc")
    script = textwrap.dedent("""
        import os, signal, threading
        import xarray as xr
        import pysciml as ps

        def kill_in_the_next(progress):
            if progress.epoch == 2:
                threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()

        goku = ps.GokuUI(ps.catalog.stuart_landau(2), channels=3, length=10, window=4,
                         latent_params=4, hidden=8, features=6, recurrent=5, latent_state=4)
        goku.fit(xr.load_dataarray("data.nc"), epochs=3, batch=1, rng=3, learning_rate=1e-3,
                 run="run", engine="julia", progress=kill_in_the_next)
    """)
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert ps.load(tmp_path / "run").history.sizes["epoch"] == 2
    same(ps.resume(tmp_path / "run", progress=False), whole)
