"""Processes of their own for tests that start Julia."""

import os
import subprocess
import sys


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
