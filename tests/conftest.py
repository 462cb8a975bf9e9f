"""What all tests share: compiled programs are kept from one run of the suite to the next."""

import importlib.util
import os
import shutil
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


def julia_is_here():
    """Whether tests can run Julia in this process."""
    named = os.environ.get("PYTHON_JULIACALL_EXE") or shutil.which("julia")
    return bool(named) and importlib.util.find_spec("juliacall") is not None


@pytest.fixture(params=["jax", pytest.param("julia", marks=pytest.mark.julia)])
def engine(request, monkeypatch):
    """Run a test on either engine, without naming one in its calls."""
    if request.param == "julia" and not julia_is_here():
        pytest.skip("needs Julia and juliacall")
    monkeypatch.setenv("PYSCIML_ENGINE", request.param)
    return request.param
