"""pysciml as a user calls it, and the compiled kernel inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pysciml as ps
from solving.race import Entry, Run


def entries(
    name: str, model: Any, answer: Callable[[Any], Any], note: str = "", **arguments: Any
) -> list[Entry]:
    """Give the two entries of one way to solve a model: the verb, and its kernel.

    `answer` takes a mapping of states to arrays, time first and the batch last.
    """

    def verb() -> Run:
        def run() -> Any:
            solution = ps.solve(model, **arguments)
            return answer({name: _time_first(solution[name]) for name in model.state})

        return run

    def kernel() -> Run:
        run = compiled(model, **arguments)

        def end() -> Any:
            paths = [dict(zip(model.state, map(np.asarray, path), strict=True)) for path in run()]
            return answer({n: np.concatenate([p[n] for p in paths], -1) for n in model.state})

        return end

    return [Entry(name, verb, note=note), Entry(f"{name}_kernel", kernel, note=note)]


def _time_first(variable: Any) -> np.ndarray:
    at = variable.dims.index("time")
    order = ("time", *variable.dims[at + 1 :], *variable.dims[:at])
    return variable.transpose(*order).values


def compiled(model: Any, **arguments: Any) -> Callable[[], list[Any]]:
    """Give the compiled program of a solve, bound to its arguments on the device."""
    import jax

    from pysciml import blocks
    from pysciml.engines.jax import solve as engine
    from pysciml.request import make_request

    request = make_request(model, **arguments)
    task, size = request.task, request.chosen.engine.block(request.task)
    count = -(-task.batch // size)
    tasks = [task] if count == 1 else list(blocks._cut(task, -(-task.batch // count)))
    with engine.scope(task):
        kernel = engine._compiled(engine.program(task), task.model.is_stochastic)
        given = [jax.device_put(engine.arguments(part)) for part in tasks]
        run = kernel.compiled(*given[0])

    def call() -> list[Any]:
        with engine.scope(task):
            return [jax.block_until_ready(run(*part))[0] for part in given]

    return call
