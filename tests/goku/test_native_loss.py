"""The loss of GOKU-UI and its gradient are those of plain native Julia (tests/data/README.md)."""

import dataclasses
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.jax.goku.arrays import named, restored
from pysciml.engines.jax.goku.network import LatentModel
from pysciml.engines.jax.goku.objective import objective

FILE = Path(__file__).parents[1] / "data" / "reference" / "goku_loss.nc"
OPTIONS = {"continuity": 2.0, "kl": 0.5, "forecast": 0.3}
SMALL = {"hidden": 8, "features": 6, "recurrent": 5, "latent_state": 4, "latent_params": 4}
H = 0.5


def increments(known, windows):
    """Lay out the normal numbers of the noise of some windows as the core draws them."""
    rows = [known[f"increments_{w}"].values.transpose(0, 2, 1) for w in windows]
    joined = np.concatenate(rows, axis=-1) / np.sqrt(H)  # (step, state, window by window a batch)
    return joined.reshape(-1, 2, *joined.shape[1:])


def test_loss_and_gradient_on_given_weights_data_and_noise(monkeypatch):
    known = xr.load_dataset(FILE, engine="h5netcdf")
    model = ps.catalog.stuart_landau(2)
    goku = ps.GokuUI(model, channels=3, length=10, window=4, variational=True, **SMALL)
    assert goku.architecture.solver == "Heun"
    draws = [
        known.code_noise_state.values,
        known.code_noise_params.values,
        increments(known, [0, 1]),
        increments(known, [2]),
    ]

    def given(key, shape, dtype):
        numbers = draws.pop(0)
        draws.append(numbers)  # for the next trace
        assert numbers.shape == shape
        return jnp.asarray(numbers, dtype)

    with jax.enable_x64(True):
        made = LatentModel(goku.architecture, model, 1.0, np.random.default_rng(0))
        exact = dataclasses.replace(made.core.system, dtype="float64")
        object.__setattr__(made.core, "system", exact)
        arrays, static = eqx.partition(made, eqx.is_array)
        arrays = jax.tree.map(lambda a: a.astype(jnp.float64), arrays)
        names = list(named(arrays, "weights"))
        arrays = restored(arrays, "weights", {n: known[n.replace("/", ".")].values for n in names})
        monkeypatch.setattr(jax.random, "normal", given)

        @jax.jit
        def terms(arrays):
            return objective(
                eqx.combine(arrays, static),
                jnp.asarray(known["data"].values),
                jax.random.key(0),
                continuity_weight=2.0,
                kl_weight=jnp.asarray(0.5),
                forecast_weight=0.3,
                stochastic=True,
            )

        (value, found), gradient = jax.value_and_grad(terms, has_aux=True)(arrays)
    assert float(value) == pytest.approx(known.total.item(), rel=1e-12)
    ours = (found.reconstruction, found.continuity, found.kl, found.forecast)
    theirs = [known[n].item() for n in ("reconstruction", "jumps", "kl", "forecast")]
    np.testing.assert_allclose(np.array(ours, float), theirs, rtol=1e-11)
    slopes = named(gradient, "gradient")
    size = max(np.abs(array).max() for array in slopes.values())
    assert size > 1e-2
    for name, array in slopes.items():
        reference = known[name.replace("/", ".")].values
        np.testing.assert_allclose(array, reference, rtol=1e-9, atol=1e-12 * size)


@pytest.mark.julia
def test_the_julia_engine_has_the_same_loss_and_gradient():
    from pysciml.engines.julia.goku.model import Layout, goku, latent_model
    from pysciml.engines.julia.process.start import julia

    known = xr.load_dataset(FILE, engine="h5netcdf")
    model = ps.catalog.stuart_landau(2)
    settings = ps.GokuUI(model, channels=3, length=10, window=4, variational=True, **SMALL)
    made = latent_model(settings.architecture, model, 1.0, "float64")
    layout = Layout.of(made)
    weights = {f"/{name}": known[f"weights.{name}"].values for name in layout.shapes}
    motion = [increments(known, part) * np.sqrt(H) for part in ([0, 1], [2])]
    early, late = (np.ascontiguousarray(x.reshape(-1, *x.shape[2:])) for x in motion)
    found = np.zeros(layout.count)
    terms = julia().call(
        goku("loss_and_gradient!"),
        found,
        made,
        layout.vector("/", weights, np.float64),
        known["data"].values,
        early=early,
        late=late,
        state=known.code_noise_state.values,
        params=known.code_noise_params.values,
        **OPTIONS,
    )
    expected = [known[n].item() for n in ("total", "reconstruction", "jumps", "kl", "forecast")]
    np.testing.assert_allclose(terms, expected, rtol=1e-11)
    slopes = {name: known[f"gradient.{name}"].values for name in layout.shapes}
    size = max(np.abs(array).max() for array in slopes.values())
    for name, array in layout.named("/", found).items():
        reference = slopes[name.removeprefix("/")]
        np.testing.assert_allclose(array, reference, rtol=1e-9, atol=1e-12 * size)
