"""What every simple forecaster shares: checks of the history and labels of the forecast."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import xarray as xr

from pysciml.datasets.checks import check_series, uniform_step
from pysciml.errors import DataError, InputError

__all__ = ["FittedForecaster", "as_samples", "rolling_origins"]


def as_samples(data: xr.DataArray, name: str, steps: int = 2) -> xr.DataArray:
    """Check one series (time, channel) or several (sample, time, channel); return the latter.

    Parameters
    ----------
    data : xarray.DataArray
        The series.
    name : str
        What the messages call it.
    steps : int
        The least number of times.

    Returns
    -------
    xarray.DataArray
        Dims (sample, time, channel), float64.
    """
    if isinstance(data, xr.DataArray) and "sample" not in data.dims:
        data = check_series(data, ("time", "channel"), name=name, steps=steps)
        return data.expand_dims("sample")
    return check_series(data, name=name, steps=steps)


def rolling_origins(
    values: np.ndarray, length: int, steps: int, stride: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Cut windows of `length` times and the `steps` times that follow each.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (sample, time, channel).
    length, steps : int
        Times in a history and in its future.
    stride : int
        Times between one origin and the next.

    Returns
    -------
    histories, futures : numpy.ndarray
        Shapes (sample, origin, length, channel) and (sample, origin, steps, channel); views.
    """
    windows = np.lib.stride_tricks.sliding_window_view(values, length + steps, axis=1)
    windows = np.moveaxis(windows, -1, 2)[:, ::stride]
    return windows[:, :, :length], windows[:, :, length:]


@dataclass(frozen=True)
class FittedForecaster(ABC):
    """A forecaster that has seen its training data.

    Attributes
    ----------
    channels : xarray.DataArray
        The labels of the channels, in order.
    step : float
        The step of time.
    """

    channels: xr.DataArray
    step: float

    @abstractmethod
    def predict(self, history: np.ndarray, steps: int) -> np.ndarray:
        """Continue histories.

        Parameters
        ----------
        history : numpy.ndarray
            Shape (sample, time, channel).
        steps : int
            How many steps to continue.

        Returns
        -------
        numpy.ndarray
            Shape (sample, steps, channel).
        """

    def forecast(self, history: xr.DataArray, steps: int) -> xr.DataArray:
        """Forecast what follows each history.

        Parameters
        ----------
        history : xarray.DataArray
            Observed series with dims (sample, time, channel); only these are used.
        steps : int
            How many steps to forecast.

        Returns
        -------
        xarray.DataArray
            Dims (sample, time, channel); times continue those of the history.

        Raises
        ------
        DataError
            When channels or step differ from those of the training data, or the history is too
            short.
        InputError
            When `steps` is less than one.
        """
        if steps < 1:
            raise InputError(f"steps must be at least 1; got {steps}.")
        history = check_series(history, name="history")
        self._check_matches(history)
        values = self.predict(history.values, steps)
        time = history["time"]
        ahead = time.values[-1] + self.step * np.arange(1, steps + 1)
        coords = {name: c for name, c in history.coords.items() if "time" not in c.dims}
        return xr.DataArray(
            values,
            dims=history.dims,
            coords={**coords, "time": xr.DataArray(ahead, dims="time", attrs=time.attrs)},
            name=history.name,
            attrs=history.attrs,
        )

    def _check_matches(self, history: xr.DataArray) -> None:
        known, given = self.channels.values, history["channel"].values
        if known.shape != given.shape or (known != given).any():
            raise DataError(
                f"The channels of the history must be the {known.size} of the training data in "
                f"their order, {_shown(known)}; got {_shown(given)}."
            )
        if history.sizes["time"] > 1:
            step = uniform_step(history["time"], name="history")
            if abs(step - self.step) > 1e-3 * self.step:
                raise DataError(
                    f"The step of the history is {step:g}, that of the training data "
                    f"{self.step:g}. Resample one of them."
                )


def _shown(labels: np.ndarray) -> str:
    shown = ", ".join(repr(label.item()) for label in labels[:3])
    return shown + (", ..." if labels.size > 3 else "")
