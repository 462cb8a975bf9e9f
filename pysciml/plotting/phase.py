"""States against each other: the plane or the space of a solution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr
from matplotlib.axes import Axes

from pysciml.errors import InputError
from pysciml.plotting.curves import ENSEMBLE, curves_of
from pysciml.plotting.labels import WIDE, axis_label
from pysciml.plotting.states import new_figure, one_axes, states_of
from pysciml.plotting.style import COLOURS, CYCLE, legend_beside, no_grid

__all__ = ["draw_phase"]

_MOST_LINES = 200


def draw_phase(solution: xr.Dataset, names: Sequence[str], ax: Any) -> Axes:
    """Draw two or three states against each other."""
    if names and len(names) not in (2, 3):
        raise InputError(
            f"A phase plot takes the names of two or three states; got {len(names)}. One state "
            "is drawn by plot.time."
        )
    states = states_of(solution, names)
    if not names:
        states = [values for values in states if values.dims == states[0].dims][:3]
    if len(states) < 2:
        raise InputError(
            f"A phase plot needs two states; {states[0].name!r} is alone. Name two, or draw it "
            "with plot.time."
        )
    states = list(xr.broadcast(*states))
    paths = _paths(states[0])
    curves, scale = curves_of(states[0], CYCLE[0])
    axes = _axes(len(states), ax)
    many = len(curves) * paths > 1
    for curve in curves:
        places = [values.isel(curve.where) for values in states]
        for path in range(paths):
            line = [p.isel({ENSEMBLE: path} if ENSEMBLE in p.dims else {}).values for p in places]
            label = curve.label if curve.label and path == 0 else None
            axes.plot(
                *line,
                color=curve.colour,
                linewidth=0.8 if many else 1.2,
                alpha=0.6 if paths > 1 else 1.0,
                label=label,
            )
            if not many:
                _mark_start(axes, [float(x[0]) for x in line])
    for direction, values in zip("xyz", states, strict=False):
        wide, pad = (WIDE, 4) if len(states) == 2 else (24, 8)
        getattr(axes, f"set_{direction}label")(axis_label(values, wide), labelpad=pad)
    if scale is not None:
        scale.bar([axes])
    legend_beside(axes)
    return axes


def _mark_start(axes: Any, start: list[float]) -> None:
    axes.plot(*([x] for x in start), "o", color=CYCLE[0])
    if len(start) == 3:
        axes.text(*start, "  start", color=COLOURS["muted"])
    else:
        axes.annotate("start", start, (5, 5), textcoords="offset points", color=COLOURS["muted"])


def _paths(values: xr.DataArray) -> int:
    count = values.size // values.sizes["time"]
    if count > _MOST_LINES:
        dim = max((d for d in values.dims if d != "time"), key=lambda d: values.sizes[d])
        raise InputError(
            f"{count} curves are too many for a phase plot, which draws up to {_MOST_LINES}. "
            f"Select some first, such as result.isel({dim}=slice(20))."
        )
    return values.sizes.get(ENSEMBLE, 1)


def _axes(dimensions: int, ax: Any) -> Any:
    if ax is None:
        figure = new_figure(6.4, 4.8 if dimensions == 2 else 5.2)
        if dimensions == 2:
            axes = figure.add_subplot()
            no_grid(axes)
            return axes
        return figure.add_subplot(projection="3d")
    axes = one_axes(ax)
    if (axes.name == "3d") != (dimensions == 3):
        raise InputError(
            f"{dimensions} states need {'3-D' if dimensions == 3 else 'plane'} axes; got axes of "
            f"the projection {axes.name!r}. Three states are drawn into "
            "figure.add_subplot(projection='3d'), two into plain axes."
        )
    return axes
