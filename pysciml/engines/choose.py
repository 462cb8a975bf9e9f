"""Which engine runs, and why."""

from __future__ import annotations

import os
from typing import NamedTuple

from pysciml.engines.base import Engine
from pysciml.errors import EngineError, suggest

__all__ = ["Choice", "choose"]


class Choice(NamedTuple):
    """An engine and the reason why it was chosen, which every result records."""

    engine: Engine
    reason: str


def choose(name: str = "auto") -> Choice:
    """Choose an engine.

    Parameters
    ----------
    name : {"auto", "jax"}
        ``"auto"`` follows the environment variable ``PYSCIML_ENGINE``, and is the embedded
        engine where that is not set.

    Returns
    -------
    Choice
        The engine and the reason.

    Raises
    ------
    EngineError
        If there is no such engine, or it cannot be used here.
    """
    reason = "asked for"
    if name == "auto":
        name = os.environ.get("PYSCIML_ENGINE", "") or "auto"
        reason = "PYSCIML_ENGINE asks for it"
    if name == "auto":
        name, reason = "jax", "it is installed with pysciml and needs no Julia"
    if name == "julia":
        raise EngineError(
            "The julia engine is not part of this release; use engine='jax', which has the same "
            "interface and defaults."
        )
    if name != "jax":
        raise EngineError(f"There is no engine {name!r}.{suggest(name, ['auto', 'jax', 'julia'])}")
    from pysciml.engines.jax.engine import JaxEngine

    return Choice(JaxEngine(), reason)
