"""What a result says of itself, and that it survives a file."""

import json

import numpy as np
import xarray as xr

import pysciml as ps
from pysciml.engines import choose


def test_an_ode_records_how_it_was_solved():
    sol = ps.solve(ps.catalog.lotka_volterra(), t=(0, 1), save=0.5, rtol=1e-5, params={"a": 1.5})
    attributes = sol.attrs
    assert attributes["model"] == "lotka_volterra"
    assert "doi:" in attributes["source"]
    assert (attributes["engine"], attributes["solver"]) == ("jax", "Tsit5")
    assert attributes["engine_reason"]
    assert {"jax", "jaxlib"} <= set(json.loads(attributes["versions"]))
    assert attributes["pysciml"] == ps.__version__
    assert (attributes["rtol"], attributes["atol"]) == (1e-5, 1e-9)
    assert (attributes["dtype"], attributes["device"]) == ("float64", "cpu")
    assert attributes["status"] == "success"
    assert json.loads(attributes["params"]) == {"a": 1.5, "b": 0.9, "c": 0.8, "d": 1.8}
    # Two at the start; six per step, the seventh being the first of the next.
    steps = attributes["steps"] + attributes["rejected"]
    assert attributes["evaluations"] == 2 + 6 * steps
    assert not {"dt", "seed", "noise"} & set(attributes)
    assert sol.x.attrs == {"units": "1", "long_name": "prey"}


def test_an_sde_records_its_noise_and_steps():
    sol = ps.solve(
        ps.catalog.ornstein_uhlenbeck(), t=(0, 1), save=0.5, dt=0.25, trajectories=3, rng=11
    )
    attributes = sol.attrs
    assert (attributes["solver"], attributes["dt"]) == ("EulerMaruyama", 0.25)
    assert (attributes["noise"], attributes["calculus"]) == ("diagonal", "ito")
    assert attributes["seed"] == 11
    assert attributes["steps"] == attributes["evaluations"] == 3 * 4
    assert not {"rtol", "atol"} & set(attributes)


def test_the_engine_says_why_it_was_chosen(monkeypatch):
    model = ps.catalog.lotka_volterra()
    arguments = {"t": (0, 1), "save": 0.5, "dt": 0.25}
    monkeypatch.delenv("PYSCIML_ENGINE", raising=False)
    monkeypatch.setattr(choose, "_ready", lambda: False)
    assert "Julia is not ready here" in ps.solve(model, **arguments).attrs["engine_reason"]
    assert ps.solve(model, **arguments, engine="jax").attrs["engine_reason"] == "asked for"
    monkeypatch.setenv("PYSCIML_ENGINE", "jax")
    assert "PYSCIML_ENGINE" in ps.solve(model, **arguments).attrs["engine_reason"]


def test_a_result_survives_a_netcdf_file(tmp_path):
    model = ps.catalog.stuart_landau(2)
    sol = ps.solve(
        model,
        t=(0, 1),
        save=0.5,
        dt=0.5,
        trajectories=2,
        rng=0,
        params={
            "G": xr.DataArray([0.1, 0.2], dims="dose", coords={"dose": ["low", "high"]}),
            "a": xr.DataArray(np.zeros((2, 2)), dims=("dose", "oscillator")),
        },
        on_error="return",
    )
    sol.to_netcdf(tmp_path / "solution.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "solution.nc", engine="h5netcdf") as read:
        xr.testing.assert_equal(read.load(), sol)
        assert dict(read.attrs) == sol.attrs
        assert read.x.dims == ("trajectory", "dose", "time", "oscillator")
        assert read.x.attrs == sol.x.attrs
        assert read.oscillator.values.tolist() == [0, 1]
