"""What all tests share: compiled programs are kept between runs; without Julia some are skipped."""

import os
import tempfile
from pathlib import Path

import pytest

# Before JAX starts, and for the commands that tests start as well.
cache = Path(tempfile.gettempdir()) / "pysciml-tests-compiled"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
os.environ.setdefault("MPLBACKEND", "agg")
# Where Julia is ready, "auto" means it: what a test does not ask for shall not depend on that.
os.environ.setdefault("PYSCIML_ENGINE", "jax")
# Tests compile far more than they compute: let LLVM optimise less.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


def pytest_collection_modifyitems(items):
    """Skip the tests marked `julia` where Julia and its packages are not ready."""
    from marks import FOUND

    absent = pytest.mark.skipif(not FOUND.ready, reason=f"no Julia: {FOUND.reason}")
    for item in items:
        if item.get_closest_marker("julia"):
            item.add_marker(absent)
