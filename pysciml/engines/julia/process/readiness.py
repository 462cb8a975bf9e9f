"""Whether Julia can start here without a download, said without starting it."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pysciml.engines.julia.process.locate import Place, depots, find, manifest
from pysciml.engines.julia.process.package import package
from pysciml.errors import EngineError

__all__ = ["Readiness", "missing", "readiness", "ready"]

INSTALL = "`pysciml julia install` installs Julia and its packages"
SOURCES = ("Project.toml", "src/**/*.jl", "ext/**/*.jl")


@dataclass(frozen=True)
class Readiness:
    """Whether Julia can start, and why.

    Parameters
    ----------
    ready : bool
        Whether it can, without a download.
    reason : str
        One or more sentences.
    place : Place, optional
        Where it is.
    """

    ready: bool
    reason: str
    place: Place | None = None


def ready(environment: Mapping[str, str] | None = None) -> bool:
    """Whether Julia can start here without a download.

    Parameters
    ----------
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    bool
        Neither Julia nor juliacall is started to find out.
    """
    return readiness(environment).ready


def readiness(environment: Mapping[str, str] | None = None) -> Readiness:
    """Say whether Julia can start here without a download, and why.

    Parameters
    ----------
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    Readiness
        The answer with its reason.
    """
    environment = dict(os.environ if environment is None else environment)
    try:
        bridge = version("juliacall")
    except PackageNotFoundError:
        return Readiness(False, "The package juliacall is missing; `pip install juliacall`.")
    try:
        place = find(environment)
    except EngineError as error:
        return Readiness(False, str(error))
    if place is None:
        return Readiness(False, f"No Julia was installed for this Python; {INSTALL}.")
    found = list(missing(place, environment | dict(place.settings), bridge))
    if found:
        return Readiness(False, " ".join(found), place)
    return Readiness(True, f"Julia is at {place.program} ({place.source}).", place)


def missing(place: Place, environment: Mapping[str, str], bridge: str) -> Iterator[str]:
    """Say what a place lacks.

    Parameters
    ----------
    place : Place
        The place.
    environment : mapping
        Environment variables, those of the place included.
    bridge : str
        Version of juliacall.

    Yields
    ------
    str
        A sentence for each thing that is missing.
    """
    if place.program is None:
        yield f"{place.executable} ({place.source}) cannot be run."
    read = manifest(place.project)
    if read is None:
        yield (
            f"The project {place.project} ({place.source}) has no Manifest.toml: its packages were "
            f"not installed; {INSTALL}."
        )
        return
    path, entries = read
    ours = entries.get("PySciML")
    if ours is None:
        yield (
            f"The project {place.project} ({place.source}) does not hold PySciML.jl; "
            f"add it with `using Pkg; Pkg.develop(path={str(package())!r})`."
        )
    else:
        yield from _other(path.parent / ours.get("path", ""), place)
        yield from _outdated(ours, place)
    link = entries.get("PythonCall", {}).get("version", "none")
    if link != bridge:
        yield (
            f"The project {place.project} has PythonCall {link}, and juliacall is {bridge}; they "
            f"must be of one version."
        )
    absent = [n for n, entry in entries.items() if not _installed(n, entry, path, environment)]
    if absent:
        shown = ", ".join(sorted(absent)[:4]) + (", ..." if len(absent) > 4 else "")
        yield f"{len(absent)} packages of the manifest are not in the depot ({shown}); {INSTALL}."


def _other(folder: Path, place: Place) -> Iterator[str]:
    """Say so if the Julia half is not the one that belongs to this Python half."""
    if not (folder / "Project.toml").is_file():
        yield f"PySciML.jl of the project {place.project} is not at {folder}."
    elif folder.resolve() != package().resolve() and fingerprint(folder) != fingerprint(package()):
        yield (
            f"PySciML.jl of the project {place.project} ({folder}) is not that of pysciml "
            f"{_version(package())}; make it anew with the pysciml that is installed."
        )


def _outdated(entry: Mapping[str, Any], place: Place) -> Iterator[str]:
    """Say so if the manifest was made before PySciML.jl got all that it has."""
    project = _project(package())
    lacking = [
        name
        for group in ("deps", "extensions")
        for name in project[group]
        if name not in entry.get(group, ())
    ]
    if lacking:
        yield (
            f"The manifest of {place.project} is older than its PySciML.jl, of which it does not "
            f"know {', '.join(lacking)}; {INSTALL}, or use Pkg.resolve() there."
        )


def _version(folder: Path) -> str:
    return _project(folder)["version"]


def _project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "Project.toml").read_text())


def fingerprint(folder: Path) -> str:
    """Give a hash of the source of a Julia package.

    Parameters
    ----------
    folder : Path
        Folder of the package.

    Returns
    -------
    str
        Of its Project.toml, src and ext.
    """
    total = hashlib.sha256()
    for pattern in SOURCES:
        for file in sorted(folder.glob(pattern)):
            total.update(file.relative_to(folder).as_posix().encode())
            total.update(file.read_bytes())
    return total.hexdigest()


def _installed(
    name: str, entry: dict[str, Any], path: Path, environment: Mapping[str, str]
) -> bool:
    if "path" in entry:
        return (path.parent / entry["path"]).is_dir()
    if "git-tree-sha1" not in entry:
        return True  # it comes with Julia
    return any((depot / "packages" / name).is_dir() for depot in depots(environment))
