"""A file is the old one or the new one, whatever happens in between."""

import errno
import json
import os
import stat
import tomllib

import pytest

from pysciml.errors import RunError
from pysciml.runs import replacing, write_atomic, write_json, write_toml
from pysciml.runs.atomic import sweep


def names(directory):
    return sorted(entry.name for entry in directory.iterdir())


def test_content_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a.bin"
    write_atomic(path, b"one")
    write_atomic(path, b"\x00two")
    assert path.read_bytes() == b"\x00two"
    assert names(tmp_path) == ["a.bin"]


def test_text_is_utf8(tmp_path):
    write_atomic(tmp_path / "a.txt", "ω = 2π\n")
    assert (tmp_path / "a.txt").read_bytes() == "ω = 2π\n".encode()


@pytest.mark.parametrize("failure", [ValueError("no"), KeyboardInterrupt()])
def test_a_failure_inside_leaves_the_old_file(tmp_path, failure):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half():
        with replacing(path) as part:
            part.write_text("half")
            raise failure

    with pytest.raises(type(failure)):
        write_half()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"a\.txt: No space left on device"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_the_content_is_on_the_disk_before_the_name(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    seen = []
    fsync = os.fsync

    def watched(descriptor):
        seen.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    write_atomic(path, "content")
    # First the file, while its name is not there yet; then the directory that holds the name.
    assert seen == [(False, False), (True, True)]


def test_the_umask_decides_who_may_read(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomic(tmp_path / "a.txt", "content")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_a_place_below_a_file_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"Cannot write .*file/a\.txt: Not a directory\. Choose"):
        write_atomic(tmp_path / "file" / "a.txt", "content")


def test_sweep_removes_only_what_a_killed_writer_left(tmp_path):
    with replacing(tmp_path / "run.json") as part:
        (tmp_path / f"{part.name}").write_text("half")
        left = tmp_path / part.name.replace(str(os.getpid()), "1")
        left.write_text("half")
    (tmp_path / ".lock").write_text("")
    sweep(tmp_path)
    assert names(tmp_path) == [".lock", "run.json"]


def test_json_and_toml_read_back(tmp_path):
    value = {"model": {"name": "Ornstein, η", "oscillators": 3}, "rates": [0.1, 1e-300]}
    write_json(tmp_path / "a.json", value)
    write_toml(tmp_path / "a.toml", value)
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == value
    assert tomllib.loads((tmp_path / "a.toml").read_text("utf-8")) == value
