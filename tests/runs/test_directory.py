"""A run directory says what it holds, and refuses what it is not."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from pysciml.errors import DataError, InputError, RunError
from pysciml.runs import RunDirectory, save_checkpoint, versions

SETTINGS = {"model": {"name": "lorenz63", "sigma": 10.0}, "epochs": 20, "sizes": (8, 8)}


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    train = xr.DataArray(
        rng.normal(size=(5, 2)),
        dims=("time", "region"),
        coords={
            "time": ("time", np.arange(5) * 1.89, {"units": "seconds"}),
            "region": np.array(["left", "right"], "U20"),
            "subject": "one",
        },
        attrs={"units": "a.u.", "source": "a test"},
    )
    train[1, 1] = np.nan
    return {"train": train, "mask": xr.DataArray(np.array([True, False]), dims="region")}


@pytest.fixture
def run(tmp_path, data):
    return RunDirectory.create(tmp_path / "runs" / "one", "test", SETTINGS, data)


def test_what_was_run_is_found_again(run):
    found = RunDirectory.open(run.path)
    assert found == run
    assert found.kind == "test"
    assert found.settings == {**SETTINGS, "sizes": [8, 8]}
    assert found.versions == versions()
    assert found.versions["numpy"] == np.__version__
    assert found.created.endswith("+00:00")


def test_data_come_back_with_their_labels(run, data):
    found = RunDirectory.open(run.path).read_data()
    assert list(found) == ["train", "mask"]
    for name, array in data.items():
        xr.testing.assert_identical(found[name], array.rename(name))
        assert found[name].dtype == array.dtype


def test_data_of_another_run_are_refused(run, tmp_path, data):
    changed = {**data, "train": data["train"] + 1}
    other = RunDirectory.create(tmp_path / "other", "test", SETTINGS, changed)
    (other.path / "data.nc").replace(run.path / "data.nc")
    with pytest.raises(RunError, match=r"data\.nc does not hold the data 'train'"):
        run.read_data()
    (run.path / "data.nc").write_bytes(b"not netCDF")
    with pytest.raises(RunError, match=r"Cannot read the data 'train' of .*data\.nc"):
        run.read_data()
    (run.path / "data.nc").unlink()
    with pytest.raises(RunError, match=r"There is no .*data\.nc"):
        run.read_data()


def test_checkpoints_are_kept_apart(run):
    run.save_checkpoint({"w": np.zeros(2)}, {"epoch": 5})
    assert not run.has_checkpoint("best")
    run.save_checkpoint({"w": np.ones(2)}, {"epoch": 3}, "best")
    assert run.read_checkpoint()[1] == {"epoch": 5}
    assert run.read_checkpoint("best")[1] == {"epoch": 3}


def test_a_checkpoint_of_another_run_is_refused(run, tmp_path):
    other = RunDirectory.create(tmp_path / "other", "test", {"epochs": 1})
    other.save_checkpoint({"w": np.zeros(2)})
    (other.path / "checkpoint.safetensors").replace(run.path / "checkpoint.safetensors")
    with pytest.raises(RunError, match=r"checkpoint\.safetensors is a checkpoint of another run"):
        run.read_checkpoint()
    save_checkpoint(run.path / "checkpoint.safetensors", {})
    with pytest.raises(RunError, match=r"checkpoint\.safetensors is a checkpoint of another run"):
        run.read_checkpoint()


def test_the_same_study_again_is_told_how_to_go_on(run, data):
    with pytest.raises(RunError, match=r"Go on with `pysciml resume .*one`, or choose another"):
        RunDirectory.create(run.path, "test", SETTINGS, data)
    reordered = dict(reversed(SETTINGS.items()))
    assert RunDirectory.create(run.path, "test", reordered, data, exist_ok=True) == run


@pytest.mark.parametrize("exist_ok", [False, True])
@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"epochs": 30}, r"settings\.epochs is 20 there and 30 here"),
        ({"model": {"name": "lorenz63", "sigma": 9.0}}, r"settings\.model\.sigma is 10\.0 there"),
        ({"model": {"name": "lorenz63"}}, r"settings\.model\.sigma is set there and missing here"),
        ({"rng": 1}, r"settings\.rng is missing there and set here"),
        ({"sizes": [8]}, r"settings\.sizes is \[8, 8\] there and \[8\] here"),
    ],
)
def test_another_study_is_refused_by_its_first_difference(run, data, change, difference, exist_ok):
    changed = {key: value for key, value in (SETTINGS | change).items() if value is not None}
    with pytest.raises(RunError, match=f"belongs to another study: {difference}"):
        RunDirectory.create(run.path, "test", changed, data, exist_ok=exist_ok)


@pytest.mark.parametrize(
    "change",
    [
        lambda train: train + 1e-12,
        lambda train: train.astype(np.float32),
        lambda train: train.rename(region="channel"),
        lambda train: train.assign_coords(time=np.arange(5.0)),
        lambda train: train.assign_coords(region=["left", "middle"]),
    ],
    ids=["values", "type", "dims", "times", "names"],
)
def test_other_data_are_another_study(run, data, change):
    with pytest.raises(RunError, match=r"belongs to another study: data\.train is"):
        RunDirectory.create(run.path, "test", SETTINGS, {**data, "train": change(data["train"])})
    with pytest.raises(RunError, match="belongs to another study: kind is 'test' there"):
        RunDirectory.create(run.path, "fit", SETTINGS, data)


def test_what_json_or_netcdf_does_not_know_is_refused(tmp_path):
    with pytest.raises(InputError, match="A setting cannot be stored: <object"):
        RunDirectory.create(tmp_path / "a", "test", {"model": object()})
    dates = xr.DataArray([1.0], dims="time", coords={"time": np.array(["2020-01-01"], "M8[ns]")})
    with pytest.raises(DataError, match="The coordinate 'time' of the data cannot be stored"):
        RunDirectory.create(tmp_path / "a", "test", {}, {"train": dates})
    nested = xr.DataArray([1.0], dims="time", attrs={"subject": {"name": "one"}})
    with pytest.raises(DataError, match="The data 'train' cannot be stored as netCDF"):
        RunDirectory.create(tmp_path / "a", "test", {}, {"train": nested})
    with pytest.raises(RunError, match="is not a run directory"):
        RunDirectory.open(tmp_path / "a")


def test_missing_and_foreign_places_are_refused(tmp_path):
    with pytest.raises(RunError, match=r"There is no run directory at .*gone"):
        RunDirectory.open(tmp_path / "gone")
    with pytest.raises(RunError, match=r"is not a run directory: it has no run\.json"):
        RunDirectory.open(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"is a file, not a run directory"):
        RunDirectory.open(tmp_path / "notes.txt")
    with pytest.raises(RunError, match=r"is a file, not a directory"):
        RunDirectory.create(tmp_path / "notes.txt", "test", {})
    with pytest.raises(RunError, match=r"is not a run directory: it holds 'notes\.txt'"):
        RunDirectory.create(tmp_path, "test", {})
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]
    (tmp_path / "run.json").write_text('{"name": "another program"}')
    with pytest.raises(RunError, match=r"run\.json was not written by pysciml"):
        RunDirectory.open(tmp_path)


def test_a_truncated_record_is_refused(run):
    record = run.path / "run.json"
    whole = record.read_bytes().rstrip()
    for length in range(len(whole)):
        record.write_bytes(whole[:length])
        with pytest.raises(RunError, match=r"run\.json is damaged: it is truncated"):
            RunDirectory.open(run.path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "a newer version of pysciml: it has schema 2, and this version reads up"),
        ({"schema": "x"}, r"run\.json is damaged: it does not say its schema"),
        ({"settings": {"epochs": 21}}, r"run\.json is damaged: it was changed after the run"),
    ],
)
def test_a_newer_or_changed_record_is_refused(run, change, message):
    record = run.path / "run.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | change))
    with pytest.raises(RunError, match=message):
        RunDirectory.open(run.path)


def test_a_record_that_lacks_something_is_refused(run):
    record = json.loads((run.path / "run.json").read_text())
    del record["created"]
    (run.path / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=r"run\.json is damaged: it does not say 'created'"):
        RunDirectory.open(run.path)


@pytest.fixture
def read_only(monkeypatch):
    """A file system that refuses every write; permissions would not stop an administrator."""
    opened, made = os.open, Path.mkdir

    def guarded(path, flags, *args, **options):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opened(path, flags, *args, **options)

    def refused(path, *args, **options):
        if not path.exists():
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        made(path, *args, **options)

    def apply():
        monkeypatch.setattr(os, "open", guarded)
        monkeypatch.setattr(Path, "mkdir", refused)

    return apply


def test_a_read_only_run_can_be_read_and_not_written(run, read_only):
    run.save_checkpoint({"w": np.zeros(2)}, {"epoch": 5})
    run.write_history({"loss": [0.5]})
    read_only()
    found = RunDirectory.open(run.path)
    assert found.read_checkpoint()[1] == {"epoch": 5}
    assert found.read_history()["loss"].tolist() == [0.5]
    assert set(found.read_data()) == {"train", "mask"}
    refused = r"Cannot write .*one/{}: Read-only file system\. Choose a directory"
    with pytest.raises(RunError, match=refused.format(r"\.lock")), found.lock():
        pass
    with pytest.raises(RunError, match=refused.format(r"best\.safetensors")):
        found.save_checkpoint({}, {}, "best")
    with pytest.raises(RunError, match=refused.format(r"history\.csv")):
        found.write_history({"loss": [0.5]})


def test_a_run_cannot_be_made_in_a_read_only_place(tmp_path, read_only):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=r"Cannot write .*file/run: Not a directory"):
        RunDirectory.create(tmp_path / "file" / "run", "test", {})
    read_only()
    with pytest.raises(RunError, match=r"Cannot write .*new: Read-only file system"):
        RunDirectory.create(tmp_path / "new", "test", {})
    with pytest.raises(RunError, match=r"Cannot write .*empty/\.lock: Read-only file system"):
        RunDirectory.create(tmp_path / "empty", "test", {})


def test_the_lock_removes_what_a_killed_writer_left(run):
    left = run.path / ".history.csv.1-abcdef01.part"
    left.write_text("epoch,lo")
    with run.lock():
        assert not left.exists()


def test_history_is_empty_before_it_is_written(run):
    assert run.read_history() == {}
    run.write_history({"epoch": [1, 2], "loss": [0.1, np.nan]})
    np.testing.assert_array_equal(run.read_history()["loss"], [0.1, np.nan])
