"""Derivatives of solutions in forward mode: one tangent per component, all in one program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.base import Solution, SolveTask
from pysciml.engines.jax.programs import Outcome
from pysciml.engines.jax.solve import arguments, program, scope, to_solution
from pysciml.engines.jax.variations import pushed
from pysciml.model import Model

__all__ = ["sensitivities"]


def sensitivities(
    task: SolveTask, names: tuple[str, ...]
) -> tuple[Mapping[tuple[str, str], np.ndarray], Solution]:
    """Solve a task and differentiate its solution.

    Parameters
    ----------
    task : SolveTask
        What to solve.
    names : tuple of str
        Parameters, inputs and states (their initial values) to differentiate by.

    Returns
    -------
    tuple
        By state and name: shape (n, *shape of the state, *shape of the other, batch); and the
        solution.
    """
    model = task.model
    shapes = [_variable(model, name).shape for name in names]
    with scope(task):
        outcome, tangents = _differentiated(program(task), model, names)(*arguments(task))
        derivatives, start = {}, 0
        for name, shape in zip(names, shapes, strict=True):
            size = int(np.prod(shape, dtype=int))
            for state, tangent in zip(model.state, tangents, strict=True):
                rows = np.moveaxis(np.asarray(tangent[start : start + size]), 0, -2)
                derivatives[state, name] = rows.reshape(*rows.shape[:-2], *shape, rows.shape[-1])
            start += size
        return derivatives, to_solution(task, Outcome(*outcome))


def _variable(model: Model, name: str) -> Any:
    return {**model.state, **model.params, **model.inputs}[name]


@functools.lru_cache(maxsize=16)
def _differentiated(
    run: Callable[..., Any], model: Model, names: tuple[str, ...]
) -> Callable[..., Any]:
    order = list(model.state)

    def both(y0: Any, params: Any, inputs: Any, *rest: Any) -> Any:
        def solve(values: Mapping[str, Any]) -> tuple[Any, Any]:
            lanes = tuple(values.get(name, lane) for name, lane in zip(order, y0, strict=True))
            replaced = [
                {name: values.get(name, old) for name, old in group.items()}
                for group in (params, inputs)
            ]
            path, *others = run(lanes, *replaced, *rest)
            return path, others

        known = {**dict(zip(order, y0, strict=True)), **params, **inputs}
        values = {name: known[name] for name in names}
        sizes = [_variable(model, name).size for name in names]
        tangents, start = {}, 0
        for name, size in zip(names, sizes, strict=True):
            # The unit vectors of this one's components, the same for every trajectory.
            value, shape = values[name], _variable(model, name).shape
            unit = jnp.eye(sum(sizes), size, -start, value.dtype).reshape(-1, *shape)
            swept = value.ndim > len(shape)
            tangents[name] = jnp.broadcast_to(
                unit[..., None] if swept else unit, (len(unit), *value.shape)
            )
            start += size

        path, derivatives, others = pushed(solve, values, tangents)
        return (path, *others), derivatives

    return jax.jit(both)
