"""Observed and reconstructed activity of all regions side by side."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from pysciml.plotting.style import grid_of_axes, no_grid, styled

__all__ = ["plot_reconstruction"]


@styled
def plot_reconstruction(examples: xr.Dataset, example: int = 0) -> Figure:
    """Plot one window as region by time: observed, reconstructed, and what is left.

    Parameters
    ----------
    examples : Dataset
        ``history`` and ``reconstruction`` over (example, lag, channel), lag in seconds.
    example : int
        Which window.

    Returns
    -------
    Figure
        Three panels on one colour scale.
    """
    chosen = examples.isel(example=example)
    observed = chosen["history"].transpose("channel", "lag").values
    rebuilt = chosen["reconstruction"].transpose("channel", "lag").values
    lag = chosen["lag"].values
    names = [str(name) for name in chosen["channel"].values]
    limit = float(np.quantile(np.abs(observed), 0.98))
    figure, axes = grid_of_axes(
        1, 3, height=min(1.0 + 0.15 * len(names), 5.2), sharex=True, sharey=True
    )
    panels = (("Observed", observed), ("Reconstructed", rebuilt), ("Left over", observed - rebuilt))
    image = None
    for panel, (title, values) in zip(axes[0], panels, strict=True):
        image = panel.imshow(
            values,
            aspect="auto",
            cmap="RdBu_r",
            vmin=-limit,
            vmax=limit,
            extent=(lag[0], lag[-1], len(names) - 0.5, -0.5),
        )
        panel.set_title(title)
        no_grid(panel)
    if len(names) <= 40:
        axes[0, 0].set_yticks(range(len(names)), names, fontsize=7)
    else:
        axes[0, 0].set_ylabel("region")
    axes[0, 1].set_xlabel("time from the last volume seen, s")
    assert image is not None
    figure.colorbar(image, ax=axes, shrink=0.8, aspect=30, label="activity, sd", extend="both")
    return figure
