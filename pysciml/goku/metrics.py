"""The normalised error of reconstructions and forecasts."""

from __future__ import annotations

import numpy as np
import xarray as xr

from pysciml.datasets.checks import check_series, uniform_step
from pysciml.errors import DataError, InputError

__all__ = ["normalised_rmse", "nrmse", "nrmse_per_horizon"]


def normalised_rmse(
    truth: np.ndarray, prediction: np.ndarray, axis: int | tuple[int, ...]
) -> np.ndarray:
    """Return the root mean square error over `axis`, divided by the mean of ``|truth|``.

    Parameters
    ----------
    truth, prediction : numpy.ndarray
        Arrays of one shape.
    axis : int or tuple of int
        The axes over which squared errors are averaged; the scale is one number, the mean over
        the whole of `truth`.

    Returns
    -------
    numpy.ndarray
        The error along the remaining axes.

    Raises
    ------
    DataError
        When `truth` is zero everywhere, so that there is no scale.

    Examples
    --------
    >>> normalised_rmse(np.array([[1.0, -3.0]]), np.array([[1.0, -1.0]]), axis=0)
    array([0., 1.])
    """
    truth, prediction = np.asarray(truth, np.float64), np.asarray(prediction, np.float64)
    scale = np.abs(truth).mean()
    if scale == 0:
        raise DataError("The truth is zero everywhere, so an error relative to it has no meaning.")
    return np.sqrt(np.square(truth - prediction).mean(axis)) / scale


def nrmse(truth: xr.DataArray, prediction: xr.DataArray) -> xr.DataArray:
    r"""Return the normalised root mean square error of each sample.

    .. math:: e_i = \sqrt{\langle (x_{itc} - \hat x_{itc})^2 \rangle_{tc}}
                    \, / \, \langle |x_{itc}| \rangle_{itc}

    The scale is one number for all samples, so that a quiet sample does not weigh more than a
    loud one. A forecast by the mean of a zero-mean Gaussian signal scores
    :math:`\sqrt{\pi/2} = 1.253`.

    Parameters
    ----------
    truth, prediction : xarray.DataArray
        Dims (sample, time, channel) in any order, the same sizes and labels.

    Returns
    -------
    xarray.DataArray
        Dims (sample,), without unit.

    Raises
    ------
    DataError
        When the two do not match, hold missing values, or the truth is zero everywhere.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> times = {"time": [0.0, 1.0]}
    >>> truth = xr.DataArray(np.ones((1, 2, 3)), dims=("sample", "time", "channel"), coords=times)
    >>> nrmse(truth, 0.5 * truth).values
    array([0.5])
    """
    truth, prediction = _matched(truth, prediction)
    values = normalised_rmse(truth.values, prediction.values, axis=(1, 2))
    return _labelled(values, truth["sample"])


def nrmse_per_horizon(
    truth: xr.DataArray, prediction: xr.DataArray, origin: float | None = None
) -> xr.DataArray:
    r"""Return the normalised root mean square error at each horizon, pooled over samples.

    .. math:: e_t = \sqrt{\langle (x_{itc} - \hat x_{itc})^2 \rangle_{ic}}
                    \, / \, \langle |x_{itc}| \rangle_{itc}

    The mean of its squares over horizons is the mean of the squares of `nrmse` over samples.

    Parameters
    ----------
    truth, prediction : xarray.DataArray
        Dims (sample, time, channel) in any order, the same sizes and labels.
    origin : float, optional
        The time from which horizons count: that of the last observation. By default one step
        before the first time; must be given for a forecast of a single step.

    Returns
    -------
    xarray.DataArray
        Dims (horizon,), without unit; the coordinate ``horizon`` is in the unit of time.

    Raises
    ------
    DataError
        When the two do not match, hold missing values, or the truth is zero everywhere.
    InputError
        When `origin` is needed, or not before the first time.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> times = {"time": [10.0, 12.0]}
    >>> truth = xr.DataArray(np.ones((1, 2, 3)), dims=("sample", "time", "channel"), coords=times)
    >>> nrmse_per_horizon(truth, 0 * truth).horizon.values
    array([2., 4.])
    """
    truth, prediction = _matched(truth, prediction)
    time = truth["time"]
    first = float(time.values[0])
    if origin is None:
        if time.size == 1:
            raise InputError(
                "A forecast of one step does not tell its horizon: give origin=, the time of the "
                "last observation."
            )
        origin = first - uniform_step(time, name="truth")
    if origin >= first:
        raise InputError(f"origin must lie before the first time {first:g}; got {origin:g}.")
    values = normalised_rmse(truth.values, prediction.values, axis=(0, 2))
    horizon = xr.DataArray(time.values - origin, dims="horizon", name="horizon", attrs=time.attrs)
    horizon.attrs["long_name"] = "forecast horizon"
    return _labelled(values, horizon)


def _matched(truth: xr.DataArray, prediction: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    truth = check_series(truth, name="truth")
    prediction = check_series(prediction, name="prediction")
    if truth.shape != prediction.shape:
        raise DataError(
            "truth and prediction must have the same sizes; got "
            f"{dict(truth.sizes)} and {dict(prediction.sizes)}."
        )
    for dim in ("sample", "channel"):
        if dim in truth.coords and dim in prediction.coords:
            known, given = truth[dim].values, prediction[dim].values
            if (known != given).any():
                k = int(np.argmax(known != given))
                raise DataError(
                    f"truth and prediction differ in the label of {dim} {k}: "
                    f"{known[k].item()!r} and {given[k].item()!r}."
                )
    ours, theirs = truth["time"].values, prediction["time"].values
    # Times that were summed step by step differ by rounding; a shift by a step does not.
    gap = np.min(np.diff(ours)) if ours.size > 1 else max(abs(ours[0]), 1.0)
    wrong = np.abs(ours - theirs) > 0.01 * gap
    if wrong.any():
        k = int(np.argmax(wrong))
        raise DataError(f"truth and prediction differ at time {k}: {ours[k]:g} and {theirs[k]:g}.")
    return truth, prediction


def _labelled(values: np.ndarray, along: xr.DataArray) -> xr.DataArray:
    dim = str(along.dims[0])
    attrs = {"long_name": "normalised root mean square error", "units": "1"}
    result = xr.DataArray(values, dims=(dim,), name="nrmse", attrs=attrs)
    coords = {n: c for n, c in along.coords.items() if c.dims == (dim,)}
    return result.assign_coords(coords or ({dim: along} if dim == "horizon" else {}))
