"""Processes of their own for tests that start Julia."""

import os
import subprocess
import sys

from marks import FOUND


def run_in_new_process(program, **settings):
    """Run Python source in a process of its own; give the process when it has ended."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def for_juliacall():
    """Give the variables by which juliacall itself, too, takes the Julia that was found."""
    place = FOUND.place
    return {
        **place.settings,
        "PYTHON_JULIACALL_EXE": str(place.program),
        "PYTHON_JULIACALL_PROJECT": str(place.project),
    }


def run_julia(*arguments):
    """Run Julia by itself, with the packages that were found; give what it prints."""
    place = FOUND.place
    done = subprocess.run(
        [str(place.program), f"--project={place.project}", "--startup-file=no", *arguments],
        env={**os.environ, **place.settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
