"""`import pysciml` is light, and every public name is there."""

import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import pysciml

HEAVY = [
    "jax",
    "jaxlib",
    "diffrax",
    "equinox",
    "optax",
    "juliacall",
    "juliapkg",
    "diffeqpy",
    "matplotlib",
    "numpy",
    "pandas",
    "scipy",
    "xarray",
    "h5netcdf",
    "safetensors",
    "rich",
    "typer",
]


def loaded(statement):
    """Run a statement in a new interpreter and return which of the heavy libraries it loaded."""
    program = f"{statement}\nimport sys\nprint(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_import_loads_nothing_heavy():
    assert loaded("import pysciml; dir(pysciml); pysciml.__version__") == []


def test_the_probe_sees_what_is_loaded():
    assert "numpy" in loaded("import numpy")


@pytest.mark.parametrize("name", pysciml.__all__)
def test_every_public_name_is_there(name):
    assert getattr(pysciml, name).__doc__


def test_a_verb_is_not_hidden_by_the_module_of_its_name():
    program = (
        "import pysciml, pysciml.model, pysciml.solve\n"
        "assert callable(pysciml.model), pysciml.model\n"
        "assert callable(pysciml.solve), pysciml.solve"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        pysciml.no_such_name  # noqa: B018


def test_what_is_installed_is_whole():
    source = Path(__file__).parents[2] / "pysciml"
    installed = Path(pysciml.__file__).parent
    if installed == source:
        pytest.skip("the package runs from its source, not from a wheel")
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    there = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()}
    missing = {path for path in wanted - there if "__pycache__" not in path.parts}
    assert not missing
    listed = [file.name for file in importlib.metadata.files("pysciml") or []]
    assert {"LICENSE", "LICENSE.nitime", "py.typed"} <= set(listed)
