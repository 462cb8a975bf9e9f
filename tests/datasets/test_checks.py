import numpy as np
import pytest
import xarray as xr

from pysciml.datasets import check_series, uniform_step
from pysciml.errors import DataError


@pytest.fixture
def series():
    values = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    coords = {"sample": ["s0", "s1"], "time": [0.0, 0.5, 1.0, 1.5], "channel": ["a", "b", "c"]}
    return xr.DataArray(values, dims=("sample", "time", "channel"), coords=coords)


def at(series, times):
    return series.assign_coords(time=times)


def test_a_good_series_is_returned_in_order_and_double_precision(series):
    checked = check_series(series.transpose("channel", "time", "sample"))
    xr.testing.assert_identical(checked, series.astype(np.float64))
    assert checked.dtype == np.float64


def test_any_dims_with_time_pass_when_none_are_asked_for(series):
    assert check_series(series.rename(sample="subject"), dims=None).dims == (
        "subject",
        "time",
        "channel",
    )


def test_the_first_missing_value_is_named_by_its_labels(series):
    values = series.values.copy()
    values[1, 2, 0] = values[1, 3, 2] = np.nan
    message = r"sample 's1', time 1\.0, channel 'a'; 2 of 24 values"
    with pytest.raises(DataError, match=message):
        check_series(series.copy(data=values))


def test_infinite_values_are_refused(series):
    with pytest.raises(DataError, match="infinite"):
        check_series(series.where(series != 5, np.inf))


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0.0, 1.0, 0.5, 1.5], r"0\.5 \(index 2\) comes after 1"),
        ([0.0, 0.5, 0.5, 1.0], r"0\.5 \(index 2\) appears twice"),
        ([0.0, 0.5, 1.0, 2.0], r"step is 0\.5, but 1 from 1 to 2 \(index 3\)"),
        ([0.0, 0.5, np.nan, 1.5], "time 2 is nan"),
        (np.array([0, 1, 2, 3], dtype="datetime64[s]"), "are dates"),
        (["a", "b", "c", "d"], "must be numbers"),
    ],
)
def test_wrong_times_are_named(series, times, message):
    with pytest.raises(DataError, match=message):
        check_series(at(series, times))


def test_a_series_without_times_is_refused(series):
    with pytest.raises(DataError, match="without times"):
        check_series(series.drop_vars("time"))


def test_wrong_dims_are_refused_with_the_call_that_mends_them(series):
    one = series.isel(sample=0, drop=True).rename(channel="region")
    with pytest.raises(DataError, match="dims are") as error:
        check_series(one, name="one")
    remedy = str(error.value).split("Try ")[1].rstrip(".")
    assert check_series(eval(remedy)).dims == ("sample", "time", "channel")


def test_what_is_not_a_series_of_numbers_is_refused(series):
    with pytest.raises(DataError, match="not ndarray"):
        check_series(series.values)
    with pytest.raises(DataError, match="real numbers"):
        check_series(series.astype(str))
    with pytest.raises(DataError, match="empty"):
        check_series(series.isel(channel=[]))
    with pytest.raises(DataError, match="too short: 4 times, and at least 5"):
        check_series(series, steps=5)


def test_step_of_times_rounded_to_single_precision():
    times = (0.72 * np.arange(1200)).astype(np.float32)
    assert uniform_step(times) == pytest.approx(0.72, rel=1e-6)


def test_one_time_has_no_step():
    with pytest.raises(DataError, match="at least two"):
        uniform_step(np.array([3.0]))
