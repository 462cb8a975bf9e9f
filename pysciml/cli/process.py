"""What the command line sets for its own process, before JAX starts."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

__all__ = ["prepare"]

_OPTION = "xla_cpu_small_while_loop_byte_threshold"
# XLA runs the body of a loop on the CPU piece by piece unless it judges the loop small. The
# solvers of this package are loops with small bodies; with a higher bound they are compiled
# whole and run 3 to 30 times faster. A library must not change this for its caller's process,
# but a command owns its process.
_FLAG = f"--xla_backend_extra_options={_OPTION}=1000000"


def prepare(environment: MutableMapping[str, str] | None = None) -> None:
    """Add to ``XLA_FLAGS`` what makes small solves fast, unless the user has chosen.

    Parameters
    ----------
    environment : mutable mapping, optional
        The environment of the process by default.
    """
    environment = os.environ if environment is None else environment
    flags = environment.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        environment["XLA_FLAGS"] = f"{flags} {_FLAG}".strip()
