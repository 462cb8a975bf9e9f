"""The commands that need no training: what they print, write and refuse."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.cli import doctor
from pysciml.cli.main import run


@pytest.fixture
def call(capsys):
    """Run a command; return its code, its output and its errors."""

    def run_command(*arguments):
        capsys.readouterr()
        code = run(list(arguments))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_command


def program(*arguments):
    """Run the command as a process of its own."""
    command = [sys.executable, "-m", "pysciml.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_loads_nothing_heavy():
    statement = (
        "import sys; from pysciml.cli.main import run; code = run(['--help']); "
        "heavy = {'jax', 'numpy', 'xarray', 'matplotlib', 'juliacall'} & set(sys.modules); "
        "print(sorted(heavy), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", statement], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"
    for command in ("doctor", "catalog", "solve", "solvers", "train", "resume", "report"):
        assert command in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["slove"], "Did you mean 'solve'?"),
        (["solve", "lorenz63", "--t", "0", "1", "--svae", "0.1"], "Did you mean '--save'?"),
        (["solve", "lorenz63"], "'--t'"),
        (["solve", "lorenz63", "--t", "0", "later"], "'--t'"),
        (["train"], "STUDY.toml"),
    ],
)
def test_a_process_ends_with_2_and_one_sentence(arguments, words):
    done = program(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["catalog", "lorentz63"], "Did you mean 'lorenz63'?"),
        (["solve", "lorentz63", "--t", "0", "1"], "Did you mean 'lorenz63'?"),
        (["solve", "lorenz63", "--t", "0", "1", "--param", "rh=20"], "Did you mean 'rho'?"),
        (["solve", "lorenz63", "--t", "0", "1", "--param", "rho"], "name=value"),
        (["solve", "lorenz63", "--t", "0", "1", "--param", "rho=big"], "expected a number"),
        (["solve", "lorenz63", "--t", "0", "1", "--state", "w=1"], "'w'"),
        (["solve", "stuart_landau", "--t", "0", "1", "--option", "oscilators=2"], "oscillators"),
        (["solve", "lorenz63", "--t", "0", "1", "--save", "often"], "'often'"),
        (["solve", "lorenz63", "--t", "0", "1", "--out", "x.txt"], ".nc, .csv"),
        (["solve", "lorenz63", "--t", "0", "1", "--plot", "x.pgn"], "Did you mean '.png'?"),
        (["solve", "lorenz63", "--t", "0", "1", "--out", "nowhere/x.nc"], "no directory nowhere"),
        (["solve", "lorenz63", "--t", "0", "1", "--solver", "tsit"], "Tsit5"),
        (["solve", "lorenz63", "--t", "1", "0"], "t"),
        (["train", "nothing.toml"], "cannot be read"),
        (["resume", "nowhere"], "no run directory at nowhere"),
        (["report", "nowhere"], "no run directory at nowhere"),
    ],
)
def test_what_is_wrong_is_one_sentence(call, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert err.startswith("pysciml: ")
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_catalogue_is_listed_and_shown(call):
    code, out, _ = call("catalog")
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines() if line[:1].isalpha()]
    assert set(ps.catalog.names()) <= set(listed)
    code, out, _ = call("catalog", "lorenz63")
    assert code == 0
    assert "Prandtl number" in out
    assert "0 to 50" in out
    code, out, _ = call("catalog", "hodgkin_huxley")
    assert code == 0
    assert "input" in out
    assert "uA/cm^2" in out


def test_the_solvers_are_listed(call):
    code, out, _ = call("solvers")
    assert code == 0
    lines = {words[0]: words[1:] for words in map(str.split, out.splitlines()) if words}
    assert set(ps.solvers.SOLVERS) <= set(lines)
    assert lines["Tsit5"] == ["rtol", "5"]
    assert lines["Rodas5P"] == ["rtol", "5", "stiff"]
    assert lines["EulerMaruyama"] == ["dt", "Ito", "1", "0.5", "0.5", "0.5", "0.5"]
    assert lines["SRA1"] == ["dt", "either", "1.5"]
    rows = json.loads(call("solvers", "--json")[1])
    assert [row["solver"] for row in rows] == [row.solver for row in ps.capabilities()]
    assert call("solvers", "--markdown")[1] == ps.solvers.as_markdown()


def test_the_catalogue_as_json(call):
    found = {entry["name"]: entry for entry in json.loads(call("catalog", "--json")[1])}
    assert found["lorenz63"]["parameter"]["rho"]["default"] == 28.0
    assert found["lorenz63"]["parameter"]["rho"]["bounds"] == [0.0, 100.0]
    assert found["lorenz63"]["stochastic"] is False
    assert found["ornstein_uhlenbeck"]["stochastic"] is True
    assert json.loads(call("catalog", "lorenz63", "--json")[1]) == found["lorenz63"]


def test_a_solution_is_written_and_drawn(call, tmp_path):
    out, plot = tmp_path / "lv.nc", tmp_path / "lv.png"
    code, told, _ = call(
        *("solve", "lotka_volterra", "--t", "0", "2", "--save", "0.5", "--param", "a=1.2"),
        *("--state", "x=2", "--out", str(out), "--plot", str(plot)),
    )
    assert code == 0
    assert str(out) in told.replace("\n", "")
    solution = xr.load_dataset(out)
    assert solution["time"].values.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert float(solution["x"][0]) == 2.0
    assert plot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_figure_is_that_of_the_accessor(call, tmp_path):
    plot = tmp_path / "lv.svg"
    code, _, _ = call(
        *("solve", "lotka_volterra", "--t", "0", "2", "--save", "0.5", "--plot", str(plot))
    )
    assert code == 0
    drawn = plot.read_text("utf-8")
    # Matplotlib notes the text of each label.
    for label in ("prey x", "predators y", "time"):
        assert f"<!-- {label} -->" in drawn


def test_the_summary_agrees_with_the_file(call, tmp_path):
    out = tmp_path / "ou.csv"
    code, told, _ = call(
        *("solve", "ornstein_uhlenbeck", "--t", "0", "1", "--save", "0.25", "--dt", "0.05"),
        *("--trajectories", "3", "--rng", "1", "--out", str(out), "--json"),
    )
    assert code == 0
    summary = json.loads(told)
    table = np.genfromtxt(out, delimiter=",", names=True)
    assert summary["sizes"] == {"trajectory": 3, "time": 5}
    assert summary["states"]["x"]["highest"] == pytest.approx(table["x"].max())
    assert summary["states"]["x"]["mean"] == pytest.approx(table["x"].mean())


def test_an_input_drives_the_system(call):
    # FitzHugh-Nagumo rests without current, and fires between 0.331 and 1.419.
    told = [
        call("solve", "fitzhugh_nagumo", "--t", "0", "100", "--input", f"current={value}", "--json")
        for value in ("0", "0.5")
    ]
    quiet, firing = (json.loads(out)["states"]["v"]["highest"] for _, out, _ in told)
    assert quiet < -1
    assert firing > 1


def test_doctor_fits_a_screen_and_names_the_engines(call):
    code, out, _ = call("doctor")
    assert code == 0
    assert len(out.splitlines()) <= 24
    assert "engine jax" in out
    assert "engine julia" in out


def test_doctor_as_json(call):
    found = json.loads(call("doctor", "--json")[1])
    engines = {engine["name"]: engine for engine in found["engines"]}
    assert engines["jax"]["ready"] is True
    assert engines["jax"]["details"]["devices"]
    assert engines["julia"]["reason"].endswith(".")
    assert found["versions"]["pysciml"]


def test_doctor_never_starts_julia():
    statement = (
        "import sys; from pysciml.cli.doctor import julia_state; julia_state(); "
        "sys.exit('juliacall' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", statement], check=False).returncode == 0


def test_a_julia_of_the_users_choice_is_seen(monkeypatch, tmp_path):
    julia = tmp_path / "julia"
    julia.write_text("#!/bin/sh\n")
    julia.chmod(0o755)
    monkeypatch.setenv("PYTHON_JULIAPKG_EXE", str(julia))
    for name in ("PYSCIML_JULIA_EXE", "PYTHON_JULIACALL_EXE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("PYSCIML_JULIA_PROJECT", "PYTHON_JULIACALL_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    assert doctor.julia_state().details["executable"].startswith(str(julia))


def test_completion_knows_commands_and_systems():
    environment = {
        "_PYSCIML_COMPLETE": "complete_bash",
        "COMP_WORDS": "pysciml solve lor",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from pysciml.cli.main import main; main()"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "lorenz63" in done.stdout
