"""A trained model at work: labels, forecasts, paths, refinement, judgement."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.jax.goku.refine import CONTINUITY, refined, smoothed
from pysciml.errors import DataError, InputError

SMALL = {"hidden": 8, "features": 6, "recurrent": 5, "latent_state": 4}


@pytest.fixture(scope="module")
def run(goku, rotations):
    return goku.fit(rotations, epochs=20, batch=8, rng=0, learning_rate=1e-2, progress=False)


def test_reconstructions_carry_the_labels_of_the_data(run, rotations):
    made = run.reconstruct(rotations)
    assert made.dims == ("sample", "time", "channel")
    np.testing.assert_array_equal(made["time"], rotations["time"][:10])
    np.testing.assert_array_equal(made["channel"], rotations["channel"])


def test_forecasts_continue_the_times_and_see_the_last_steps_alone(run, rotations):
    made = run.forecast(rotations, 4)
    np.testing.assert_array_equal(made["time"], [40, 41, 42, 43])
    changed = rotations.copy(deep=True)
    changed[:, :30] += 100.0
    np.testing.assert_array_equal(run.forecast(changed, 4), made)


def test_a_longer_forecast_begins_with_the_shorter(run, rotations):
    short, long = run.forecast(rotations, 2), run.forecast(rotations, 6)
    np.testing.assert_allclose(long.isel(time=slice(0, 2)), short, rtol=1e-4, atol=1e-5)


def test_paths_spread_with_the_noise_around_the_noise_free_forecast(run, rotations):
    paths = run.forecast(rotations, 5, paths=200, rng=0)
    assert paths.dims == ("sample", "path", "time", "channel")
    again = run.forecast(rotations, 5, paths=200, rng=0)
    xr.testing.assert_identical(paths, again)
    spread = paths.std("path").mean(["sample", "channel"]).values
    assert np.all(np.diff(spread) > 0)
    point = run.forecast(rotations, 5)
    error = 6 * paths.std("path") / np.sqrt(200)
    assert bool((abs(paths.mean("path") - point) < error + 1e-3).all())


def test_refinement_descends_on_what_it_minimises(run, rotations):
    """Squared errors of what is seen plus weighted jumps, from codes that are off."""
    model = eqx.combine(run._forecaster._weights, run._forecaster._static)
    scale = run._forecaster._scale
    data = jnp.asarray(run._scale.apply(rotations).values[:, :10].swapaxes(0, 1), jnp.float32)

    @jax.jit
    def misfits(data):
        codes = jax.tree.map(lambda c: c + 0.5, model.encode(data).mean)
        better = refined(model, codes, data, 60, scale)
        states, params = smoothed(model, codes, data, 60, scale)
        found = [(model.decode(c), 3) for c in (codes, better)]
        found.append((model.unfold(states, params, span=2), 1))
        return [
            jnp.sum((d.data - data) ** 2)
            + CONTINUITY / steps * jnp.sum(((d.ends - d.starts) / scale[:, None]) ** 2)
            for d, steps in found
        ]

    start, codes, smooth = map(float, misfits(data))
    assert codes < 0.7 * start
    assert smooth < 0.7 * start


def test_refinement_treats_every_sample_on_its_own(run, rotations):
    together = run.reconstruct(rotations, refine=5)
    alone = run.reconstruct(rotations.isel(sample=[2]), refine=5)
    np.testing.assert_allclose(together.isel(sample=[2]), alone, rtol=1e-3, atol=1e-4)


def test_evaluation_is_the_metric_of_its_parts(run, rotations):
    made = run.evaluate(rotations.isel(time=slice(0, 15)), steps=5)
    seen, future = rotations.isel(time=slice(0, 10)), rotations.isel(time=slice(10, 15))
    scale = float(abs(seen).mean())
    error = np.sqrt(((run.reconstruct(seen) - seen.values) ** 2).mean(["time", "channel"])) / scale
    np.testing.assert_allclose(made["reconstruction"], error, rtol=1e-6)
    ahead = run.forecast(seen, 5)
    error = np.sqrt(((ahead - future.values) ** 2).mean(["sample", "channel"]))
    np.testing.assert_allclose(
        made["forecast_per_horizon"], error / float(abs(future).mean()), rtol=1e-6
    )
    np.testing.assert_array_equal(made["horizon"], [1, 2, 3, 4, 5])


@pytest.mark.parametrize("kind", ["GokuNet", "LatentODE", "LSTMForecaster"])
def test_relatives_have_the_same_verbs_and_learn(kind, oscillators, rotations):
    common = {"channels": 3, "length": 10, **SMALL}
    settings = {
        "GokuNet": lambda: ps.GokuNet(oscillators, latent_params=4, substeps=8, **common),
        "LatentODE": lambda: ps.LatentODE(state=3, variational=True, **common),
        "LSTMForecaster": lambda: ps.LSTMForecaster(state=5, **common),
    }[kind]()
    run = settings.fit(
        rotations, epochs=200, batch=8, rng=0, learning_rate=5e-3, progress=False,
        forecast_steps=3, flip=True, kl=1e-3,
    )  # fmt: skip
    loss = run.history["reconstruction"].values
    assert loss[-10:].mean() < 0.8 * loss[:3].mean()
    made = run.evaluate(rotations.isel(time=slice(0, 13)), steps=3, refine=3)
    assert np.all(np.isfinite(made["forecast"]))
    assert run.forecast(rotations, 2).shape == (6, 2, 3)
    names = set(run.infer(rotations).data_vars)
    assert names == ({"x", "y", "a", "omega", "C"} if kind == "GokuNet" else {"z"})


def test_requests_that_cannot_be_met_are_refused(run, rotations):
    with pytest.raises(DataError, match="9 time steps"):
        run.forecast(rotations.isel(time=slice(0, 9)), 2)
    with pytest.raises(InputError, match="steps must be a whole number"):
        run.forecast(rotations, 0)
    with pytest.raises(InputError, match="refine must be a whole number"):
        run.forecast(rotations, 1, refine=-1)
    slower = rotations.assign_coords(time=2 * rotations["time"])
    with pytest.raises(DataError, match="time step of data is 2"):
        run.reconstruct(slower)
