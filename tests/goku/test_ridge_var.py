import numpy as np
import pytest
import xarray as xr

from pysciml.errors import DataError, InputError
from pysciml.goku.baselines import Persistence, forecast_origins
from pysciml.goku.metrics import nrmse_per_horizon
from pysciml.goku.ridge_var import RidgeVAR, _folds

FIRST = np.array([[0.5, 0.2, 0.0], [-0.3, 0.4, 0.1], [0.0, 0.1, 0.3]])
SECOND = np.array([[-0.4, 0.0, 0.1], [0.0, 0.2, 0.0], [0.2, 0.0, -0.3]])
CONSTANT = np.array([1.0, -2.0, 0.5])
NOISE = np.array([1.0, 0.5, 2.0])


def labelled(values, step=2.0):
    values = np.asarray(values)
    dims = ("sample", "time", "channel")[-values.ndim :]
    return xr.DataArray(values, dims=dims, coords={"time": step * np.arange(values.shape[-2])})


def var2(times, seed, samples=None):
    """A stationary VAR(2): x_t = c + A1 x_{t-1} + A2 x_{t-2} + e_t."""
    rng = np.random.default_rng(seed)
    shape = (samples or 1, 3)
    x = np.zeros((times + 100, *shape))
    for t in range(2, len(x)):
        noise = NOISE * rng.normal(size=shape)
        x[t] = CONSTANT + x[t - 1] @ FIRST.T + x[t - 2] @ SECOND.T + noise
    values = x[100:].transpose(1, 0, 2)
    return labelled(values if samples else values[0])


def expected_variance(horizon):
    """Variance of the best forecast's error: the sum of Psi_k S Psi_k' over k below the horizon."""
    psi, total = [np.eye(3), FIRST], np.zeros((3, 3))
    while len(psi) < horizon:
        psi.append(FIRST @ psi[-1] + SECOND @ psi[-2])
    for matrix in psi[:horizon]:
        total += matrix @ np.diag(NOISE**2) @ matrix.T
    return np.diag(total)


