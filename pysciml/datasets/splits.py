"""Splitting a series in time."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import xarray as xr

from pysciml.datasets.checks import check_series
from pysciml.errors import DataError, InputError

__all__ = ["Split", "split_time"]


class Split(NamedTuple):
    """The parts of a series, one after the other in time.

    Parameters
    ----------
    train : xarray.DataArray
        The past.
    validation : xarray.DataArray
        What follows it; no times when no share was asked for.
    test : xarray.DataArray
        The future.

    Examples
    --------
    >>> from pysciml.datasets import resting_fmri, split_time
    >>> split_time(resting_fmri()).test.sizes["time"]
    38
    """

    train: xr.DataArray
    validation: xr.DataArray
    test: xr.DataArray


def split_time(data: xr.DataArray, train: float = 0.7, validation: float = 0.15) -> Split:
    """Split a series into train, validation and test parts, each contiguous in time.

    Every time of a part is earlier than every time of the next, in all subjects or samples alike,
    so that nothing of the future is in the part that a model learns from. The values are cut and
    not touched: no filter, detrending or standardisation spans the split. Such steps belong after
    it, and from the training part alone (`Standardiser`); a zero-phase filter that was applied to
    the whole series beforehand has already carried the future into the past.

    Parameters
    ----------
    data : xarray.DataArray
        Any dims that include ``time``; times uniform and increasing.
    train, validation : float
        Their shares of the times; the test part has the rest. Boundaries are rounded to the
        nearest time. A share of 0 for `validation` gives a part with no times.

    Returns
    -------
    Split
        The parts, of the dtype of the data, with coordinates and attributes.

    Raises
    ------
    DataError
        For data with missing values, times that are unsorted, repeated or not uniform, or too few
        of them for each part to have two.
    InputError
        For shares that leave nothing to train on or to test.

    Examples
    --------
    >>> from pysciml.datasets import resting_fmri, split_time
    >>> train, validation, test = split_time(resting_fmri(), train=0.6, validation=0.2)
    >>> train.sizes["time"], validation.sizes["time"], test.sizes["time"]
    (150, 50, 50)
    """
    if not (train > 0 and validation >= 0 and train + validation < 1):
        raise InputError(
            "The shares of train and validation must be positive and leave a part to test, such "
            f"as 0.7 and 0.15; got train={train} and validation={validation}."
        )
    checked = check_series(data, dims=None)
    times = checked.sizes["time"]
    bounds = [0, round(times * train), round(times * (train + validation)), times]
    sizes = [stop - start for start, stop in pairwise(bounds)]
    for part, size in zip(Split._fields, sizes, strict=True):
        if size < 2 and not (part == "validation" and validation == 0):
            raise DataError(
                f"data is too short to split: of its {times} times the {part} part would get "
                f"{size}, and each part needs two."
            )
    return Split(*(data.isel(time=slice(*ends)) for ends in pairwise(bounds)))
