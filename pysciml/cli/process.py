"""What the command line sets for its own process, before JAX starts."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import MutableMapping
from pathlib import Path

from pysciml.engines.jax.cache import base_directory

__all__ = ["keep_memory", "prepare"]


def prepare(environment: MutableMapping[str, str] | None = None) -> None:
    """Let JAX keep all that it compiles, networks too, unless the user has chosen.

    Parameters
    ----------
    environment : mutable mapping, optional
        The environment of the process by default.
    """
    environment = os.environ if environment is None else environment
    folder = base_directory(environment)
    if "JAX_COMPILATION_CACHE_DIR" not in environment and folder and _can_be_made(folder):
        environment["JAX_COMPILATION_CACHE_DIR"] = str(folder / "jax")
        environment.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def keep_memory() -> bool:
    """Have the C library keep freed memory for the next request (glibc only).

    Each run of a compiled program asks for its scratch memory anew. Beyond 32 MiB, glibc takes
    that from the kernel and gives it back every time; the page faults of it cost 40 % of an
    update of GOKU-UI.

    Returns
    -------
    bool
        Whether it was set; False for another C library.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    trim, top_pad, mmap_threshold = -1, -2, -3  # of malloc.h
    amounts = ((mmap_threshold, 1 << 30), (trim, 1 << 30), (top_pad, 1 << 26))
    return all(mallopt(option, amount) for option, amount in amounts)


def _can_be_made(folder: Path) -> bool:
    there = next((place for place in (folder, *folder.parents) if place.exists()), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK)
