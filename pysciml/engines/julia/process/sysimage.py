"""A system image: Julia with PySciML.jl compiled into it, which loads no packages at its start.

An image fits one Julia, one set of package versions and one kind of processor. Its file is named
by a hash of all these, so that an image made for others is never loaded.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from pysciml.engines.jax.cache import base_directory, processor
from pysciml.engines.julia.process.locate import TREE, Place, manifest
from pysciml.engines.julia.process.package import package
from pysciml.engines.julia.process.processes import Runner, run
from pysciml.engines.julia.process.readiness import fingerprint
from pysciml.errors import EngineError

__all__ = ["build", "folder", "name", "stale", "usable"]

SUFFIX = {"win32": "dll", "darwin": "dylib"}.get(sys.platform, "so")
SCRIPT = """
using Pkg
const project = Base.active_project()
if Base.find_package("PackageCompiler") === nothing
    Pkg.activate(temp=true)
    Pkg.add("PackageCompiler")
end
using PackageCompiler
# What the packages compile when they are precompiled is not in an image: the first solves again.
const solves = tempname()
write(solves, "using PythonCall, PySciML; PySciML.first_solves()")
create_sysimage(
    ["PySciML", "PythonCall"];
    project=dirname(project), sysimage_path=ARGS[1], import_into_main=false,
    precompile_execution_file=solves,
)
"""


def name(place: Place) -> str:
    """Give the file name of the image that fits a place.

    Parameters
    ----------
    place : Place
        Julia and its project.

    Returns
    -------
    str
        Of a hash of Julia, the versions of the packages, juliacall, and the processor.
    """
    total = hashlib.sha256()
    if place.program is not None:
        # The image that Julia comes with changes its size with the version.
        own = place.program.parent.parent / "lib" / "julia" / f"sys.{SUFFIX}"
        total.update(f"{own.stat().st_size if own.is_file() else place.program}\n".encode())
    read = manifest(place.project)
    if read is not None:
        total.update(read[0].read_bytes())
    for word in (fingerprint(package()), version("juliacall"), processor()):
        total.update(word.encode())
    return f"{total.hexdigest()[:16]}.{SUFFIX}"


def folder(place: Place, environment: Mapping[str, str] | None = None) -> Path | None:
    """Give the folder of images, which may not exist yet.

    Parameters
    ----------
    place : Place
        Julia and its project.
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    Path or None
        That of a prepared tree, or else of this user; None where caches are turned off.
    """
    if place.source == TREE:
        return place.project.parent / "sysimage"
    base = base_directory(environment)
    return None if base is None else base / "julia-sysimage"


def usable(place: Place, environment: Mapping[str, str] | None = None) -> Path | None:
    """Give the image with which Julia is to start, or None.

    Parameters
    ----------
    place : Place
        Julia and its project.
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    Path or None
        One that fits.
    """
    home = folder(place, environment)
    if home is None or not home.is_dir():
        return None
    image = home / name(place)
    return image if image.is_file() else None


def stale(place: Place, environment: Mapping[str, str] | None = None) -> list[Path]:
    """Give the images that do not fit any more, which are not used.

    Parameters
    ----------
    place : Place
        Julia and its project.
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    list of Path
        Made for other versions or processors.
    """
    home = folder(place, environment)
    if home is None or not home.is_dir():
        return []
    fits = name(place)
    return [image for image in sorted(home.glob(f"*.{SUFFIX}")) if image.name != fits]


def build(place: Place, runner: Runner = run) -> Path:
    """Build the image that fits a place; Julia starts with it from then on.

    Parameters
    ----------
    place : Place
        Julia and its project.
    runner : callable
        Runs Julia.

    Returns
    -------
    Path
        The image.

    Raises
    ------
    EngineError
        If there is no folder for it, or PackageCompiler fails.
    """
    home = folder(place)
    if home is None:
        raise EngineError("PYSCIML_CACHE_DIR turns the cache off; it is where the image would go.")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    image = home / name(place)
    part = image.with_name(f"part-{os.getpid()}-{image.name}")
    try:
        code, _ = runner(place, SCRIPT, str(part))
        if code != 0 or not part.is_file():
            raise EngineError(
                "PackageCompiler made no image; what it printed says why. It needs a C compiler "
                "and some 4 GB of memory. Without an image, Julia starts as before."
            )
        part.replace(image)
    finally:
        part.unlink(missing_ok=True)
    return image
