"""What all tests share: compiled programs are kept from one run of the suite to the next."""

import os
import tempfile
from pathlib import Path

# Before JAX starts, and for the commands that tests start as well.
cache = Path(tempfile.gettempdir()) / "pysciml-tests-compiled"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
os.environ.setdefault("MPLBACKEND", "agg")
# Where Julia is ready, "auto" means it: what a test does not ask for shall not depend on that.
os.environ.setdefault("PYSCIML_ENGINE", "jax")
# Tests compile far more than they compute: let LLVM optimise less.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
