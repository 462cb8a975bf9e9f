"""States over time: lines, bands over an ensemble, images of many components."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from pysciml.errors import InputError
from pysciml.plotting.curves import (
    ENSEMBLE,
    MOST_COLOURS,
    Curve,
    Scale,
    curves_of,
    dims_of,
    image_map,
    is_swept,
    scale_of,
)
from pysciml.plotting.labels import WIDE, axis_label, quantity, units_of
from pysciml.plotting.style import COLOURS, CYCLE, no_grid

__all__ = ["can_share", "draw_image", "draw_states", "is_image"]

FEW = 8  # trajectories that are drawn one by one
_MOST_LINES = 100
_ALPHAS = (0.28, 0.16, 0.1)


def can_share(states: Sequence[xr.DataArray]) -> bool:
    """Tell whether states fit into one panel: each one curve or band, all in the same units."""
    return len(states) == 1 or (
        len(states) <= MOST_COLOURS
        and not any(dims_of(values) for values in states)
        and len({units_of(values) for values in states}) == 1
    )


def is_image(values: xr.DataArray) -> bool:
    """Tell whether a state has too many curves for lines.

    Components (dims after time) have no order of colour that a reader could follow, so that few
    are many; the values of a sweep (dims before time) have one.
    """
    dims = dims_of(values)
    count = int(np.prod([values.sizes[dim] for dim in dims], dtype=int))
    if count <= MOST_COLOURS or (len(dims) == 1 and is_swept(values) and count <= _MOST_LINES):
        return False
    if len(dims) == 1:
        return True
    raise InputError(
        f"{values.name!r} has {count} curves over ({', '.join(dims)}), too many for one panel: up "
        f"to {MOST_COLOURS} are drawn as lines, and those over a single dim as an image. Select "
        f"some of them first, such as result.isel({dims[-1]}=0)."
    )


def draw_states(
    axes: Axes, states: Sequence[xr.DataArray], bands: Sequence[float], width: int = WIDE
) -> Scale | None:
    """Draw states that share a panel; return the scale of their colours, where they have one."""
    one = states[0]
    scale = None
    drawn: list[tuple[xr.DataArray, Curve]] = []
    for index, values in enumerate(states):
        curves, scale = curves_of(values, CYCLE[index], str(values.name) if len(states) > 1 else "")
        drawn += [(values, curve) for curve in curves]
    paths = [(values.isel(curve.where), curve) for values, curve in drawn]
    count = one.sizes.get(ENSEMBLE)
    bands = sorted(bands) if len(drawn) <= MOST_COLOURS else ()
    for path, curve in paths:
        if count is None:
            axes.plot(path["time"], path, color=curve.colour, label=curve.label or None)
        elif count <= FEW:
            lines = axes.plot(
                path["time"],
                path.transpose("time", ENSEMBLE),
                color=curve.colour,
                linewidth=0.9,
                alpha=0.8,
            )
            if len(paths) == 1 or curve.label:
                lines[0].set_label(curve.label or f"{count} trajectories")
        else:
            _draw_ensemble(axes, path, curve, bands, alone=len(paths) == 1)
    label = axis_label(one, width) if len(states) == 1 else units_of(one)
    if count is not None and scale is not None:
        label += f",\nmedian of {count}" if count > FEW else f",\n{count} trajectories"
    elif count is not None and len(paths) > 1:
        _explain(axes, count, bands)
    axes.set_ylabel(label)
    axes.set_xlabel(quantity(one["time"]))
    axes.margins(x=0)
    return scale


def _draw_ensemble(
    axes: Axes, path: xr.DataArray, curve: Curve, bands: Sequence[float], *, alone: bool
) -> None:
    time = path["time"].values
    table = path.transpose("time", ENSEMBLE).values
    lost = int(np.sum(np.isnan(table[-1])))
    ended = f"{lost} of {table.shape[1]} end early" if lost else ""
    name = f"median of {table.shape[1]}" if alone else curve.label
    with warnings.catch_warnings():
        # Where all trajectories have ended there is nothing to draw.
        warnings.filterwarnings("ignore", "All-NaN", RuntimeWarning)
        median = np.nanquantile(table, 0.5, axis=1)
        edges = [np.nanquantile(table, _edges(band), axis=1) for band in bands]
    label = "\n".join(text for text in (name, ended) if text)
    axes.plot(time, median, color=curve.colour, label=label or None)
    for alpha, band, (low, high) in zip(_ALPHAS, bands, edges, strict=False):
        label = _percent(band) if alone else None
        axes.fill_between(
            time, low, high, color=curve.colour, alpha=alpha, linewidth=0, label=label
        )


def _explain(axes: Axes, count: int, bands: Sequence[float]) -> None:
    """Say once, in grey, what the lines and bands of all colours are."""
    grey = COLOURS["muted"]
    if count <= FEW:
        axes.plot([], [], color=grey, linewidth=0.9, label=f"{count} trajectories")
        return
    axes.plot([], [], color=grey, label=f"median of {count}")
    for alpha, band in zip(_ALPHAS, bands, strict=False):
        axes.fill([], [], color=grey, alpha=alpha, linewidth=0, label=_percent(band))


def _edges(band: float) -> list[float]:
    return [0.5 - band / 2, 0.5 + band / 2]


def _percent(band: float) -> str:
    low, high = (100 * edge for edge in _edges(band))
    return f"{low:g} to {high:g} %"


def draw_image(axes: Axes, values: xr.DataArray) -> None:
    """Draw a state as an image: time across, its other dim upwards, colour for its value."""
    (dim,) = dims_of(values)
    label = axis_label(values)
    if ENSEMBLE in values.dims:
        label += f",\nmedian of {values.sizes[ENSEMBLE]}"
        values = values.quantile(0.5, ENSEMBLE, keep_attrs=True)
    table = values.transpose(dim, "time").values
    finite = table[np.isfinite(table)]
    colours, norm = image_map(float(finite.min(initial=0)), float(finite.max(initial=0)))
    scale = scale_of(values, dim)
    height: np.ndarray[Any, Any] = scale.values
    named = scale.texts
    if not np.all(np.diff(height) > 0) and not np.all(np.diff(height) < 0):
        height, named = np.arange(len(height)), [f"{value:g}" for value in height]
    image = axes.pcolormesh(
        values["time"].values,
        height,
        table,
        shading="nearest",
        cmap=colours,
        norm=norm,
        rasterized=True,
    )
    if named is not None and len(named) <= 40:
        axes.set_yticks(height, named, fontsize=8)
    axes.set_xlabel(quantity(values["time"]))
    axes.set_ylabel(scale.label)
    no_grid(axes)
    bar = axes.figure.colorbar(image, ax=axes, label=label, pad=0.02)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
