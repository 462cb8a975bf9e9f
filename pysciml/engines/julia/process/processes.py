"""Julia in a process of its own: to install, to test, to build."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Protocol

from pysciml.engines.julia.process.locate import Place

__all__ = ["Runner", "run"]


class Runner(Protocol):
    """Runs Julia source in a place and gives the exit code and the output."""

    def __call__(
        self,
        place: Place,
        script: str,
        *arguments: str,
        quiet: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Run it."""
        ...


def run(
    place: Place,
    script: str,
    *arguments: str,
    quiet: bool = False,
    settings: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run Julia source with the packages of a place.

    Parameters
    ----------
    place : Place
        Julia and its project.
    script : str
        Source.
    *arguments : str
        What it finds in ``ARGS``.
    quiet : bool
        Take its output instead of showing it.
    settings : mapping, optional
        Environment variables beside those of this process and of the place.

    Returns
    -------
    tuple of int and str
        The exit code; what it printed, if quiet.
    """
    python = {"JULIA_PYTHONCALL_EXE": sys.executable, "JULIA_CONDAPKG_BACKEND": "Null"}
    command = [str(place.program or place.executable), f"--project={place.project}"]
    done = subprocess.run(
        [*command, "--startup-file=no", "-e", script, *arguments],
        env={**os.environ, **python, **place.settings, **(settings or {})},
        stdout=subprocess.PIPE if quiet else None,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout or ""
