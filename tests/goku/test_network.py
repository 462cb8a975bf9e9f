"""The latent model: alignment, sharing, continuity, objective, gradients."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import pysciml as ps
from pysciml.engines.jax.goku.layers import LSTM, Attention, mish
from pysciml.engines.jax.goku.network import Codes, LatentModel, Posterior
from pysciml.engines.jax.goku.objective import continuity, divergence, objective
from pysciml.goku import windows

KEY = jax.random.key(1)


def series(time=10, batch=3, channels=3, key=KEY):
    return jax.random.normal(key, (time, batch, channels))


def test_mish_is_its_definition():
    x = jnp.linspace(-30, 30, 61)
    expected = x * jnp.tanh(jax.nn.softplus(x))
    np.testing.assert_allclose(mish(x), expected, rtol=2e-5, atol=1e-7)


def test_lstm_equals_its_equations_step_by_step():
    layer = LSTM(2, 3, np.random.default_rng(1))
    x = series(5, 2, 2)
    weights = [np.asarray(a, np.float64) for a in (layer.input, layer.recurrent, layer.bias)]
    hidden, cell = np.zeros((2, 3)), np.zeros((2, 3))
    for now in np.asarray(x, np.float64):
        gates = now @ weights[0].T + hidden @ weights[1].T + weights[2]
        i, f, g, o = np.split(gates, 4, axis=1)
        cell = cell / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        hidden = np.tanh(cell) / (1 + np.exp(-o))
    np.testing.assert_allclose(layer(x)[-1], hidden, rtol=1e-5, atol=1e-6)


def test_attention_weighs_every_feature_over_time():
    pool = Attention(4, np.random.default_rng(1))
    x = series(6, 2, 4)
    flat = eqx.tree_at(lambda p: p.score.weight, pool, jnp.zeros((4, 4)))
    np.testing.assert_allclose(flat(x), x.mean(axis=0), rtol=1e-5, atol=1e-6)
    # One feature scores itself with a large weight: the pooled value is its largest one.
    sharp = eqx.tree_at(lambda p: p.score.weight, flat, 1e4 * jnp.eye(4))
    np.testing.assert_allclose(sharp(x), x.max(axis=0), rtol=1e-5)


def test_both_directions_speak_of_the_same_time(network):
    """The half that reads backwards has at time t seen exactly the features from t on."""
    encoder = network.params_encoder
    x = series(8, 1, 6)
    changed = x.at[2].add(1.0)

    def halves(x):
        there = encoder.forward[0](x)
        back = encoder.backward[0](x[::-1])[::-1]
        return np.asarray(there), np.asarray(back)

    for at, (before, after) in enumerate(zip(halves(x), halves(changed), strict=True)):
        moved = np.abs(before - after).max(axis=(1, 2)) > 0
        expected = np.arange(8) >= 2 if at == 0 else np.arange(8) <= 2
        np.testing.assert_array_equal(moved, expected)

    # And these are the rows that are pooled.
    rows = np.concatenate(halves(x), axis=-1)
    np.testing.assert_allclose(encoder.head(encoder.attention(rows))[0], encoder(x)[0], rtol=1e-5)


def test_an_initial_state_is_inferred_from_its_own_window(network):
    x = series()
    codes = network.encode(x).mean.state
    changed = network.encode(x.at[5].add(1.0)).mean.state  # inside the second of three windows
    moved = np.abs(codes - changed).max(axis=(1, 2)) > 0
    assert moved.tolist() == [False, True, False]


def test_windows_share_the_parameters_of_their_sample(network):
    """Each window's path is that of its own start under the sample's parameters."""
    codes = network.encode(series()).mean
    starts, params = network.physical(codes)
    decoded = network.decode(codes)
    pieces = [network.core.path(starts[:, k], params, 4, None) for k in range(3)]
    joined = windows.join(jnp.stack(pieces, axis=1), jnp)
    np.testing.assert_allclose(decoded.states, joined, rtol=1e-5, atol=1e-6)
    order = jnp.asarray([2, 0, 1])
    np.testing.assert_array_equal(
        network.decode(Codes(codes.state[order], codes.params)).params, params
    )


def test_parameters_stay_within_the_bounds_of_the_model(network, oscillators):
    far = Codes(100 * series(3, 3, 4), 100 * series(1, 3, 4)[0])
    params = network.core.named(network.physical(far)[1])
    for name in ("a", "omega", "C"):
        low, high = oscillators.params[name].bounds
        assert np.all(params[name] >= low)
        assert np.all(params[name] <= high)
    assert set(params) == {"a", "omega", "C"}


def test_a_continuous_path_has_no_jumps(network):
    """Starts that lie on one solution give a penalty of 0, and one solution when joined."""
    start = 0.3 * jnp.ones((4, 2))
    params = network.physical(network.encode(series(batch=2)).mean)[1]
    whole = network.core.path(start, params, 10, None)
    decoded = network.unfold(whole[::3][:3].transpose(1, 0, 2), params)
    assert float(continuity(decoded)) < 1e-12
    np.testing.assert_allclose(decoded.states, whole, rtol=1e-4, atol=1e-6)
    shifted = network.unfold(
        whole[::3][:3].transpose(1, 0, 2) + jnp.asarray([0, 0.1, 0])[:, None], params
    )
    assert float(continuity(shifted)) > 1e-3


def test_the_forecast_runs_on_from_the_last_window_alone(network):
    codes = network.encode(series()).mean
    moved = Codes(codes.state.at[:2].add(1.0), codes.params)
    here, there = (network.decode(c, None, 5).states[10:] for c in (codes, moved))
    np.testing.assert_array_equal(here, there)
    starts, params = network.physical(codes)
    path = network.core.path(starts[:, -1], params, 9, None)
    np.testing.assert_allclose(here, path[4:], rtol=1e-5, atol=1e-6)


def test_divergence_is_that_of_gaussians():
    """Against a numerical integral of q log(q / p) in one dimension, summed over codes."""
    mean, log_variance = 0.7, -0.9
    z = np.linspace(-12, 12, 200_001)
    spread = np.exp(log_variance / 2)
    q = np.exp(-((z - mean) ** 2) / (2 * spread**2)) / (spread * np.sqrt(2 * np.pi))
    p = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    one = np.trapezoid(q * np.log(np.maximum(q, 1e-300) / p), z)
    windows_, batch = 3, 2
    full = lambda value, *shape: jnp.full(shape, value)  # noqa: E731
    posterior = Posterior(
        Codes(full(mean, windows_, batch, 4), full(mean, batch, 5)),
        Codes(full(log_variance, windows_, batch, 4), full(log_variance, batch, 5)),
    )
    # Four codes of a state, which count once however many windows there are, and five.
    np.testing.assert_allclose(divergence(posterior), 9 * one, rtol=1e-5)


@pytest.mark.parametrize("variational", [False, True])
def test_gradient_of_the_objective_equals_differences(goku, variational):
    """Batch of three, noise on, against central differences in float64."""
    with jax.enable_x64(True):
        made = dataclasses.replace(goku, variational=variational).architecture
        model = LatentModel(made, goku.model, 1.0, np.random.default_rng(0))
        object.__setattr__(
            model.core, "system", dataclasses.replace(model.core.system, dtype="float64")
        )
        arrays, static = eqx.partition(model, eqx.is_array)
        arrays = jax.tree.map(lambda a: a.astype(jnp.float64), arrays)
        vector, unravel = ravel_pytree(arrays)
        data = series(12).astype(jnp.float64)

        @jax.jit
        def loss(vector):
            return objective(
                eqx.combine(unravel(vector), static),
                data,
                KEY,
                continuity_weight=2.0,
                kl_weight=jnp.asarray(0.5),
                forecast_weight=0.3,
                stochastic=True,
            )[0]

        gradient = jax.jit(jax.grad(loss))(vector)
        rng = np.random.default_rng(0)
        for _ in range(4):
            direction = rng.normal(size=vector.shape)
            h = 1e-5
            difference = (loss(vector + h * direction) - loss(vector - h * direction)) / (2 * h)
            np.testing.assert_allclose(gradient @ direction, difference, rtol=2e-6)


def test_learned_noise_finds_the_noise_of_the_jumps(oscillators):
    """Gradient descent on the noise alone ends where jumps have the variance it predicts."""
    from pysciml.engines.jax.goku.objective import _noise_likelihood

    made = ps.GokuUI(oscillators, channels=3, length=10, window=4, noise="learned")
    model = LatentModel(made.architecture, oscillators, 1.0, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    amplitude = 0.05  # per square root of a second; the model says 0.0045
    jumps = amplitude * np.sqrt(3.0) * rng.normal(size=(2, 4, 4000))
    decoded = network_decoded(jumps)
    arrays, static = eqx.partition(model, eqx.is_array)

    def loss(log_noise):
        changed = eqx.tree_at(lambda m: m.core.log_noise, eqx.combine(arrays, static), log_noise)
        return _noise_likelihood(changed, decoded)

    log_noise = jnp.zeros(4)
    gradient = jax.jit(jax.grad(loss))
    for _ in range(400):
        log_noise = log_noise - 0.3 * jnp.clip(4 * gradient(log_noise), -1, 1)
    found = np.exp(log_noise) * float(oscillators.params["sigma"].array)
    np.testing.assert_allclose(found, amplitude, rtol=0.05)


def network_decoded(jumps):
    from pysciml.engines.jax.goku.network import Decoded

    zero = jnp.zeros_like(jnp.asarray(jumps))
    empty = jnp.zeros((0,))
    return Decoded(empty, empty, zero, jnp.asarray(jumps, jnp.float32), None)
