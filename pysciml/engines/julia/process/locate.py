"""Where Julia and its packages are, found without starting Julia and without juliacall."""

from __future__ import annotations

import hashlib
import json
import os
import runpy
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pysciml.errors import EngineError

__all__ = ["PREPARED", "TREE", "Place", "depots", "find", "library", "manifest", "resolved"]

TREE = "PYSCIML_JULIA"  # names a tree made by `pysciml julia prepare`
PREPARED = "pysciml-julia.json"  # what such a tree says of itself
# pysciml's own variables come first: they may name a Julia for pysciml alone.
EXECUTABLES = ("PYSCIML_JULIA_EXE", "PYTHON_JULIACALL_EXE")
PROJECTS = ("PYSCIML_JULIA_PROJECT", "PYTHON_JULIACALL_PROJECT")


@dataclass(frozen=True)
class Place:
    """An executable of Julia and a project that is to hold PySciML.jl.

    Parameters
    ----------
    executable : str
        Path, or a name on PATH.
    project : Path
        Folder of the project.
    source : str
        What names them.
    settings : mapping of str to str
        Environment variables that Julia needs there.
    """

    executable: str
    project: Path
    source: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def program(self) -> Path | None:
        """The executable as a path, links followed; None if there is none."""
        found = shutil.which(self.executable)
        return Path(found).resolve() if found else None


def find(environment: Mapping[str, str] | None = None) -> Place | None:
    """Find the Julia that would be started, if nothing were downloaded.

    Parameters
    ----------
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    Place or None
        In this order: the tree that ``PYSCIML_JULIA`` names; ``PYSCIML_JULIA_EXE`` and
        ``PYSCIML_JULIA_PROJECT``; ``PYTHON_JULIACALL_EXE`` and ``PYTHON_JULIACALL_PROJECT`` (what
        one pair leaves open is taken from the other); what juliapkg has installed.

    Raises
    ------
    EngineError
        If a variable names something that is not there, or one of a pair is missing.
    """
    environment = os.environ if environment is None else environment
    if environment.get(TREE):
        return _prepared(Path(environment[TREE]).expanduser())
    executable = next((n for n in EXECUTABLES if environment.get(n)), None)
    project = next((n for n in PROJECTS if environment.get(n)), None)
    if executable and project:
        folder = Path(environment[project]).expanduser().resolve()
        return Place(environment[executable], folder, f"{executable} and {project}")
    if executable or project:
        there, missing = (executable, PROJECTS[0]) if executable else (project, EXECUTABLES[0])
        raise EngineError(
            f"{there} is set, but nothing names its other half; set {missing} too, or unset it."
        )
    return resolved(environment)


def _prepared(tree: Path) -> Place:
    note = tree / PREPARED
    if not note.is_file():
        raise EngineError(
            f"{TREE} names {tree}, which is no tree made by `pysciml julia prepare`: it has no "
            f"{PREPARED}. Make it with `pysciml julia prepare --to {tree}`, or unset {TREE}."
        )
    said = json.loads(note.read_text())
    home = tree.resolve()
    writable = _own_depot()
    parts = [str(writable)] if writable else []
    settings = {
        "JULIA_DEPOT_PATH": os.pathsep.join([*parts, str(home / said["depot"])]),
        "JULIA_PKG_OFFLINE": "true",
        "JULIA_PKG_SERVER": "",
        "JULIA_CONDAPKG_BACKEND": "Null",
    }
    return Place(str(home / said["executable"]), home / said["project"], TREE, settings)


def _own_depot() -> Path | None:
    """Give a depot of this user, for what Julia writes where the tree is read-only."""
    from pysciml.engines.jax.cache import base_directory

    base = base_directory()
    return base / "julia-depot" if base else None


def resolved(environment: Mapping[str, str] | None = None) -> Place | None:
    """Give what juliapkg has installed for this Python, if it is what is asked for today.

    Parameters
    ----------
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    Place or None
        None if nothing was installed, or if a `juliapkg.json` has changed since.
    """
    environment = os.environ if environment is None else environment
    package = find_spec("juliapkg")
    if package is None or package.origin is None:
        return None
    # By itself, since all of juliapkg takes a tenth of a second to import.
    state = runpy.run_path(str(Path(package.origin).with_name("state.py")))["STATE"]
    note = Path(state["meta"])
    if not note.is_file():
        return None
    import juliapkg.deps

    try:
        said = json.loads(note.read_text())
        files = {name: entry["hash_sha256"] for name, entry in said["deps_files"].items()}
        executable = said["executable"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if files != {name: _sha256(Path(name)) for name in juliapkg.deps.deps_files()}:
        return None
    settings = {
        "PYTHON_JULIACALL_LIB": said.get("libjulia"),
        "PYTHON_JULIACALL_BINDIR": said.get("bindir"),
    }
    settings = {name: value for name, value in settings.items() if value and Path(value).exists()}
    return Place(executable, Path(state["project"]), "juliapkg", settings)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest(project: Path) -> tuple[Path, dict[str, Any]] | None:
    """Read the manifest of a project.

    Parameters
    ----------
    project : Path
        Folder of the project.

    Returns
    -------
    tuple of Path and dict, or None
        Its path and the entries by name (the first of each name); None without a manifest.
    """
    names = ["JuliaManifest.toml", "Manifest.toml"]
    names += sorted((p.name for p in project.glob("Manifest-v*.toml")), reverse=True)
    path = next((project / name for name in names if (project / name).is_file()), None)
    if path is None:
        return None
    entries = tomllib.loads(path.read_text()).get("deps", {})
    return path, {name: found[0] for name, found in entries.items()}


def depots(environment: Mapping[str, str] | None = None) -> list[Path]:
    """Give the folders in which Julia looks for packages.

    Parameters
    ----------
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    list of Path
        Of ``JULIA_DEPOT_PATH``, where an empty part stands for ``~/.julia``.
    """
    environment = os.environ if environment is None else environment
    parts = environment.get("JULIA_DEPOT_PATH", "").split(os.pathsep)
    return [Path(part or "~/.julia").expanduser() for part in parts]


def library(program: Path) -> dict[str, str]:
    """Give the library and the folder of an executable, so that juliacall need not ask it.

    Parameters
    ----------
    program : Path
        The executable, links followed.

    Returns
    -------
    dict
        Options of juliacall; empty where the library is not in its usual place.
    """
    folder = program.parent
    usual = {
        "win32": folder / "libjulia.dll",
        "darwin": folder.parent / "lib" / "libjulia.dylib",
    }.get(sys.platform, folder.parent / "lib" / "libjulia.so")
    if not usual.exists():
        return {}
    return {"PYTHON_JULIACALL_LIB": str(usual.resolve()), "PYTHON_JULIACALL_BINDIR": str(folder)}
