from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import pysciml as ps
from pysciml.errors import DataError, InputError


def series(times, dtype=np.float64):
    values = np.random.default_rng(0).normal(size=(2, times, 3)).astype(dtype)
    coords = {"time": 0.5 * np.arange(times)}
    return xr.DataArray(values, dims=("subject", "time", "region"), coords=coords)


@given(
    times=st.integers(20, 300),
    train=st.floats(0.15, 0.6),
    validation=st.just(0.0) | st.floats(0.1, 0.25),
)
def test_parts_follow_one_another_and_make_up_the_whole(times, train, validation):
    data = series(times)
    parts = ps.datasets.split_time(data, train, validation)
    xr.testing.assert_identical(xr.concat(parts, "time"), data)
    ends = [part.time.values[[0, -1]] for part in parts if part.sizes["time"]]
    assert all(a[1] < b[0] for a, b in pairwise(ends))
    assert abs(parts.train.sizes["time"] - train * times) <= 0.5
    assert abs(parts.validation.sizes["time"] - validation * times) <= 1


def test_precision_and_attributes_are_kept():
    data = series(40, np.float32).assign_attrs(units="mV")
    for part in ps.datasets.split_time(data):
        assert part.dtype == np.float32
        assert part.attrs == {"units": "mV"}


def test_no_validation_part_when_none_is_asked_for():
    split = ps.datasets.split_time(series(40), 0.75, 0)
    assert [part.sizes["time"] for part in split] == [30, 0, 10]


@pytest.mark.parametrize("shares", [(0.0, 0.5), (0.7, 0.3), (0.9, 0.2), (0.5, -0.1), (np.nan, 0.1)])
def test_shares_that_leave_nothing_are_refused(shares):
    with pytest.raises(InputError, match="leave a part to test"):
        ps.datasets.split_time(series(40), *shares)


def test_data_that_cannot_be_split_are_refused():
    data = series(40)
    with pytest.raises(DataError, match="missing"):
        ps.datasets.split_time(data.where(data.time != 3.0))
    with pytest.raises(DataError, match="must increase"):
        ps.datasets.split_time(data.isel(time=slice(None, None, -1)))
    with pytest.raises(DataError, match="must be uniform"):
        ps.datasets.split_time(data.drop_isel(time=7))
    with pytest.raises(DataError, match="too short to split: of its 6 times the validation part"):
        ps.datasets.split_time(data.isel(time=slice(6)))
    with pytest.raises(DataError, match="must have a dim 'time'"):
        ps.datasets.split_time(data.rename(time="t"))
