import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import xarray as xr

import pysciml as ps


def test_labels_and_sizes():
    data = ps.datasets.resting_fmri()
    assert data.dims == ("time", "region")
    assert data.shape == (250, 28)
    assert data.dtype == np.float64
    np.testing.assert_allclose(np.diff(data.time), 1.89)
    assert data.time.attrs["units"] == "s"
    assert {"units", "source", "licence", "TR"} <= set(data.attrs)
    assert len(set(data.region.values)) == 28


def test_nuisance_columns_are_left_out_and_regions_keep_their_own_values():
    data = ps.datasets.resting_fmri()
    assert not {"WM", "Vent", "Brain"} & set(data.region.values)
    # Regional series are centred; the nuisance columns were near ten thousand.
    assert float(abs(data.mean("time")).max()) < 1
    # From the first line of the original file.
    assert float(data.sel(region="LCau")[0]) == -7.39443
    assert float(data.sel(region="RPrec")[0]) == 0.540389
    # The same structure of both hemispheres is alike; a shift of the columns would not leave it so.
    pairs = [(name, "R" + name[1:]) for name in data.region.values if name[0] == "L"]
    both = [(a, b) for a, b in pairs if b in data.region.values]
    assert len(both) == 13
    same = [np.corrcoef(data.sel(region=a), data.sel(region=b))[0, 1] for a, b in both]
    assert np.mean(same) > 2 * np.mean(np.corrcoef(data.values.T))


def test_licence_lies_beside_the_data_and_is_declared():
    assert (
        "NIPY Developers" in files("pysciml.datasets").joinpath("files/LICENSE.nitime").read_text()
    )
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert "pysciml/datasets/files/LICENSE.nitime" in project["license-files"]


def test_it_survives_a_file(tmp_path):
    data = ps.datasets.resting_fmri()
    data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataarray(tmp_path / "data.nc", engine="h5netcdf"), data)
