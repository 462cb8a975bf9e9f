"""Sparsity patterns of Jacobians: nothing that can differ from zero is left out."""

import jax.numpy as jnp
import numpy as np
import pytest
from runner import Batch, by_jax

import pysciml as ps

NEIGHBOURS = np.random.default_rng(0).integers(0, 6, (6, 2))
LINKS = (np.random.default_rng(1).random((6, 6)) < 0.3).astype(float)


def custom(x):
    """Pass a rounded number on, and a tangent of one all the same (straight through)."""
    import jax

    @jax.custom_jvp
    def rounded(x):
        return jnp.round(x)

    rounded.defjvp(lambda at, along: (rounded(*at), along[0]))
    return rounded(x)


RULES = {
    "pad and slice": lambda x: jnp.pad(x[1:5], (1, 1)) * x,
    "a known gather": lambda x: x[NEIGHBOURS].sum(axis=1),
    "a known matrix": lambda x: LINKS @ jnp.sin(x) + x,
    "a known matrix on the right": lambda x: jnp.cos(x) @ LINKS,
    "an outer product": lambda x: jnp.outer(x, x[:2])[:, 1],
    "batches": lambda x: jnp.einsum("bi,bij->bj", x.reshape(3, 2), jnp.ones((3, 2, 2))).ravel(),
    "both factors": lambda x: (x.reshape(3, 2) @ x[:4].reshape(2, 2)).ravel(),
    "select": lambda x: jnp.where(x > x[::-1], x, jnp.roll(x, 1)),
    "scan": lambda x: jnp.cumsum(x),
    "sort": lambda x: jnp.sort(x),
    "moved about": lambda x: jnp.concatenate([x[3:], x[:3]]).reshape(2, 3).T.ravel()[::-1],
    "split": lambda x: jnp.concatenate(jnp.split(x, 3)[::-1]),
    "stack": lambda x: jnp.stack([x[:3], x[3:]], axis=1).ravel(),
    "a maximum": lambda x: x - jnp.max(x[:3]),
    "straight through": custom,
    "a traced index": lambda x: x * x[jnp.argmax(x)],
}


def pattern_of(function, size):
    import jax

    from pysciml.engines.julia.translator.sparsity import pattern

    def along(x, v):
        return jax.jvp(function, (x,), (v,))[1]

    with jax.enable_x64(True):
        jaxpr = jax.make_jaxpr(along)(np.ones(size), np.ones(size))
    return pattern(jaxpr, [1])


def dense(found):
    matrix = np.zeros((found.colors.size,) * 2, bool)
    matrix[found.rows, found.columns] = True
    return matrix


@pytest.mark.parametrize("name", RULES)
def test_every_element_that_differs_from_zero_is_in_the_pattern(name):
    import jax

    found = pattern_of(RULES[name], 6)
    rng = np.random.default_rng(2)
    with jax.enable_x64(True):
        jacobian = jax.jit(jax.jacfwd(RULES[name]))
        seen = sum(np.abs(jacobian(rng.normal(size=6))) for _ in range(20)) > 0
    assert not (seen & ~dense(found)).any()
    tight = {"a known gather", "a known matrix", "a known matrix on the right", "batches", "split"}
    if name in tight | {"moved about", "pad and slice", "select", "straight through", "stack"}:
        np.testing.assert_array_equal(dense(found), seen | np.eye(6, dtype=bool))


def test_columns_of_one_tangent_have_no_row_in_common():
    for function in RULES.values():
        found = pattern_of(function, 6)
        shared = dense(found).astype(int) @ (found.colors[:, None] == np.arange(6))
        assert shared.max() == 1


def test_a_ring_needs_four_tangents_and_a_full_network_none():
    from pysciml.engines.julia.translator.source import source

    made = source(ps.catalog.lorenz96(60)).sparsity
    assert made.rows.size == 4 * 60
    assert made.colors.max() == 3
    i, j = made.rows, made.columns
    assert set((i - j) % 60) == {0, 1, 2, 59}  # x_i' = (x_(i+1) - x_(i-2)) x_(i-1) - x_i + F
    assert source(ps.catalog.stuart_landau(30, stochastic=False)).sparsity is None
    assert source(ps.catalog.lorenz96(20)).sparsity is None


def elements():
    from pysciml.engines.julia.translator.trace import functions

    model = ps.catalog.lorenz96(60)
    function = next(f for f in functions(model) if f.name == "drift_jac")
    rng = np.random.default_rng(3)
    return function, {"u": rng.normal(size=60), "p": np.array([8.0]), "t": np.zeros(1)}


def ring(x):
    """Give the Jacobian of Lorenz (1996), by hand."""
    matrix = np.zeros((60, 60))
    for i in range(60):
        matrix[i, i] = -1
        matrix[i, i - 1] = x[(i + 1) % 60] - x[i - 2]
        matrix[i, (i + 1) % 60] = x[i - 1]
        matrix[i, i - 2] = -x[i - 1]
    return matrix


def test_its_elements_are_those_of_the_jacobian():
    function, given = elements()
    found = by_jax([function], [given])[0][0]
    expected = ring(given["u"])[function.pattern.rows, function.pattern.columns]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.julia
def test_julia_gives_the_same_elements(tmp_path):
    function, given = elements()
    batch = Batch()
    batch.add("loops", function, given, scalar=False)
    batch.add("allocated", function, given, scalar=False, allocations=True)
    answers = batch.run(tmp_path)
    expected = ring(given["u"])[function.pattern.rows, function.pattern.columns]
    np.testing.assert_allclose(answers["loops"][0], expected, rtol=1e-14)
    assert answers["allocated"][0][0] == 0
