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


def step(name, dt):
    return {} if SOLVERS[name].adaptive else {"dt": dt}


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


@pytest.mark.parametrize("name", ODE)
def test_solutions_of_ordinary_equations_converge_with_the_order(name):
    errors, steps = [], []
    tight = 1e-4 if SOLVERS[name].ode_order < 8 else 1e-8
    for refined in (1, 1e-4):
        given = {"rtol": tight * refined, "atol": tight * refined}
        if not SOLVERS[name].adaptive:
            given = {"dt": 1 / 256 * refined ** (1 / 8)}
        sol = ps.solve(blow, t=(0, 1.5), save=[1.5], solver=settings(name), **given)
        errors.append(np.abs([sol.q[-1], sol.v[-1]] - exact(1.5)).max())
        steps.append(sol.attrs["steps"])
    order = np.log(errors[0] / errors[1]) / np.log(steps[1] / steps[0])
    (row,) = ps.capabilities(solver=name, problem="ode")
    assert order == pytest.approx(row.order, abs=0.1 * row.order)
    assert errors[1] < 0.05


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
    if "without_noise" in message:
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


@pytest.mark.parametrize("name", SOLVERS)
def test_events_happen_or_are_refused(name):
    # q doubles at t = 1/2, and is a constant before and after.
    row = ps.capabilities(solver=name)[0]
    still = ps.model(state={"q": 0.5, "v": 0.0})(lambda t, u, p: {"q": u.v, "v": 0.0 * u.q})
    if row.problem == "sde":
        still = still.noise(lambda t, u, p: {"q": 0.0, "v": 0.0})
    model = still.with_event("kick", at=0.5, then=lambda t, u, p: {"q": 2 * u.q})
    if not row.events:
        assert "does not solve models with events" in refusal(settings(name), model)
        return
    given = {"rng": 0} if row.problem == "sde" else {}
    sol = ps.solve(model, t=(0, 1), save=[0.25, 1], solver=name, **step(name, 0.25), **given)
    assert sol.q.values == pytest.approx([0.5, 1.0], rel=1e-12)
    assert sol.kick.values == pytest.approx([0.5])


@pytest.mark.parametrize("name", SOLVERS)
def test_gradients_are_right_or_refused(name):
    row = ps.capabilities(solver=name)[0]
    if row.problem == "ode":
        model, params, noise = blow, {"k": 2.0}, None
    else:
        model = blow.noise(lambda t, u, p: {"q": 0.1 * p.k, "v": 0.2}, calculus=row.calculus)
        params, noise = {"k": 2.0}, jax.random.key(0)
    if not row.gradient:
        with pytest.raises(CapabilityError, match="cannot be differentiated; use"):
            ps.flow(model, t=(0, 1), save=1, solver=settings(name))
        return
    with jax.enable_x64(True):
        flow = ps.flow(
            model, t=(0, 1), save=[1.0], solver=settings(name), max_steps=16, **step(name, 0.125)
        )

        def end(k):
            made = flow({}, {"k": k}, noise=noise)
            return made["q"][-1] + made["v"][-1]

        both = jax.jit(lambda k: jax.jvp(end, (k,), (1.0,)))
        (up, _), (down, _), (_, slope) = (
            map(float, both(params["k"] + d)) for d in (1e-5, -1e-5, 0.0)
        )
        # Adaptive steps count as constants in the derivative; differences see how they move.
        assert slope == pytest.approx((up - down) / 2e-5, rel=1e-4 if row.adaptive else 1e-8)
        if not row.adaptive:
            assert float(jax.grad(end)(2.0)) == pytest.approx(slope, rel=1e-12)


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
        assert row.engines == ("jax",)
        assert set(row.devices) == {"cpu", "gpu"}
