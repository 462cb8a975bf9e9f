"""Plots of a result of `pysciml.solve`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from pysciml.errors import InputError
from pysciml.plotting.curves import Scale
from pysciml.plotting.labels import NARROW
from pysciml.plotting.phase import draw_phase
from pysciml.plotting.raster import draw_raster
from pysciml.plotting.states import new_figure, one_axes, states_of
from pysciml.plotting.style import grid_of_axes, legend_beside, styled
from pysciml.plotting.timecourse import can_share, draw_image, draw_states, is_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SolutionPlots", "plot_solution"]

_MOST = 8  # panels
_BANDS = (0.5, 0.9)


class SolutionPlots:
    """Figures of a result: ``result.sciml.plot``.

    Axes are labelled with the long names and units that the result carries. Of the dims of a
    state, ``trajectory`` is an ensemble, dims before ``time`` are sweeps and dims after it are
    components.

    Parameters
    ----------
    solution : xarray.Dataset
        As `solve` returns it.

    Examples
    --------
    >>> sol = ps.solve(ps.catalog.lotka_volterra(), t=(0, 10), save=0.1)
    >>> axes = sol.sciml.plot.time()
    >>> [line.get_label() for line in axes.get_lines()]
    ['x', 'y']
    """

    def __init__(self, solution: xr.Dataset) -> None:
        self._solution = solution

    def __call__(self, *states: str, **options: Any) -> Any:
        """Draw the states over time, as :meth:`time` does."""
        return self.time(*states, **options)

    @styled
    def time(
        self, *states: str, ax: Any = None, bands: Sequence[float] = _BANDS, panels: bool = False
    ) -> Any:
        """Draw states over time.

        An ensemble of more than eight is drawn as its median with bands, a sweep by colour on a
        scale, few components as lines, many as an image.

        Parameters
        ----------
        *states : str
            Their names; all states if none is named.
        ax : Axes or sequence of Axes, optional
            Where to draw: one for all, or one per state. A new figure unless given.
        bands : sequence of float
            Parts of an ensemble that the bands hold, up to three; 0.5 is the middle half, from
            the 25 % to the 75 % quantile. Empty for the median alone.
        panels : bool
            Whether each state has a panel of its own, even where one would do.

        Returns
        -------
        Axes or array of Axes
            One panel for states that fit into one: of the same units, without sweep and
            components. Otherwise one per state.

        Raises
        ------
        InputError
            If a name is unknown, nothing has a time axis, or there are too many curves.

        Examples
        --------
        >>> time = np.linspace(0, 1, 5)
        >>> sol = xr.Dataset({"v": ("time", time**2, {"units": "mV"})}, {"time": time})
        >>> sol.sciml.plot.time("v").get_ylabel()
        'v, mV'
        """
        chosen = states_of(self._solution, states)
        _check_bands(bands)
        if isinstance(ax, Sequence | np.ndarray):
            return _panels(chosen, [one_axes(one) for one in np.ravel(np.asarray(ax))], bands)
        shared = can_share(chosen) and not panels
        if ax is not None:
            if not can_share(chosen):
                raise InputError(
                    f"The states {', '.join(str(s.name) for s in chosen)} differ in units or have "
                    "further dims, so they need one panel each. Name one state, or give as ax one "
                    "Axes per state, such as those of plt.subplots(2, 1)[1]."
                )
            _draw(one_axes(ax), chosen, bands)
            return ax
        if shared:
            return _draw(new_figure(8.0, 3.4).add_subplot(), chosen, bands)
        if len(chosen) > _MOST:
            raise InputError(
                f"{len(chosen)} states are too many panels for one figure; name up to {_MOST} of "
                f"{', '.join(str(values.name) for values in chosen)}."
            )
        figure = new_figure(8.0, 0.5 + 1.7 * len(chosen))
        return _panels(chosen, figure.subplots(len(chosen), 1, sharex=True, squeeze=False), bands)

    @styled
    def phase(self, *states: str, ax: Any = None) -> Axes:
        """Draw states against each other: two in the plane, three in space.

        Parameters
        ----------
        *states : str
            Names of two or three states; the first three, or two, if none is named.
        ax : Axes, optional
            Where to draw; of three states with ``projection="3d"``. A new figure unless given.

        Returns
        -------
        Axes
            One line per trajectory; a single one starts at a dot.

        Raises
        ------
        InputError
            If a name is unknown, there are not two or three states, or too many curves.

        Examples
        --------
        >>> sol = ps.solve(ps.catalog.lotka_volterra(), t=(0, 10), save=0.1)
        >>> axes = sol.sciml.plot.phase("x", "y")
        >>> bool((axes.get_lines()[0].get_xdata() == sol.x).all())
        True
        """
        return draw_phase(self._solution, states, ax)

    @styled
    def raster(self, event: str | None = None, *, ax: Any = None) -> Axes:
        """Draw the times of an event, one row of ticks per trajectory.

        Parameters
        ----------
        event : str, optional
            Name of the event; the only one unless given.
        ax : Axes, optional
            Where to draw. A new figure unless given.

        Returns
        -------
        Axes
            Trajectories above each other; those of a sweep at the swept value, or in groups.

        Raises
        ------
        InputError
            If the name is unknown, or is not that of an event.

        Examples
        --------
        >>> spike = xr.DataArray([[1.0, 3.0], [2.0, np.nan]], dims=("trajectory", "spike_index"))
        >>> axes = xr.Dataset({"spike": spike}).sciml.plot.raster("spike")
        >>> [len(row.get_positions()) for row in axes.collections]
        [2, 1]
        """
        return draw_raster(self._solution, event, ax)


@styled
def plot_solution(solution: xr.Dataset) -> Figure:
    """Plot the states of a solution against time, one panel each.

    The same drawing as ``solution.sciml.plot.time(panels=True)``, on a figure that is unknown to
    pyplot, for scripts, servers and reports.

    Parameters
    ----------
    solution : Dataset
        As `solve` returns it: states over time and other dims.

    Returns
    -------
    Figure
        One panel per state; the first eight of many.

    Raises
    ------
    InputError
        If no variable has a time axis, or a state has too many curves for a panel.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> time = np.linspace(0, 1, 5)
    >>> figure = plot_solution(xr.Dataset({"x": ("time", time**2)}, {"time": time}))
    >>> figure.get_axes()[0].get_xlabel()
    'time'
    """
    chosen = states_of(solution, ())[:_MOST]
    height = 0.5 + 1.7 * len(chosen)
    figure, axes = grid_of_axes(len(chosen), 1, height=height, width=8.0, sharex=True)
    figure.set_facecolor("white")
    _panels(chosen, axes, _BANDS)
    return figure


def _draw(axes: Axes, states: Sequence[xr.DataArray], bands: Sequence[float]) -> Axes:
    """Draw states that share a panel."""
    if is_image(states[0]):
        draw_image(axes, states[0])
        return axes
    scale = draw_states(axes, states, bands)
    if scale is not None:
        scale.bar([axes])
    legend_beside(axes)
    return axes


def _panels(states: Sequence[xr.DataArray], axes: Any, bands: Sequence[float]) -> Any:
    """Draw one state into each panel, and what holds for several of them only once."""
    flat = np.ravel(np.asarray(axes, dtype=object))
    if len(flat) != len(states):
        raise InputError(
            f"ax holds {len(flat)} Axes for the states "
            f"{', '.join(str(values.name) for values in states)}; give one for each."
        )
    if len(flat) == 1:
        return _draw(flat[0], states, bands)
    scales: dict[str, tuple[Scale, list[Axes]]] = {}
    told: list[list[str]] = []
    for panel, values in zip(flat, states, strict=True):
        if is_image(values):
            draw_image(panel, values)
            continue
        scale = draw_states(panel, [values], bands, NARROW)
        if scale is not None:
            scales.setdefault(scale.label, (scale, []))[1].append(panel)
        words = panel.get_legend_handles_labels()[1]
        if words not in told:
            legend_beside(panel)
            told.append(words)
    for scale, panels in scales.values():
        scale.bar(panels)
    for panel in flat[:-1]:
        panel.set_xlabel("")
    flat[0].figure.align_ylabels(list(flat))
    return flat


def _check_bands(bands: Sequence[float]) -> None:
    if len(bands) > 3 or not all(0 < band < 1 for band in bands):
        raise InputError(
            f"bands are up to three parts of an ensemble between 0 and 1, such as (0.5, 0.9); got "
            f"{bands!r}."
        )
