import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.datasets import Standardiser
from pysciml.errors import DataError


@pytest.fixture
def data():
    """Two subjects, three regions, means and spreads far apart."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(2, 50, 3)) * [1.0, 20.0, 300.0] + [9000.0, 0.0, -5.0]
    values[1] *= 7
    coords = {"subject": ["p", "q"], "time": np.arange(50.0), "region": ["a", "b", "c"]}
    dims = ("subject", "time", "region")
    return xr.DataArray(values, dims=dims, coords=coords, attrs={"units": "mV"}, name="bold")


def test_each_channel_of_each_subject_gets_mean_zero_and_unit_variance(data):
    scaled = Standardiser.fit(data).apply(data)
    np.testing.assert_allclose(scaled.mean("time"), 0, atol=1e-10)
    np.testing.assert_allclose(scaled.std("time"), 1, atol=1e-10)


def test_samples_share_the_scale_of_their_channels(data):
    samples = data.rename(subject="sample")
    scaled = Standardiser.fit(samples).apply(samples)
    np.testing.assert_allclose(scaled.mean(("sample", "time")), 0, atol=1e-10)
    np.testing.assert_allclose(scaled.std(("sample", "time")), 1, atol=1e-10)
    assert np.abs(scaled.std("time") - 1).max() > 0.1


def test_round_trip_gives_back_values_labels_and_units(data):
    standardiser = Standardiser.fit(data)
    scaled = standardiser.apply(data)
    assert scaled.attrs["units"] == "1"
    back = standardiser.invert(scaled)
    xr.testing.assert_allclose(back, data, rtol=1e-12)
    assert back.attrs == data.attrs
    assert (back.dims, back.name) == (data.dims, data.name)


def test_round_trip_of_forecasts_with_more_dims(data):
    standardiser = Standardiser.fit(data)
    paths = data.expand_dims(path=4).transpose("subject", "path", "time", "region")
    back = standardiser.invert(standardiser.apply(paths))
    assert back.dims == paths.dims
    xr.testing.assert_allclose(back, paths, rtol=1e-12)


def test_precision_stays(data):
    assert Standardiser.fit(data).apply(data.astype(np.float32)).dtype == np.float32
    assert Standardiser.fit(data).apply(data.astype(np.int64)).dtype == np.float64


def test_only_the_training_part_counts(data):
    train, _, test = ps.datasets.split_time(data)
    before = Standardiser.fit(train)
    other = data.where(data.time < test.time[0], 1e6)
    after = Standardiser.fit(ps.datasets.split_time(other).train)
    xr.testing.assert_identical(before.mean, after.mean)
    xr.testing.assert_identical(before.std, after.std)
    np.testing.assert_allclose(before.mean, train.values.mean(axis=1), rtol=1e-12)


def test_a_constant_channel_is_named(data):
    flat = xr.where((data.region == "b") & (data.subject == "q"), 0.1, data)
    with pytest.raises(DataError, match=r"constant at .*subject 'q'.*region 'b'.*\(1 of 6"):
        Standardiser.fit(flat.transpose("subject", "time", "region"))


def test_other_channels_or_subjects_are_refused(data):
    standardiser = Standardiser.fit(data)
    with pytest.raises(DataError, match=r"'region'.*order or number differ"):
        standardiser.apply(data.isel(region=[0, 2, 1]))
    with pytest.raises(DataError, match=r"'region'.*2 given, 3 known"):
        standardiser.apply(data.isel(region=[0, 1]))
    with pytest.raises(DataError, match=r"'r' was not in it.*own past"):
        standardiser.apply(data.assign_coords(subject=["p", "r"]))
    with pytest.raises(DataError, match="must have the dim 'subject'"):
        standardiser.invert(data.isel(subject=0))
