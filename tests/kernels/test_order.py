"""Orders of convergence of the schemes for ordinary equations."""

import jax
import numpy as np
import pytest

import pysciml as ps
from pysciml.engines.jax.adaptive import Problem, solve_adaptive
from pysciml.engines.jax.adaptive_methods import method_of
from pysciml.engines.jax.system import System


@ps.model(state={"y": 0.5, "c": 1.0})
def bell(t, u, p):
    """Two equations that y = 1 / (1 + t^2) and c = sqrt((1 + t^2) / 2) solve, from t = 1."""
    return {"y": -2 * t * u.y**2, "c": t * u.y * u.c}


def exact(t):
    return np.array([1 / (1 + t**2), np.sqrt((1 + t**2) / 2)])


def errors(solver, steps, substeps, spans):
    """Errors at the end of the spans, each taken in the same number of steps."""
    found = []
    for span in spans:
        end = 1 + span
        save = np.linspace(1, end, steps + 1)
        dt = span / (steps * substeps)
        sol = ps.solve(bell, t=(1, end), save=save, dt=dt, solver=solver)
        assert sol.attrs["steps"] == steps * substeps
        found.append([sol.y[-1], sol.c[-1]] - exact(end))
    return np.abs(found)


# A number N of steps of length h from the same start end with an error of N O(h^(p+1)).
@pytest.mark.parametrize(
    ("solver", "substeps", "order"),
    [("Euler", 1, 1), ("Heun", 2, 2), ("RK4", 1, 4), ("RK4", 9, 4)],
)
def test_the_error_of_steps_falls_with_the_order(solver, substeps, order):
    assert ps.solvers.SOLVERS[solver].ode_order == order
    spans = np.array([0.2, 0.1, 0.05])
    slopes = np.diff(np.log(errors(solver, 4, substeps, spans)), axis=0) / np.log(0.5)
    assert slopes[-1] == pytest.approx(order + 1, abs=0.2)


# In one step of length h the end has an error of O(h^(p+1)), the interpolant of O(h^(q+1)).
@pytest.mark.parametrize(
    ("solver", "order", "inside", "spans"),
    [
        ("Tsit5", 5, 4, (0.06, 0.03)),
        ("Dopri5", 5, 4, (0.06, 0.03)),
        ("Dopri8", 8, 7, (0.24, 0.12)),
    ],
)
def test_one_step_has_the_order_of_the_method_and_its_interpolant(solver, order, inside, spans):
    found, method = [], method_of(ps.solvers.SOLVERS[solver]())
    assert ps.solvers.SOLVERS[solver].ode_order == order
    with jax.enable_x64(True):

        @jax.jit
        def step(times):
            problem = Problem(System(bell).field({}), 1e3, 1e3, times[-1])
            y0 = (np.array([0.5]), np.array([1.0]))
            return solve_adaptive(method, problem, y0, times[:1], times[1:])

        for span in spans:
            times = 1 + span * np.linspace(0, 1, 5)
            path, end = step(times)
            assert end.accepted[0] == 1
            error = np.linalg.norm(np.squeeze(path, -1) - exact(times[1:]), axis=0)
            found.append([error[:-1].max(), error[-1]])
    within, at_the_end = np.log2(np.divide(*found))
    assert at_the_end == pytest.approx(order + 1, abs=0.4)
    assert within == pytest.approx(inside + 1, abs=0.4)


@pytest.fixture(scope="module")
def by_tolerance():
    """Errors at dense save times, and counts of steps, for falling tolerances."""
    found = {}
    for tolerance in (1e-5, 1e-7, 1e-9, 1e-11):
        sol = ps.solve(bell, t=(1, 6), save=0.01, rtol=tolerance, atol=tolerance)
        error = np.abs(np.array([sol.y, sol.c]) - exact(sol.time.values)).max()
        found[tolerance] = float(error), sol.attrs["steps"]
    return found


def test_the_error_follows_the_tolerance_at_every_save_time(by_tolerance):
    for tolerance, (error, _) in by_tolerance.items():
        assert tolerance / 100 < error < 10 * tolerance


def test_the_steps_grow_with_the_fifth_root_of_the_tolerance(by_tolerance):
    (loose, tight) = by_tolerance[1e-7], by_tolerance[1e-11]
    assert np.log10(tight[1] / loose[1]) / 4 == pytest.approx(1 / 5, abs=0.03)
