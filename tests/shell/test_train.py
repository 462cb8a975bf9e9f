"""A small study from its file to its report, stopped and resumed on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from small_study import TABLES, as_text, write_series

from pysciml.cli.main import run
from pysciml.errors import RunError
from pysciml.study import load_result

ENTRY = [sys.executable, "-m", "pysciml.cli.main"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train once in a folder of its own; return the folder and what the command printed."""
    folder = tmp_path_factory.mktemp("trained")
    write_series(folder / "series.csv")
    (folder / "tiny.toml").write_text(as_text(TABLES))
    done = subprocess.run(
        [*ENTRY, "train", "tiny.toml", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout), done.stderr


@pytest.fixture
def finished(trained, tmp_path, monkeypatch):
    """Return a copy of the finished run directory, far from its sources."""
    shutil.copytree(trained[0] / "runs" / "tiny", tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "moved"


def test_all_forecasters_are_judged(trained):
    _, told, _ = trained
    names = ["GOKU-UI", "persistence", "historical mean", "ridge VAR"]
    assert list(told["table"]["nrmse"]) == names
    assert told["table"]["horizon_seconds"] == [2.0, 4.0, 6.0]
    scores = np.array([told["table"]["nrmse"][name] for name in names])
    assert scores.shape == (4, 3)
    assert np.isfinite(scores).all()
    # Two epochs teach nothing, and the words must say so.
    assert (scores[0] > scores[3]).all()
    assert "does not beat the ridge VAR" in told["table"]["verdict"]


def test_progress_goes_beside_the_result(trained):
    _, _, aside = trained
    for step in ("preparing the data", "training", "epoch", "evaluating", "writing the report"):
        assert step in aside


def test_what_was_printed_is_what_is_kept(trained):
    folder, told, _ = trained
    result = load_result(folder / "runs" / "tiny")
    assert result.table is not None
    for name, scores in told["table"]["nrmse"].items():
        assert result.table["nrmse"].sel(forecaster=name).values.tolist() == scores
    assert result.history.sizes["epoch"] == 2
    assert result.facts["parameters"] > 100
    assert result.facts["test_steps"] == 24


def test_the_report_needs_the_directory_alone(finished, capsys):
    before = (finished / "report.html").read_text("utf-8")
    (finished / "report.html").unlink()
    assert run(["report", "moved"]) == 0
    assert capsys.readouterr().out.strip() == "moved/report.html"
    after = (finished / "report.html").read_text("utf-8")
    body = after.partition("What was run")[0]
    assert body == before.partition("What was run")[0]


def test_the_report_goes_where_it_is_wanted(finished, tmp_path, capsys):
    assert run(["report", "moved", "--out", "page.html", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"report": str(tmp_path / "page.html")}
    assert (tmp_path / "page.html").exists()


def test_to_train_again_is_refused_with_a_way_out(trained, capsys, monkeypatch):
    folder, _, _ = trained
    monkeypatch.chdir(folder)
    assert run(["train", "tiny.toml"]) == 2
    told = capsys.readouterr().err
    assert "pysciml resume runs/tiny" in told
    assert "--restart" in told


def test_a_finished_run_resumes_to_its_table(finished, trained, tmp_path):
    _, told, _ = trained
    (finished / "evaluation.nc").unlink()
    command = [*ENTRY, "resume", "moved", "--json", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["table"]["nrmse"] == told["table"]["nrmse"]


def test_a_truncated_checkpoint_is_refused_by_name(finished, capsys):
    checkpoint = finished / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-10])
    assert run(["resume", "moved"]) == 2
    assert "checkpoint.safetensors" in capsys.readouterr().err


def test_a_lost_series_is_named(finished, capsys):
    (finished / "series.nc").unlink()
    assert run(["resume", "moved"]) == 2
    assert "series.nc" in capsys.readouterr().err


def test_an_aside_run_keeps_its_files(finished, tmp_path):
    from pysciml.study import set_aside

    (tmp_path / "moved-1").mkdir()
    assert set_aside(finished) == tmp_path / "moved-2"
    assert load_result(tmp_path / "moved-2").table is not None
    assert not finished.exists()
    assert set_aside(finished) is None


def test_a_directory_of_something_else_is_left_alone(tmp_path, study_file, capsys):
    (tmp_path / "runs" / "tiny").mkdir(parents=True)
    (tmp_path / "runs" / "tiny" / "thesis.doc").write_text("precious")
    assert run(["train", "tiny.toml", "--quiet"]) == 2
    assert "'thesis.doc'" in capsys.readouterr().err
    assert [entry.name for entry in (tmp_path / "runs" / "tiny").iterdir()] == ["thesis.doc"]


def test_wrong_options_are_found_before_anything_is_written(study_file, tmp_path, capsys):
    study_file.write_text(study_file.read_text().replace("oscillators = 2", "oscillators = 0"))
    assert run(["train", "tiny.toml", "--quiet"]) == 2
    assert "[model]" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent in another way there")
def test_ctrl_c_says_how_to_go_on(study_file, tmp_path):
    study_file.write_text(study_file.read_text().replace("epochs = 2", "epochs = 100000"))
    command = [*ENTRY, "train", "tiny.toml"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "pysciml resume runs/tiny" in rest
    assert "Traceback" not in rest
    assert load_result(tmp_path / "runs" / "tiny").table is None
    report = tmp_path / "page.html"
    assert run(["report", str(tmp_path / "runs" / "tiny"), "--out", str(report)]) == 0
    assert "Training has not ended" in report.read_text("utf-8")


def test_a_run_without_a_study_is_named(tmp_path):
    from pysciml.runs import RunDirectory

    RunDirectory.create(tmp_path / "other", "goku", {})
    with pytest.raises(RunError, match="pysciml train"):
        load_result(tmp_path / "other")
