"""Which engine runs, and why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from pysciml.engines.base import Engine
from pysciml.errors import EngineError, suggest

if TYPE_CHECKING:
    from pysciml.engines.base import SolveTask

__all__ = ["Choice", "automatic", "choose"]

# Whether "auto" takes the julia engine where Julia is ready.
AUTO_JULIA = False


class Choice(NamedTuple):
    """An engine and the reason why it was chosen, which every result records."""

    engine: Engine
    reason: str


def choose(name: str = "auto", task: SolveTask | None = None) -> Choice:
    """Choose an engine.

    Parameters
    ----------
    name : {"auto", "julia", "jax"}
        ``"auto"`` follows the environment variable ``PYSCIML_ENGINE``, and `automatic` where that
        is not set.
    task : SolveTask, optional
        What is to be solved; ``"auto"`` chooses an engine that can.

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
        name, reason = automatic(task)
    if name == "jax":
        from pysciml.engines.jax.engine import JaxEngine

        return Choice(JaxEngine(), reason)
    if name == "julia":
        from pysciml.engines.julia.engine import JuliaEngine

        return Choice(JuliaEngine(), reason)
    raise EngineError(f"There is no engine {name!r}.{suggest(name, ['auto', 'jax', 'julia'])}")


def automatic(task: SolveTask | None = None) -> tuple[str, str]:
    """Say which engine ``"auto"`` means here; neither engine is started.

    Parameters
    ----------
    task : SolveTask, optional
        What is to be solved.

    Returns
    -------
    tuple of str
        The name and the reason.
    """
    if not AUTO_JULIA:
        return "jax", "it is installed with pysciml and needs no Julia"
    from pysciml.engines.julia.engine import JuliaEngine
    from pysciml.engines.julia.process.readiness import ready

    if not ready():
        return "jax", "Julia is not ready here; `pysciml julia status` says why"
    # Before a slow start, ask whether the engine takes the task at all.
    refusal = getattr(JuliaEngine(), "refusal", lambda task: None)
    why = None if task is None else refusal(task)
    if why:
        return "jax", f"the julia engine does not take this: {why}"
    return "julia", "Julia is ready here without a download"
