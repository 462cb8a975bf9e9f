"""Moments of the schemes, exact by quadrature over the increments: no sampling error."""

import numpy as np
import pytest

import pysciml as ps

A, B = 0.4, 0.8
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(8)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@ps.model(state={"x": 1.0})
def growth(t, u, p):
    return {"x": A * u.x}


ITO = growth.noise(lambda t, u, p: {"x": B * u.x})
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
    ],
    ids=["EulerMaruyama", "EulerHeun", "Heun"],
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