@pytest.mark.parametrize("samples", [None, 20])
def test_known_coefficients_are_recovered_within_their_standard_errors(samples):
    train = var2(20_000 // (samples or 1), seed=5, samples=samples)
    fitted = RidgeVAR(lags=2, ridge=0).fit(train)
    truth = np.stack([FIRST, SECOND])  # (lag, channel, source)
    # Classical asymptotics: Cov = sigma_i^2 (X'X)^-1 for the equation of channel i.
    values = train.values.reshape(samples or 1, -1, 3)
    past = np.concatenate([values[:, 1:-1], values[:, :-2]], axis=2).reshape(-1, 6)
    spread = np.diag(np.linalg.inv(np.cov(past.T))) / len(past)
    errors = np.sqrt(spread.reshape(2, 1, 3) * (NOISE**2)[:, None])
    z = (fitted.coefficients.values - truth) / errors
    assert errors.max() < 0.04
    assert np.abs(z).max() < 4
    assert 0.3 < np.mean(z**2) < 2.2  # chi-squared with 18 degrees of freedom, three sigma
    mean = np.linalg.solve(np.eye(3) - FIRST - SECOND, CONSTANT)
    fixed = (np.eye(3) - fitted.coefficients.values.sum(axis=0)) @ mean
    np.testing.assert_allclose(fitted.constant, fixed, atol=0.1)


def test_forecasts_of_a_var_err_as_theory_says_and_beat_persistence():
    train, test = var2(5_000, seed=6), var2(30_000, seed=7)
    fitted = RidgeVAR().fit(train)
    assert fitted.lags >= 2
    histories, futures = forecast_origins(test, length=10, steps=6)
    forecast = fitted.forecast(histories, steps=6)
    squared = np.square(forecast - futures).mean("sample")
    theory = np.stack([expected_variance(h) for h in range(1, 7)])
    np.testing.assert_allclose(squared, theory, rtol=0.05)
    persistence = Persistence().fit(train).forecast(histories, steps=6)
    ratio = nrmse_per_horizon(futures, forecast) / nrmse_per_horizon(futures, persistence)
    assert bool((ratio < 0.9).all())


@pytest.mark.parametrize("samples", [None, 3])
def test_a_rotation_is_forecast_exactly(samples):
    angle, centre = 0.3, np.array([5.0, -1.0])
    phases = np.arange(samples or 1)[:, None] + angle * np.arange(60)
    radius = 1 + np.arange(samples or 1)[:, None]
    circle = centre + np.stack([radius * np.cos(phases), radius * np.sin(phases)], axis=-1)
    series = labelled(circle if samples else circle[0])
    fitted = RidgeVAR(lags=1, ridge=0).fit(series.isel(time=slice(30)))
    turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    np.testing.assert_allclose(fitted.coefficients[0], turn, atol=1e-10)
    histories, futures = forecast_origins(series, length=1, steps=25)
    np.testing.assert_allclose(fitted.forecast(histories, steps=25), futures, atol=1e-8)


def test_more_lags_and_channels_than_the_system_has_dimensions():
    """Without a penalty the least solution is taken, and forecasts are as exact."""
    phases = 0.3 * np.arange(80)
    mixing = np.random.default_rng(8).normal(size=(2, 5))
    series = labelled(np.stack([np.cos(phases), np.sin(phases)], axis=-1) @ mixing)
    fitted = RidgeVAR(lags=4, ridge=0).fit(series.isel(time=slice(40)))
    past = np.concatenate([series.values[3 - k : 39 - k] for k in range(4)], axis=1)
    target = series.values[4:40]
    least, *_ = np.linalg.lstsq(past - past.mean(axis=0), target - target.mean(axis=0))
    np.testing.assert_allclose(fitted.weights, least, atol=1e-6)
    histories, futures = forecast_origins(series, length=4, steps=20)
    np.testing.assert_allclose(fitted.forecast(histories, steps=20), futures, atol=1e-8)


def test_a_strong_penalty_leaves_the_mean():
    train = var2(300, seed=9)
    forecast = RidgeVAR(lags=3, ridge=1e12).fit(train).forecast(train.expand_dims("sample"), 4)
    mean = train.values[3:].mean(axis=0)
    np.testing.assert_allclose(forecast[0], np.tile(mean, (4, 1)), rtol=1e-6)


def test_units_do_not_matter():
    train = var2(400, seed=10)
    history = train.expand_dims("sample").isel(time=slice(-12, None))
    one, other = RidgeVAR().fit(train), RidgeVAR().fit(1e4 * train + 7)
    assert (one.lags, one.ridge) == (other.lags, other.ridge)
    np.testing.assert_allclose(
        other.forecast(1e4 * history + 7, 5), 1e4 * one.forecast(history, 5) + 7, rtol=1e-8
    )


def test_validation_data_choose_and_training_data_fit():
    train, validation = var2(400, seed=11), var2(200, seed=12)
    fitted = RidgeVAR().fit(train, validation)
    again = RidgeVAR(lags=fitted.lags, ridge=fitted.ridge).fit(train)
    np.testing.assert_array_equal(fitted.weights, again.weights)
    best = fitted.scores.sel(lags=fitted.lags, ridge=fitted.ridge)
    assert float(best) == float(fitted.scores.min())
    # Its score is the error of its forecasts of the validation data, when fitted to the targets
    # that all numbers of lags have in common.
    longest = int(fitted.scores.lags.max())
    common = train.isel(time=slice(longest - fitted.lags, None))
    histories, futures = forecast_origins(validation, length=longest, steps=2)
    forecast = RidgeVAR(lags=fitted.lags, ridge=fitted.ridge).fit(common).forecast(histories, 2)
    error = np.square(forecast - futures).mean()
    assert float(best) == pytest.approx(float(error), rel=1e-9)


@pytest.mark.parametrize("samples", [1, 2, 5, 12])
def test_what_is_left_out_is_in_no_row_and_all_is_left_out_once(samples):
    lags, times = 3, 40
    values = np.arange(samples * times, dtype=float).reshape(samples, times, 1)
    targets = []
    for segments, left_out in _folds(values, lags):
        held = left_out[:, lags:].ravel()
        assert not np.isin(held, np.concatenate([s.ravel() for s in segments])).any()
        # Each segment is contiguous, so that no row bridges a gap.
        assert all((np.diff(s[..., 0], axis=1) == 1).all() for s in segments)
        targets.append(held)
    expected = values[:, lags:].ravel()
    np.testing.assert_array_equal(np.sort(np.concatenate(targets)), expected)


def test_wrong_arguments_and_short_data():
    with pytest.raises(InputError, match="lags must be at least 1"):
        RidgeVAR(lags=0)
    with pytest.raises(InputError, match="not negative"):
        RidgeVAR(ridge=-1.0)
    with pytest.raises(InputError, match="horizon must be at least 1"):
        RidgeVAR(horizon=0)
    train = var2(40, seed=13)
    with pytest.raises(DataError, match="too short to choose from"):
        RidgeVAR().fit(train.isel(time=slice(8)))
    with pytest.raises(DataError, match="2 times, and at least 7"):
        RidgeVAR(lags=5, ridge=1.0).fit(train.isel(time=slice(2)))
    with pytest.raises(DataError, match="3 channels and validation 2"):
        RidgeVAR().fit(train, train.isel(channel=[0, 1]))
    short = train.expand_dims("sample").isel(time=slice(2))
    with pytest.raises(DataError, match="history has 2 times; a model of 3 lags"):
        RidgeVAR(lags=3, ridge=1.0).fit(train).forecast(short, 2)
