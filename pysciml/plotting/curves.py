"""Which curves a labelled array holds, and the colour of each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from pysciml.plotting.labels import entries, quantity
from pysciml.plotting.style import CYCLE

__all__ = [
    "ENSEMBLE",
    "MOST_COLOURS",
    "Curve",
    "Scale",
    "curves_of",
    "dims_of",
    "image_map",
    "is_swept",
    "scale_of",
]

ENSEMBLE = "trajectory"
MOST_COLOURS = len(CYCLE)
# The bright end of the map would be too faint for a line on white.
_LINES = ListedColormap(mpl.colormaps["cividis"](np.linspace(0, 0.87, 256)), "sciml_lines")


@dataclass(frozen=True)
class Curve:
    """One curve: its place in the array, its colour, its name in the legend.

    Parameters
    ----------
    where : mapping of str to int
        Index along each dim beside time and the ensemble.
    colour : str or tuple
        A colour of matplotlib.
    label : str
        Name in the legend; none where it is empty.
    """

    where: Mapping[str, int]
    colour: Any
    label: str = ""


@dataclass(frozen=True)
class Scale:
    """A scale of colours for values along a dim.

    Parameters
    ----------
    values : array of float
        One per entry.
    label : str
        Name and units of the values.
    texts : list of str, optional
        What stands in place of the values.
    """

    values: np.ndarray
    label: str
    texts: list[str] | None = None

    @property
    def norm(self) -> Normalize:
        """From values to 0..1; logarithmic where the values are spaced so."""
        low, high = float(np.min(self.values)), float(np.max(self.values))
        if low > 0 and len(self.values) > 2:
            steps = np.diff(np.log(self.values))
            if np.allclose(steps, steps[0]) and not np.allclose(steps, 0):
                return LogNorm(low, high)
        return Normalize(low, high)

    @property
    def colours(self) -> list[Any]:
        """One colour per entry."""
        return [_LINES(self.norm(value)) for value in self.values]

    def bar(self, axes: Sequence[Axes]) -> None:
        """Draw the scale once, beside all axes that it belongs to."""
        norm = self.norm
        bar = axes[0].figure.colorbar(
            ScalarMappable(norm, _LINES), ax=axes, label=self.label, pad=0.02
        )
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
        if isinstance(norm, LogNorm):
            plain = StrMethodFormatter("{x:g}")
            few = np.ptp(np.log10(self.values)) < 1.5  # decades
            bar.ax.yaxis.set_major_formatter(plain)
            bar.ax.yaxis.set_minor_formatter(plain if few else NullFormatter())
        if self.texts is not None and len(self.texts) <= 20:
            bar.set_ticks(list(self.values), labels=self.texts)


def dims_of(values: xr.DataArray) -> list[str]:
    """Return the dims beside time and the ensemble."""
    return [str(dim) for dim in values.dims if dim not in ("time", ENSEMBLE)]


def scale_of(values: xr.DataArray, dim: str) -> Scale:
    """Make a scale of the labels along a dim: their values, or their order where they have none.

    Of the coordinates along the dim, that of its name comes first, then the only one of numbers.
    """
    numbers = {
        name: coordinate
        for name, coordinate in values.coords.items()
        if coordinate.dims == (dim,) and coordinate.dtype.kind in "iuf"
    }
    own = numbers.get(dim)
    if own is None and dim not in values.coords and len(numbers) == 1:
        (own,) = numbers.values()
    if own is not None and np.all(np.isfinite(own.values)):
        return Scale(own.values.astype(float), quantity(own))
    order = np.arange(values.sizes[dim], dtype=float)
    return Scale(order, dim, entries(values, dim) if dim in values.coords else None)


def is_swept(values: xr.DataArray) -> bool:
    """Tell whether an array has one other dim and it is a sweep: results have those before time."""
    dims = dims_of(values)
    return len(dims) == 1 and values.dims.index(dims[0]) < values.dims.index("time")


def curves_of(
    values: xr.DataArray, colour: Any, label: str = ""
) -> tuple[list[Curve], Scale | None]:
    """Choose the curves of an array and their colours.

    Parameters
    ----------
    values : DataArray
        Over time, the ensemble and other dims.
    colour, label : str
        Of the curve, where it is the only one.

    Returns
    -------
    curves : list of Curve
        In the order of the array.
    scale : Scale or None
        A scale to draw beside the axes; without it the labels say what each curve is.
    """
    dims = dims_of(values)
    places = [
        dict(zip(dims, place, strict=True))
        for place in itertools.product(*(range(values.sizes[dim]) for dim in dims))
    ]
    if not dims:
        return [Curve({}, colour, label)], None
    if len(places) > MOST_COLOURS:
        # With several dims, the first has the colours.
        scale = scale_of(values, dims[0])
        return [Curve(place, scale.colours[place[dims[0]]]) for place in places], scale
    names = {dim: entries(values, dim) for dim in dims}
    texts = [", ".join(names[dim][index] for dim, index in place.items()) for place in places]
    scale = scale_of(values, dims[0]) if is_swept(values) else None
    if scale is not None and scale.texts is None:
        # With a name for each, equal steps tell them apart better than their values.
        ranks = np.argsort(np.argsort(scale.values)) / (len(places) - 1 or 1)
        colours = [_LINES(rank) for rank in ranks]
    else:
        colours = CYCLE
    return [
        Curve(place, colour, text)
        for place, colour, text in zip(places, colours, texts, strict=False)
    ], None


def image_map(low: float, high: float) -> tuple[Colormap, Normalize]:
    """Return colours for an image: from a centre at zero where there are both signs."""
    if low < 0 < high:
        limit = max(-low, high)
        return mpl.colormaps["RdBu_r"], Normalize(-limit, limit)
    return mpl.colormaps["cividis"], Normalize(low, high)
