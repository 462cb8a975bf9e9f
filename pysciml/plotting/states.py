"""Which states of a result to draw, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from pysciml.errors import InputError, suggest
from pysciml.plotting.style import roomy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["new_figure", "one_axes", "states_of"]


def states_of(solution: xr.Dataset, names: Sequence[str]) -> list[xr.DataArray]:
    """Return the named states over time, or all of them.

    Parameters
    ----------
    solution : Dataset
        A result.
    names : sequence of str
        Names; all variables over time if empty.

    Returns
    -------
    list of DataArray
        In the order of the names.

    Raises
    ------
    InputError
        If a name is unknown or its variable has no time axis.
    """
    known = [
        str(name)
        for name, values in solution.data_vars.items()
        if "time" in values.dims and values.dtype.kind in "biuf"
    ]
    if not known:
        raise InputError(
            "Nothing to plot: no variable of the result has a time axis. Plot the result as "
            "ps.solve returns it, before a selection or a mean over time."
        )
    for name in names:
        if name in known:
            continue
        if name in solution.variables:
            raise InputError(
                f"{name!r} has no time axis; it is over "
                f"({', '.join(map(str, solution[name].dims))}). Over time there are: "
                f"{', '.join(known)}."
            )
        raise InputError(f"The result has no state {name!r}.{suggest(str(name), known)}")
    return [solution[name] for name in names or known]


def new_figure(width: float, height: float) -> Figure:
    """Make a figure that a notebook or a window shows."""
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(width, height), layout=roomy(), facecolor="white")


def one_axes(ax: Any) -> Axes:
    """Check the axes that a caller gave."""
    if not isinstance(ax, Axes):
        raise InputError(
            f"ax must be the Axes of a figure, as plt.subplots() gives them; got "
            f"{type(ax).__name__}{_count(ax)}."
        )
    return ax


def _count(ax: Any) -> str:
    return f" of {np.size(ax)}" if isinstance(ax, np.ndarray | list | tuple) else ""
