"""What a labelled series must satisfy before anything is fitted to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from pysciml.errors import DataError

__all__ = ["check_series", "uniform_step"]

STEP_TOLERANCE = 1e-3  # of one step: above the rounding of float32 times, below any real jitter


def check_series(
    data: xr.DataArray,
    dims: Sequence[str] | None = ("sample", "time", "channel"),
    *,
    name: str = "data",
    steps: int = 1,
) -> xr.DataArray:
    """Check a labelled series and return it in float64 with its dims in order.

    Parameters
    ----------
    data : xarray.DataArray
        A series with a ``time`` dim and times as its coordinate, uniform and increasing.
    dims : sequence of str, optional
        The dims that it must have, in the order in which they are returned. None accepts any
        dims that include ``time`` and leaves their order.
    name : str
        What the messages call the data.
    steps : int
        The least number of times.

    Returns
    -------
    xarray.DataArray
        The same values as float64, transposed to `dims`; coordinates and attributes kept.

    Raises
    ------
    DataError
        For anything that is not such a series. The message names the first missing value by its
        labels, the first time out of order, or the dims that differ.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> times = 0.5 * np.arange(4)
    >>> data = xr.DataArray(np.ones((4, 2)), dims=("time", "channel"), coords={"time": times})
    >>> check_series(data.T, dims=("time", "channel")).shape
    (4, 2)
    """
    if not isinstance(data, xr.DataArray):
        raise DataError(
            f"{name} must be an xarray.DataArray{_named(dims)}, not {type(data).__name__}. "
            "Try xr.DataArray(values, dims=..., coords={'time': ...})."
        )
    _check_dims(data, dims, name)
    if data.dtype.kind not in "fiu":
        raise DataError(f"{name} must hold real numbers; its dtype is {data.dtype}.")
    if data.size == 0:
        raise DataError(f"{name} is empty: its sizes are {dict(data.sizes)}.")
    if "time" not in data.coords:
        raise DataError(
            f"{name} has a dim 'time' without times. "
            f"Try {name}.assign_coords(time=step * np.arange({data.sizes['time']}))."
        )
    if data.sizes["time"] < steps:
        raise DataError(
            f"{name} is too short: {data.sizes['time']} times, and at least {steps} are needed."
        )
    check_times(data["time"], name)
    _check_finite(data, name)
    data = data.astype(np.float64)
    return data if dims is None else data.transpose(*dims)


def check_times(time: xr.DataArray, name: str = "data") -> None:
    """Refuse times that are not numbers, not increasing or not uniform.

    Parameters
    ----------
    time : xarray.DataArray
        The times, one dimensional.
    name : str
        What the messages call the data that have these times.

    Raises
    ------
    DataError
        Naming the first time that is wrong.
    """
    if time.dtype.kind in "mM":
        raise DataError(
            f"The times of {name} are dates; give them as numbers, such as seconds from the "
            f"first: ({name}.time - {name}.time[0]) / np.timedelta64(1, 's')."
        )
    if time.dtype.kind not in "fiu":
        raise DataError(f"The times of {name} must be numbers; their dtype is {time.dtype}.")
    values = time.values.astype(np.float64)
    if not np.isfinite(values).all():
        first = int(np.argmin(np.isfinite(values)))
        raise DataError(f"The times of {name} are not all finite: time {first} is {values[first]}.")
    if values.size > 1:
        _check_uniform(values, name)


def uniform_step(time: xr.DataArray | np.ndarray, *, name: str = "data") -> float:
    """Return the step of uniform times.

    Parameters
    ----------
    time : xarray.DataArray or numpy.ndarray
        At least two times.
    name : str
        What the messages call the data that have these times.

    Returns
    -------
    float
        The step, in the unit of the times.

    Raises
    ------
    DataError
        When there are fewer than two times, or when they are unsorted, repeated or not uniform.

    Examples
    --------
    >>> uniform_step(np.array([0.0, 0.5, 1.0]))
    0.5
    """
    time = xr.DataArray(time, dims="time") if isinstance(time, np.ndarray) else time
    check_times(time, name)
    if time.size < 2:
        raise DataError(f"{name} has {time.size} time; a step needs at least two.")
    values = time.values.astype(np.float64)
    return float((values[-1] - values[0]) / (values.size - 1))


def _check_dims(data: xr.DataArray, dims: Sequence[str] | None, name: str) -> None:
    if dims is None:
        if "time" not in data.dims:
            raise DataError(f"{name} must have a dim 'time'; its dims are {data.dims}.")
        return
    if set(data.dims) == set(dims):
        return
    extra = [str(d) for d in data.dims if d not in dims]
    missing = [d for d in dims if d not in data.dims]
    renames = dict(zip(extra, [d for d in missing if d != "sample"], strict=False))
    if len(extra) == len(missing):
        renames = dict(zip(extra, missing, strict=True))
    remedy = name
    if renames:
        remedy += f".rename({', '.join(f'{old}={new!r}' for old, new in renames.items())})"
    if "sample" in missing and "sample" not in renames.values():
        remedy += ".expand_dims('sample')"
    hint = f" Try {remedy}." if remedy != name else ""
    raise DataError(f"{name} must have the dims {tuple(dims)}; its dims are {data.dims}.{hint}")


def _check_uniform(times: np.ndarray, name: str) -> None:
    gaps = np.diff(times)
    if (gaps <= 0).any():
        k = int(np.argmax(gaps <= 0))
        what = "appears twice" if gaps[k] == 0 else f"comes after {times[k]:g}"
        remedy = ".drop_duplicates('time')" if gaps[k] == 0 else ".sortby('time')"
        raise DataError(
            f"The times of {name} must increase: {times[k + 1]:g} (index {k + 1}) {what}. "
            f"Try {name}{remedy}."
        )
    step = float(np.median(gaps))
    wrong = np.abs(gaps - step) > STEP_TOLERANCE * step
    if wrong.any():
        k = int(np.argmax(wrong))
        raise DataError(
            f"The times of {name} must be uniform: the step is {step:g}, but {gaps[k]:g} from "
            f"{times[k]:g} to {times[k + 1]:g} (index {k + 1}). Cut the series there, or resample "
            f"it with {name}.interp(time=...)."
        )


def _check_finite(data: xr.DataArray, name: str) -> None:
    bad = ~np.isfinite(data.values)
    if not bad.any():
        return
    index = np.unravel_index(int(np.argmax(bad)), bad.shape)
    where = ", ".join(
        f"{dim} {data[dim].values[i].item()!r}" if dim in data.coords else f"{dim} {i}"
        for dim, i in zip(data.dims, index, strict=True)
    )
    what = "missing (NaN)" if np.isnan(data.values[index]) else "infinite"
    raise DataError(
        f"{name} is {what} at {where}; {int(bad.sum())} of {bad.size} values are not finite. "
        "Fill them or leave out what holds them."
    )


def _named(dims: Sequence[str] | None) -> str:
    return f" with dims {tuple(dims)}" if dims else " with a dim 'time'"
