"""Marks of the tests that need Julia, and the engines as parameters."""

import pytest

from pysciml.engines.julia.process.readiness import readiness

FOUND = readiness()
needs_julia = [
    pytest.mark.julia,
    pytest.mark.skipif(not FOUND.ready, reason=f"no Julia: {FOUND.reason}"),
]
ENGINES = ["jax", pytest.param("julia", marks=needs_julia)]
