"""One style for all figures: few colours, each with one meaning, safe for colour blindness."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

__all__ = [
    "COLOURS",
    "CYCLE",
    "WIDTH",
    "grid_of_axes",
    "legend_beside",
    "no_grid",
    "roomy",
    "short",
    "styled",
]

P = ParamSpec("P")
R = TypeVar("R")

# The hues are those of Okabe and Ito (2008), which stay apart for colour-blind readers. The
# report replaces these values by CSS variables of the same names, so that it can be read on
# a dark screen too: each value must occur for one meaning only.
COLOURS = {
    "ink": "#1c2430",
    "muted": "#69717d",
    "grid": "#dfe3e8",
    "model": "#0072b2",
    "rival": "#d55e00",
    "plain": "#8b929c",
    "third": "#009e73",
    "fourth": "#b0578d",
    "fifth": "#b8860b",
    "sixth": "#3d9ad1",
}
CYCLE = [COLOURS[role] for role in ("model", "rival", "third", "fourth", "fifth", "sixth")]
WIDTH = 9.0  # inches: the text width of the report

_RC: dict[Any, Any] = {
    "axes.edgecolor": COLOURS["muted"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.labelcolor": COLOURS["ink"],
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": COLOURS["ink"],
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.7,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.labelcolor": COLOURS["ink"],
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["muted"],
    "xtick.labelcolor": COLOURS["ink"],
    "xtick.labelsize": 9,
    "ytick.color": COLOURS["muted"],
    "ytick.labelcolor": COLOURS["ink"],
    "ytick.labelsize": 9,
}


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a plotting function in the style of this package."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(_RC):
            return function(*args, **kwargs)

    return wrapper


def roomy() -> ConstrainedLayoutEngine:
    """Return the layout of all figures.

    Fonts of a browser differ from those that the layout is made with: it leaves them some room.
    """
    return ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.07)


def grid_of_axes(
    rows: int = 1, columns: int = 1, *, height: float, width: float = WIDTH, **options: Any
) -> tuple[Figure, np.ndarray]:
    """Return a new figure and its axes as an array of shape (rows, columns)."""
    figure = Figure(figsize=(width, height), layout=roomy())
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, axes


def short(number: float) -> str:
    """Return a number as briefly as a tick label wants it."""
    return f"{number:.3g}"


def no_grid(axes: Axes) -> None:
    """Take the grid away where lines or cells already carry the reader."""
    axes.grid(visible=False)


def legend_beside(axes: Axes) -> None:
    """Put a legend to the right of the axes, where it hides nothing, if there is one to show."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.3)
