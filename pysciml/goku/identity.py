"""Identity of a model: how a run directory finds it again, and knows that it is the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pysciml.errors import RunError
from pysciml.model import Model
from pysciml.tracing import call

__all__ = ["identity", "recover"]


def identity(model: Model | None) -> dict[str, Any]:
    """Describe a model so that it can be built again, or at least be recognised.

    Parameters
    ----------
    model : Model or None
        The model.

    Returns
    -------
    dict
        Its name, its recipe where it is of the catalogue, and what its functions return at one
        fixed, arbitrary point.
    """
    if model is None:
        return {}
    return {"name": model.name, "recipe": dict(model.recipe), "probe": _probe(model)}


def recover(known: Mapping[str, Any], model: Model | None) -> Model | None:
    """Build the model of a run again, or check the one that is given.

    Parameters
    ----------
    known : mapping
        What :func:`identity` returned.
    model : Model or None
        The model, where it is not of the catalogue.

    Returns
    -------
    Model or None
        The model of the run.

    Raises
    ------
    RunError
        If it is needed and not given, or is another one.
    """
    if not known:
        return None
    if model is None:
        if not known["recipe"]:
            raise RunError(
                f"The run's model {known['name']!r} is not of the catalogue, so it cannot be "
                "built from the run directory alone; pass it as model=."
            )
        from pysciml import catalog

        recipe = dict(known["recipe"])
        model = catalog.build(recipe.pop("system"), **recipe)
    probe = _probe(model)
    if len(probe) != len(known["probe"]) or not np.allclose(probe, known["probe"], rtol=1e-9):
        raise RunError(
            f"The model {model.name!r} is not the one of the run: its equations, parameters or "
            "states differ. Pass the model that was trained."
        )
    return model


def _probe(model: Model) -> list[float]:
    import jax

    rng = np.random.default_rng(0)
    groups = [
        {name: rng.uniform(0.1, 0.9, v.shape) for name, v in group.items()}
        for group in (model.state, model.params, model.inputs)
    ]
    fixed = [v.array for name, v in model.params.items()]
    functions = [model.drift] + ([model.diffusion.function] if model.diffusion else [])
    with jax.enable_x64(True):
        rates = [
            call(
                f,
                0.3,
                *[{k: jax.numpy.asarray(a) for k, a in g.items()} for g in groups],
                networks=model.networks,
            )
            for f in functions
        ]
        values = [np.ravel(np.asarray(r[name])) for r in rates for name in model.state]
    return [float(v) for v in np.concatenate([*values, *map(np.ravel, fixed)])]
