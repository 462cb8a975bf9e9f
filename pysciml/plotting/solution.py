"""Plots of a solution of `pysciml.solve`."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pysciml.errors import InputError
from pysciml.plotting.style import COLOURS, CYCLE, grid_of_axes, styled

__all__ = ["plot_solution"]

_MOST = 8


@styled
def plot_solution(solution: xr.Dataset) -> Figure:
    """Plot the states of a solution against time, one panel each.

    Parameters
    ----------
    solution : Dataset
        As `solve` returns it: states over time and other dims. Of one extra dim of at most
        eight entries each is drawn; of more, the median and the middle 50 and 90 %.

    Returns
    -------
    Figure
        One panel per state; the first eight of many.

    Raises
    ------
    InputError
        If no variable has a time axis.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> time = np.linspace(0, 1, 5)
    >>> figure = plot_solution(xr.Dataset({"x": ("time", time**2)}, {"time": time}))
    >>> figure.get_axes()[0].get_xlabel()
    'time'
    """
    names = [name for name, values in solution.data_vars.items() if "time" in values.dims]
    if not names:
        raise InputError("Nothing to plot: no variable of the solution has a time axis.")
    names = names[:_MOST]
    figure, axes = grid_of_axes(
        len(names), 1, height=0.5 + 1.7 * len(names), width=8.0, sharex=True
    )
    for panel, name in zip(axes[:, 0], names, strict=True):
        values = solution[name]
        _curves(panel, values)
        units = values.attrs.get("units")
        panel.set_ylabel(f"{name}, {units}" if units and units != "1" else str(name))
    units = solution["time"].attrs.get("units") if "time" in solution.coords else None
    axes[-1, 0].set_xlabel(f"time, {units}" if units and units != "1" else "time")
    return figure


def _curves(panel: Axes, values: xr.DataArray) -> None:
    time = values["time"].values
    table = values.transpose("time", ...).values.reshape(len(time), -1)
    if table.shape[1] <= _MOST:
        for index, column in enumerate(table.T):
            panel.plot(time, column, color=CYCLE[index % len(CYCLE)], linewidth=1.1)
        return
    for low, high, alpha in ((5, 95, 0.15), (25, 75, 0.25)):
        panel.fill_between(
            time,
            *np.nanpercentile(table, [low, high], axis=1),
            color=COLOURS["model"],
            alpha=alpha,
            linewidth=0,
        )
    panel.plot(time, np.nanmedian(table, axis=1), color=COLOURS["model"])
