"""What the command sets for its own process."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from pysciml.cli.process import prepare


def test_the_choice_of_the_user_stands():
    chosen = {"XLA_FLAGS": "--xla_dump_to=/tmp/x", "JAX_COMPILATION_CACHE_DIR": ""}
    environment = dict(chosen)
    prepare(environment)
    assert environment == chosen


def test_a_user_who_wants_no_cache_gets_none():
    environment = {"PYSCIML_CACHE_DIR": "off"}
    prepare(environment)
    assert environment == {"PYSCIML_CACHE_DIR": "off"}


@pytest.mark.skipif(os.name == "nt", reason="caches are elsewhere there")
def test_compiled_programs_are_kept_where_caches_are(tmp_path):
    environment = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    prepare(environment)
    folder = Path(environment["JAX_COMPILATION_CACHE_DIR"])
    assert tmp_path in folder.parents
    assert not folder.exists()  # made by JAX, when it has something to keep


def test_a_place_that_cannot_be_written_to_is_not_used(tmp_path):
    (tmp_path / "file").write_text("")
    environment = {
        name: str(tmp_path / "file") for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")
    }
    prepare(environment)
    assert "JAX_COMPILATION_CACHE_DIR" not in environment


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_kept():
    """A second large array of the same size causes next to no page faults."""
    script = """
import resource, sys
import numpy as np
from pysciml.cli.process import keep_memory
if "keep" in sys.argv:
    assert keep_memory()
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    array = np.ones(6_000_000)  # 48 MB, 12,000 pages
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    del array
print(faults)
"""
    command = [sys.executable, "-c", script]
    faults = {
        word: int(subprocess.run([*command, word], capture_output=True, check=True).stdout)
        for word in ("keep", "free")
    }
    assert faults["keep"] < 100 < faults["free"]
