"""One writer at a time, and a dead one does not count."""

import fcntl
import os
import platform
import subprocess
import sys

import pytest

from pysciml.errors import RunError
from pysciml.runs import lock
from pysciml.runs.lock import hold


def test_the_second_owner_is_refused_and_the_next_is_not(tmp_path):
    path = tmp_path / ".lock"
    with hold(path):
        refused = rf"Another process \({os.getpid()} on .*\) is writing"
        with pytest.raises(RunError, match=refused), hold(path):
            pass
    with hold(path):
        pass


def test_a_failure_inside_lets_the_lock_go(tmp_path):
    with pytest.raises(ValueError, match="no"), hold(tmp_path / ".lock"):
        raise ValueError("no")
    with hold(tmp_path / ".lock"):
        pass


def test_a_place_that_cannot_be_written_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    refused = r"Cannot write .*file/\.lock: Not a directory"
    with pytest.raises(RunError, match=refused), hold(tmp_path / "file" / ".lock"):
        pass


@pytest.fixture
def no_locks(monkeypatch):
    """A file system without locks, as some clusters have."""

    def refuse(descriptor, operation):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)


def dead_process():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_living_owner_counts(tmp_path):
    path = tmp_path / ".lock"
    with hold(path):
        refused = r"If it does not run any more, remove .*lock"
        with pytest.raises(RunError, match=refused), hold(path):
            pass
    path.write_text("1 on another-machine\n")
    with pytest.raises(RunError, match=r"Another process \(1 on another-machine\)"), hold(path):
        pass


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_dead_owner_does_not_count(tmp_path):
    path = tmp_path / ".lock"
    path.write_text(f"{dead_process()} on {platform.node()}\n")
    with hold(path):
        assert path.read_text() == f"{os.getpid()} on {platform.node()}\n"
    assert path.read_text() == ""


@pytest.mark.parametrize("owner", ["", "123 on another-machine", f"{os.getppid()} on here"])
def test_with_locks_what_the_file_says_does_not_matter(tmp_path, owner):
    (tmp_path / ".lock").write_text(owner)
    with hold(tmp_path / ".lock"):
        pass


def test_the_owner_is_judged_by_its_process():
    machine = platform.node()
    assert lock._lives(f"{os.getpid()} on {machine}")
    assert not lock._lives(f"{dead_process()} on {machine}")
    assert not lock._lives("")
