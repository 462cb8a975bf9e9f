"""Forecasts that any model has to beat: the last value, the mean, a linear model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from pysciml.datasets.checks import uniform_step
from pysciml.errors import DataError, InputError, suggest
from pysciml.goku.forecaster import FittedForecaster, as_samples, rolling_origins
from pysciml.goku.ridge_var import FittedRidgeVAR, RidgeVAR

__all__ = [
    "FittedHistoricalMean",
    "FittedPersistence",
    "FittedRidgeVAR",
    "HistoricalMean",
    "Persistence",
    "RidgeVAR",
    "forecast_origins",
]


@dataclass(frozen=True)
class Persistence:
    """The forecast that nothing changes: the last observed value of each channel.

    Examples
    --------
    >>> from pysciml.datasets import resting_fmri, split_time
    >>> from pysciml.goku.baselines import Persistence, forecast_origins
    >>> train, _, test = split_time(resting_fmri().rename(region="channel"), 0.7, 0.0)
    >>> histories, futures = forecast_origins(test, length=46, steps=10)
    >>> forecast = Persistence().fit(train).forecast(histories, steps=10)
    >>> bool((forecast.isel(time=9) == histories.isel(time=-1)).all())
    True
    """

    def fit(self, train: xr.DataArray, validation: xr.DataArray | None = None) -> FittedPersistence:
        """Take note of channels and step; there is nothing to learn.

        Parameters
        ----------
        train : xarray.DataArray
            Dims (time, channel) or (sample, time, channel).
        validation : xarray.DataArray, optional
            Not used.

        Returns
        -------
        FittedPersistence
            Ready to forecast.
        """
        train = as_samples(train, "train")
        return FittedPersistence(train["channel"], uniform_step(train["time"]))


@dataclass(frozen=True)
class FittedPersistence(FittedForecaster):
    """`Persistence`, ready to forecast."""

    def predict(self, history: np.ndarray, steps: int) -> np.ndarray:  # noqa: D102
        return np.repeat(history[:, -1:], steps, axis=1)


@dataclass(frozen=True)
class HistoricalMean:
    """The forecast of a constant: the mean of each channel in the past.

    Parameters
    ----------
    of : {"train", "history"}
        Which past: all training data, or the observed history of the sample to forecast. The
        first has less noise; the second suits samples that differ in their means.

    Examples
    --------
    >>> from pysciml.datasets import resting_fmri, split_time
    >>> from pysciml.goku.baselines import HistoricalMean, forecast_origins
    >>> train, _, test = split_time(resting_fmri().rename(region="channel"), 0.7, 0.0)
    >>> histories, futures = forecast_origins(test, length=46, steps=10)
    >>> HistoricalMean().fit(train).forecast(histories, steps=10).shape
    (20, 10, 28)
    """

    of: str = "train"

    def __post_init__(self) -> None:
        if self.of not in ("train", "history"):
            raise InputError(
                f"HistoricalMean(of={self.of!r}) is not known."
                f"{suggest(str(self.of), ['train', 'history'])}"
            )

    def fit(
        self, train: xr.DataArray, validation: xr.DataArray | None = None
    ) -> FittedHistoricalMean:
        """Measure the mean of each channel over all training data.

        Parameters
        ----------
        train : xarray.DataArray
            Dims (time, channel) or (sample, time, channel).
        validation : xarray.DataArray, optional
            Not used.

        Returns
        -------
        FittedHistoricalMean
            Ready to forecast.
        """
        train = as_samples(train, "train")
        mean = train.values.mean(axis=(0, 1)) if self.of == "train" else None
        return FittedHistoricalMean(train["channel"], uniform_step(train["time"]), mean)


@dataclass(frozen=True)
class FittedHistoricalMean(FittedForecaster):
    """`HistoricalMean`, ready to forecast.

    Attributes
    ----------
    mean : numpy.ndarray or None
        One value for each channel; None where each history has its own mean.
    """

    mean: np.ndarray | None

    def predict(self, history: np.ndarray, steps: int) -> np.ndarray:  # noqa: D102
        mean = history.mean(axis=1) if self.mean is None else self.mean
        samples, _, channels = history.shape
        return np.broadcast_to(np.reshape(mean, (-1, 1, channels)), (samples, steps, channels))


def forecast_origins(
    series: xr.DataArray, length: int, steps: int, stride: int = 1, start: float | None = None
) -> tuple[xr.DataArray, xr.DataArray]:
    """Cut every history of `length` times with the `steps` times that follow it.

    Parameters
    ----------
    series : xarray.DataArray
        Dims (time, channel), or (sample, time, channel) for several series.
    length, steps : int
        Times in a history and in its future.
    stride : int
        Times between one origin and the next.
    start : float, optional
        Keep only futures that begin at this time or later; their histories may reach back before
        it. With the first time of a test part and the whole series, every time of that part is
        forecast, each from a past that was known by then.

    Returns
    -------
    histories, futures : xarray.DataArray
        Dims (sample, time, channel). Times count from the last observation, which is at 0; its
        time in the series is the coordinate ``origin`` of each sample (and ``series`` the label
        of its series, where there are several).

    Raises
    ------
    DataError
        When the series is too short for one history and its future.
    InputError
        When `length`, `steps` or `stride` is less than one.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> series = xr.DataArray(np.arange(5.0)[:, None], dims=("time", "channel"),
    ...                       coords={"time": np.arange(5.0)})
    >>> histories, futures = forecast_origins(series, length=2, steps=1)
    >>> histories.values[:, :, 0].tolist(), futures.values[:, 0, 0].tolist()
    ([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]], [2.0, 3.0, 4.0])
    """
    for name, value in {"length": length, "steps": steps, "stride": stride}.items():
        if value < 1:
            raise InputError(f"{name} must be at least 1; got {value}.")
    several = isinstance(series, xr.DataArray) and "sample" in series.dims
    series = as_samples(series, "series", steps=max(2, length + steps))
    time, step = series["time"], uniform_step(series["time"], name="series")
    first = 0
    if start is not None:
        # Half a step of slack: times are rounded.
        first = int(np.searchsorted(time.values, start - step / 2)) - length
        first = max(first, 0)
    values = series.values[:, first:]
    if values.shape[1] < length + steps:
        raise DataError(
            f"From {start:g} on, the series is too short for a future of {steps} times: it ends "
            f"at {time.values[-1]:g}."
        )
    histories, futures = rolling_origins(values, length, steps, stride)
    origins = np.arange(histories.shape[1]) * stride + first + length - 1
    coords: dict[str, object] = {
        "channel": series["channel"],
        "origin": ("sample", np.tile(time.values[origins], len(values)), time.attrs),
    }
    if several:
        coords["series"] = ("sample", np.repeat(series["sample"].values, len(origins)))

    def labelled(windows: np.ndarray, times: np.ndarray) -> xr.DataArray:
        return xr.DataArray(
            windows.reshape(-1, *windows.shape[2:]),
            dims=("sample", "time", "channel"),
            coords={**coords, "time": ("time", step * times, time.attrs)},
            name=series.name,
            attrs=series.attrs,
        )

    return labelled(histories, np.arange(1 - length, 1)), labelled(futures, np.arange(1, steps + 1))
