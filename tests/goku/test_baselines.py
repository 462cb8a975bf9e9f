import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.errors import DataError, InputError
from pysciml.goku.baselines import HistoricalMean, Persistence, forecast_origins
from pysciml.goku.metrics import nrmse_per_horizon
from pysciml.goku.ridge_var import RidgeVAR

BASELINES = [
    Persistence(),
    HistoricalMean(),
    HistoricalMean(of="history"),
    RidgeVAR(),
    RidgeVAR(lags=2, ridge=0.1),
]


@pytest.fixture(scope="module")
def series():
    return ps.datasets.resting_fmri().rename(region="channel").isel(channel=slice(6))


@pytest.fixture(scope="module")
def train(series):
    return series.isel(time=slice(180))


@pytest.fixture(scope="module")
def windows(series):
    return forecast_origins(series, length=20, steps=5, start=float(series.time[180]))


@pytest.mark.parametrize("baseline", BASELINES, ids=str)
def test_the_future_never_changes_a_forecast(series, baseline):
    origin = 200
    told = series.copy(data=np.where(np.arange(250)[:, None] > origin, 1e3, series))
    forecasts = []
    for known in (series, told):
        fitted = baseline.fit(known.isel(time=slice(180)))
        histories, futures = forecast_origins(known, length=20, steps=5)
        keep = histories.origin.values <= series.time.values[origin]
        forecasts.append(fitted.forecast(histories.isel(sample=keep), steps=5))
        assert (futures.isel(sample=keep) == 1e3).any() == (known is told)
    xr.testing.assert_identical(*forecasts)


@pytest.mark.parametrize("baseline", BASELINES, ids=str)
def test_times_continue_and_labels_stay(train, windows, baseline):
    histories, futures = windows
    forecast = baseline.fit(train).forecast(histories, steps=5)
    assert forecast.dims == ("sample", "time", "channel")
    np.testing.assert_allclose(forecast.time, futures.time)
    for name in ("channel", "origin"):
        np.testing.assert_array_equal(forecast[name], futures[name])
    absolute = baseline.fit(train).forecast(train.expand_dims("sample"), steps=3)
    np.testing.assert_allclose(absolute.time, 1.89 * np.array([180, 181, 182]))


@pytest.mark.parametrize("baseline", BASELINES, ids=str)
def test_renaming_and_reordering_of_channels_and_samples(train, windows, baseline):
    histories, _ = windows
    channels, samples = [3, 0, 5, 1, 4, 2], slice(None, None, -1)
    expected = baseline.fit(train).forecast(histories, steps=5)
    shuffled = baseline.fit(train.isel(channel=channels)).forecast(
        histories.isel(channel=channels, sample=samples), steps=5
    )
    np.testing.assert_allclose(
        shuffled, expected.isel(channel=channels, sample=samples), rtol=1e-8, atol=1e-8
    )


@pytest.mark.parametrize("baseline", BASELINES, ids=str)
def test_histories_that_do_not_fit_are_refused(train, windows, baseline):
    histories, _ = windows
    fitted = baseline.fit(train)
    with pytest.raises(DataError, match="channels of the history"):
        fitted.forecast(histories.isel(channel=[1, 0, 2, 3, 4, 5]), steps=2)
    with pytest.raises(DataError, match=r"step of the history is 2, that .* 1\.89"):
        fitted.forecast(histories.assign_coords(time=np.arange(20) * 2.0), steps=2)
    with pytest.raises(DataError, match="history is missing"):
        fitted.forecast(histories.where(histories.time != 0), steps=2)
    with pytest.raises(InputError, match="at least 1"):
        fitted.forecast(histories, steps=0)


def test_persistence_repeats_the_last_value(train, windows):
    histories, _ = windows
    forecast = Persistence().fit(train).forecast(histories, steps=5)
    assert bool((forecast == histories.sel(time=0, drop=True)).all())


def test_historical_means(train, windows):
    histories, _ = windows
    of_train = HistoricalMean().fit(train).forecast(histories, steps=5)
    assert np.ptp(of_train.values, axis=(0, 1)).max() == 0
    np.testing.assert_allclose(of_train[0, 0], train.values.mean(axis=0))
    of_history = HistoricalMean(of="history").fit(train).forecast(histories, steps=5)
    np.testing.assert_allclose(of_history[7, 4], histories.values[7].mean(axis=0))
    with pytest.raises(InputError, match="Did you mean 'history'"):
        HistoricalMean(of="histroy")


def test_persistence_of_a_random_walk_errs_as_the_root_of_the_horizon():
    steps = np.random.default_rng(4).normal(size=(40_000, 4))
    coords = {"time": np.arange(40_000.0)}
    walk = xr.DataArray(steps.cumsum(axis=0), dims=("time", "channel"), coords=coords)
    histories, futures = forecast_origins(walk, length=1, steps=8)
    error = nrmse_per_horizon(futures, Persistence().fit(walk).forecast(histories, steps=8))
    np.testing.assert_allclose(error / error[0], np.sqrt(np.arange(1, 9)), rtol=0.05)


def test_origins_pair_each_history_with_what_follows():
    time = 10 + 0.5 * np.arange(12)
    values = np.arange(12.0)[:, None] + [0, 100]
    series = xr.DataArray(values, dims=("time", "channel"), coords={"time": time})
    histories, futures = forecast_origins(series, length=3, steps=2, stride=2)
    assert histories.shape == (4, 3, 2)
    first = np.array([[0], [2], [4], [6]])
    np.testing.assert_array_equal(histories[:, :, 0], first + np.arange(3))
    np.testing.assert_array_equal(futures[:, :, 1], first + np.array([103, 104]))
    np.testing.assert_allclose(histories.time, [-1.0, -0.5, 0.0])
    np.testing.assert_allclose(futures.time, [0.5, 1.0])
    # The last observation of each is at its origin.
    np.testing.assert_array_equal(histories[:, -1], series.sel(time=histories.origin.values).values)


def test_origins_from_a_start_cover_the_test_part(series):
    test = ps.datasets.split_time(series).test
    histories, futures = forecast_origins(series, length=46, steps=3, start=float(test.time[0]))
    np.testing.assert_array_equal(futures.isel(time=0), test[:-2])
    assert float(histories.origin[0]) < float(test.time[0])


def test_origins_of_several_series():
    values = np.arange(2 * 6.0).reshape(2, 6, 1)
    coords = {"sample": ["p", "q"], "time": np.arange(6.0)}
    series = xr.DataArray(values, dims=("sample", "time", "channel"), coords=coords)
    histories, futures = forecast_origins(series, length=3, steps=1)
    assert list(histories.series.values) == ["p", "p", "p", "q", "q", "q"]
    np.testing.assert_array_equal(futures.values.ravel(), [3, 4, 5, 9, 10, 11])
    np.testing.assert_array_equal(histories[4, :, 0], [7, 8, 9])


def test_series_too_short_for_one_origin(series):
    with pytest.raises(DataError, match="250 times, and at least 260"):
        forecast_origins(series, length=240, steps=20)
    with pytest.raises(DataError, match="too short for a future of 20"):
        forecast_origins(series, length=46, steps=20, start=float(series.time[240]))
    with pytest.raises(InputError, match="stride"):
        forecast_origins(series, length=46, steps=20, stride=0)
