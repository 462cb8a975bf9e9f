"""Observed against promised coverage of predictive bands."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from pysciml.plotting.style import COLOURS, grid_of_axes, styled

__all__ = ["plot_coverage"]


@styled
def plot_coverage(table: xr.Dataset) -> Figure:
    """Plot the observed against the nominal coverage of central predictive bands.

    Parameters
    ----------
    table : Dataset
        ``coverage`` over (level, horizon), and optionally ``coverage_paths``, the same for the
        paths alone, without observation noise. Levels in 0..1, horizon in seconds.

    Returns
    -------
    Figure
        All horizons together on the left; one band over the horizons on the right.
    """
    figure, axes = grid_of_axes(1, 2, height=3.3)
    left, right = axes[0]
    level = 100 * table["level"].values
    left.plot([0, 100], [0, 100], color=COLOURS["muted"], linewidth=0.8, label="ideal")
    nominal = float(table["level"].sel(level=0.9, method="nearest"))
    right.axhline(100 * nominal, color=COLOURS["muted"], linewidth=0.8, label="ideal")
    for name, label, style in (
        ("coverage", "full band", {"color": COLOURS["model"]}),
        ("coverage_paths", "paths alone", {"color": COLOURS["model"], "linestyle": ":"}),
    ):
        if name not in table:
            continue
        values = 100 * table[name]
        left.plot(level, values.mean("horizon").values, marker="o", label=label, **style)
        right.plot(
            table["horizon"].values,
            values.sel(level=nominal).values,
            marker="o",
            label=label,
            **style,
        )
    left.set_xlabel("predicted coverage, %")
    left.set_ylabel("observed coverage, %")
    left.set_title("All horizons")
    left.legend(loc="upper left")
    right.set_ylim(0, 103)
    right.set_xlabel("time ahead, s")
    right.set_ylabel("observed coverage, %")
    right.set_title(f"The {round(100 * nominal)} % band per horizon")
    return figure
