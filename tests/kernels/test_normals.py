"""Random words against published ones; normal numbers against Box and Muller, and their law."""

import jax
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import stats

import pysciml as ps
from pysciml.engines.jax.drawing import drawn
from pysciml.engines.jax.normals import TAIL, WORDS, pair
from pysciml.engines.jax.words import kept, threefry, xoshiro

STREAMS = [(s, dtype) for s in ("threefry", "xoshiro") for dtype in ("float32", "float64")]


def test_the_cipher_is_that_of_jax():
    key, counters = np.array([7, 123456789], np.uint32), np.arange(10, dtype=np.uint32) * 7
    found = np.concatenate(threefry((key[0], key[1]), counters[:5], counters[5:]))
    np.testing.assert_array_equal(found, threefry_2x32(key, counters))
    keys = (np.full(5, key[0]), np.full(5, key[1]))
    ((one, two),) = jax.jit(lambda step: kept(keys, step, [[counters[5:]]], (5,)))(np.uint32(7))
    np.testing.assert_array_equal([one, two], threefry(keys, np.uint32(7), counters[5:]))


def test_the_generator_is_the_published_one():
    # First words from the state (1, 2, 3, 4): test vectors of the reference implementation.
    state, words = tuple(np.uint32(i) for i in (1, 2, 3, 4)), []
    for _ in range(6):
        word, state = xoshiro(state)
        words.append(int(word))
    assert words == [641, 1573767, 3222811527, 3517856514, 836907274, 4247214768]


@pytest.mark.parametrize("dtype", WORDS)
def test_pairs_are_those_of_box_and_muller(dtype):
    rng, top = np.random.default_rng(0), 2**32
    words = rng.integers(0, top, (WORDS[dtype], 20_000), dtype=np.uint32)
    words[0, :3] = 0, 1, top - 1
    words[1:, 0] = 0
    with jax.enable_x64(True):
        found = np.array(jax.jit(lambda w: pair(list(w), dtype))(words))
    assert found.dtype == dtype
    radius, angle = words[0].astype(np.longdouble), words[-2 if dtype == "float64" else 1]
    radius = (radius + ((words[1] + 0.5) / top if dtype == "float64" else 0.5)) / top
    turned = angle.astype(np.int32).astype(np.longdouble) * 2 / top
    if dtype == "float64":
        turned += words[3].astype(np.longdouble) * 2 / top**2
    signs = [np.where(words[-1] & bit, -1, 1) for bit in (1, 2)]
    quarter = np.arctan(np.longdouble(1))
    around = quarter * (1 + turned)
    expected = np.sqrt(-2 * np.log(radius)) * [np.cos(around), np.sin(around)] * signs
    np.testing.assert_allclose(found, expected, atol=3e-4 if dtype == "float32" else 1e-11)
    # Where the radius has not been rounded to one, far closer.
    body = radius < 0.9
    bound = 3e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(found[:, body], expected[:, body].astype(float), atol=bound)
    assert np.hypot(*found[:, 0]) == pytest.approx(TAIL[dtype], abs=0.01)


@ps.model(state={"x": 0.0, "y": 0.0, "z": 0.0})
def still(t, u, p):
    return {"x": 0.0, "y": 0.0, "z": 0.0}


@ps.model(state={"v": np.zeros(4)})
def vector(t, u, p):
    return {"v": 0 * u.v}


WALK = still.noise(lambda t, u, p: {"x": 1.0, "y": 1.0, "z": 1.0})
WALKS = vector.noise(lambda t, u, p: {"v": np.ones(4)})


def numbers(model, stream, dtype, paths, steps):
    """Numbers drawn for a walk, shape (path, step, source)."""
    sol = ps.solve(
        model,
        t=(0, steps),
        save="steps",
        dt=1,
        trajectories=paths,
        rng=11,
        dtype=dtype,
        solver=ps.EulerMaruyama(stream=stream),
    )
    parts = [v.values.reshape(paths, steps + 1, -1) for v in sol.data_vars.values()]
    return np.diff(np.concatenate(parts, axis=2).astype(float), axis=1)


@pytest.mark.parametrize(("stream", "dtype"), STREAMS)
@pytest.mark.parametrize("model", [WALK, WALKS], ids=["scalars", "a vector"])
def test_numbers_of_a_stream_are_normal_and_independent(model, stream, dtype):
    assert_normal_and_independent(numbers(model, stream, dtype, 1000, 50))


