"""The engines as parameters of tests, and whether the one that not everybody has is there."""

import pytest

from pysciml.engines.julia.process.readiness import readiness

FOUND = readiness()
ENGINES = ["jax", pytest.param("julia", marks=pytest.mark.julia)]
