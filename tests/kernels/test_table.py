"""The capability table, walked: what it allows is right, what it does not is refused.

Strong orders of every row of a stochastic equation are checked in test_categories.py.
"""

import dataclasses
import functools
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from known_paths import model_of

import pysciml as ps
from pysciml.engines.jax.adaptive import Problem
from pysciml.engines.jax.adaptive_methods import method_of
from pysciml.engines.jax.system import System
from pysciml.errors import CapabilityError
from pysciml.solvers import CALCULI, CATEGORIES, SOLVERS, as_markdown, resolve

ROOT = Path(__file__).parents[2]
ODE = [row.solver for row in ps.capabilities(problem="ode")]
SDE = list(dict.fromkeys(row.solver for row in ps.capabilities(problem="sde")))


@ps.model(state={"q": 0.5, "v": 1.25}, params={"k": 2.0})
def blow(t, u, p):
    """Separable, neither linear nor autonomous: q = 1 / (2 - t) + sin t, v = q'."""
    return {"q": u.v, "v": p.k * (u.q - jnp.sin(t)) ** 3 - jnp.sin(t)}


def exact(t):
    return np.array([1 / (2 - t) + np.sin(t), 1 / (2 - t) ** 2 + np.cos(t)])


def settings(name):
    if name == "StormerVerlet":
        return ps.StormerVerlet(positions="q", momenta="v")
    return SOLVERS[name]()


def family(name):
    """Solvers of one family differ in coefficients, or in one function, not in what runs them."""
    if SOLVERS[name].adaptive and name in ODE:
        return type(method_of(SOLVERS[name]())).__name__
    return "fixed steps" if name in ODE else "fixed steps with noise"


FIRST = list({family(n): n for n in reversed(SOLVERS) if SOLVERS[n].events}.values())


@functools.cache
def noisy(category, calculus):
    return model_of(category, calculus)


def test_every_solver_has_a_row_and_a_public_name():
    assert sorted({*ODE, *SDE}) == sorted(SOLVERS)
    for name, solver in SOLVERS.items():
        assert getattr(ps, name) is solver
        assert f"{name}(" in repr(solver())


def test_rows_are_frozen_and_can_be_asked_for():
    rows = ps.capabilities()
    assert len(set(rows)) == len(rows)
    with pytest.raises(dataclasses.FrozenInstanceError):
        rows[0].order = 9
    assert {row.problem for row in ps.capabilities(problem="ode")} == {"ode"}
    assert {row.solver for row in ps.capabilities(solver="Heun")} == {"Heun"}
    (row,) = ps.capabilities(solver="Rodas5P")
    assert (row.order, row.stiff, row.adaptive, row.noise) == (5, True, True, None)


def test_the_page_is_the_table():
    page = (ROOT / "docs/solvers.md").read_text("utf-8")
    assert page == as_markdown(), "run: pysciml solvers --markdown > docs/solvers.md"


def errors_by_steps(name):
    """Errors at the end of a fixed span, in N and 2 N steps, times N."""
    found = []
    for steps in (256, 512):
        dt = 1.5 / steps
        sol = ps.solve(blow, t=(0, 1.5), save=[1.5], dt=dt, solver=settings(name))
        found.append(np.abs([sol.q[-1], sol.v[-1]] - exact(1.5)).max())
    return found


def errors_of_one_step(name):
    """Errors of one step of h and of h / 2, an adaptive method's own choice put aside."""
    method, system = method_of(settings(name)), System(blow)
    start, widths = (0.5, (0.04, 0.02)) if method.error_order < 7 else (1.0, (0.12, 0.06))
    with jax.enable_x64(True):

        @jax.jit
        def one(t, h, y):
            field = system.field({"k": 2.0}).during(t)
            problem = Problem(field, 0.0, 1e-12, t + h)
            return method.trial(field, t, h, y, field.drift(t, y), problem.scale).y

        t, found = np.array([start]), []
        for h in widths:
            y = one(t, np.array([h]), tuple(exact(t)))
            found.append(np.linalg.norm(np.concatenate(y) - exact(start + h)))
    return found


@pytest.mark.parametrize("name", ODE)
def test_solutions_of_ordinary_equations_converge_with_the_order(name):
    (row,) = ps.capabilities(solver=name, problem="ode")
    errors = errors_of_one_step(name) if row.adaptive else errors_by_steps(name)
    local = 1 if row.adaptive else 0
    assert np.log2(errors[0] / errors[1]) == pytest.approx(row.order + local, abs=0.35)
    assert errors[1] < 0.05


@pytest.mark.parametrize("name", [name for name in ODE if SOLVERS[name].adaptive])
def test_errors_follow_the_tolerance(name):
    for tolerance in (1e-5, 1e-8):
        settings = {"rtol": tolerance, "atol": tolerance}
        sol = ps.solve(blow, t=(0, 1.5), save=[1.5], solver=name, **settings)
        error = np.abs([sol.q[-1], sol.v[-1]] - exact(1.5)).max()
        assert tolerance / 100 < error < 100 * tolerance


