"""Where Julia and its packages are, found without starting Julia and without juliacall."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Place", "named"]

# pysciml's own variables come first: they may name a tree for pysciml alone.
PAIRS = (
    ("PYSCIML_JULIA_EXE", "PYSCIML_JULIA_PROJECT"),
    ("PYTHON_JULIACALL_EXE", "PYTHON_JULIACALL_PROJECT"),
)


class Place(NamedTuple):
    """An executable of Julia and a project that holds PySciML.jl."""

    executable: str
    project: str
    source: str


def named(environment: Mapping[str, str] | None = None) -> Place | None:
    """Give the Julia that environment variables name, or None.

    Parameters
    ----------
    environment : mapping, optional
        The environment of the process by default.

    Returns
    -------
    Place or None
        The pair ``PYSCIML_JULIA_EXE`` and ``PYSCIML_JULIA_PROJECT``, or else
        ``PYTHON_JULIACALL_EXE`` and ``PYTHON_JULIACALL_PROJECT``. What one pair leaves open is
        taken from the other.
    """
    environment = os.environ if environment is None else environment
    found = []
    for names in zip(*PAIRS, strict=True):
        found.append(next((n for n in names if environment.get(n)), None))
    executable, project = found
    if executable is None or project is None:
        return None
    return Place(environment[executable], environment[project], f"{executable} and {project}")
