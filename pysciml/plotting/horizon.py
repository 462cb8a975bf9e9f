"""Forecast error per horizon, with its rivals."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from pysciml.plotting.style import COLOURS, grid_of_axes, styled

__all__ = ["plot_error_per_horizon"]

# Colour is for the model and its strongest rival; the trivial forecasters differ by line.
_PLAIN = {"persistence": (":", "v"), "historical mean": ("--", "s")}


@styled
def plot_error_per_horizon(table: xr.Dataset, model: str) -> Figure:
    """Plot forecast error against the horizon, one line per forecaster.

    Parameters
    ----------
    table : Dataset
        ``nrmse`` over (forecaster, horizon), horizon in seconds; if there are ``difference``,
        ``low`` and ``high`` over (other, horizon) a second panel shows the difference to the
        strongest linear rival with its interval.
    model : str
        The forecaster that is judged.

    Returns
    -------
    Figure
        The figure.
    """
    columns = 2 if "difference" in table else 1
    figure, axes = grid_of_axes(1, columns, height=3.4, width_ratios=[3, 2][:columns])
    left = axes[0, 0]
    horizon = table["horizon"].values
    for name in table["forecaster"].values:
        line, marker = _PLAIN.get(str(name), ("-", "o"))
        colour = COLOURS["plain" if name in _PLAIN else "model" if name == model else "rival"]
        left.plot(
            horizon,
            table["nrmse"].sel(forecaster=name).values,
            line,
            marker=marker,
            color=colour,
            label=str(name),
            zorder=3 if name == model else 2,
        )
    left.set_xlabel("time ahead, s")
    left.set_ylabel("NRMSE")
    left.set_title("Forecast error (lower is better)")
    left.legend(loc="best")
    if columns == 2:
        _difference(axes[0, 1], table, model)
    return figure


def _difference(axes, table: xr.Dataset, model: str) -> None:
    other = str(table["difference"].attrs["rival"])
    chosen = table.sel(other=other)
    horizon = table["horizon"].values
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
    axes.fill_between(
        horizon,
        *(100 * chosen[name].where(np.isfinite(chosen[name])).values for name in ("low", "high")),
        color=COLOURS["model"],
        alpha=0.18,
        linewidth=0,
    )
    axes.plot(horizon, 100 * chosen["difference"].values, "-o", color=COLOURS["model"])
    axes.set_xlabel("time ahead, s")
    axes.set_ylabel("difference in error, %")
    axes.set_title(f"{model} against {other}")
    axes.annotate(
        "below 0: lower error",
        (0.98, 0.98),
        xycoords="axes fraction",
        ha="right",
        va="top",
        fontsize=9,
        color=COLOURS["muted"],
    )
