"""What is there of Julia, for people to read; Julia is not started."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from pysciml.engines.julia.process.clashes import clashes
from pysciml.engines.julia.process.locate import Place, depots, manifest
from pysciml.engines.julia.process.package import package
from pysciml.engines.julia.process.readiness import readiness
from pysciml.engines.julia.process.sysimage import stale, usable
from pysciml.errors import EngineError

__all__ = ["SETTINGS", "Status", "examine", "place", "version_of"]

SETTINGS = (
    "PYSCIML_JULIA",
    "PYSCIML_JULIA_EXE",
    "PYSCIML_JULIA_PROJECT",
    "PYTHON_JULIAPKG_EXE",
    "PYTHON_JULIAPKG_PROJECT",
    "PYTHON_JULIACALL_EXE",
    "PYTHON_JULIACALL_PROJECT",
    "PYTHON_JULIACALL_SYSIMAGE",
    "PYTHON_JULIACALL_THREADS",
    "PYTHON_JULIACALL_HANDLE_SIGNALS",
    "JULIA_NUM_THREADS",
    "JULIA_NUM_GC_THREADS",
    "JULIA_DEPOT_PATH",
)
SHOWN = (
    "PythonCall",
    "SciMLBase",
    "OrdinaryDiffEqCore",
    "StochasticDiffEq",
    "SciMLSensitivity",
    "Lux",
)


@dataclass(frozen=True)
class Status:
    """What is there of Julia.

    Parameters
    ----------
    ready : bool
        Whether it can start without a download.
    reason : str
        Why, or why not.
    details : dict
        Places, versions and settings.
    """

    ready: bool
    reason: str
    details: dict[str, str] = field(default_factory=dict)


def examine(environment: Mapping[str, str] | None = None) -> Status:
    """Look for Julia without starting it.

    Parameters
    ----------
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    Status
        What was found.
    """
    environment = dict(os.environ if environment is None else environment)
    found = readiness(environment)
    details = {"juliacall": _installed("juliacall"), "PySciML.jl": str(package())}
    if found.place is not None:
        details |= _about(found.place, environment)
    else:
        own = environment.get("PYTHON_JULIAPKG_EXE") or shutil.which("julia")
        details["executable"] = f"{own} (for `pysciml julia install` to use)" if own else "none"
    details |= {name: environment[name] for name in SETTINGS if environment.get(name)}
    for number, clash in enumerate(clashes(environment=environment), 1):
        details[f"clash {number}"] = clash.sentence
    return Status(found.ready, found.reason, details)


def _about(place: Place, environment: Mapping[str, str]) -> dict[str, str]:
    environment = {**environment, **place.settings}
    told = {"executable": str(place.program or f"{place.executable} (not found)")}
    told["version"] = version_of(place) or "unknown until it runs"
    told["project"] = f"{place.project} ({place.source})"
    told["depot"] = os.pathsep.join(map(str, depots(environment)))
    read = manifest(place.project)
    if read is not None:
        entries = {name: read[1].get(name, {}).get("version", "none") for name in SHOWN}
        told["packages"] = ", ".join(f"{name} {number}" for name, number in entries.items())
    image, old = usable(place, environment), stale(place, environment)
    told["system image"] = str(image or "none")
    if old and image is None:
        told["system image"] = (
            f"{len(old)} for other versions or processors, not used; `pysciml julia sysimage` "
            "builds one that fits"
        )
    return told


def version_of(place: Place) -> str | None:
    """Read the version of Julia from its files.

    Parameters
    ----------
    place : Place
        Where it is.

    Returns
    -------
    str or None
        None if it has no such file, as behind the launcher of juliaup.
    """
    if place.program is None:
        return None
    header = place.program.parent.parent / "include" / "julia" / "julia_version.h"
    try:
        text = header.read_text()
    except OSError:
        return None
    found = re.search(r'JULIA_VERSION_STRING "([^"]+)"', text)
    return found[1] if found else None


def place() -> Place:
    """Give the place of Julia, or say why there is none.

    Returns
    -------
    Place
        One that is ready.

    Raises
    ------
    EngineError
        If there is none.
    """
    found = readiness()
    if not found.ready or found.place is None:
        raise EngineError(found.reason)
    return found.place


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
