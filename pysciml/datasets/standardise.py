"""Standardisation by the training part alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from pysciml.datasets.checks import check_series
from pysciml.errors import DataError

__all__ = ["Standardiser"]


@dataclass(frozen=True)
class Standardiser:
    """Mean and standard deviation of each channel, to bring data to zero mean and unit variance.

    Parameters
    ----------
    mean, std : xarray.DataArray
        One value for each channel (and subject); their attribute ``units`` is that of the data.

    Examples
    --------
    >>> from pysciml.datasets import Standardiser, resting_fmri, split_time
    >>> train, validation, test = split_time(resting_fmri())
    >>> standardiser = Standardiser.fit(train)
    >>> bool(standardiser.apply(train).std("time").max() < 1 + 1e-12)
    True
    """

    mean: xr.DataArray
    std: xr.DataArray

    @classmethod
    def fit(cls, train: xr.DataArray) -> Standardiser:
        """Measure mean and standard deviation over ``time`` and, where there is one, ``sample``.

        Every other dim, such as ``channel``, ``region`` or ``subject``, keeps its own values.

        Parameters
        ----------
        train : xarray.DataArray
            The training part, any dims that include ``time``.

        Returns
        -------
        Standardiser
            For `apply` and `invert`.

        Raises
        ------
        DataError
            When data are not a proper series, or when a channel is constant; names it.
        """
        train = check_series(train, dims=None, name="train")
        over = [dim for dim in ("sample", "time") if dim in train.dims]
        mean, std = train.mean(over), train.std(over)
        # A spread at the level of rounding is none.
        constant = (std <= 1e-12 * abs(train).max(over)).values
        if constant.any():
            index = np.unravel_index(int(np.argmax(constant)), constant.shape)
            where = ", ".join(
                f"{dim} {mean[dim].values[i].item()!r}" if dim in mean.coords else f"{dim} {i}"
                for dim, i in zip(mean.dims, index, strict=True)
            )
            raise DataError(
                f"train is constant at {where or 'all times'}, so it cannot be standardised "
                f"({int(constant.sum())} of {constant.size} series are constant). Leave it out."
            )
        attrs = {"units": train.attrs["units"]} if "units" in train.attrs else {}
        return cls(mean.assign_attrs(attrs), std.assign_attrs(attrs))

    def apply(self, data: xr.DataArray) -> xr.DataArray:
        """Subtract the mean and divide by the standard deviation.

        Parameters
        ----------
        data : xarray.DataArray
            The same channels (and subjects) as the training part, any other dims.

        Returns
        -------
        xarray.DataArray
            Without unit; dims, coordinates and precision as in `data`.

        Raises
        ------
        DataError
            When the channels or subjects are not those of the training part.
        """
        self._check_labels(data)
        result = (data - self.mean) / self.std
        return _like(result, data).assign_attrs({**data.attrs, "units": "1"})

    def invert(self, data: xr.DataArray) -> xr.DataArray:
        """Multiply by the standard deviation and add the mean.

        Parameters
        ----------
        data : xarray.DataArray
            Standardised data or forecasts, with the channels of the training part.

        Returns
        -------
        xarray.DataArray
            In the unit of the training part; dims, coordinates and precision as in `data`.

        Raises
        ------
        DataError
            When the channels or subjects are not those of the training part.
        """
        self._check_labels(data)
        attrs = {k: v for k, v in data.attrs.items() if k != "units"}
        return _like(data * self.std + self.mean, data).assign_attrs({**attrs, **self.mean.attrs})

    def _check_labels(self, data: xr.DataArray) -> None:
        # xarray would keep what is common to both and drop the rest without a word.
        for dim in map(str, self.mean.dims):
            if dim not in data.dims:
                raise DataError(f"data must have the dim {dim!r}; its dims are {data.dims}.")
            known, given = self.mean[dim].values, data[dim].values
            if known.shape != given.shape or (known != given).any():
                unknown = [label.item() for label in given if label not in known]
                detail = f"{unknown[0]!r} was not in it" if unknown else "order or number differ"
                raise DataError(
                    f"The labels of {dim!r} must be those of the training part: {detail} "
                    f"({given.size} given, {known.size} known). A new {dim} needs a Standardiser "
                    "fitted to its own past."
                )


def _like(result: xr.DataArray, data: xr.DataArray) -> xr.DataArray:
    dtype = data.dtype if data.dtype.kind == "f" else np.float64
    return result.transpose(*data.dims).astype(dtype).rename(data.name)
