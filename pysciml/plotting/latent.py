"""Latent trajectories."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from pysciml.plotting.style import COLOURS, CYCLE, grid_of_axes, no_grid, styled

__all__ = ["plot_latent"]

_MOST = 6


@styled
def plot_latent(inferred: xr.Dataset, states: list[str], sample: int = 0) -> Figure:
    """Plot the inferred states of one window over time, and in the plane of the first two.

    Parameters
    ----------
    inferred : Dataset
        States over (sample, time) or (sample, time, component).
    states : list of str
        Names of the states in `inferred`.
    sample : int
        Which window.

    Returns
    -------
    Figure
        Time courses on the left; if there are two states, their plane on the right. Of many
        components the ones of largest amplitude are shown.
    """
    curves = {name: _components(inferred[name].isel(sample=sample)) for name in states[:2]}
    first = curves[states[0]]
    order = np.argsort(-np.ptp(first.values, axis=0))[:_MOST]
    planar = len(states) > 1 and curves[states[1]].shape == first.shape
    figure, axes = grid_of_axes(
        1, 2 if planar else 1, height=3.3, width_ratios=[2.2, 1][: 1 + planar]
    )
    left = axes[0, 0]
    time = first["time"].values
    for colour, index in zip(CYCLE, sorted(order), strict=False):
        label = str(first["component"].values[index])
        left.plot(time, first.values[:, index], color=colour, label=label)
        if planar:
            x, y = first.values[:, index], curves[states[1]].values[:, index]
            axes[0, 1].plot(x, y, color=colour, linewidth=1.2)
            axes[0, 1].plot(x[-1:], y[-1:], "o", color=colour)
    left.set_xlabel("time from the last volume seen, s")
    left.set_ylabel(states[0])
    left.set_title("Over time")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=_MOST)
    if planar:
        right = axes[0, 1]
        right.set_aspect("equal", adjustable="datalim")
        right.axhline(0, color=COLOURS["grid"], linewidth=0.7)
        right.axvline(0, color=COLOURS["grid"], linewidth=0.7)
        no_grid(right)
        right.set_xlabel(states[0])
        right.set_ylabel(states[1])
        right.set_title("In the plane (dot: end)")
    return figure


def _components(values: xr.DataArray) -> xr.DataArray:
    """Return a state as (time, component), whatever its own dims are."""
    name = str(values.name)
    others = [dim for dim in values.dims if dim != "time"]
    if not others:
        return values.expand_dims(component=[name]).transpose("time", "component")
    flat = values.stack(component=others, create_index=False)
    labels = [f"{name} {index + 1}" for index in range(flat.sizes["component"])]
    return flat.assign_coords(component=labels).transpose("time", "component")
