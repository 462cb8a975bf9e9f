"""Forecasts of single regions with their predictive bands."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from matplotlib.figure import Figure

from pysciml.plotting.style import COLOURS, grid_of_axes, styled

__all__ = ["plot_forecasts"]

_BACK = 1.6  # shown past, in units of the horizon


@styled
def plot_forecasts(
    examples: xr.Dataset, regions: Sequence[str], model: str, rival: str | None = None
) -> Figure:
    """Plot forecasts from several origins, one column each, for some regions, one row each.

    Parameters
    ----------
    examples : Dataset
        ``history``, ``reconstruction`` over (example, lag, channel); ``future``, ``forecast`` and
        optionally ``rival`` over (example, horizon, channel); optionally ``band`` over
        (example, quantile, horizon, channel). ``lag`` and ``horizon`` in seconds from the origin.
    regions : sequence of str
        Channels to show.
    model : str
        Name of the model, for the legend.
    rival : str, optional
        Name of the forecaster in ``rival``.

    Returns
    -------
    Figure
        The figure.
    """
    count = examples.sizes["example"]
    ahead = float(examples["horizon"].values[-1])
    examples = examples.sel(lag=slice(-_BACK * ahead, None))
    figure, axes = grid_of_axes(
        len(regions), count, height=0.6 + 1.35 * len(regions), sharex=True, sharey="row"
    )
    for row, region in enumerate(regions):
        for column in range(count):
            panel = axes[row, column]
            chosen = examples.isel(example=column).sel(channel=region)
            _forecast(panel, chosen, model, rival if "rival" in examples else None)
            if row == 0:
                panel.set_title(str(examples["title"].values[column]))
            if column == 0:
                panel.set_ylabel(region)
            if row == len(regions) - 1:
                panel.set_xlabel("time from the last volume seen, s")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=len(labels),
        columnspacing=1.3,
        handlelength=1.6,
        fontsize=9,
    )
    return figure


def _forecast(panel, chosen: xr.Dataset, model: str, rival: str | None) -> None:
    lag, horizon = chosen["lag"].values, chosen["horizon"].values
    panel.axvline(0, color=COLOURS["muted"], linewidth=0.8)
    if "band" in chosen:
        for low, high, alpha in ((0.05, 0.95, 0.14), (0.25, 0.75, 0.22)):
            panel.fill_between(
                horizon,
                chosen["band"].sel(quantile=low).values,
                chosen["band"].sel(quantile=high).values,
                color=COLOURS["model"],
                alpha=alpha,
                linewidth=0,
                label=f"{round(100 * (high - low))} % band",
            )
    for time, values, label in (
        (lag, chosen["history"].values, "observed"),
        (horizon, chosen["future"].values, None),
    ):
        panel.plot(
            time, values, "-o", color=COLOURS["ink"], linewidth=0.8, markersize=2.2, label=label
        )
    panel.plot(
        lag,
        chosen["reconstruction"].values,
        color=COLOURS["model"],
        linewidth=1.2,
        alpha=0.75,
        linestyle=(0, (4, 1.5)),
        label=f"{model}, reconstruction",
    )
    panel.plot(
        horizon,
        chosen["forecast"].values,
        color=COLOURS["model"],
        linewidth=2.0,
        label=f"{model}, forecast",
    )
    if rival is not None:
        panel.plot(
            horizon, chosen["rival"].values, color=COLOURS["rival"], linewidth=1.2, label=rival
        )
