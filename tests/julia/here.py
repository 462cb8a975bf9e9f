"""Marks of the tests that start Julia in a process."""

import os
import subprocess
import sys

import pytest

from pysciml.engines.julia.process.readiness import readiness

FOUND = readiness()
needs_julia = [
    pytest.mark.julia,
    pytest.mark.skipif(not FOUND.ready, reason=f"no Julia: {FOUND.reason}"),
]


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
