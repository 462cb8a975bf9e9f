"""Results of native Julia (tests/data/README.md)."""

from pathlib import Path

import xarray as xr

DATA = Path(__file__).parents[1] / "data" / "reference"


def native(name):
    return xr.load_dataset(DATA / f"{name}.nc", engine="h5netcdf")
