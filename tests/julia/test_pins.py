"""The files that say which Julia packages are installed, and what a wheel holds of them."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

import pysciml
from pysciml.engines.julia.process.package import package

ROOT = Path(__file__).parents[2]
WANTED = json.loads((ROOT / "juliapkg.json").read_text())
PROJECT = tomllib.loads((ROOT / "julia" / "Project.toml").read_text())
# Packages whose versions decide numbers.
DECIDING = re.compile(
    "OrdinaryDiffEq|StochasticDiffEq|DiffEq|SciMLBase|SciMLSensitivity|LinearSolve|Lux|NNlib|Zygote"
    "|Optimisers|ForwardDiff|ReverseDiff|ComponentArrays"
)
FOR_DEVICES = {"CUDA", "DiffEqGPU"}  # added by those who have a GPU


def test_the_package_is_named_by_its_path_in_a_checkout_and_in_a_wheel():
    ours = WANTED["packages"]["PySciML"]
    assert ours["dev"] is True
    installed = Path(pysciml.__file__).parent
    assert package() in (ROOT / ours["path"], installed / ours["path"])
    assert (package() / "Project.toml").exists()
    assert ours["uuid"] == PROJECT["uuid"]


def test_the_wheel_has_the_package_beside_the_file_that_names_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["juliapkg.json"] == "pysciml/juliapkg.json"
    wanted = f"pysciml/{WANTED['packages']['PySciML']['path']}"
    for name in ("Project.toml", "src", "ext", "test"):
        there = (ROOT / "julia" / name).exists()
        assert (included.get(f"julia/{name}") == f"{wanted}/{name}") == there
    assert not any("Manifest" in name for name in included)


@pytest.mark.parametrize("layout", ["checkout", "wheel"])
def test_juliapkg_finds_it(monkeypatch, tmp_path, layout):
    import juliapkg.deps

    home = tmp_path if layout == "checkout" else tmp_path / "pysciml"
    home.mkdir(exist_ok=True)
    shutil.copy(ROOT / "juliapkg.json", home)
    (home / "julia").mkdir()
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    _, found = juliapkg.deps.find_requirements()
    (ours,) = [package for package in found if package.name == "PySciML"]
    assert ours.path == str(home / "julia")
    assert ours.dev


def test_packages_that_decide_numbers_have_one_version():
    for name, wanted in WANTED["packages"].items():
        if name != "PySciML":
            assert wanted["version"].startswith("="), name


def test_the_pins_fit_the_package():
    named = PROJECT["deps"] | PROJECT.get("weakdeps", {})
    for name, uuid in named.items():
        if not DECIDING.match(name) or name in FOR_DEVICES:
            continue
        assert name in WANTED["packages"], f"pin {name} in juliapkg.json"
        pin = WANTED["packages"][name]
        assert pin["uuid"] == uuid
        assert satisfies(pin["version"].removeprefix("="), PROJECT["compat"][name]), name


def satisfies(version, compat):
    """Whether a version is in a range of Julia's kind: a.b.c, and nothing but those."""
    number = [int(part) for part in version.split(".")]
    for part in compat.split(","):
        least = [int(piece) for piece in part.strip().lstrip("^").split(".")]
        leading = next((i for i, piece in enumerate(least) if piece), len(least) - 1)
        same = number[: leading + 1] == least[: leading + 1]
        if same and number >= least:
            return True
    return False


@pytest.mark.parametrize(
    ("version", "compat", "fits"),
    [
        ("1.2.3", "1.2", True),
        ("1.10.0", "1.2.4", True),
        ("2.0.0", "1.2", False),
        ("0.2.5", "0.2.4", True),
        ("0.3.0", "0.2", False),
        ("1.1.9", "1.2", False),
        ("3.1.0", "2.5, 3", True),
    ],
)
def test_ranges_are_read_as_julia_reads_them(version, compat, fits):
    assert satisfies(version, compat) is fits


def test_the_environment_of_the_repository_holds_what_the_package_can_use():
    root = tomllib.loads((ROOT / "Project.toml").read_text())
    assert root["sources"]["PySciML"]["path"] == "julia"
    for name, uuid in {**PROJECT.get("weakdeps", {}), "PySciML": PROJECT["uuid"]}.items():
        if name != "CUDA":
            assert root["deps"][name] == uuid
    for name, uuid in root["deps"].items():
        known = WANTED["packages"].get(name, {}).get("uuid", uuid)
        assert uuid == known
