"""Training runs that must be the same, number by number."""

import numpy as np
import xarray as xr


def same(one, other):
    xr.testing.assert_identical(one.history, other.history)
    for name, array in one._arrays.items():
        np.testing.assert_array_equal(array, other._arrays[name], err_msg=name)
