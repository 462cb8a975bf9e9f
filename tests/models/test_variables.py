"""A variable is a finite real value that fits its bounds, dims and labels."""

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.errors import ModelError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"value": float("nan")}, "must be finite"),
        ({"value": [1.0, np.inf]}, "must be finite"),
        ({"value": None}, "must be a number or an array of numbers; got None"),
        ({"value": "1.3"}, "must be a number or an array of numbers; got '1.3'"),
        ({"value": np.array(1.0 + 0.0j)}, "must be a number or an array of numbers"),
        ({"value": [[1.0], [1.0, 2.0]]}, "must be a number or an array of numbers"),
        ({"value": 1.0, "bounds": (2.0, 1.0)}, "low < high; got .2.0, 1.0."),
        ({"value": 1.0, "bounds": (1.0, 1.0)}, "low < high"),
        ({"value": 1.0, "bounds": (0.0, float("nan"))}, "low < high"),
        ({"value": 1.0, "bounds": (0.0,)}, "bounds must be .low, high.; got"),
        ({"value": 1.0, "bounds": 2.0}, "bounds must be .low, high.; got 2.0"),
        ({"value": [1.0, 3.0], "bounds": (0.0, 2.0)}, "lies outside its bounds"),
        ({"value": [1.0, 2.0], "dims": ("a", "b")}, "dims names 2 axes .a, b. but the value has 1"),
        ({"value": [1.0], "dims": "a", "coords": {"a": [1, 2]}}, "coords labels 'a' with shape"),
        ({"value": [1.0], "dims": "a", "coords": {"b": [1]}}, "coords labels 'b'"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(ModelError, match=message):
        ps.Variable(**arguments)


def test_infinite_bounds_and_a_value_on_a_bound_are_fine():
    variable = ps.Variable(0, bounds=(0, float("inf")))
    assert variable.bounds == (0.0, float("inf"))
    assert variable.array.dtype == np.float64


def test_what_is_said_of_a_labelled_array_comes_before_its_own_word():
    array = xr.DataArray([1.0, 2.0], dims="a", attrs={"units": "mV"}, coords={"a": [3, 4]})
    assert ps.Variable(array).units == "mV"
    renamed = ps.Variable(array.drop_vars("a"), units="V", dims=("b",), coords={"b": [5, 6]})
    assert (renamed.units, renamed.axes("v")) == ("V", ("b",))
    assert list(renamed.coords) == ["b"]


def test_the_value_is_a_copy():
    given = np.array([1.0, 2.0])
    variable = ps.Variable(given)
    given[0] = 7.0
    assert variable.array.tolist() == [1.0, 2.0]
