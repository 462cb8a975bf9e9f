"""Which engine runs, and why."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, NamedTuple

from pysciml.engines.base import Engine
from pysciml.errors import EngineError, suggest

if TYPE_CHECKING:
    from pysciml.engines.base import SolveTask
    from pysciml.goku.models import LatentForecaster

__all__ = ["Choice", "automatic", "choose"]


class Choice(NamedTuple):
    """An engine and the reason why it was chosen, which every result records."""

    engine: Engine
    reason: str


def choose(name: str = "auto", task: SolveTask | LatentForecaster | None = None) -> Choice:
    """Choose an engine.

    Parameters
    ----------
    name : {"auto", "julia", "jax"}
        ``"auto"`` follows the environment variable ``PYSCIML_ENGINE``, and `automatic` where that
        is not set.
    task : SolveTask or LatentForecaster, optional
        What is to be solved, or trained; ``"auto"`` chooses an engine that can.

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


def automatic(task: SolveTask | LatentForecaster | None = None) -> tuple[str, str]:
    """Say which engine ``"auto"`` means here; neither engine is started.

    Parameters
    ----------
    task : SolveTask or LatentForecaster, optional
        What is to be solved, or trained.

    Returns
    -------
    tuple of str
        The name and the reason.
    """
    if not _ready():
        return "jax", "Julia is not ready here; `pysciml julia status` says why"
    from pysciml.engines.julia.engine import JuliaEngine

    # Before a slow start, ask whether the engine takes the task at all.
    why = None if task is None else JuliaEngine().refusal(task)
    if why:
        return "jax", f"the julia engine does not take this: {why}"
    return "julia", "Julia is ready here without a download"


@functools.cache  # it looks at many files
def _ready() -> bool:
    from pysciml.engines.julia.process.readiness import ready

    return ready()