@pytest.mark.parametrize("dtype", WORDS)
def test_numbers_of_a_key_are_normal_and_independent(dtype):
    with jax.enable_x64(dtype == "float64"):
        z = np.asarray(drawn(jax.random.key(5), 50, 3 * 1000, dtype))
        assert z.dtype == dtype
        # Numbers of another key are not the same, and have nothing in common with these.
        other = np.asarray(drawn(jax.random.key(6), 50, 3 * 1000, dtype))
    assert abs(np.mean(z * other)) < 4.5 / z.size**0.5
    assert_normal_and_independent(np.moveaxis(z.astype(float).reshape(50, 3, 1000), 2, 0))


@pytest.mark.parametrize(("steps", "size"), [(1, 1), (7, 3), (6, 5), (5000, 1), (0, 4)])
def test_no_number_of_a_key_is_drawn_twice(steps, size):
    keys = jax.random.key(1), jax.random.PRNGKey(1), jax.random.key(1, impl="rbg")
    found = [np.asarray(drawn(key, steps, size, "float32")) for key in keys]
    assert all(z.shape == (steps, size) for z in found)
    np.testing.assert_array_equal(found[0], found[1])
    # Of 5000 numbers of float32 a few pairs are equal by chance.
    assert len(np.unique(np.abs(found[0]))) >= 0.99 * found[0].size


def assert_normal_and_independent(z):
    """Assert it of numbers of shape (path, step, source)."""
    flat = z.ravel()
    n = flat.size
    # Moments to the fourth and their standard errors for normal numbers.
    for power, (mean, variance) in enumerate([(0, 1), (1, 2), (0, 15), (3, 96)], start=1):
        assert np.mean(flat**power) == pytest.approx(mean, abs=4.5 * (variance / n) ** 0.5)
    assert stats.kstest(flat, "norm").pvalue > 1e-4
    for edge in (2.5, 3.5, 4.0):
        expected = 2 * n * stats.norm.sf(edge)
        assert np.sum(np.abs(flat) > edge) == pytest.approx(expected, abs=4.5 * expected**0.5)
    # Between sources, from step to step, between neighbouring trajectories; and of squares,
    # which a shared radius would tie.
    for a in (z, (z**2 - 1) / 2**0.5):
        pairs = {
            "steps": (a[:, 1:], a[:, :-1]),
            "steps after next": (a[:, 2:], a[:, :-2]),
            "lanes": (a[1:], a[:-1]),
            **{f"sources {i}": (a, np.roll(a, i, axis=2)) for i in range(1, a.shape[2])},
        }
        for name, (one, other) in pairs.items():
            assert abs(np.mean(one * other)) < 4.5 / one.size**0.5, name


@pytest.mark.parametrize("stream", ["threefry", "xoshiro"])
def test_a_path_is_that_of_its_seed_trajectory_and_steps(stream):
    """Whatever is saved, however many others there are, and in whichever block they are."""
    ou = ps.catalog.ornstein_uhlenbeck()
    settings = {"t": (0, 1.05), "dt": 0.05, "rng": 3, "solver": ps.EulerMaruyama(stream=stream)}
    every = ps.solve(ou, save="steps", trajectories=3, **settings).x
    third = ps.solve(ou, save=0.15, trajectories=3, **settings).x
    np.testing.assert_allclose(third, every[:, ::3], rtol=1e-12)
    end = ps.solve(ou, save=[1.05], trajectories=1100, **settings).x  # two blocks
    np.testing.assert_allclose(end[:3, 0], every[:, -1], rtol=1e-12)
    assert len(np.unique(end)) == 1100
    assert not np.allclose(ps.solve(ou, save=[1.05], **{**settings, "rng": 4}).x, every[0, -1])


def test_a_longer_span_another_seed_and_other_values_compile_nothing():
    from pysciml.engines.jax.compile import count

    ou = ps.catalog.ornstein_uhlenbeck()

    def solve(end, seed, theta):
        ps.solve(ou, t=(0, end), save=[end], dt=0.01, rng=seed, params={"theta": theta})

    solve(1, 0, 1.0)
    before = count.programs
    for end, seed, theta in ((3, 0, 1.0), (1.01, 5, 1.0), (2, 1, 0.3)):
        solve(end, seed, theta)
    assert count.programs == before
