"""What tests need that run Julia in this process."""

import importlib.util
import os
import shutil

import pytest

found = importlib.util.find_spec("juliacall") is not None and (
    os.environ.get("PYTHON_JULIACALL_EXE") or shutil.which("julia")
)
needs_julia = pytest.mark.skipif(not found, reason="needs Julia and juliacall")
