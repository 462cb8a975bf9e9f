"""Gradients through the kernels against central differences, with a batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.engines.jax.kernels import STEPS, integrate
from pysciml.engines.jax.programs import step_of
from pysciml.engines.jax.stochastic import NORMALS
from pysciml.engines.jax.streams import shaped
from pysciml.engines.jax.system import System
from pysciml.solvers import SOLVERS

BATCH, TIMES = 3, np.array([0.0, 0.3, 0.5, 1.0])


@ps.model(
    state={"x": 1.0, "z": [0.5, -0.2]},
    params={"rate": 0.7, "mix": np.eye(2)},
    inputs={"drive": 0.1},
)
def quiet(t, u, p, x):
    return {"x": -p.rate * u.x**3 + jnp.sin(t) * u.z[0], "z": p.mix @ u.z * u.x + x.drive}


@quiet.noise(calculus="stratonovich")
def noisy(t, u, p):
    return {"x": 0.3 * p.rate * u.x, "z": 0.2 * jnp.cos(u.z) * u.x}


def loss(model, scheme, substeps, values):
    """A loss of the whole path; `rate` and `drive` vary along the batch, `mix` does not."""
    system = System(model)
    field = system.field({"rate": values["rate"], "mix": values["mix"]}, {"drive": values["drive"]})

    path = integrate(
        step_of(model, SOLVERS[scheme]()),
        field,
        system.lanes(values["start"]),
        jnp.asarray(TIMES),
        substeps,
        shaped(system, NORMALS.get(scheme, 1), values["dw"]) if model.is_stochastic else None,
    )
    return jnp.sum(values["weights"] * system.matrix(path) ** 2)


@pytest.mark.parametrize(
    ("model", "scheme", "substeps"),
    [
        (quiet, "RK4", 1),
        (noisy, "EulerMaruyama", 2),
        (noisy, "Heun", 9),  # not unrolled
        (noisy, "Milstein", 1),
        (noisy, "SRIW1", 1),
    ],
    ids=["RK4", "EulerMaruyama", "Heun", "Milstein", "SRIW1"],
)
def test_gradients_agree_with_central_differences(model, scheme, substeps):
    rng = np.random.default_rng(3)
    values = {
        "start": rng.normal(size=(3, BATCH)),
        "rate": rng.uniform(0.5, 1.5, BATCH),
        "drive": rng.normal(size=BATCH),
        "mix": rng.normal(size=(2, 2)),
        "dw": 0.2 * rng.normal(size=(len(TIMES) - 1, substeps, 3 * NORMALS.get(scheme, 1), BATCH)),
        "weights": rng.normal(size=(len(TIMES), 3, BATCH)),
    }
    with jax.enable_x64(True):
        evaluate = jax.jit(jax.value_and_grad(lambda v: loss(model, scheme, substeps, v)))
        gradient = evaluate(values)[1]
        for name in ("start", "rate", "drive", "mix", "dw")[: 5 if model.is_stochastic else 4]:
            # Along a random direction, which no wrong entry leaves as it is.
            along = rng.normal(size=values[name].shape)
            expected = float(jnp.sum(gradient[name] * along))
            both = [evaluate({**values, name: values[name] + s * along})[0] for s in (1e-5, -1e-5)]
            assert (both[0] - both[1]) / 2e-5 == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_forward_derivatives_agree_too_and_a_trajectory_has_its_own():
    with jax.enable_x64(True):

        @jax.jit
        def end(rate):
            system = System(quiet)
            field, y0 = system.field({"rate": rate}), system.lanes(jnp.ones((3, BATCH)))
            return system.matrix(integrate(STEPS["Heun"], field, y0, jnp.asarray(TIMES), 9))[-1]

        rate = np.linspace(0.5, 1.5, BATCH)
        found = np.asarray(jax.jit(jax.jacfwd(end))(rate))
        expected = np.asarray(end(rate + 1e-5) - end(rate - 1e-5)) / 2e-5
    own = np.eye(BATCH, dtype=bool)
    np.testing.assert_allclose(found[:, own], expected, rtol=1e-8)
    assert not np.any(found[:, ~own])
