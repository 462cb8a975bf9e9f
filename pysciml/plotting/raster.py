"""Times of events: one row of ticks per trajectory."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from pysciml.errors import InputError, suggest
from pysciml.plotting.curves import ENSEMBLE, scale_of
from pysciml.plotting.labels import quantity
from pysciml.plotting.states import new_figure, one_axes
from pysciml.plotting.style import COLOURS, no_grid

__all__ = ["draw_raster"]


def draw_raster(solution: xr.Dataset, name: str | None, ax: Any) -> Axes:
    """Draw the times of an event."""
    events = {
        str(key): values
        for key, values in solution.data_vars.items()
        if values.dims and values.dims[-1] == f"{key}_index"
    }
    times = events[_choose(solution, events, name)]
    index = str(times.dims[-1])
    # The rows of one value of a sweep stand together, its trajectories above each other.
    dims = sorted((str(d) for d in times.dims if d != index), key=lambda dim: dim == ENSEMBLE)
    rows = int(np.prod([times.sizes[dim] for dim in dims], dtype=int))
    table = times.transpose(*dims, index).values.reshape(rows, times.sizes[index])
    if ax is None:
        height = float(np.clip(0.9 + 0.2 * len(table), 1.6, 6.0))
        axes = new_figure(8.0, height).add_subplot()
    else:
        axes = one_axes(ax)
    trains = [row[np.isfinite(row)] for row in table]
    heights, gap = np.arange(len(trains), dtype=float), 1.0
    if len(dims) == 1 and (spaced := _spaced(scale_of(times, dims[0]).values)):
        heights, gap = scale_of(times, dims[0]).values, spaced
    axes.eventplot(
        trains,
        lineoffsets=list(heights),
        linelengths=0.8 * gap,
        colors=COLOURS["model"],
        linewidths=1.1,
    )
    _name_rows(axes, times, dims, heights)
    axes.set_ylim(heights.min() - 0.6 * gap, heights.max() + 0.6 * gap)
    span = np.concatenate([*trains, solution["time"].values if "time" in solution.coords else []])
    if span.size and span.min() < span.max():
        axes.set_xlim(span.min(), span.max())
    if not any(train.size for train in trains):
        axes.text(0.5, 0.5, f"no {times.name}", transform=axes.transAxes, ha="center", va="center")
    axes.set_xlabel(_time_label(solution, times))
    axes.set_title(str(times.name))
    no_grid(axes)
    return axes


def _choose(solution: xr.Dataset, events: dict[str, xr.DataArray], name: str | None) -> str:
    if name is None and len(events) == 1:
        return next(iter(events))
    if not events:
        raise InputError(
            "The result has no times of events. A model made with "
            "model.with_event('spike', when=...) leaves them as the variable 'spike'."
        )
    if name is None:
        raise InputError(f"The result has several events; name one of {', '.join(events)}.")
    if name in events:
        return name
    if name in solution.variables:
        raise InputError(
            f"{name!r} does not hold times of events; its last dim would be '{name}_index'. "
            f"Events: {', '.join(events)}."
        )
    raise InputError(f"The result has no event {name!r}.{suggest(name, events)}")


def _spaced(values: np.ndarray) -> float:
    """Return the distance between equally spaced values; zero where they are not."""
    steps = np.diff(values)
    return abs(float(steps[0])) if len(steps) and np.allclose(steps, steps[0]) else 0.0


def _name_rows(axes: Axes, times: xr.DataArray, dims: list[str], heights: np.ndarray) -> None:
    """Label the rows; those that share a value of the first dim as a group."""
    if not dims:
        axes.set_yticks([])
        return
    scale = scale_of(times, dims[0])
    each = len(heights) // max(len(scale.values), 1)
    named = scale.texts or [f"{value:g}" for value in scale.values]
    placed = each == 1 and scale.texts is None and np.array_equal(heights, scale.values)
    if not placed and len(named) <= 40:
        centres = [each * index + (each - 1) / 2 for index in range(len(named))]
        axes.set_yticks(centres, named)
    if each > 1:
        for border in range(each, len(heights), each):
            axes.axhline(border - 0.5, color=COLOURS["grid"], linewidth=0.7)
    axes.set_ylabel(", ".join([scale.label, *dims[1:]]))


def _time_label(solution: xr.Dataset, times: xr.DataArray) -> str:
    if "time" in solution.coords and solution["time"].attrs.get("units"):
        return quantity(solution["time"])
    return quantity(times.rename("time"))
