"""Vector autoregression with a ridge penalty: the linear model that a forecast has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xarray as xr

from pysciml.datasets.checks import uniform_step
from pysciml.errors import DataError, InputError
from pysciml.goku.forecaster import FittedForecaster, as_samples, rolling_origins

__all__ = ["FittedRidgeVAR", "RidgeVAR"]

LAGS = (1, 2, 3, 4, 6, 8, 10)
RIDGES = (1e-8, 1e-6, 1e-4, *np.logspace(-3, 1, 9).tolist())
FOLDS = 5


@dataclass(frozen=True)
class RidgeVAR:
    r"""Linear forecast of every channel from the last values of all channels.

    .. math:: x_t = c + \sum_{k=1}^{L} A_k x_{t-k} + \varepsilon_t

    fitted by least squares with the penalty :math:`\lambda s \sum_k \|A_k\|^2`, where :math:`s` is
    the mean sum of squares of a centred regressor, so that :math:`\lambda` has no unit. Longer
    horizons iterate the model. The penalty treats all channels alike: standardise them first.

    Parameters
    ----------
    lags : int, optional
        :math:`L`; chosen from the data when left out.
    ridge : float, optional
        :math:`\lambda \ge 0`; chosen from the data when left out.
    horizon : int
        What is left out is chosen for the least squared error of forecasts 1 to `horizon` steps
        ahead. One step alone hardly tells apart models that differ much when iterated.

    Notes
    -----
    Without validation data the choice is made within the training data, by leaving out one fifth
    after the other: whole samples where there are at least five, else stretches of time. The
    part left out is in no row of the regression, neither as target nor as past.

    Examples
    --------
    >>> from pysciml.datasets import Standardiser, resting_fmri, split_time
    >>> from pysciml.goku.baselines import RidgeVAR, forecast_origins
    >>> train, _, test = split_time(resting_fmri().rename(region="channel"), 0.7, 0.0)
    >>> scale = Standardiser.fit(train)
    >>> histories, futures = forecast_origins(scale.apply(test), length=46, steps=10)
    >>> RidgeVAR(lags=1, ridge=1.0).fit(scale.apply(train)).forecast(histories, steps=10).shape
    (20, 10, 28)
    """

    lags: int | None = None
    ridge: float | None = None
    horizon: int = 2

    def __post_init__(self) -> None:
        if self.lags is not None and self.lags < 1:
            raise InputError(f"lags must be at least 1; got {self.lags}.")
        if self.ridge is not None and not 0 <= self.ridge < np.inf:
            raise InputError(f"ridge must be finite and not negative; got {self.ridge}.")
        if self.horizon < 1:
            raise InputError(f"horizon must be at least 1; got {self.horizon}.")

    def fit(self, train: xr.DataArray, validation: xr.DataArray | None = None) -> FittedRidgeVAR:
        """Choose what is not given, and fit the coefficients to all training data.

        Parameters
        ----------
        train : xarray.DataArray
            Dims (time, channel) or (sample, time, channel).
        validation : xarray.DataArray, optional
            Only for the choice of lags and ridge; the coefficients come from `train` alone.

        Returns
        -------
        FittedRidgeVAR
            Ready to forecast.

        Raises
        ------
        DataError
            When the data are not proper series, or too short for the lags.
        """
        least = (self.lags or 1) + 2
        train = as_samples(train, "train", steps=least)
        values, channel = train.values, train["channel"]
        lags, ridge, scores = self.lags, self.ridge, None
        if lags is None or ridge is None:
            held = None
            if validation is not None:
                held = as_samples(validation, "validation", steps=least).values
                if held.shape[2] != values.shape[2]:
                    raise DataError(
                        f"train has {values.shape[2]} channels and validation {held.shape[2]}; "
                        "they must be the same."
                    )
            scores = self._scores(values, held)
            row, column = np.unravel_index(int(scores.values.argmin()), scores.shape)
            lags, ridge = int(scores["lags"][row]), float(scores["ridge"][column])
        past, target = _rows([values], lags)
        past_mean, target_mean = past.mean(axis=0), target.mean(axis=0)
        past, target = past - past_mean, target - target_mean
        weights = next(_ridge_path(past.T @ past, past.T @ target, [ridge]))
        constant = target_mean - past_mean @ weights
        return FittedRidgeVAR(
            channel, uniform_step(train["time"]), lags, ridge, weights, constant, scores
        )

    def _scores(self, values: np.ndarray, held: np.ndarray | None) -> xr.DataArray:
        """Return the mean squared error of each choice on data that were left out."""
        ridges = RIDGES if self.ridge is None else (self.ridge,)
        wanted = LAGS if self.lags is None else (self.lags,)
        # The shortest stretch that is left out must hold the lags and one forecast.
        blocked = held is None and len(values) < FOLDS
        room = (values if held is None else held).shape[1] // (FOLDS if blocked else 1)
        lags = [n for n in wanted if n + self.horizon <= min(room, values.shape[1] - 1)]
        if not lags:
            raise DataError(
                f"The data are too short to choose from: stretches of {room} times are left out, "
                f"and {min(wanted)} lags with {self.horizon} steps ahead are needed. Give both "
                "lags= and ridge=, or more data."
            )
        longest, channels = max(lags), values.shape[2]
        folds = _folds(values, longest) if held is None else [([values], held)]
        total, count = np.zeros((len(lags), len(ridges))), 0
        for segments, left_out in folds:
            # All lags are compared on the same targets: fewer lags are fewer columns.
            past, target = _rows(segments, longest)
            past_mean, target_mean = past.mean(axis=0), target.mean(axis=0)
            past, target = past - past_mean, target - target_mean
            gram, cross = past.T @ past, past.T @ target
            histories, futures = (
                part.reshape(-1, *part.shape[2:])
                for part in rolling_origins(left_out, longest, self.horizon)
            )
            count += futures.size
            for i, size in enumerate(n * channels for n in lags):
                models = _ridge_path(gram[:size, :size], cross[:size], ridges)
                for j, weights in enumerate(models):
                    constant = target_mean - past_mean[:size] @ weights
                    forecast = _iterate(histories, weights, constant, self.horizon)
                    total[i, j] += np.square(forecast - futures).sum()
        coords = {"lags": lags, "ridge": list(ridges)}
        return xr.DataArray(total / count, dims=("lags", "ridge"), coords=coords)


@dataclass(frozen=True)
class FittedRidgeVAR(FittedForecaster):
    """`RidgeVAR`, ready to forecast.

    Attributes
    ----------
    lags : int
        How many past values are used.
    ridge : float
        The penalty.
    weights : numpy.ndarray
        Shape (lags * channel, channel); the newest past value first.
    constant : numpy.ndarray
        One value for each channel.
    scores : xarray.DataArray or None
        Mean squared error (lags, ridge) of every choice that was compared.
    """

    lags: int
    ridge: float
    weights: np.ndarray
    constant: np.ndarray
    scores: xr.DataArray | None

    @property
    def coefficients(self) -> xr.DataArray:
        """The matrices of the model, dims (lag, channel, source): from `source` to `channel`."""
        size = self.constant.size
        return xr.DataArray(
            self.weights.reshape(self.lags, size, size).transpose(0, 2, 1),
            dims=("lag", "channel", "source"),
            coords={
                "lag": np.arange(1, self.lags + 1),
                "channel": self.channels.values,
                "source": self.channels.values,
            },
        )

    def predict(self, history: np.ndarray, steps: int) -> np.ndarray:  # noqa: D102
        if history.shape[1] < self.lags:
            raise DataError(
                f"The history has {history.shape[1]} times; a model of {self.lags} lags needs "
                f"{self.lags}."
            )
        return _iterate(history, self.weights, self.constant, steps)


def _folds(values: np.ndarray, lags: int) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """Yield (segments to fit to, what is left out), arrays (sample, time, channel)."""
    samples, times, _ = values.shape
    if samples >= FOLDS:
        for group in np.array_split(np.arange(samples), FOLDS):
            yield [np.delete(values, group, axis=0)], values[group]
        return
    for start, stop in pairwise(np.linspace(0, times, FOLDS + 1).astype(int)):
        # The first forecast of a stretch may look back before it, as in use.
        yield [values[:, :start], values[:, stop:]], values[:, max(0, start - lags) : stop]


def _rows(segments: Sequence[np.ndarray], lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Return past (row, lags * channel), the newest value first, and target (row, channel)."""
    channels = segments[0].shape[2]
    pairs = [rolling_origins(s, lags, 1) for s in segments if s.shape[1] > lags]
    past = np.concatenate([x[:, :, ::-1].reshape(-1, lags * channels) for x, _ in pairs])
    return past, np.concatenate([y.reshape(-1, channels) for _, y in pairs])


def _ridge_path(
    gram: np.ndarray, cross: np.ndarray, ridges: Sequence[float]
) -> Iterator[np.ndarray]:
    """Yield the weights (regressor, target) for each ridge, from the centred moments."""
    spread, directions = np.linalg.eigh(gram)
    projected = directions.T @ cross
    rounding = len(spread) * np.finfo(float).eps * spread[-1]
    for ridge in ridges:
        damping = spread + ridge * spread.mean()
        # Directions in which the past does not vary stay out, even without a penalty.
        kept = damping > rounding
        yield directions[:, kept] @ (projected[kept] / damping[kept, None])


def _iterate(
    history: np.ndarray, weights: np.ndarray, constant: np.ndarray, steps: int
) -> np.ndarray:
    """Continue histories (sample, time, channel) by `steps`."""
    samples, _, channels = history.shape
    lags = len(weights) // channels
    past = history[:, : -lags - 1 : -1].reshape(samples, -1)  # the newest value first
    forecast = np.empty((samples, steps, channels))
    for k in range(steps):
        forecast[:, k] = past @ weights + constant
        past = np.concatenate([forecast[:, k], past[:, :-channels]], axis=1)
    return forecast
