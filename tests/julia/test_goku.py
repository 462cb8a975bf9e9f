"""GOKU-UI and its relatives on the julia engine: equal to the jax engine, number by number."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import pysciml as ps
from pysciml.engines.jax.goku.arrays import named
from pysciml.engines.jax.goku.network import LatentModel
from pysciml.engines.jax.goku.objective import objective
from pysciml.errors import CapabilityError, SolveError
from pysciml.goku.task import GokuTask
from pysciml.goku.training import Training

pytestmark = pytest.mark.julia

SMALL = {"hidden": 8, "features": 6, "recurrent": 5, "latent_state": 4}
GOKU = SMALL | {"channels": 3, "length": 10, "latent_params": 4}
BATCH, FUTURE = 3, 2
OPTIONS = {"continuity_weight": 2.0, "kl_weight": 0.5, "forecast_weight": 0.3}


def oscillators():
    return ps.catalog.stuart_landau(2)


KINDS = {
    "goku_ui": lambda: ps.GokuUI(oscillators(), window=4, carry=True, **GOKU),
    "variational": lambda: ps.GokuUI(
        oscillators(), window=4, variational=True, noise="learned", **GOKU
    ),
    "goku_net": lambda: ps.GokuNet(oscillators(), **GOKU),
    "lorenz": lambda: ps.GokuUI(ps.catalog.lorenz63(), window=4, **GOKU),
    "latent_ode": lambda: ps.LatentODE(channels=3, length=10, state=2, **SMALL),
    "lstm": lambda: ps.LSTMForecaster(channels=3, length=10, window=4, state=3, **SMALL),
}


def jax_model(settings, jitter):
    """Give a model in float64, its vector of weights, and the way back to a model."""
    model = LatentModel(settings.architecture, settings.core, 0.5, np.random.default_rng(0))
    if settings.core is not None:
        system = dataclasses.replace(model.core.system, dtype="float64")
        object.__setattr__(model.core, "system", system)
    arrays, static = eqx.partition(model, eqx.is_array)
    vector, unravel = ravel_pytree(jax.tree.map(lambda a: a.astype(jnp.float64), arrays))
    moved = vector + jitter * np.random.default_rng(1).normal(size=vector.shape)
    return unravel(moved), lambda arrays: eqx.combine(arrays, static)


def draws_of(settings, key):
    """Give the random numbers that the objective of the jax engine draws from a key."""
    made = settings.architecture
    noise_key, code_key, jitter_key = jax.random.split(key, 3)
    draws = {"jitter": 0.1 * jax.random.normal(jitter_key, (made.length, BATCH, made.channels))}
    if settings.core is not None and settings.core.is_stochastic:
        early, late = jax.random.split(noise_key)
        joined, d = made.windows - 1, made.state  # with a forecast the last window goes on
        scale = (0.5 / made.substeps) ** 0.5

        def increments(key, steps, lanes):
            shape = (steps - 1, made.substeps, d, lanes)
            drawn = scale * jax.random.normal(key, shape, jnp.float64)
            return drawn.reshape(-1, d, lanes)

        if joined:
            draws["early"] = increments(early, made.span, joined * BATCH)
        draws["late"] = increments(late, made.span + FUTURE, BATCH)
    if made.variational:
        shapes = [(made.windows, BATCH, made.latent_state), (BATCH, made.latent_params)]
        keys = jax.random.split(code_key, len(shapes))
        for name, k, shape in zip(("state", "params"), keys, shapes, strict=True):
            draws[name] = jax.random.normal(k, shape, jnp.float64)
    return {name: np.ascontiguousarray(array) for name, array in draws.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradient_equal_those_of_the_jax_engine(kind):
    """Equal weights, data and increments, float64; forecast, carry, jitter and noise on."""
    from pysciml.engines.julia.goku.model import Layout, goku, latent_model
    from pysciml.engines.julia.process.start import julia

    settings = KINDS[kind]()
    made = settings.architecture
    with jax.enable_x64(True):
        arrays, model = jax_model(settings, 0.05)
        key = jax.random.key(1)
        data = jax.random.normal(jax.random.key(2), (made.length + FUTURE, BATCH, made.channels))

        def loss(arrays):
            return objective(model(arrays), data, key, stochastic=True, jitter=0.1, **OPTIONS)

        gradient, terms = jax.jit(jax.grad(loss, has_aux=True))(arrays)
        draws = draws_of(settings, key)
        weights, expected = named(arrays, ""), named(gradient, "")

    other = latent_model(made, settings.core, 0.5, "float64")
    layout = Layout.of(other)
    assert list(layout.shapes) == [name.removeprefix("/") for name in weights]
    found = np.zeros(layout.count)
    found_terms = julia().call(
        goku("loss_and_gradient!"),
        found,
        other,
        layout.vector("/", weights, np.float64),
        np.asarray(data),
        continuity=OPTIONS["continuity_weight"],
        forecast=OPTIONS["forecast_weight"],
        kl=OPTIONS["kl_weight"],
        **draws,
    )
    np.testing.assert_allclose(found_terms, terms, rtol=1e-9, atol=1e-12)
    size = np.sqrt(sum(np.sum(g**2) for g in expected.values()))
    for name, array in layout.named("/", found).items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-6, atol=1e-9 * size, err_msg=name)


class Stops:
    """A watch that stops a run after so many epochs, and keeps what it heard."""

    def __init__(self, after=10**9):
        self.after, self.heard, self.best = after, [], []

    def progress(self, progress):
        self.heard.append(progress)

    def checkpoint(self, arrays, best):
        self.best.append(best)

    @property
    def stop(self):
        return len(self.best) >= self.after


def task(**training):
    """Give GOKU-UI on rotations in a plane, seen through three channels."""
    settings, time = KINDS["goku_ui"](), np.arange(40.0)
    rng = np.random.default_rng(0)
    angle = 0.4 * time + rng.uniform(0, 6, 6)[:, None]
    plane = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    series = (plane @ rng.normal(size=(2, 3))).astype(np.float32)
    given = {"epochs": 30, "batch": 8, "forecast_steps": 2, "learning_rate": 2e-2, "flip": True}
    options = Training(**given | training)
    return GokuTask(settings.architecture, settings.core, options, 0.5, 3, series[:4], series[4:])


@functools.cache
def whole():
    from pysciml.engines.julia.goku.train import train

    watch = Stops()
    return train(task(), None, watch), watch


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_training_lowers_the_loss_and_keeps_the_best_weights():
    arrays, watch = whole()
    loss, validation = arrays["history/loss"], arrays["history/validation"]
    assert len(loss) == 30
    assert loss[-5:].mean() < 0.5 * loss[0]
    assert np.isfinite(list(arrays["best/state_scale"])).all()
    # The best weights are of the last epoch with a new least error of validation.
    assert watch.best == (validation <= np.minimum.accumulate(validation)).tolist()
    assert float(arrays["run/best_score"]) == validation.min()
    assert [p.epoch for p in watch.heard] == list(range(1, 31))
    assert watch.heard[-1].update == watch.heard[-1].updates == int(arrays["run/update"])
    # Half a cosine from the end of the warm-up to a hundredth of the peak.
    count = watch.heard[-1].updates
    warmup = count // 10
    share = (1 + np.cos(np.pi * (count - 1 - warmup) / (count - warmup))) / 2
    expected = 2e-2 * (0.01 + 0.99 * share)
    np.testing.assert_allclose(arrays["history/learning_rate"][-1], expected, rtol=1e-9)


def test_a_run_that_was_stopped_goes_on_to_the_same_numbers():
    from pysciml.engines.julia.goku.train import train

    stopped = train(task(), None, Stops(after=2))
    assert len(stopped["history/loss"]) == 2
    same(train(task(), stopped, Stops()), whole()[0])


def test_a_checkpoint_is_the_same_state_on_both_engines():
    """There and back, and every number of the optimiser belongs to its own weight."""
    from pysciml.engines.jax.goku.train import Run as JaxRun
    from pysciml.engines.julia.goku.train import Run

    arrays, other = whole()[0], JaxRun(task())
    other.restore(arrays)
    back = other.arrays()
    assert {k: (a.shape, a.dtype) for k, a in back.items()} == {
        k: (a.shape, a.dtype) for k, a in arrays.items()
    }
    same(back, arrays)
    run = Run(task())
    run.restore(back)
    same(run.arrays(), arrays)
    moments = named(other.updater.unravel(jnp.asarray(arrays["optimiser/1.mu"])), "")
    expected = run.layout.named("/", run.vector("first_moment"))
    same(moments, expected)


def test_training_starts_from_the_weights_of_the_jax_engine():
    from pysciml.engines.jax.goku.train import Run as JaxRun
    from pysciml.engines.julia.goku.train import Run

    same(Run(task()).arrays(), JaxRun(task()).arrays())


@pytest.mark.parametrize("refine", [0, 5])
def test_a_trained_model_is_evaluated_alike_by_both_engines(refine):
    from pysciml.engines.jax.goku.forecaster import Forecaster as JaxForecaster
    from pysciml.engines.julia.goku.forecaster import Forecaster

    mark = "best/"
    weights = {k.removeprefix(mark): a for k, a in whole()[0].items() if k.startswith(mark)}
    seen = np.asarray(task().validation)[:, :10]
    how = {"steps": 4, "refine": refine, "paths": None, "seed": 0}
    ours = Forecaster(task(), weights).infer(seen, **how)
    theirs = JaxForecaster(task(), weights).infer(seen, **how)
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_evaluation_in_float64_agrees_to_nine_digits():
    from pysciml.engines.julia.goku.forecaster import Forecaster

    settings = KINDS["goku_ui"]()
    with jax.enable_x64(True):
        arrays, model = jax_model(settings, 0.05)
        seen = jax.random.normal(jax.random.key(4), (10, BATCH, 3), jnp.float64)

        @jax.jit
        def evaluate(arrays):
            whole = model(arrays)
            decoded = whole.decode(whole.encode(seen).mean, None, 4)
            return whole.carried(decoded, seen[-1]), decoded.states, decoded.params

        data, states, params = map(np.asarray, evaluate(arrays))
        weights = {k.removeprefix("/"): a for k, a in named(arrays, "").items()}
    forecaster = Forecaster(task(), weights | {"state_scale": np.ones(4)}, "float64")
    found = forecaster.infer(np.asarray(seen).swapaxes(0, 1), steps=4, refine=0, paths=None, seed=0)
    np.testing.assert_allclose(found.data[0].swapaxes(0, 1), data, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.states[0].transpose(1, 2, 0), states, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.params, params.T, rtol=1e-9, atol=1e-12)


def test_paths_spread_as_their_noise():
    """Of a forecast of one step from one start; the noise is additive and the step short."""
    from pysciml.engines.julia.goku.forecaster import Forecaster

    mark = "best/"
    weights = {k.removeprefix(mark): a for k, a in whole()[0].items() if k.startswith(mark)}
    seen = np.asarray(task().validation)[:, :10]
    paths = Forecaster(task(), weights).infer(seen, steps=1, refine=0, paths=2000, seed=1).states
    # From the start of the last window there are 4 steps of 0.5 to the forecast, and one from its
    # start to the second state; there the drift has changed the spread by little.
    second = paths[:, :, 7]  # the last window starts at step 6
    sigma = float(oscillators().params["sigma"].array)
    np.testing.assert_allclose(second.std(axis=0), sigma * 0.5**0.5, rtol=0.25)
    assert not np.array_equal(paths[0], paths[1])


def test_a_loss_that_is_not_finite_stops_with_its_place():
    from pysciml.engines.julia.goku.train import train

    @ps.model(state={"x": 1.0, "y": 1.0}, params={"k": ps.Variable(1.0, bounds=(0.5, 2.0))})
    def undefined(t, u, p):
        return {"x": -u.x, "y": p.k * jnp.sqrt(-1 - u.y**2)}

    settings = ps.GokuUI(undefined, window=4, carry=True, **GOKU)
    broken = dataclasses.replace(
        task(epochs=1), architecture=settings.architecture, model=undefined
    )
    with pytest.raises(
        SolveError, match=r"2 retries.* In sample \d.* variable y is not finite from"
    ):
        train(broken, None, Stops())


def test_noise_that_is_not_diagonal_is_refused():
    from pysciml.engines.julia.goku.model import latent_model

    one = ps.catalog.stuart_landau(2, stochastic=False).noise(
        lambda t, u, p: {"x": 0.1 * u.x, "y": 0.1 * u.y}, kind="scalar"
    )
    settings = ps.GokuUI(one, window=4, **GOKU)
    with pytest.raises(CapabilityError, match=r"scalar.*noise='off'"):
        latent_model(settings.architecture, one, 0.5, "float32")