def refusal(solver, model):
    """The message, after what it says to use instead has been seen to be allowed."""
    with pytest.raises(CapabilityError) as raised:
        resolve(solver, model, None)
    message = str(raised.value)
    assert SOLVERS[type(solver).__name__].__name__ in message
    offered = re.findall(r"(?:use|or) (?:ps\.)?([A-Z]\w+)", message)
    assert offered, message
    for name in offered:
        assert resolve(name, model, None).name == name
    if "with_calculus" in message:
        converted = model.with_calculus(solver.calculus)
        assert resolve(solver, converted, None) == solver
    if "without_noise" in message and not isinstance(solver, ps.StormerVerlet):
        assert resolve(solver, model.without_noise(), None) == solver
    return message


@pytest.mark.parametrize("name", SOLVERS)
def test_what_the_table_does_not_allow_is_refused_with_what_is(name):
    solver, rows = settings(name), ps.capabilities(solver=name)
    if "ode" not in {row.problem for row in rows}:
        assert "has no noise" in refusal(solver, blow)
    allowed = {(row.noise, row.calculus) for row in rows}
    for category in CATEGORIES:
        for calculus in CALCULI:
            model = noisy(category, calculus)
            if (category, calculus) in allowed:
                assert resolve(solver, model, None) == solver
            else:
                refusal(solver, model)


def with_kick(name):
    """The state doubles at t = 1/2, and is a constant before and after."""
    still = ps.model(state={"q": 0.5, "v": 0.0})(lambda t, u, p: {"q": u.v, "v": 0.0 * u.q})
    if name not in ODE:
        still = still.noise(lambda t, u, p: {"q": 0.0, "v": 0.0})
    return still.with_event("kick", at=0.5, then=lambda t, u, p: {"q": 2 * u.q})


@pytest.mark.parametrize("name", FIRST)
def test_events_happen(name):
    given = {} if SOLVERS[name].adaptive else {"dt": 0.25}
    sol = ps.solve(with_kick(name), t=(0, 1), save=[0.25, 1], solver=name, **given)
    assert sol.q.values == pytest.approx([0.5, 1.0], rel=1e-12)
    assert sol.kick.values == pytest.approx([0.5])


@pytest.mark.parametrize("name", SOLVERS)
def test_events_are_refused_where_the_table_says_so(name):
    if all(row.events for row in ps.capabilities(solver=name)):
        assert resolve(settings(name), with_kick(name), None).name == name
    else:
        assert "does not solve models with events" in refusal(settings(name), with_kick(name))


# Backwards through adaptive steps compiles for long; test_flow.py does it with Tsit5.
TRIED = [
    name
    for name in SOLVERS
    if not SOLVERS[name].adaptive or (name in FIRST and SOLVERS[name].stiff)
]


@pytest.mark.parametrize("name", TRIED)
def test_gradients_are_right_or_refused(name):
    row = ps.capabilities(solver=name)[0]
    model, noise = blow, None
    if row.problem == "sde":
        model = blow.noise(lambda t, u, p: {"q": 0.1 * p.k, "v": 0.2}, calculus=row.calculus)
        noise = jax.random.key(0)
    if not row.gradient:
        with pytest.raises(CapabilityError, match="cannot be differentiated; use"):
            ps.flow(model, t=(0, 1), save=1, solver=settings(name))
        return
    with jax.enable_x64(True):
        # Ten steps of dt; a loose tolerance and few steps where they are adaptive.
        given = {"rtol": 1e-4, "max_steps": 64} if row.adaptive else {"dt": 0.1}
        flow = ps.flow(model, t=(0, 1), save=[1.0], solver=settings(name), **given)

        @jax.jit
        @jax.value_and_grad
        def end(k):
            made = flow({}, {"k": k}, noise=noise)
            return made["q"][-1] + made["v"][-1]

        (up, _), (down, _), (_, slope) = (np.array(end(2.0 + d)) for d in (1e-5, -1e-5, 0.0))
    # Adaptive steps count as constants in the derivative; differences see how they move.
    assert slope == pytest.approx((up - down) / 2e-5, rel=1e-3 if row.adaptive else 1e-8)


@pytest.mark.parametrize("name", SOLVERS)
def test_derivatives_where_there_are_events_are_refused_where_they_would_be_wrong(name):
    row = ps.capabilities(solver=name)[0]
    model = blow if row.problem == "ode" else blow.noise(lambda t, u, p: {"q": 0.1, "v": 0.2})
    model = model.with_event("up", when=lambda t, u, p: u.q - 0.7)
    if row.gradient_with_events:
        ps.flow(model, t=(0, 1), solver=settings(name))
    else:
        message = "solve models with events|adaptive solver such as" if row.events else "events"
        with pytest.raises(CapabilityError, match=message):
            ps.flow(model, t=(0, 1), solver=settings(name))


def test_rows_say_where_they_run():
    for row in ps.capabilities():
        assert row.engines
        assert set(row.engines) <= {"jax", "julia"}
        assert set(row.devices) == ({"cpu", "gpu"} if "jax" in row.engines else {"cpu"})
