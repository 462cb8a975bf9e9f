import numpy as np
import pytest
import xarray as xr

from pysciml.errors import DataError, InputError
from pysciml.goku.metrics import normalised_rmse, nrmse, nrmse_per_horizon


def tensor(values, first=0.5, step=0.5):
    values = np.asarray(values, dtype=float)
    coords = {
        "sample": [f"s{i}" for i in range(values.shape[0])],
        "time": first + step * np.arange(values.shape[1]),
        "channel": [f"c{i}" for i in range(values.shape[2])],
    }
    return xr.DataArray(values, dims=("sample", "time", "channel"), coords=coords)


@pytest.fixture
def pair():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=(5, 4, 3)) * np.array([1, 2, 3, 4, 5.0])[:, None, None]
    return tensor(truth), tensor(truth + rng.normal(size=truth.shape))


def test_the_mean_of_a_gaussian_signal_scores_sqrt_half_pi():
    shape = (40, 100, 100)
    truth = tensor(np.random.default_rng(3).normal(size=shape))
    # Both the root mean square and the mean of |x| have relative errors below 1 / sqrt(size).
    tolerance = 5 / np.sqrt(truth.size)
    mean = xr.zeros_like(truth)
    assert float(np.sqrt((nrmse(truth, mean) ** 2).mean())) == pytest.approx(
        np.sqrt(np.pi / 2), rel=tolerance
    )
    per_horizon = nrmse_per_horizon(truth, mean)
    assert per_horizon.values == pytest.approx(np.sqrt(np.pi / 2), rel=10 * tolerance)


def test_worked_example():
    truth = tensor([[[1.0, -1.0], [3.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]])
    prediction = tensor([[[1.0, 1.0], [3.0, 3.0]], [[2.0, 0.0], [0.0, 0.0]]])
    # The mean of |truth| is 1; squared errors are 4 in each sample, both at the first time.
    np.testing.assert_allclose(nrmse(truth, prediction), [1.0, 1.0])
    np.testing.assert_allclose(nrmse_per_horizon(truth, prediction), [np.sqrt(2.0), 0.0])


def test_samples_and_horizons_pool_to_the_same_error(pair):
    truth, prediction = pair
    pooled = normalised_rmse(truth.values, prediction.values, axis=(0, 1, 2))
    for part in (nrmse(truth, prediction), nrmse_per_horizon(truth, prediction)):
        assert np.sqrt((part**2).mean()) == pytest.approx(pooled, rel=1e-12)


def test_the_scale_is_that_of_the_whole_tensor(pair):
    truth, prediction = pair
    alone = [
        float(nrmse(truth.isel(sample=[i]), prediction.isel(sample=[i])).item()) for i in range(5)
    ]
    each = abs(truth).mean(("time", "channel")).values
    np.testing.assert_allclose(nrmse(truth, prediction), alone * each / each.mean())


def test_scaling_both_changes_nothing_and_order_of_dims_neither(pair):
    truth, prediction = pair
    expected = nrmse(truth, prediction)
    xr.testing.assert_allclose(nrmse(-3e4 * truth, -3e4 * prediction), expected, rtol=1e-12)
    xr.testing.assert_identical(nrmse(truth.T, prediction), expected)


def test_labels(pair):
    truth, prediction = pair
    truth = truth.assign_coords(subject=("sample", list("pqrst")))
    per_sample = nrmse(truth, prediction)
    assert per_sample.dims == ("sample",)
    assert list(per_sample.subject.values) == list("pqrst")
    np.testing.assert_allclose(nrmse_per_horizon(truth, prediction).horizon, [0.5, 1.0, 1.5, 2.0])


def test_horizons_count_from_the_origin(pair):
    truth, prediction = (part.assign_coords(time=100 + part.time) for part in pair)
    np.testing.assert_allclose(nrmse_per_horizon(truth, prediction).horizon, [0.5, 1.0, 1.5, 2.0])
    later = nrmse_per_horizon(truth, prediction, origin=99.0)
    np.testing.assert_allclose(later.horizon, [1.5, 2.0, 2.5, 3.0])
    one = nrmse_per_horizon(truth.isel(time=[0]), prediction.isel(time=[0]), origin=100.0)
    np.testing.assert_allclose(one.horizon, [0.5])
    with pytest.raises(InputError, match="give origin="):
        nrmse_per_horizon(truth.isel(time=[0]), prediction.isel(time=[0]))
    with pytest.raises(InputError, match="before the first time"):
        nrmse_per_horizon(truth, prediction, origin=100.5)


def test_what_does_not_match_is_refused(pair):
    truth, prediction = pair
    with pytest.raises(DataError, match="same sizes"):
        nrmse(truth, prediction.isel(time=slice(3)))
    with pytest.raises(DataError, match="label of channel 0: 'c0' and 'c2'"):
        nrmse(truth, prediction.isel(channel=[2, 1, 0]))
    with pytest.raises(DataError, match=r"differ at time 0: 0\.5 and 1"):
        nrmse(truth, prediction.assign_coords(time=prediction.time + 0.5))
    with pytest.raises(DataError, match="prediction is missing"):
        nrmse(truth, prediction.where(prediction.channel != "c1"))
    with pytest.raises(DataError, match="zero everywhere"):
        nrmse(0 * truth, prediction)


def test_times_that_differ_by_rounding_match(pair):
    truth, prediction = pair
    nudged = prediction.assign_coords(time=prediction.time * (1 + 1e-12))
    np.testing.assert_array_equal(nrmse(truth, nudged), nrmse(truth, prediction))
