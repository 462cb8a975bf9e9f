"""Tasks as the arrays that Julia reads and writes, and models as its systems.

NumPy arrays are stored row by row and Julia's column by column, so each sees the other's as its
transpose: an array (times, states, batch) here is one (batch, states, times) there, and no number
is copied between them.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from pysciml.engines.base import SolveTask
from pysciml.engines.julia.process.start import JuliaObject, julia
from pysciml.engines.julia.translator.source import source
from pysciml.engines.julia.translator.trace import Layout
from pysciml.forcing import Series
from pysciml.model import Model

__all__ = [
    "Packed",
    "courses",
    "initial",
    "layout",
    "packed",
    "split",
    "system",
    "translated",
    "versions",
]

SIGNS = {"up": 1, "down": -1, "both": 0}
TYPES = {"float64": "Float64", "float32": "Float32"}

layout = functools.lru_cache(maxsize=256)(Layout.of)
translated = functools.lru_cache(maxsize=64)(source)


@functools.lru_cache(maxsize=64)
def system(model: Model, dtype: str) -> JuliaObject:
    """Give a model as a ``PySciML.System``, translated at its first use.

    Parameters
    ----------
    model : Model
        The model.
    dtype : str
        Of its numbers.

    Returns
    -------
    JuliaObject
        The system.

    Raises
    ------
    CapabilityError
        If a function of the model cannot be translated; with its line.
    """
    made, noise = translated(model, dtype), model.diffusion
    return julia().call(
        "System",
        made.text,
        name=model.name,
        states=model.size,
        params=sum(v.size for group in (model.params, model.inputs) for v in group.values()),
        T=TYPES[dtype],
        styles=tuple(made.functions.items()),
        caches=tuple(sorted(made.caches)),
        noise="none" if noise is None else noise.kind,
        calculus="ito" if noise is None else noise.calculus,
        sources=0 if noise is None else noise.count(model.size),
        events=tuple((e.name, SIGNS[e.direction], e.stop) for e in model.events),
        sparsity=None if made.sparsity is None else (made.sparsity.starts, made.sparsity.rows),
    )


class Packed(NamedTuple):
    """Parameters and inputs of a batch.

    Parameters
    ----------
    p : array
        One after the other, shape (params,); of those that are swept, any value.
    places : array of int
        Which of them are swept, counted from 1.
    values : array
        Their values, shape (places, batch).
    """

    p: np.ndarray
    places: np.ndarray
    values: np.ndarray


def packed(task: SolveTask) -> Packed:
    """Lay parameters and inputs out flat; those that vary in time are zero.

    Parameters
    ----------
    task : SolveTask
        What to solve.

    Returns
    -------
    Packed
        The arrays.
    """
    model, places = task.model, layout(task.model).params
    p = np.zeros(max((place.stop for place in places.values()), default=0), task.dtype)
    rows, values = [], []
    for variables, given in ((model.params, task.params), (model.inputs, task.inputs)):
        for name, variable in variables.items():
            place, value = places[name], given[name]
            if isinstance(value, Series):
                continue
            if value.ndim > len(variable.shape):
                rows.append(np.arange(place.start, place.stop) + 1)
                values.append(value.reshape(variable.size, task.batch))
            else:
                p[place] = value.ravel()
    if not rows:
        return Packed(p, np.zeros(0, np.int64), np.zeros((0, task.batch), task.dtype))
    swept = np.concatenate(values, dtype=task.dtype)
    return Packed(p, np.concatenate(rows, dtype=np.int64), np.ascontiguousarray(swept))


def courses(task: SolveTask) -> tuple[tuple[Any, ...], ...]:
    """Describe the inputs that vary in time.

    Parameters
    ----------
    task : SolveTask
        What to solve.

    Returns
    -------
    tuple
        For each its place, counted from 1; its interpolation; its knots, shape (k,); and its
        values, shape (k, elements, batch or 1).
    """
    made = []
    for name, value in task.inputs.items():
        if isinstance(value, Series):
            place = layout(task.model).params[name].start + 1
            count = math.prod(task.model.inputs[name].shape)
            values = np.ascontiguousarray(value.values, task.dtype)
            values = values.reshape(len(value.times), count, -1)
            knots = np.ascontiguousarray(value.times, task.dtype)
            made.append((place, value.interpolation, knots, values))
    return tuple(made)


def initial(task: SolveTask) -> np.ndarray:
    """Lay initial states out flat.

    Parameters
    ----------
    task : SolveTask
        What to solve.

    Returns
    -------
    array
        Shape (states, batch).
    """
    u0 = np.empty((task.model.size, task.batch), task.dtype)
    for name, place in layout(task.model).state.items():
        value, variable = np.asarray(task.state[name]), task.model.state[name]
        u0[place] = value.reshape(variable.size, -1)
    return u0


def split(model: Model, path: np.ndarray) -> dict[str, np.ndarray]:
    """Name the states of a path; nothing is copied.

    Parameters
    ----------
    model : Model
        The model.
    path : array
        Shape (n, states, batch).

    Returns
    -------
    dict
        Shape (n, *shape, batch) by state.
    """
    return {
        name: path[:, place].reshape(len(path), *model.state[name].shape, path.shape[-1])
        for name, place in layout(model).state.items()
    }


@functools.lru_cache(maxsize=1)
def versions() -> tuple[tuple[str, str], ...]:
    """List the versions of Julia and of the packages that decide numbers.

    Returns
    -------
    tuple
        Pairs of package and version.
    """
    return tuple(julia().call("versions"))
