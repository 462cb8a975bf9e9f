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
WANTED = json.loads((ROOT / "pysciml" / "juliapkg.json").read_text())
PROJECT = tomllib.loads((ROOT / "julia" / "Project.toml").read_text())
# Packages whose versions decide numbers.
DECIDING = re.compile(
    "OrdinaryDiffEq|StochasticDiffEq|DiffEq|SciMLBase|SciMLSensitivity|LinearSolve|Lux|NNlib|Zygote"
    "|Optimisers|ForwardDiff|ReverseDiff|ComponentArrays"
)
FOR_DEVICES = {"CUDA", "DiffEqGPU"}  # added by those who have a GPU


def test_the_package_is_where_the_file_beside_it_says():
    ours = WANTED["packages"]["PySciML"]
    assert ours["dev"] is True
    assert package() == Path(pysciml.__file__).parent / ours["path"]
    assert (package() / "Project.toml").exists()
    assert ours["uuid"] == PROJECT["uuid"]


def test_the_wheel_has_what_the_link_of_a_checkout_leads_to():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]
    included = wheel["wheel"]["force-include"]
    assert (ROOT / "pysciml" / "julia").resolve() == ROOT / "julia"
    for name in ("Project.toml", "src", "ext", "test"):
        assert included[f"julia/{name}"] == f"pysciml/julia/{name}"
    assert not any("Manifest" in name for name in included)


def test_juliapkg_finds_the_package_that_python_imports(monkeypatch, tmp_path):
    import juliapkg.deps

    checkout, wheel = tmp_path / "checkout", tmp_path / "site-packages"
    for home in (checkout, wheel):
        (home / "pysciml" / "julia").mkdir(parents=True)
        shutil.copy(ROOT / "pysciml" / "juliapkg.json", home / "pysciml")
    for path in ([checkout, wheel], [wheel, checkout], [wheel]):
        monkeypatch.setattr("sys.path", [*map(str, path)])
        _, found = juliapkg.deps.find_requirements()
        (ours,) = [package for package in found if package.name == "PySciML"]
        assert ours.path == str(path[0] / "pysciml" / "julia")
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
