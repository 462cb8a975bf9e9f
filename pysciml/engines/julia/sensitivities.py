"""Derivatives of solutions in forward mode: a larger system, of the states and their tangents."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from pysciml.engines.base import Solution, SolveTask
from pysciml.engines.julia import batch
from pysciml.engines.julia.convert import courses, initial, layout, packed, split, system
from pysciml.engines.julia.events import timed
from pysciml.engines.julia.failures import explained
from pysciml.engines.julia.lanes import EVALUATIONS
from pysciml.engines.julia.process.start import julia
from pysciml.engines.julia.process.threads import stop_flag
from pysciml.engines.julia.solve import COUNTS, method
from pysciml.errors import CapabilityError
from pysciml.model import Model

__all__ = ["sensitivities"]


def sensitivities(
    task: SolveTask, names: tuple[str, ...]
) -> tuple[Mapping[tuple[str, str], np.ndarray], Solution]:
    """Solve a task and differentiate its solution.

    Steps count as constants. Those that are adaptive keep the error of the state and that of each
    derivative within the tolerances.

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

    Raises
    ------
    CapabilityError
        If the solver has no tangents on this engine.
    """
    model = task.model
    units, directions = _directions(model, names, task.dtype)
    count = units.shape[1]
    start = np.zeros((model.size * (count + 1), task.batch), task.dtype)
    start[: model.size] = initial(task)
    start[model.size :] = units.T.reshape(-1, 1)
    # NumPy's rows are Julia's columns.
    made = julia().call("tangent_system", system(model, task.dtype), directions)
    solved = _stochastic if model.is_stochastic else _ordinary
    path, solution = solved(task, made, start)
    tangents = path[:, model.size :].reshape(len(path), count, model.size, task.batch)
    derivatives, first = {}, 0
    for name in names:
        variable = _variable(model, name)
        own = tangents[:, first : first + variable.size]
        first += variable.size
        for state, place in layout(model).state.items():
            moved = np.moveaxis(own[:, :, place], 1, 2)
            shape = (len(path), *model.state[state].shape, *variable.shape, task.batch)
            derivatives[state, name] = moved.reshape(shape)
    return derivatives, solution


def _variable(model: Model, name: str) -> Any:
    return {**model.state, **model.params, **model.inputs}[name]


def _directions(model: Model, names: tuple[str, ...], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the changes of the initial state, (states, m), and of the parameters, (m, params)."""
    places = layout(model)
    count = sum(_variable(model, name).size for name in names)
    params = max((place.stop for place in places.params.values()), default=0)
    units, directions = np.zeros((model.size, count), dtype), np.zeros((count, params), dtype)
    start = 0
    for name in names:
        size = _variable(model, name).size
        within = np.arange(size)
        if name in places.state:
            units[places.state[name].start + within, start + within] = 1
        else:
            directions[start + within, places.params[name].start + within] = 1
        start += size
    return units, directions


def _ordinary(task: SolveTask, made: Any, start: np.ndarray) -> tuple[np.ndarray, Solution]:
    options = method(dataclasses.replace(task, fallback=None))
    blocks = len(start) // task.model.size
    if "momenta" in options:
        options["momenta"] = np.tile(options["momenta"], blocks)
    if task.solver.adaptive:
        options["block"] = task.model.size
    path = np.empty((len(task.times), len(start), task.batch), task.dtype)
    status, stopped = np.zeros(task.batch, np.int32), np.zeros(task.batch)
    counts, stop, given = np.zeros((len(COUNTS), task.batch), np.int64), stop_flag(), packed(task)
    with explained(task):
        julia().call(
            "solve_batch!",
            path,
            status,
            stopped,
            counts,
            made,
            start,
            given.p,
            task.times.astype(task.dtype),
            swept=(given.places, given.values) if len(given.places) else None,
            courses=courses(task),
            stop=stop,
            stop_flag=stop,
            **options,
        )
    own = split(task.model, path[:, : task.model.size])
    return path, Solution(own, status, stopped, {}, {"steps": counts[0]})


def _stochastic(task: SolveTask, made: Any, start: np.ndarray) -> tuple[np.ndarray, Solution]:
    if task.solver.adaptive or task.solver.name not in EVALUATIONS:
        raise CapabilityError(
            f"The julia engine has no tangents of solutions by {task.solver.name}, whose steps "
            "depend on the path. Use a solver of fixed steps such as ps.EulerMaruyama(), or "
            "engine='jax'."
        )
    found = batch.outputs(task)._replace(
        path=np.empty((len(task.times), len(start), task.batch), task.dtype)
    )
    stop, given = stop_flag(), packed(task)
    with explained(task):
        julia().call(
            "paths_fixed!",
            (*found, stop),
            made,
            start,
            (given.p, given.places, given.values),
            task.times.astype(task.dtype),
            task.solver.name,
            task.substeps,
            batch.noise_arguments(task),
            timed(task),
            courses(task),
            stop=stop,
        )
    own = split(task.model, found.path[:, : task.model.size])
    return found.path, Solution(own, found.status, found.stopped, {}, {"steps": found.steps})
