"""What the command line sets for its own process, before JAX starts."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from pysciml.engines.jax.cache import base_directory

__all__ = ["prepare"]


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


def _can_be_made(folder: Path) -> bool:
    there = next((place for place in (folder, *folder.parents) if place.exists()), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK)
