"""Strong orders: paths on given Brownian increments against exact solutions on the same path."""

import numpy as np
import pytest

import pysciml as ps

A, B = 0.4, 0.8
PATHS, FINEST = 800, 128
DW = np.random.default_rng(0).normal(0, FINEST**-0.5, (PATHS, FINEST, 1))


@ps.model(state={"x": 1.0})
def growth(t, u, p):
    return {"x": A * u.x}


ITO = growth.noise(lambda t, u, p: {"x": B * u.x})
STRATONOVICH = growth.noise(lambda t, u, p: {"x": B * u.x}, calculus="stratonovich")


@ps.model(state={"x": 1.0})
def relaxation(t, u, p):
    return {"x": A / (1 + t) ** 0.5 - u.x / (2 * (1 + t))}


# Kloeden and Platen (1992), "Numerical solution of SDEs", 4.4.
ADDITIVE = relaxation.noise(lambda t, u, p: {"x": A * B / (1 + t) ** 0.5})


def error(model, solver, steps, exact):
    """Root mean square at t = 1 over the paths."""
    dw = DW.reshape(PATHS, steps, -1).sum(2)[..., None]
    sol = ps.solve(
        model,
        t=(0, 1),
        save="steps",
        dt=1 / steps,
        solver=solver,
        trajectories=PATHS,
        increments=dw,
    )
    return np.sqrt(np.mean((sol.x.values[:, -1] - exact(DW.sum((1, 2)))) ** 2))


@pytest.mark.parametrize(
    ("model", "solver", "order", "exact"),
    [
        (ITO, "EulerMaruyama", 0.5, lambda w: np.exp(A - B**2 / 2 + B * w)),
        (STRATONOVICH, "EulerHeun", 1, lambda w: np.exp(A + B * w)),
        (STRATONOVICH, "Heun", 1, lambda w: np.exp(A + B * w)),
        (ADDITIVE, "EulerMaruyama", 1, lambda w: (1 + A * (1 + B * w)) / 2**0.5),
        (ADDITIVE, "EulerHeun", 1, lambda w: (1 + A * (1 + B * w)) / 2**0.5),
    ],
    ids=["EulerMaruyama", "EulerHeun", "Heun", "EulerMaruyama, additive", "EulerHeun, additive"],
)
def test_paths_converge_with_the_strong_order(model, solver, order, exact):
    coarse, fine = (error(model, solver, steps, exact) for steps in (16, FINEST))
    assert np.log(coarse / fine) / np.log(FINEST / 16) == pytest.approx(order, abs=0.12)


def test_the_noise_of_a_solver_is_that_of_its_calculus():
    """Euler-Maruyama tends to the Ito solution, Heun to that of Stratonovich, on one path."""
    ito, stratonovich = np.exp(A - B**2 / 2 + B * DW.sum((1, 2))), np.exp(A + B * DW.sum((1, 2)))

    def mean(model, solver, exact):
        return error(model, solver, FINEST, exact=lambda w: exact)

    assert mean(ITO, "EulerMaruyama", ito) < mean(ITO, "EulerMaruyama", stratonovich) / 3
    assert mean(STRATONOVICH, "Heun", stratonovich) < mean(STRATONOVICH, "Heun", ito) / 30
