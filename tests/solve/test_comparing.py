"""Comparing two results: what differs, where, and what cannot be compared."""

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.errors import InputError

TIME = np.linspace(0, 3, 31)


def line(values=TIME, time=TIME, **attrs):
    return xr.Dataset({"x": ("time", values)}, {"time": time}, attrs)


def test_differences_are_found_where_they_were_put():
    first, second = line(2 * TIME), line(2 * TIME)
    first.x[12] += 0.5
    first.x[20] -= 0.75
    found = ps.compare(first, second, rtol=0, atol=0.1)
    assert found.variable.values.tolist() == ["x"]
    assert found.max_abs.item() == pytest.approx(0.75)
    assert found.max_rel.item() == pytest.approx(0.75 / 6)
    assert found["at"].item() == pytest.approx(2.0)
    assert found.parted.item() == pytest.approx(1.2)
    np.testing.assert_allclose(found.x[[12, 13, 20]], [0.5, 0, -0.75], atol=1e-15)
    assert np.isnan(ps.compare(first, second, rtol=0, atol=0.8).parted)


def test_labels_align_what_is_shared_whatever_its_order():
    second = line(2 * TIME).assign(y=("time", TIME))
    first = line(2 * TIME[::-5] + 1, TIME[::-5] * (1 + 1e-13))
    found = ps.compare(first, second)
    assert found.x.sizes["time"] == 7
    np.testing.assert_allclose(found.x, 1.0)
    assert found.attrs["variables"] == "x, which both have; only in the second: y"


def test_sweeps_and_dims_in_another_order():
    values = np.arange(6.0).reshape(2, 3)
    first = xr.Dataset({"x": (("a", "time"), values)}, {"a": ["p", "q"], "time": [0, 1, 2]})
    second = first.isel(a=[1, 0]).transpose("time", "a")
    found = ps.compare(first, second)
    assert found.x.dims == ("a", "time")
    assert found.max_abs.item() == 0
    second["x"][1, 0] += 2  # at time 1, of q
    assert ps.compare(first, second).x.sel(a="q", time=1).item() == -2


def test_a_value_that_only_one_has_is_counted():
    first, second = line(TIME.copy()), line(TIME.copy())
    first.x[25:] = np.nan
    second.x[28:] = np.nan
    found = ps.compare(first, second)
    assert found.missing.item() == 3
    assert found.parted.item() == pytest.approx(2.5)
    assert found.max_abs.item() == 0


def test_two_engines_or_solvers_on_one_model():
    model = ps.catalog.lotka_volterra()
    first = ps.solve(model, t=(0, 5), save=0.5, solver="Tsit5", rtol=1e-9, atol=1e-10)
    second = ps.solve(model, t=(0, 5), save=0.5, solver="Dopri8", rtol=1e-9, atol=1e-10)
    found = ps.compare(first, second)
    assert found.max_rel.max() < 1e-7
    assert found.parted.isnull().all()
    assert "lotka_volterra, jax, Tsit5, rtol 1e-09" in found.attrs["first"]
    assert found.x.sizes == {"time": 11}


def ensemble(n, mean, sd, seed):
    rng = np.random.default_rng(seed)
    growth = np.array([0.0, 1.0, 2.0])
    values = growth * (mean + sd * rng.normal(size=(n, 3)))
    return xr.Dataset({"x": (("trajectory", "time"), values)}, {"time": growth})


def test_ensembles_of_one_law_agree_within_their_errors():
    found = ps.compare(ensemble(4000, 1, 0.5, 0), ensemble(1000, 1, 0.5, 1))
    assert found.x.dims == ("moment", "time")
    assert found.max_sigma.item() < 4
    # sqrt(s^2/n + s^2/m) of the mean; of the standard deviation of normal numbers 2^-1/2 of it.
    error = 0.5 * np.sqrt(1 / 4000 + 1 / 1000)
    errors = found.x_error.sel(time=1.0)
    np.testing.assert_allclose(errors, [error, error / np.sqrt(2)], rtol=0.1)
    np.testing.assert_array_equal(found.x_error.sel(time=0), 0)
    assert np.isnan(found.parted)


@pytest.mark.parametrize(("mean", "sd"), [(1.2, 0.5), (1.0, 0.7)])
def test_ensembles_of_another_law_part(mean, sd):
    found = ps.compare(ensemble(2000, 1, 0.5, 0), ensemble(2000, mean, sd, 1))
    assert found.parted.item() == 1.0
    assert found.max_sigma.item() > 5


def test_standard_errors_are_those_of_many_ensembles():
    """The differences of 300 pairs are spread as their errors say, for numbers that are skewed."""
    rng = np.random.default_rng(4)
    pair = [
        xr.Dataset({"x": (("trajectory", "pair"), rng.exponential(size=(400, 300)))})
        for _ in range(2)
    ]
    found = ps.compare(*pair)
    ratios = found.x / found.x_error
    np.testing.assert_allclose(ratios.std("pair"), 1, atol=0.15)


def test_given_increments_are_compared_path_by_path():
    first = ensemble(5, 1, 0.5, 0)
    first.attrs["seed"] = "given increments"
    assert ps.compare(first, first).attrs["compared"] == "paths"
    assert ps.compare(first, first.drop_attrs()).attrs["compared"] == "moments over trajectories"
    assert ps.compare(first, first.drop_attrs(), in_law=False).x.dims == ("trajectory", "time")
    with pytest.raises(InputError, match=r"5 elements along 'trajectory'.*and 4 in the second"):
        ps.compare(first, first.isel(trajectory=slice(4)), in_law=False)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (line().rename(x="u1"), "the first has x, the second u1. Give them the same names"),
        (line(time=TIME + 10), "share no label along 'time' of 'x': they have 0.0 to 3.0 and 10.0"),
        (ensemble(3, 1, 1, 0), r"has dims \(time\) and \(trajectory, time\) in the two results"),
        ({"x": TIME}, "second result is a dict; expected an xarray.Dataset"),
    ],
)
def test_what_cannot_be_compared_is_said(other, message):
    with pytest.raises(InputError, match=message):
        ps.compare(line(), other)


def test_units_and_names_of_columns():
    first, second = line(), line()
    first.x.attrs["units"], second.x.attrs["units"] = "mV", "V"
    with pytest.raises(InputError, match="in 'mV' in the first result and in 'V' in the second"):
        ps.compare(first, second)
    clash = line().rename(x="parted")
    with pytest.raises(InputError, match="'parted' has the name of a column"):
        ps.compare(clash, clash)
