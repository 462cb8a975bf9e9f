"""Every solver with noise of every category: refused, or of the strong order that it claims."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from known_paths import Paths, exact, growth, model_of, solver_at_the_end

import pysciml as ps
from pysciml.errors import CapabilityError
from pysciml.solvers import CATEGORIES, SOLVERS, resolve
from pysciml.tracing import call

FINEST, STEPS = 512, (16, 64)
SOURCES = {"additive": 2, "diagonal": 2, "scalar": 1, "commutative": 2, "general": 2}
PATHS = {sources: Paths(300, FINEST, sources) for sources in (1, 2)}
STEPPERS = [n for n, s in SOLVERS.items() if s.calculus is not None and not s.adaptive]
PAIRS = [(name, category) for name in STEPPERS for category in CATEGORIES]


@functools.cache
def reference(category, calculus):
    """States at t = 1 on the paths: exact ones, or by the best solver on the finest grid."""
    paths = PATHS[SOURCES[category]]
    best = {"additive": "SRA1", "general": "EulerMaruyama"}.get(category)
    if best is None:
        return exact(category, calculus, paths.end)
    return solver_at_the_end(model_of(category, "ito"), SOLVERS[best]())(FINEST, paths)


def allowed(solver, category, calculus):
    same = solver.calculus in ("both", calculus) or category == "additive"
    return same and category in solver.strong


@pytest.mark.parametrize("calculus", ["ito", "stratonovich"])
@pytest.mark.parametrize(("name", "category"), PAIRS)
def test_a_solver_is_refused_or_has_its_strong_order(name, category, calculus):
    solver, model = SOLVERS[name](), model_of(category, calculus)
    assert model.noise_category == category
    if not allowed(solver, category, calculus):
        best = "EulerMaruyama" if calculus == "ito" else "EulerHeun"
        reason = f"is {category} .*" if solver.calculus in ("both", calculus) else "converge to.*"
        with pytest.raises(CapabilityError, match=f"{reason}; use {best}"):
            resolve(name, model, 0.1)
        return
    assert resolve(name, model, 0.1) == solver
    if category == "additive" and calculus != "ito":
        return  # the numbers are the same
    end, known = solver_at_the_end(model, solver), reference(category, calculus)
    paths = PATHS[SOURCES[category]]
    errors = [np.sqrt(np.mean((end(steps, paths) - known) ** 2)) for steps in STEPS]
    order = np.log(errors[0] / errors[1]) / np.log(STEPS[1] / STEPS[0])
    assert order == pytest.approx(solver.strong[category], abs=0.2)


def test_the_error_without_commuting_sources_is_the_area_that_increments_do_not_know():
    # Of variance h^2 in every step (Levy 1951), and independent from step to step.
    paths, known = PATHS[2], reference("general", "ito")
    end = solver_at_the_end(model_of("general", "ito"), SOLVERS["EulerMaruyama"]())
    for steps in STEPS:
        error = end(steps, paths) - known
        assert np.abs(error[:, :2]).max() < 1e-12
        expected = 1 / steps - 1 / FINEST
        assert np.mean(error[:, 2] ** 2) == pytest.approx(expected, rel=0.4)


def test_conversion_changes_the_drift_and_not_the_path():
    """Euler-Maruyama of the model in Ito's calculus tends to its solution in Stratonovich's."""
    for category in ("diagonal", "scalar", "commutative"):
        model, paths = model_of(category, "stratonovich"), PATHS[SOURCES[category]]
        end = solver_at_the_end(model.with_calculus("ito"), SOLVERS["Milstein"]())
        known = reference(category, "stratonovich")
        errors = [np.sqrt(np.mean((end(steps, paths) - known) ** 2)) for steps in STEPS]
        assert np.log(errors[0] / errors[1]) / np.log(4) == pytest.approx(1, abs=0.2)
    # And back: the drift is the one before.
    again = model_of("commutative", "ito").with_calculus("stratonovich").with_calculus("ito")
    with jax.enable_x64(True):
        state = {"x": np.array([0.3, -0.7])}
        found, expected = (call(m.drift, 0.0, state, {}, {})["x"] for m in (again, growth))
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_without_commuting_sources_conversion_keeps_the_law_of_the_drift():
    # Half the sum of the derivatives of every source along itself, by hand.
    model = ps.model(state={"x": [1.0, 2.0]})(lambda t, u, p: {"x": -u.x})
    noisy = model.noise(kind="general", sources=2)(
        lambda t, u, p: {"x": jnp.array([[u.x[1] ** 2, 1.0], [u.x[0], jnp.sin(u.x[1])]])}
    )
    assert noisy.noise_category == "general"
    x, y = 0.3, -0.7
    shift = np.array([2 * y * x, y**2 + np.cos(y) * np.sin(y)]) / 2
    with jax.enable_x64(True):
        state = {"x": np.array([x, y])}
        to_stratonovich = call(noisy.with_calculus("stratonovich").drift, 0.0, state, {}, {})["x"]
    np.testing.assert_allclose(to_stratonovich, [-x, -y] - shift, rtol=1e-14)
