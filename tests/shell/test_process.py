"""What the command sets for its own process."""

import os
from pathlib import Path

import pytest

from pysciml.cli.process import cache_directory, prepare


def test_the_flag_is_added_once_and_beside_others():
    environment = {"XLA_FLAGS": "--xla_dump_to=/tmp/x"}
    prepare(environment)
    once = environment["XLA_FLAGS"]
    assert once.startswith("--xla_dump_to=/tmp/x --xla_backend_extra_options=")
    prepare(environment)
    assert environment["XLA_FLAGS"] == once


def test_the_choices_of_the_user_stand():
    chosen = {
        "XLA_FLAGS": "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=0",
        "JAX_COMPILATION_CACHE_DIR": "",
    }
    environment = dict(chosen)
    prepare(environment)
    assert environment == chosen


@pytest.mark.skipif(os.name == "nt", reason="caches are elsewhere there")
def test_compiled_programs_are_kept_where_caches_are(tmp_path):
    environment = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    prepare(environment)
    folder = Path(environment["JAX_COMPILATION_CACHE_DIR"])
    assert folder == cache_directory(environment)
    assert tmp_path in folder.parents
    assert not folder.exists()  # made by JAX, when it has something to keep


def test_a_place_that_cannot_be_written_to_is_not_used(tmp_path):
    (tmp_path / "file").write_text("")
    environment = {
        name: str(tmp_path / "file") for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")
    }
    prepare(environment)
    assert "JAX_COMPILATION_CACHE_DIR" not in environment
