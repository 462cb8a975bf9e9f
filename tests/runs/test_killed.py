"""A process that is killed leaves whole files, and a lock that anybody can take."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pysciml.errors import RunError
from pysciml.runs import RunDirectory

WRITER = """
import itertools, sys
import numpy as np
from pysciml.runs import RunDirectory
run = RunDirectory.open(sys.argv[1])
with run.lock():
    for version in itertools.count(1):
        run.save_checkpoint({"w": np.full(40_000, version), "b": np.array(version)}, {"n": version})
        run.write_history({"n": np.arange(version), "loss": np.full(version, version / 7)})
"""


@pytest.fixture
def run(tmp_path):
    return RunDirectory.create(tmp_path / "run", "test", {"epochs": 3})


@pytest.fixture
def writer(run):
    """A process that rewrites the checkpoint and the history as fast as it can."""
    with subprocess.Popen([sys.executable, "-c", WRITER, run.path]) as process:
        while not (run.path / "history.csv").exists():
            assert process.poll() is None
            time.sleep(0.01)
        yield process
        process.kill()


def version_of(run):
    """Read the checkpoint and see that all of it is of one version."""
    arrays, header = run.read_checkpoint()
    np.testing.assert_array_equal(arrays["w"], np.full(40_000, header["n"]))
    assert arrays["b"] == header["n"]
    return header["n"]


def rows_of(run):
    history = run.read_history()
    rows = len(history["n"])
    np.testing.assert_array_equal(history["loss"], np.full(rows, rows / 7))
    return rows


def test_a_reader_sees_whole_versions_while_they_are_written(run, writer):
    versions = [version_of(run) for _ in range(60)]
    rows = [rows_of(run) for _ in range(60)]
    assert versions == sorted(versions)
    assert versions[-1] > versions[0]
    assert rows == sorted(rows)


@pytest.mark.parametrize("delay", [0.0, 0.011, 0.023, 0.037])
def test_after_a_kill_the_files_are_whole_and_the_lock_is_free(run, writer, delay):
    with pytest.raises(RunError, match=rf"Another process \({writer.pid} on"), run.lock():
        pass
    time.sleep(delay)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    # The checkpoint is written first, so it is of the version of the history or one ahead.
    assert version_of(run) - rows_of(run) in (0, 1)
    with run.lock():
        left = {"run.json", ".lock", "checkpoint.safetensors", "history.csv"}
        assert {entry.name for entry in run.path.iterdir()} == left


CREATOR = """
import os, signal, sys
import numpy as np, xarray as xr
from pysciml.runs import RunDirectory, directory
directory.write_json = lambda path, record: os.kill(os.getpid(), signal.SIGKILL)
data = {"train": xr.DataArray(np.zeros((4, 2)), dims=("time", "channel"))}
RunDirectory.create(sys.argv[1], "test", {}, data)
"""


def test_a_run_killed_while_it_is_made_can_be_made_again(tmp_path):
    path = tmp_path / "run"
    killed = subprocess.run([sys.executable, "-c", CREATOR, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (path / "data.nc").exists()
    with pytest.raises(RunError, match=r"is not a run directory: it has no run\.json"):
        RunDirectory.open(path)
    assert RunDirectory.create(path, "test", {"epochs": 2}).settings == {"epochs": 2}
    assert RunDirectory.open(path).read_data() == {}
