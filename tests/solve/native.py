"""Results of native Julia (tests/data/README.md), and the engines that must meet them."""

from pathlib import Path

import pytest
import xarray as xr

DATA = Path(__file__).parents[1] / "data" / "reference"


def native(name):
    return xr.load_dataset(DATA / f"{name}.nc", engine="h5netcdf")


def julia_is_ready():
    from pysciml.engines.julia.process.readiness import readiness

    return readiness().ready


ENGINES = [
    "jax",
    pytest.param(
        "julia",
        marks=[
            pytest.mark.julia,
            pytest.mark.skipif(not julia_is_ready(), reason="no Julia: pysciml julia install"),
        ],
    ),
]
