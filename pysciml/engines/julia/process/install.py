"""Julia and its packages, installed ahead of their first use."""

from __future__ import annotations

import os

from pysciml.engines.julia.process.clashes import explained
from pysciml.engines.julia.process.locate import Place, find
from pysciml.engines.julia.process.processes import Runner, run
from pysciml.engines.julia.process.readiness import readiness
from pysciml.errors import EngineError

__all__ = ["install"]

INSTANTIATE = "using Pkg; Pkg.instantiate(); Pkg.precompile()"
LOAD = "using PySciML, PythonCall; print(VERSION)"


def install(runner: Runner = run) -> str:
    """Install Julia and the packages that pysciml needs, and compile them.

    Where environment variables name a Julia and a project, that project is completed. Otherwise
    juliapkg finds or downloads Julia and makes a project for this Python.

    Parameters
    ----------
    runner : callable
        Runs Julia.

    Returns
    -------
    str
        What is there now, as a sentence.

    Raises
    ------
    EngineError
        If it cannot be installed; the message says what to do.
    """
    place = find()
    if place is None or place.source == "juliapkg":
        place = _by_juliapkg()
    elif runner(place, INSTANTIATE)[0] != 0:
        raise EngineError(
            f"The project {place.project} ({place.source}) cannot be completed; what Julia printed "
            "says why."
        )
    code, version = runner(place, LOAD, quiet=True)
    if code != 0:
        raise EngineError(
            f"PySciML.jl of {place.project} does not load; what Julia printed says why."
        )
    found = readiness()
    return f"Julia {version} is installed, with PySciML.jl. {found.reason}"


def _by_juliapkg() -> Place:
    # As juliacall would start it: no Python of its own for PythonCall.
    os.environ.setdefault("JULIA_CONDAPKG_BACKEND", "Null")
    import juliapkg

    known = find() is not None
    try:
        # What juliapkg holds for complete may be older than the package that it names by path.
        juliapkg.resolve(force=known and not readiness().ready)
    except Exception as error:  # juliapkg raises what it meets
        remedy = explained(str(error)) or "What it printed says why."
        raise EngineError(f"juliapkg cannot install Julia: {error}. {remedy}") from error
    place = find()
    if place is None:
        raise EngineError(
            "juliapkg reports no error, but what it has installed does not match today's "
            "juliapkg.json files; run `pysciml julia install` again."
        )
    return place
