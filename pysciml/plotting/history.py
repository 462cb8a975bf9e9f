"""Training curves."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from pysciml.plotting.style import COLOURS, grid_of_axes, styled

__all__ = ["plot_history"]

_PARTS = {
    "reconstruction": ("reconstruction", "sixth"),
    "continuity": ("continuity of windows", "third"),
    "kl": ("Kullback-Leibler", "fourth"),
}


@styled
def plot_history(history: xr.Dataset) -> Figure:
    """Plot the losses of a training run against the epoch.

    Parameters
    ----------
    history : Dataset
        Over ``epoch``: ``loss``, and of ``validation``, ``reconstruction``, ``continuity``, ``kl``
        and ``learning_rate`` those that there are; NaN where a value was not computed.

    Returns
    -------
    Figure
        Total and validation loss on the left, the parts of the loss on the right.
    """
    parts = [name for name in _PARTS if name in history and bool((history[name] > 0).any())]
    figure, axes = grid_of_axes(1, 2 if parts else 1, height=3.0)
    left = axes[0, 0]
    epoch = history["epoch"].values
    left.plot(epoch, history["loss"].values, color=COLOURS["model"], label="training")
    if "validation" in history:
        values = history["validation"].values
        known = np.isfinite(values)
        if known.any():
            left.plot(epoch[known], values[known], color=COLOURS["rival"], label="validation")
            best = epoch[known][np.argmin(values[known])]
            left.axvline(best, color=COLOURS["muted"], linewidth=0.8, linestyle=":")
            left.annotate(
                f"kept: epoch {best}",
                (best, 0.98),
                xycoords=("data", "axes fraction"),
                xytext=(-4, 0),
                textcoords="offset points",
                ha="right",
                va="top",
                fontsize=9,
                color=COLOURS["muted"],
            )
    left.set_title("Loss")
    left.legend(loc="upper right", bbox_to_anchor=(1.0, 0.92))
    if parts:
        right = axes[0, 1]
        for name in parts:
            label, role = _PARTS[name]
            right.plot(epoch, history[name].values, color=COLOURS[role], label=label)
        right.set_title("Parts of the training loss")
        right.legend(loc="upper right")
    for panel in axes[0]:
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        panel.yaxis.set_minor_formatter(NullFormatter())
        panel.set_xlabel("epoch")
    return figure
