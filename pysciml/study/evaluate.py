"""Rolling forecasts of the test part, by the trained model and its rivals alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from pysciml.study.bands import coverage
from pysciml.study.blocks import in_blocks
from pysciml.study.compare import compare

if TYPE_CHECKING:
    from pysciml.goku import GokuRun
    from pysciml.study.file import Study

__all__ = ["Origins", "error_table", "origins", "rivals"]

Forecast = Callable[[xr.DataArray, int], xr.DataArray]


@dataclass(frozen=True)
class Origins:
    """What is seen before each forecast, and what follows.

    Parameters
    ----------
    histories, futures : DataArray
        Dims (sample, time, channel); one sample per origin, whose time is the coordinate
        ``origin``. Times count from the last volume seen.
    """

    histories: xr.DataArray
    futures: xr.DataArray

    def spread(self, most: int) -> Origins:
        """Return at most so many of the origins, evenly spaced."""
        count = self.histories.sizes["sample"]
        chosen = np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))
        return Origins(self.histories.isel(sample=chosen), self.futures.isel(sample=chosen))


def origins(series: xr.DataArray, first: float, study: Study, length: int) -> Origins:
    """Cut all origins whose futures lie in the test part.

    Histories may reach back before the test part: they are known when the forecast is made.

    Parameters
    ----------
    series : DataArray
        Whole series, dims (sample, time, channel).
    first : float
        First time of the test part.
    study : Study
        For horizon and stride.
    length : int
        Volumes that a forecaster sees.

    Returns
    -------
    Origins
        Histories and futures.
    """
    from pysciml.goku.baselines import forecast_origins

    asked = study.evaluation
    return Origins(*forecast_origins(series, length, asked.horizon, asked.stride, start=first))


def rivals(
    train: xr.DataArray, validation: xr.DataArray | None, horizon: int
) -> dict[str, Forecast]:
    """Fit the forecasters that a model has to beat, to the same data.

    Parameters
    ----------
    train, validation : DataArray
        Dims (sample, time, channel).
    horizon : int
        Steps for which the vector autoregression chooses its lags and penalty.

    Returns
    -------
    dict
        Forecasts by name; the last one is the strongest rival.
    """
    from pysciml.goku.baselines import HistoricalMean, Persistence, RidgeVAR

    fitted = {
        "persistence": Persistence().fit(train),
        "historical mean": HistoricalMean().fit(train),
        "ridge VAR": RidgeVAR(horizon=horizon).fit(train, validation),
    }
    return {name: forecaster.forecast for name, forecaster in fitted.items()}


def error_table(
    run: GokuRun, study: Study, cut: Origins, rival: Mapping[str, Forecast], noise: xr.DataArray
) -> xr.Dataset:
    """Judge all forecasters on the same origins.

    Parameters
    ----------
    run : GokuRun
        The trained model.
    study : Study
        The study.
    cut : Origins
        Histories and futures.
    rival : mapping of str to callable
        The other forecasters.
    noise : DataArray
        Standard deviation of what the model leaves unexplained, over (channel,).

    Returns
    -------
    Dataset
        ``nrmse`` (forecaster, horizon), ``squared_error`` (forecaster, origin, horizon),
        ``difference``, ``low``, ``high`` (other, horizon), and where the model is stochastic
        ``coverage`` and ``coverage_paths`` (level, horizon).
    """
    from pysciml.goku.metrics import nrmse_per_horizon

    asked = study.evaluation

    def model(histories: xr.DataArray, steps: int) -> xr.DataArray:
        return in_blocks(lambda block: run.forecast(block, steps, refine=asked.refine), histories)

    errors, scores = [], []
    forecasters: dict[str, Forecast] = {study.label: model, **rival}
    for forecast in forecasters.values():
        values = forecast(cut.histories, asked.horizon).values
        predicted = cut.futures.copy(data=values)
        errors.append(np.square(values - cut.futures.values).mean(axis=-1))
        scores.append(nrmse_per_horizon(cut.futures, predicted).values)
    series = cut.futures.coords.get("series")
    table = xr.Dataset(
        {
            "nrmse": (("forecaster", "horizon"), np.stack(scores)),
            "squared_error": (("forecaster", "origin", "horizon"), np.stack(errors)),
        },
        coords={
            "forecaster": list(forecasters),
            "horizon": ("horizon", cut.futures["time"].values, {"units": "s"}),
            "origin": ("origin", cut.futures["origin"].values, {"units": "s"}),
            "series": (
                "origin",
                np.zeros(cut.futures.sizes["sample"], dtype=int)
                if series is None
                else np.unique(series.values, return_inverse=True)[1],
            ),
        },
    )
    table = table.merge(compare(table, study.label))
    return table.merge(coverage(run, study, cut, noise))
