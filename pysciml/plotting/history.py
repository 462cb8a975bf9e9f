"""Training curves."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
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
    _curve(left, epoch, history["loss"].values, "training loss", COLOURS["model"])
    if "validation" in history and np.isfinite(history["validation"].values).any():
        _validation(left, epoch, history["validation"].values)
    left.set_title("Training and validation")
    if parts:
        right = axes[0, 1]
        for name in parts:
            label, role = _PARTS[name]
            _curve(right, epoch, history[name].values, label, COLOURS[role])
        right.set_title("Parts of the training loss")
    for panel in axes[0]:
        _logarithmic(panel)
        panel.set_xlabel("epoch")
        panel.legend(loc="best")
    return figure


def _curve(panel: Axes, epoch: np.ndarray, values: np.ndarray, label: str, colour: str) -> None:
    """Draw a curve; of many noisy epochs the course in front of the single values."""
    width = epoch.size // 40
    if width < 4:
        panel.plot(epoch, values, color=colour, label=label)
        return
    panel.plot(epoch, values, color=colour, linewidth=0.5, alpha=0.35)
    course = np.convolve(values, np.ones(width) / width, mode="valid")
    panel.plot(epoch[width // 2 : width // 2 + course.size], course, color=colour, label=label)


def _validation(panel: Axes, epoch: np.ndarray, values: np.ndarray) -> None:
    known = np.isfinite(values)
    panel.plot(epoch[known], values[known], color=COLOURS["rival"], label="validation error")
    best = int(np.nanargmin(values))
    panel.plot(epoch[best], values[best], "o", color=COLOURS["rival"], markersize=6)
    late = epoch[best] > epoch[-1] / 2
    panel.annotate(
        f"kept: epoch {epoch[best]}",
        (epoch[best], values[best]),
        xytext=(-6 if late else 6, 7),
        textcoords="offset points",
        ha="right" if late else "left",
        fontsize=9,
        color=COLOURS["muted"],
    )


def _logarithmic(panel: Axes) -> None:
    panel.set_yscale("log")
    low, high = panel.get_ylim()
    subs = (1.0,) if high > 100 * low else (1.0, 2.0, 5.0) if high > 4 * low else range(1, 10)
    panel.yaxis.set_major_locator(LogLocator(subs=tuple(subs)))
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())
