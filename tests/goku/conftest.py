"""Small latent models and data for the tests of GOKU-UI."""

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.jax.goku.network import LatentModel

SMALL = {"hidden": 8, "features": 6, "recurrent": 5, "latent_state": 4}


@pytest.fixture(scope="session")
def oscillators():
    return ps.catalog.stuart_landau(2)


@pytest.fixture(scope="session")
def goku(oscillators):
    return ps.GokuUI(oscillators, channels=3, length=10, window=4, latent_params=4, **SMALL)


@pytest.fixture(scope="session")
def network(goku):
    return LatentModel(goku.architecture, goku.model, 1.0, np.random.default_rng(0))


@pytest.fixture(scope="session")
def rotations():
    """Noisy rotations in a plane, seen through three channels: (sample, time, channel)."""
    rng = np.random.default_rng(0)
    phase, time = rng.uniform(0, 6, 6)[:, None], np.arange(40.0)
    angle = 0.4 * time + phase
    z = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    x = z @ rng.normal(size=(2, 3)) + 0.01 * rng.normal(size=(6, 40, 3))
    return xr.DataArray(
        x,
        dims=("sample", "time", "channel"),
        coords={"time": time, "channel": ["left", "middle", "right"]},
    )
