"""Every public object is documented as numpydoc wants it, and every example runs."""

import doctest
import importlib
import inspect
import tomllib
from pathlib import Path

import pytest

import pysciml

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
CHECKS = tomllib.loads(PYPROJECT.read_text("utf-8"))["tool"]["numpydoc_validation"]["checks"]

# From the files, so that to collect the tests imports nothing.
PACKAGE = Path(pysciml.__file__).parent


def dotted(path):
    return ".".join(("pysciml", *path.relative_to(PACKAGE).parts))


MODULES = sorted(
    dotted(path.with_suffix("")).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.name != "__main__.py"
)
# What a package exports is public; the shell and the engines are reached through other doors.
PACKAGES = sorted(
    name
    for name in (dotted(path.parent) for path in PACKAGE.rglob("__init__.py"))
    if not name.startswith(("pysciml.cli", "pysciml.engines"))
)


def public_objects(package):
    """Name every function and class that a package exports, and the members of the classes."""
    for name in getattr(package, "__all__", ()):
        found = getattr(package, name)
        if not (inspect.isfunction(found) or inspect.isclass(found)):
            continue
        home = f"{found.__module__}.{found.__qualname__}"
        yield home
        if inspect.isclass(found):
            for member, value in vars(found).items():
                is_code = isinstance(value, (classmethod, staticmethod, property))
                if not member.startswith("_") and (is_code or inspect.isfunction(value)):
                    yield f"{home}.{member}"


@pytest.mark.parametrize("name", PACKAGES)
def test_docstrings_are_complete(name):
    from numpydoc.validate import validate

    errors = [
        f"{found}: {code} {text}"
        for found in public_objects(importlib.import_module(name))
        for code, text in validate(found)["errors"]
        if code in CHECKS
    ]
    assert not errors, "\n".join(errors)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    import jax.numpy as jnp
    import numpy as np
    import xarray as xr

    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    assert module.__doc__
    result = doctest.testmod(
        module,
        extraglobs={"jnp": jnp, "np": np, "ps": pysciml, "xr": xr},
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert result.failed == 0


def test_public_objects_are_found():
    names = set(public_objects(importlib.import_module("pysciml.runs")))
    assert "pysciml.runs.checkpoint.save_checkpoint" in names
    assert "pysciml.runs.directory.RunDirectory.create" in names
    assert {"pysciml", "pysciml.catalog", "pysciml.datasets"} <= set(PACKAGES)
