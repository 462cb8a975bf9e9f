"""Forcing: an input that varies in time, as a labelled series and how to read between its times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pysciml.errors import InputError, suggest

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Forcing", "Interpolation", "Series", "check_interpolation", "check_times", "increasing"]

Interpolation = Literal["previous", "linear", "cubic"]


@dataclass(frozen=True, eq=False)
class Forcing:
    """A time series for an input, and how to interpolate it.

    Parameters
    ----------
    series : xarray.DataArray
        With a dim ``time`` whose coordinate increases, and the dims of the input, if it has any;
        a further dim is a sweep.
    interpolation : {"linear", "previous", "cubic"}
        Straight lines between the times, as for a bare DataArray; steps, each value holding
        until the next time; or cubic Hermite pieces, smooth but for their second derivative.
        Solvers end a step on every time of the series, so that what happens there costs no
        accuracy.

    Raises
    ------
    InputError
        If it is not such a series, or the interpolation is unknown.

    Examples
    --------
    >>> import xarray as xr
    >>> current = xr.DataArray([0.0, 20.0, 20.0], dims="time", coords={"time": [0, 50, 200]})
    >>> Forcing(current, "previous").interpolation
    'previous'
    """

    series: xr.DataArray
    interpolation: Interpolation = "linear"

    def __post_init__(self) -> None:
        check_interpolation(self.interpolation)
        if "time" not in getattr(self.series, "dims", ()):
            raise InputError(
                "Forcing needs a DataArray with the dim 'time'; got "
                f"{type(self.series).__name__}. Give xr.DataArray(values, dims='time', "
                "coords={'time': times})."
            )


@dataclass(frozen=True, eq=False)
class Series:
    """A forcing free of labels, as a task holds it.

    Parameters
    ----------
    times : array
        Increasing, shape (k,), k at least 2.
    values : array
        Shape (k, *shape), or with a last axis of the batch.
    interpolation : {"previous", "linear", "cubic"}
        Between the times.
    """

    times: np.ndarray
    values: np.ndarray
    interpolation: Interpolation

    def window(self, start: int, stop: int, ndim: int) -> Series:
        """Take a part of the batch, where there is one.

        Parameters
        ----------
        start, stop : int
            First trajectory, and the one after the last.
        ndim : int
            Dimensions of the input.

        Returns
        -------
        Series
            The part.
        """
        if self.values.ndim == ndim + 1:
            return self
        return Series(self.times, self.values[..., start:stop], self.interpolation)


def check_interpolation(interpolation: object) -> None:
    """Refuse an interpolation that is not known.

    Parameters
    ----------
    interpolation : object
        Its name.

    Raises
    ------
    InputError
        With a suggestion.
    """
    known = ("previous", "linear", "cubic")
    if interpolation not in known:
        raise InputError(
            f"interpolation {interpolation!r} is unknown.{suggest(str(interpolation), known)}"
        )


def check_times(name: str, series: xr.DataArray) -> np.ndarray:
    """Return the times of a series, or say what is wrong with them.

    Parameters
    ----------
    name : str
        Name of the input.
    series : xarray.DataArray
        With a dim ``time``.

    Returns
    -------
    array
        Increasing times, float64.

    Raises
    ------
    InputError
        If there are no times, fewer than two, or they do not increase.
    """
    if "time" not in series.coords:
        raise InputError(
            f"The series of input {name!r} has no times; give it the coordinate 'time', in the "
            "unit of time of the model."
        )
    raw = series.coords["time"].values
    if raw.dtype.kind not in "iuf":
        raise InputError(
            f"The times of input {name!r} must be numbers in the model's unit of time; got "
            f"{raw.dtype}."
        )
    return increasing(name, raw.astype(np.float64))


def increasing(name: str, times: np.ndarray) -> np.ndarray:
    """Return the times of a series if they can be interpolated between.

    Parameters
    ----------
    name : str
        Name of the input.
    times : array
        Its times.

    Returns
    -------
    array
        The same.

    Raises
    ------
    InputError
        If there are fewer than two, or they do not increase.
    """
    if times.ndim != 1 or times.size < 2:
        raise InputError(
            f"The series of input {name!r} needs at least two times; got {times.size}. For a "
            "constant give a number."
        )
    if not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
        raise InputError(
            f"The times of input {name!r} must be finite and increase, without duplicates; sort "
            "the series with sortby('time')."
        )
    return times
