"""What the command line sets for its own process, before JAX starts."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import MutableMapping
from pathlib import Path

__all__ = ["cache_directory", "prepare"]

# XLA runs the body of a loop on the CPU piece by piece unless it judges the loop small. The
# solvers of this package are loops with small bodies; with a higher bound they are compiled
# whole and run 3 to 30 times faster. A library must not change this for its caller's process,
# but a command owns its process.
_FLAG = "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=1000000"


def prepare(environment: MutableMapping[str, str] | None = None) -> None:
    """Set what makes solves fast and spares a second compilation, unless the user has chosen.

    Parameters
    ----------
    environment : mutable mapping, optional
        The environment of the process by default.
    """
    environment = os.environ if environment is None else environment
    flags = environment.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        environment["XLA_FLAGS"] = f"{flags} {_FLAG}".strip()
    if "JAX_COMPILATION_CACHE_DIR" not in environment:
        folder = cache_directory(environment)
        if _can_be_made(folder):
            environment["JAX_COMPILATION_CACHE_DIR"] = str(folder)
            environment.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def cache_directory(environment: MutableMapping[str, str]) -> Path:
    """Return where compiled programs are kept: one folder per kind of processor.

    A home shared by the machines of a cluster is seen by processors with different instructions;
    a program compiled for one may not run on another.

    Parameters
    ----------
    environment : mutable mapping
        The environment of the process.

    Returns
    -------
    Path
        The folder; it may not exist yet.
    """
    home = Path(environment.get("HOME") or Path.home())
    if sys.platform == "darwin":
        base = home / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        base = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "pysciml" / f"jax-{hashlib.sha256(_processor().encode()).hexdigest()[:8]}"


def _processor() -> str:
    """Name the processor and its instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    keys = ("model name", "flags", "Features")
    found = {line.partition(":")[0].strip(): line for line in reversed(lines)}
    parts = [found[key] for key in keys if key in found]
    return "\n".join([platform.machine(), platform.processor(), *parts])


def _can_be_made(folder: Path) -> bool:
    there = next((place for place in (folder, *folder.parents) if place.exists()), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK)
