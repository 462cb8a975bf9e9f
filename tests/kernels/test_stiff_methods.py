"""Coefficients of the stiff methods against the order conditions, and derivatives of a step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rooted_trees import defects, trees

import pysciml as ps
from pysciml.engines.jax.adaptive_methods import method_of
from pysciml.engines.jax.system import System
from pysciml.solvers import SOLVERS

STIFF = ["Rodas4", "Rodas5P", "Kvaerno5"]


def tableau(method):
    """Weights of solution and error, a function of those within, alpha and beta."""
    size = len(method.error) if hasattr(method, "error") else len(method.alpha)
    if hasattr(method, "error"):
        matrix = np.zeros((size, size))
        for i, row in enumerate(method.a, 1):
            matrix[i, : i + 1] = (*row, method.gamma)
        dense = np.array(method.dense)
        within = lambda x: sum(x**k * row for k, row in enumerate(dense, 1))  # noqa: E731
        return matrix[-1], np.array(method.error), within, matrix, matrix
    # From the form that is computed to the one in which the conditions are written.
    c = np.zeros((size, size))
    for i, row in enumerate(method.c, 1):
        c[i, :i] = row
    gammas = np.linalg.inv(np.eye(size) / method.gamma - c)
    a = np.zeros((size, size))
    for i in range(1, size):
        shared = method.a[min(i, len(method.a)) - 1]
        a[i, :i] = (*shared, *np.ones(i - len(shared)))
    unit, last = np.eye(size), (*a[-1, :-1], 1.0)
    alpha = a @ gammas
    assert alpha.sum(axis=1) == pytest.approx(np.array(method.alpha), abs=1e-12)
    assert gammas.sum(axis=1) == pytest.approx(np.array(method.gammas), abs=1e-12)

    def within(x):
        inner = sum(x**k * np.array(row) for k, row in enumerate(method.dense))
        return (x * np.array(last) + x * (1 - x) * inner) @ gammas

    return np.array(last) @ gammas, unit[-1] @ gammas, within, alpha, alpha + gammas


def test_there_are_as_many_trees_as_butcher_counted():
    assert [len(trees(order)) for order in range(1, 7)] == [1, 1, 2, 4, 9, 20]


@pytest.mark.parametrize("name", STIFF)
def test_coefficients_satisfy_the_order_conditions(name):
    method, order = method_of(SOLVERS[name]()), SOLVERS[name].ode_order
    b, error, within, alpha, beta = tableau(method)
    for p in range(1, order + 1):
        assert defects(b, alpha, beta, p) == pytest.approx(0, abs=1e-11)
    assert np.abs(defects(b, alpha, beta, order + 1)).max() > 1e-5
    # Without the estimate the solution has one order less, so that this is the estimate's order.
    for p in range(1, order):
        assert defects(b - error, alpha, beta, p) == pytest.approx(0, abs=1e-11)
    assert np.abs(defects(b - error, alpha, beta, order)).max() > 1e-4
    assert method.error_order == order
    for x in (0.2, 0.5, 0.9):
        for p in range(1, {"Rodas4": 3, "Rodas5P": 4, "Kvaerno5": 4}[name] + 1):
            assert defects(within(x), alpha, beta, p, x) == pytest.approx(0, abs=1e-10)
    assert within(1.0) == pytest.approx(b, abs=1e-10)


@pytest.mark.parametrize("name", STIFF)
def test_infinitely_stiff_components_are_damped_at_once(name):
    method = method_of(SOLVERS[name]())
    b, _, _, _, beta = tableau(method)
    implicit = slice(1, None) if name == "Kvaerno5" else slice(None)  # its first stage is explicit
    for z in (-1e3, -1e5, -1e7):
        growth = 1 + z * b @ np.linalg.solve(np.eye(len(b)) - z * beta, np.ones(len(b)))
        assert abs(growth) < 50 / abs(z)
    assert np.diag(beta)[implicit] == pytest.approx(method.gamma, abs=1e-12)


@ps.model(state={"x": 2.0, "v": ps.Variable([0.3, -0.7])}, params={"mu": 3.0})
def circuit(t, u, p):
    """Not linear, not autonomous, and with lanes of two kinds."""
    first, second = u.v
    drive = p.mu * (1 - u.x**2) * first - u.x + jnp.sin(3 * t)
    return {"x": first, "v": jnp.stack([drive, -20 * p.mu * (second - jnp.cos(u.x))])}


def one_step(name):
    method, system = method_of(SOLVERS[name]()), System(circuit)

    def step(values):
        """The end of one step, from parameter, time and state."""
        mu, t, x, first, second = (values[i : i + 1] for i in range(5))
        field = system.field({"mu": mu[0]})
        y, h = (x, jnp.stack([first, second])), jnp.full(1, 0.1)

        def scale(a, b):
            return tuple(jnp.full_like(lane, 1e-9) for lane in a)

        trial = method.trial(field, t, h, y, field.drift(t, y), scale)
        inside = method.interpolate(field, t, h, y, trial.y, trial.stages, jnp.full(1, 0.3))
        return jnp.concatenate([trial.y[0], trial.y[1][:, 0], inside[1][:, 0]])

    return step


@pytest.mark.parametrize("name", ["Rodas5P", "Kvaerno5"])
def test_a_step_has_the_derivatives_of_finite_differences(name):
    with jax.enable_x64(True):
        step = one_step(name)
        at = jnp.array([3.0, 0.4, 2.0, 0.3, -0.7])
        forwards, backwards = jax.jit(lambda v: (jax.jacfwd(step)(v), jax.jacrev(step)(v)))(at)
        moved = jax.jit(jax.vmap(step))(at + 1e-4 * np.concatenate([np.eye(5), -np.eye(5)]))
        found = np.array(moved[:5] - moved[5:]).T / 2e-4
    assert np.abs(found).max(axis=0).min() > 1e-3
    assert np.array(forwards) == pytest.approx(found, abs=3e-7)
    assert np.array(backwards) == pytest.approx(np.array(forwards), abs=1e-11)


def test_a_step_whose_newton_iterations_fail_is_not_accepted():
    burst = ps.model(state={"y": 1.0})(lambda t, u, p: {"y": u.y**3})
    with jax.enable_x64(True):
        method, field = method_of(SOLVERS["Kvaerno5"]()), System(burst).field({})
        t, y = np.zeros(2), (np.ones(2),)

        sizes = (jnp.full(2, 1e-6),)
        h = np.array([0.01, 10.0])
        trial = method.trial(field, t, h, y, field.drift(t, y), lambda a, b: sizes)
        error, end = np.array(method.measure(trial.amiss, sizes)), np.array(trial.y[0])
    assert error[0] < 1
    assert error[1] == np.inf
    assert end[0] == pytest.approx(1 / np.sqrt(1 - 2 * 0.01), abs=1e-9)
