"""Inferred parameters: distributions over windows, and coupling matrices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pysciml.plotting.style import COLOURS, grid_of_axes, no_grid, styled

__all__ = ["plot_couplings", "plot_parameters"]

_MOST_DOTS = 1200


@styled
def plot_parameters(parameters: Mapping[str, xr.DataArray], labels: Mapping[str, str]) -> Figure:
    """Plot the distribution of parameters over windows, one panel per parameter.

    Parameters
    ----------
    parameters : mapping of str to DataArray
        Each over (sample,) or (sample, component).
    labels : mapping of str to str
        Axis label of each, with its unit.

    Returns
    -------
    Figure
        Every window is a faint dot; the bar is the middle half, the large dot the median.
    """
    count = len(parameters)
    rows = -(-count // 3)
    figure, axes = grid_of_axes(rows, min(count, 3), height=2.9 * rows)
    for panel in axes.flat[count:]:
        panel.set_visible(False)
    for panel, (name, values) in zip(axes.flat, parameters.items(), strict=False):
        table = values.values.reshape(values.sizes["sample"], -1)
        _strips(panel, table)
        panel.set_ylabel(labels[name])
        dims = [str(dim) for dim in values.dims if dim != "sample"]
        if dims:
            panel.set_xlabel(dims[0])
            panel.set_xticks(range(1, table.shape[1] + 1) if table.shape[1] <= 12 else [])
        else:
            panel.set_xticks([])
    return figure


@styled
def plot_couplings(couplings: xr.DataArray) -> Figure:
    """Plot a coupling matrix, and how much its entries vary from window to window.

    Parameters
    ----------
    couplings : DataArray
        Over (sample, source, target): the influence of the source on the target; square. The
        diagonal has no effect on a diffusively coupled network and is left out.

    Returns
    -------
    Figure
        Median matrix on the left; all entries, sorted by their median, on the right.
    """
    matrices = couplings.values
    size = matrices.shape[1]
    off = ~np.eye(size, dtype=bool)
    median = np.where(off, np.median(matrices, axis=0), np.nan)
    figure, axes = grid_of_axes(1, 2, height=3.4, width_ratios=[1, 1.7])
    left, right = axes[0]
    image = left.imshow(median, cmap="cividis")
    ticks = range(size) if size <= 12 else range(0, size, 5)
    left.set_xticks(ticks, [str(tick + 1) for tick in ticks])
    left.set_yticks(ticks, [str(tick + 1) for tick in ticks])
    left.set_xlabel("to")
    left.set_ylabel("from")
    left.set_title("Median over windows")
    no_grid(left)
    figure.colorbar(image, ax=left, shrink=0.85, pad=0.03)
    entries = matrices[:, off]
    order = np.argsort(np.median(entries, axis=0))
    _strips(right, entries[:, order])
    if entries.shape[1] <= 30:
        pairs = np.argwhere(off)[order] + 1
        names = [f"{source}→{target}" for source, target in pairs]
        right.set_xticks(range(1, len(names) + 1), names, rotation=90, fontsize=8)
    else:
        right.set_xticks([])
        right.set_xlabel("entries, sorted")
    right.set_ylabel("coupling")
    right.set_title("From window to window")
    return figure


def _strips(panel: Axes, table: np.ndarray) -> None:
    """Draw one column of dots per column of the table, with median and middle half."""
    rng = np.random.default_rng(0)  # sideways scatter only
    columns = table.shape[1]
    shown = table[:: max(1, table.size // _MOST_DOTS)]
    for index, column in enumerate(table.T, start=1):
        low, middle, high = np.quantile(column, [0.25, 0.5, 0.75])
        if columns <= 60:
            panel.plot(
                index + rng.uniform(-0.22, 0.22, len(shown)),
                shown[:, index - 1],
                ".",
                color=COLOURS["model"],
                alpha=0.4,
                markersize=4,
                markeredgewidth=0,
            )
        panel.plot([index, index], [low, high], color=COLOURS["model"], linewidth=2.5)
        panel.plot([index], [middle], "o", color=COLOURS["ink"], markersize=4)
