"""What the julia engine does not take, said without starting Julia."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from pysciml.engines.base import SolveTask
from pysciml.errors import CapabilityError
from pysciml.model import Model

if TYPE_CHECKING:
    from pysciml.goku.models import LatentForecaster

__all__ = ["of_model", "of_noise", "of_solving", "of_training"]


def of_solving(task: SolveTask) -> str | None:
    """Say why a task is not solved here.

    Parameters
    ----------
    task : SolveTask
        What is to be solved.

    Returns
    -------
    str or None
        A sentence without its end; None if it is solved.
    """
    solver, noise = task.solver, task.model.diffusion
    if "julia" not in solver.engines:
        return f"{solver.name} runs on the {solver.engines[0]} engine alone"
    wide = noise is not None and noise.kind == "general"
    if wide and solver.adaptive and "diagonal" in solver.strong and "general" not in solver.strong:
        return (
            f"{solver.name} takes scalar and diagonal noise, but that of {task.model.name!r} has "
            "kind='general'; ps.SOSRA() takes it where it is additive, as do fixed steps"
        )
    if task.device == "cpu":
        return None
    from pysciml.engines.julia.lanes import EVALUATIONS, KERNELS

    stream = getattr(solver, "stream", "threefry")
    if stream != "threefry" and task.increments is None:
        return f"on device={task.device!r} noise comes from stream='threefry', not {stream!r}"
    if solver.name in (*EVALUATIONS, *KERNELS) and not task.model.events:
        return None
    return (
        f"on device={task.device!r} it solves models without events, with fixed steps, Tsit5, "
        f"{', '.join(KERNELS)}"
    )


def of_training(settings: LatentForecaster) -> str | None:
    """Say why a latent model is not trained here.

    Parameters
    ----------
    settings : LatentForecaster
        What is to be trained.

    Returns
    -------
    str or None
        A sentence without its end; None if it is trained.
    """
    model = settings.core
    if model is None:
        return None
    return (
        of_noise(model, getattr(settings, "noise", "")) or of_model(model) or _of_cotangents(model)
    )


def of_noise(model: Model, choice: str) -> str | None:
    """Say why the noise of a model is not taken at the core of a latent model.

    Parameters
    ----------
    model : Model
        The core.
    choice : str
        What the latent model makes of the noise: ``"off"`` leaves it out.

    Returns
    -------
    str or None
        A sentence without its end; None if it is taken.
    """
    noise = model.diffusion
    if noise is None or noise.kind == "diagonal" or choice == "off":
        return None
    return (
        f"the noise of {model.name!r} is {noise.kind}, but at the core of a latent model it takes "
        "diagonal noise, with a Wiener process for every state, or noise='off'"
    )


@functools.lru_cache(maxsize=256)  # of a model that is refused, nothing else is kept
def of_model(model: Model, dtype: str = "float64") -> str | None:
    """Say why a model cannot be translated.

    Parameters
    ----------
    model : Model
        The model.
    dtype : str
        In which it is computed.

    Returns
    -------
    str or None
        A sentence without its end; None if it can.
    """
    from pysciml.engines.julia.convert import translated

    try:
        translated(model, dtype)
    except CapabilityError as error:
        return str(error).removesuffix(".").replace("The julia engine", "it", 1)
    return None


def _of_cotangents(model: Model) -> str | None:
    """Say why a model that can be translated cannot be differentiated in reverse."""
    from pysciml.engines.julia.convert import translated

    found = translated(model, "float64").forward_only
    if not found:
        return None
    return (
        f"the {found[0]} of {model.name!r} has a loop whose count of iterations is data, as "
        "lax.while_loop has, which JAX does not differentiate in reverse, as training would; "
        "write it with lax.scan"
    )
