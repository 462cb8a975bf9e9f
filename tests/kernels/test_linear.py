"""Linear systems over lanes, small and large."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pysciml.engines.jax.linear import SMALL, inverse, jacobian, shift


def random_lanes(rng, size, batch):
    first = size // 2
    return (rng.normal(size=batch), rng.normal(size=(first, batch)))[: 2 if first else 1]


def joined(lanes):
    return np.concatenate([np.reshape(lane, (-1, lane.shape[-1])) for lane in lanes])


@pytest.mark.parametrize("size", [1, 5, 2 * SMALL + 5])
def test_solutions_satisfy_the_system_in_every_lane(size):
    rng = np.random.default_rng(3)
    b = random_lanes(rng, size, 3)
    d = len(joined(b))
    # Zeros on the diagonal, and rows of very different size, need pivots.
    matrix = rng.normal(size=(d, d, 3)) * 10.0 ** rng.uniform(-8, 8, size=(d, 1, 3))
    if d > 1:
        matrix[range(d), range(d)] = 0
    with jax.enable_x64(True):
        x = joined(jax.jit(lambda m, b: inverse(m)(b))(matrix, b))
    for lane in range(3):
        expected = np.linalg.solve(matrix[..., lane], joined(b)[:, lane])
        assert x[:, lane] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", [5, 2 * SMALL + 5])
def test_solutions_are_differentiated_by_matrix_and_right_side(size):
    rng = np.random.default_rng(5)
    b, c = random_lanes(rng, size, 2), random_lanes(rng, size, 2)
    d = len(joined(b))
    matrix, change = rng.normal(size=(2, d, d, 2))
    matrix += 3 * np.sqrt(d) * np.eye(d)[..., None]
    with jax.enable_x64(True):

        @jax.jit
        def both(m, b):
            out, tangent = jax.jvp(lambda m, b: inverse(m)(b), (m, b), (change, c))
            _, back = jax.vjp(lambda m, b: inverse(m)(b), m, b)
            return out, tangent, back(c)

        x, dx, (m_bar, b_bar) = both(matrix, b)
    for lane in range(2):
        m = matrix[..., lane]
        x_, dx_, b_, c_ = (joined(part)[:, lane] for part in (x, dx, b_bar, c))
        assert m @ dx_ == pytest.approx(c_ - change[..., lane] @ x_, abs=1e-10)
        assert m.T @ b_ == pytest.approx(c_, abs=1e-10)
        assert m_bar[..., lane] == pytest.approx(-np.outer(b_, x_), abs=1e-10)


def test_a_singular_matrix_gives_no_number():
    matrix = np.array([[1.0, 2.0], [2.0, 4.0]])[..., None]
    with jax.enable_x64(True):
        (x, y) = inverse(jnp.asarray(matrix))((np.ones(1), np.zeros(1)))
    assert not np.isfinite(x[0] + y[0])


def test_the_jacobian_is_that_of_every_lane():
    def function(y):
        x, v = y
        return (x * v[0], jnp.stack([jnp.sin(x) + v[1] ** 2, v[0] * v[1] * x]))

    with jax.enable_x64(True):
        x, (p, q) = np.array([0.3, 1.2]), np.array([[0.5, -0.4], [2.0, 0.7]])
        found = jacobian(function, (x, jnp.stack([p, q])))
        shifted = shift(found, np.array([2.0, 3.0]))
    expected = np.array([[p, x, 0 * x], [np.cos(x), 0 * x, 2 * q], [p * q, q * x, p * x]])
    assert np.array(found) == pytest.approx(expected, abs=1e-14)
    assert shifted[..., 1] == pytest.approx(np.eye(3) - 3 * expected[..., 1], abs=1e-13)
