"""A result goes to a file and comes back as the same object."""

import json

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import pysciml as ps


def through_netcdf(sol, directory):
    path = directory / "result.nc"
    sol.to_netcdf(path, engine="h5netcdf")
    with xr.open_dataset(path) as read:
        return read.load()


# Zarr writes text as its specification does not yet say.
UNSETTLED = "ignore:The data type .FixedLengthUTF32"


def through_zarr(sol, directory):
    sol.to_zarr(directory / "result.zarr", zarr_format=3, consolidated=False)
    with xr.open_zarr(directory / "result.zarr", consolidated=False) as read:
        return read.load()


FILES = pytest.mark.parametrize("through", [through_netcdf, through_zarr])


def assert_same(read, sol):
    """Assert that all is the same: values, labels, types, the kind of every attribute."""
    xr.testing.assert_identical(read, sol)
    for name, values in sol.variables.items():
        assert read[name].dtype == values.dtype, name
        assert read[name].dims == values.dims, name
    assert set(read.coords) == set(sol.coords)
    for key, value in sol.attrs.items():
        assert np.asarray(read.attrs[key]).dtype == np.asarray(value).dtype, key


@pytest.fixture(scope="module")
def network():
    """An ensemble of a network at two doses: every kind of dim, label and variable."""
    sol = ps.solve(
        ps.catalog.stuart_landau(2),
        t=(0, 1),
        save=0.5,
        dt=0.5,
        trajectories=2,
        rng=0,
        params={
            "G": xr.DataArray([0.1, 0.2], dims="dose", coords={"dose": ["low", "höher"]}),
            "a": xr.DataArray(np.zeros((2, 2)), dims=("dose", "oscillator")),
        },
        on_error="return",
        dtype="float32",
    )
    assert sol.x.dtype == np.float32
    assert sol.dose.dtype == "<U5"
    assert sol.status.dims == ("trajectory", "dose")
    assert {type(value) for value in sol.attrs.values()} == {str, int, float}
    return sol


@FILES
@pytest.mark.filterwarnings(UNSETTLED)
def test_an_ensemble_over_doses_survives(network, through, tmp_path):
    read = through(network, tmp_path)
    assert_same(read, network)
    assert json.loads(read.attrs["params"])["omega"] == [0.5, 0.5]
    # What came back is as good as what was made.
    axes = read.sciml.plot.phase("x", "y", ax=Figure().add_subplot())
    assert len(axes.get_lines()) == read.x.size // read.sizes["time"]


@FILES
def test_the_steps_of_an_adaptive_solve_survive(through, tmp_path):
    sol = ps.solve(ps.catalog.lotka_volterra(), t=(0, 1), save=[0.0, 0.3, 1.0], rtol=1e-5)
    read = through(sol, tmp_path)
    assert_same(read, sol)
    assert read.attrs["rtol"] == 1e-5
    assert read.attrs["steps"] == sol.attrs["steps"] > 0


@FILES
@pytest.mark.filterwarnings(UNSETTLED)
@pytest.mark.parametrize(
    "labels",
    [
        np.array(["low", "high"], dtype=object),
        np.array(["low", "high"], dtype="<U30"),
        [True, False],
        [3, 4],
    ],
    ids=["objects", "wide", "truths", "counts"],
)
def test_labels_of_a_sweep_survive(labels, through, tmp_path):
    values = xr.DataArray(
        [1.0, 2.0], dims="dose", coords={"dose": labels, "site": ("dose", ["left", "right"])}
    )
    sol = ps.solve(
        ps.catalog.lotka_volterra(), t=(0, 1), save=0.5, solver="RK4", dt=0.5, params={"a": values}
    )
    assert sol.dose.values.tolist() == list(labels)
    assert sol.site.values.tolist() == ["left", "right"]
    assert_same(through(sol, tmp_path), sol)


@FILES
def test_stacked_sweeps_keep_their_levels(through, tmp_path):
    grid = xr.DataArray(
        [[1.0, 1.1], [1.2, 1.3]], dims=("row", "column"), coords={"row": [0, 1], "column": [5, 6]}
    )
    sol = ps.solve(
        ps.catalog.lotka_volterra(),
        t=(0, 1),
        save=0.5,
        solver="RK4",
        dt=0.5,
        params={"a": grid.stack(place=("row", "column"))},
    )
    assert sol.a.values.tolist() == [1.0, 1.1, 1.2, 1.3]
    assert sol.row.values.tolist() == [0, 0, 1, 1]
    assert sol.column.values.tolist() == [5, 6, 5, 6]
    assert_same(through(sol, tmp_path), sol)


@FILES
def test_times_of_events_and_a_course_of_input_survive(through, tmp_path):
    @ps.model(
        state={"v": ps.Variable(-65.0, units="mV", description="membrane potential")},
        params={"tau": 10.0, "rest": -65.0, "threshold": -50.0, "reset": -70.0},
        inputs={"current": 0.0},
    )
    def membrane(t, u, p, x):
        return {"v": (p.rest - u.v + x.current) / p.tau}

    neuron = membrane.with_event(
        "spike",
        when=lambda t, u, p, x: u.v - p.threshold,
        direction="up",
        then=lambda t, u, p, x: {"v": p.reset},
    )
    course = xr.DataArray(
        [[0.0, 10.0, 10.0], [0.0, 20.0, 30.0]],
        dims=("level", "time"),
        coords={"level": [10, 30], "time": [0.0, 10.0, 60.0]},
    )
    sol = ps.solve(neuron, t=(0, 60), save=20, inputs={"current": course})
    assert sol.spike.dims == ("level", "spike_index")
    assert np.isnan(sol.spike.sel(level=10)).all()
    assert (sol.spike.sel(level=30) > 0).any()
    assert_same(through(sol, tmp_path), sol)


@FILES
def test_sensitivities_survive(through, tmp_path):
    sens = ps.sensitivities(
        ps.catalog.lotka_volterra(), wrt=["a", "x"], t=(0, 1), save=0.5, solver="RK4", dt=0.5
    )
    assert set(sens.data_vars) == {"dx_da", "dx_dx", "dy_da", "dy_dx"}
    assert_same(through(sens, tmp_path), sens)
