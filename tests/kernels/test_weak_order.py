"""Moments of the schemes, exact by quadrature over the increments: no sampling error."""

import jax
import numpy as np
import pytest

import pysciml as ps
from pysciml.engines.jax.programs import step_of
from pysciml.engines.jax.system import System

A, B = 0.4, 0.8
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(8)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@ps.model(state={"x": 1.0})
def growth(t, u, p):
    return {"x": A * u.x}


ITO = growth.noise(lambda t, u, p: {"x": B * u.x})
OU = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": -A * u.x}).noise(lambda t, u, p: {"x": B})
STRATONOVICH = growth.noise(lambda t, u, p: {"x": B * u.x}, calculus="stratonovich")


def moments(model, solver, steps):
    """First and second moment at t = 1 of a scheme for geometric Brownian motion.

    A step multiplies x by a factor that depends on its own increment alone, so the moments are
    powers of those of one step.
    """
    h = 1 / steps
    sol = ps.solve(
        model,
        t=(0, h),
        save=h,
        dt=h,
        solver=solver,
        trajectories=len(NODES),
        increments=np.sqrt(h) * NODES[:, None, None],
    )
    factor = sol.x.values[:, -1]
    return np.array([WEIGHTS @ factor, WEIGHTS @ factor**2]) ** steps


@pytest.mark.parametrize(
    ("model", "solver", "drift"),
    [
        (ITO, "EulerMaruyama", A),
        (STRATONOVICH, "EulerHeun", A + B**2 / 2),
        (STRATONOVICH, "Heun", A + B**2 / 2),
        (ITO, "Milstein", A),
        (STRATONOVICH, "Milstein", A + B**2 / 2),
    ],
    ids=["EulerMaruyama", "EulerHeun", "Heun", "Milstein, Ito", "Milstein, Stratonovich"],
)
def test_moments_of_geometric_brownian_motion_converge_with_weak_order_1(model, solver, drift):
    # E x = exp(drift t) and E x^2 = exp((2 drift + B^2) t), where the drift of Stratonovich's
    # calculus is that of Ito's with B^2 / 2 more.
    exact = np.exp([drift, 2 * drift + B**2])
    errors = np.abs([moments(model, solver, steps) - exact for steps in (64, 256)])
    assert np.all(errors[1] < 0.01 * exact)
    assert np.log(errors[0] / errors[1]) / np.log(4) == pytest.approx(1, abs=0.1)


def test_the_first_moment_of_euler_maruyama_is_that_of_euler():
    np.testing.assert_allclose(moments(ITO, "EulerMaruyama", 10)[0], (1 + A / 10) ** 10, rtol=1e-13)


def test_one_step_of_every_scheme_is_that_of_the_textbook():
    h, dw = 0.25, np.sqrt(0.25) * NODES
    factors = {
        "EulerMaruyama": 1 + A * h + B * dw,
        "EulerHeun": 1 + A * h + B * dw * (2 + B * dw) / 2,
        "Heun": 1 + (A * h + B * dw) * (2 + A * h + B * dw) / 2,
        "Milstein": 1 + A * h + B * dw + B**2 * dw**2 / 2,
    }
    for solver, expected in factors.items():
        model = ITO if solver == "EulerMaruyama" else STRATONOVICH
        sol = ps.solve(
            model,
            t=(0, h),
            save=h,
            dt=h,
            solver=solver,
            trajectories=len(NODES),
            increments=dw[:, None, None],
        )
        np.testing.assert_allclose(sol.x.values[:, -1], expected, rtol=1e-14)


def one_step(model, solver, h, start):
    """One step of a scheme that draws two numbers per source, at the nodes of both.

    The second is the mean of the path over the step, conditioned on its increment: a normal
    number of variance h / 12 added to half of the increment.
    """
    system, step = System(model), step_of(model, solver)
    dw, dz = np.sqrt(h) * np.stack(np.meshgrid(NODES, NODES)).reshape(2, -1)
    with jax.enable_x64(True):
        moved = jax.jit(lambda y, *draws: step(system.field({}), 0.0, y, h, draws))
        lanes = [system.increments(array[None]) for array in (dw, dz)]
        return np.asarray(moved(system.lanes(np.full((1, len(dw)), start)), *lanes)[0])


def test_moments_of_stochastic_runge_kutta_converge_with_weak_order_2():
    weights = np.outer(WEIGHTS, WEIGHTS).ravel()
    growths, relaxations = [], []
    for steps in (8, 32):
        factor = one_step(ITO, ps.SRIW1(), 1 / steps, 1.0)
        growths.append([(weights @ factor) ** steps, (weights @ factor**2) ** steps])
        # Of a linear equation with constant noise: x -> q x + e, the variance that of e q^2k.
        moved, shock = (one_step(OU, ps.SRA1(), 1 / steps, x) for x in (1.0, 0.0))
        q, variance = weights @ (moved - shock), weights @ shock**2
        relaxations.append([q**steps, variance * (1 - q ** (2 * steps)) / (1 - q**2)])
    for found, exact in (
        (growths, np.exp([A, 2 * A + B**2])),
        (relaxations, np.array([np.exp(-A), B**2 * (1 - np.exp(-2 * A)) / (2 * A)])),
    ):
        errors = np.abs(found - exact)
        assert np.log(errors[0] / errors[1]) / np.log(4) == pytest.approx(2, abs=0.15)
