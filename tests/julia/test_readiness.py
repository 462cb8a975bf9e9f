"""What is found of Julia without starting it."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import installed

from pysciml.engines.julia.process.locate import PREPARED, find, library, resolved
from pysciml.engines.julia.process.package import package
from pysciml.engines.julia.process.readiness import fingerprint, readiness, ready
from pysciml.engines.julia.process.status import examine
from pysciml.errors import EngineError


@pytest.fixture
def environment(tmp_path):
    return installed(tmp_path)


def test_what_variables_name_is_ready(environment):
    found = readiness(environment)
    assert found.ready
    assert found.place.source == "PYSCIML_JULIA_EXE and PYSCIML_JULIA_PROJECT"
    assert ready(environment)


def test_own_variables_come_before_those_of_juliacall(environment, tmp_path):
    environment |= {"PYTHON_JULIACALL_EXE": "elsewhere", "PYTHON_JULIACALL_PROJECT": "/nowhere"}
    assert find(environment).project == tmp_path / "project"
    del environment["PYSCIML_JULIA_EXE"]
    assert find(environment).executable == "elsewhere"


def test_half_of_a_pair_is_refused(environment):
    del environment["PYSCIML_JULIA_PROJECT"]
    with pytest.raises(EngineError, match="set PYSCIML_JULIA_PROJECT too"):
        find(environment)
    assert "set PYSCIML_JULIA_PROJECT too" in readiness(environment).reason


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda p: (p / "julia-1.10/bin/julia").unlink(), "cannot be run"),
        (lambda p: (p / "project/Manifest.toml").unlink(), "has no Manifest.toml"),
        (lambda p: shutil.rmtree(p / "depot/packages"), "1 packages of the manifest are not in"),
    ],
)
def test_what_is_missing_is_said(environment, tmp_path, spoil, reason):
    spoil(tmp_path)
    found = readiness(environment)
    assert not found.ready
    assert reason in found.reason


def test_a_project_without_the_package_is_not_ready(environment, tmp_path):
    manifest = tmp_path / "project" / "Manifest.toml"
    manifest.write_text(manifest.read_text().replace("deps.PySciML", "deps.Other"))
    assert "does not hold PySciML.jl" in readiness(environment).reason


@pytest.mark.parametrize("name", ["StochasticDiffEq", "PySciMLPythonCallExt"])
def test_a_manifest_that_was_made_before_is_not_ready(environment, tmp_path, name):
    manifest = tmp_path / "project" / "Manifest.toml"
    manifest.write_text(manifest.read_text().replace(name, "SomethingElse"))
    found = readiness(environment)
    assert not found.ready
    assert f"older than its PySciML.jl, of which it does not know {name}" in found.reason


def test_a_bridge_of_another_version_is_not_ready(tmp_path):
    assert "must be of one version" in readiness(installed(tmp_path, bridge="0.9.1")).reason


def test_another_julia_half_is_not_ready(environment, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(package(), copy)
    manifest = tmp_path / "project" / "Manifest.toml"
    manifest.write_text(manifest.read_text().replace(package().as_posix(), "../copy"))
    assert readiness(environment).ready  # the same source elsewhere
    (copy / "src" / "PySciML.jl").write_text("module PySciML\nend\n")
    assert "is not that of pysciml" in readiness(environment).reason
    assert fingerprint(copy) != fingerprint(package())


def test_nothing_installed_is_not_ready(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(tmp_path))
    assert "pysciml julia install" in readiness({}).reason


def test_what_juliapkg_installed_is_used_until_a_request_changes(monkeypatch, tmp_path):
    import juliapkg.deps

    environment = installed(tmp_path)
    wanted = tmp_path / "juliapkg.json"
    wanted.write_text("{}")
    digest = hashlib.sha256(b"{}").hexdigest()
    meta = tmp_path / "project" / "pyjuliapkg" / "meta.json"  # where juliapkg writes it
    meta.parent.mkdir()
    library = str(tmp_path / "julia-1.10" / "lib" / "libjulia.so")
    said = {
        "executable": environment["PYSCIML_JULIA_EXE"],
        "libjulia": library,
        "bindir": "/nowhere",
        "deps_files": {str(wanted): {"hash_sha256": digest}},
    }
    meta.write_text(json.dumps(said))
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(tmp_path / "project"))
    monkeypatch.setattr(juliapkg.deps, "deps_files", lambda: [str(wanted)])
    place = resolved()
    assert place.project == tmp_path / "project"
    assert place.settings == {"PYTHON_JULIACALL_LIB": library}
    wanted.write_text('{"julia": "1"}')
    assert resolved() is None
    meta.write_text("{")
    assert resolved() is None


def test_a_prepared_tree_brings_its_settings(tmp_path):
    installed(tmp_path)
    said = {"executable": "julia-1.10/bin/julia", "project": "project", "depot": "depot"}
    (tmp_path / PREPARED).write_text(json.dumps(said))
    place = find({"PYSCIML_JULIA": str(tmp_path)})
    assert place.program == tmp_path / "julia-1.10" / "bin" / "julia"
    assert place.settings["JULIA_DEPOT_PATH"].endswith(str(tmp_path / "depot"))
    assert place.settings["JULIA_PKG_OFFLINE"] == "true"
    assert readiness({"PYSCIML_JULIA": str(tmp_path)}).ready


def test_a_folder_that_is_no_tree_is_refused(tmp_path):
    with pytest.raises(EngineError, match="no tree made by `pysciml julia prepare`"):
        find({"PYSCIML_JULIA": str(tmp_path)})


def test_the_library_is_found_beside_the_program(tmp_path):
    environment = installed(tmp_path)
    program = Path(environment["PYSCIML_JULIA_EXE"])
    found = library(program)
    if sys.platform == "linux":
        assert found["PYTHON_JULIACALL_LIB"].endswith("julia-1.10/lib/libjulia.so")
        assert found["PYTHON_JULIACALL_BINDIR"] == str(program.parent)
    assert library(tmp_path / "bin" / "julia") == {}


def test_status_names_versions_and_settings(environment):
    found = examine(environment)
    assert found.ready
    assert found.details["version"] == "1.10.10"
    assert "PythonCall" in found.details["packages"]
    assert found.details["system image"] == "none"
    assert found.details["PYSCIML_JULIA_EXE"] == environment["PYSCIML_JULIA_EXE"]


def test_looking_starts_neither_julia_nor_juliacall(environment):
    program = (
        "import sys; from pysciml.engines.julia.process.status import examine\n"
        f"assert examine({environment!r}).ready\n"
        "assert 'juliacall' not in sys.modules and 'jax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
