"""Ordinary equations on the julia engine: the numbers of the jax engine, and of other software."""

import json
import os
import signal
import threading
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.base import Status
from pysciml.errors import CapabilityError, InputError, SolveError

pytestmark = pytest.mark.julia

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(autouse=True)
def _on_julia(monkeypatch):
    monkeypatch.setenv("PYSCIML_ENGINE", "julia")


@ps.model(state={"x": 1.0}, params={"power": 2.0})
def explosive(t, u, p):
    return {"x": u.x**p.power}


@ps.model(state={"angle": 1.0, "rate": 0.0}, params={"gravity": 9.8})
def swinging(t, u, p):
    return {"angle": u.rate, "rate": -p.gravity * jnp.sin(u.angle)}


@ps.model(state={"x": np.array([[1.0, 0.5], [0.2, 0.1]]), "y": 0.3}, params={"w": np.ones(2)})
def arrays(t, u, p):
    return {"x": jnp.stack([-u.x[1] + p.w, u.x[0] * u.y]), "y": -u.y + jnp.sum(u.x) / 4}


CATALOG = ps.catalog
MODELS = {
    "lorenz96": (CATALOG.lorenz96(12), 1),  # in place
    "fitzhugh_nagumo": (CATALOG.fitzhugh_nagumo(), 20),
    "stuart_landau": (CATALOG.stuart_landau(3, stochastic=False), 5),
    "arrays": (arrays, 3),
}


@pytest.mark.parametrize("name", MODELS)
def test_both_engines_find_the_same_solution(name):
    model, end = MODELS[name]
    arguments = {"t": (0, end), "save": end / 7, "rtol": 1e-11, "atol": 1e-12}
    found, known = (ps.solve(model, engine=e, **arguments) for e in ("julia", "jax"))
    assert found.attrs["engine"] == "julia"
    for state in model.state:
        np.testing.assert_allclose(found[state], known[state], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("solver", ["Euler", "Heun", "RK4", "StormerVerlet"])
def test_fixed_steps_are_the_same_steps(solver):
    if solver == "StormerVerlet":
        solver = ps.StormerVerlet(positions=("angle",), momenta=("rate",))
    options = {"t": (0, 3), "save": 0.5, "dt": 0.05, "solver": solver}
    found, known = (ps.solve(swinging, engine=e, **options) for e in ("julia", "jax"))
    for state in swinging.state:
        np.testing.assert_allclose(found[state], known[state], rtol=1e-12, atol=1e-13)
    assert found.attrs["evaluations"] == known.attrs["evaluations"]


@pytest.mark.parametrize("solver", ["Vern9", "Dopri8"])
def test_lorenz_to_the_last_digits_by_a_solver_of_julia(solver):
    known = np.genfromtxt(DATA / "lorenz63.csv", delimiter=",", names=True)
    sol = ps.solve(
        CATALOG.lorenz63(),
        t=(0, 15),
        save=known["t"][known["t"] <= 15],
        state={"x": 1.0, "y": 0.0, "z": 0.0},
        solver=solver,
        rtol=1e-14,
        atol=1e-14,
    )
    assert sol.attrs["solver"] == solver
    for name in "xyz":
        np.testing.assert_allclose(sol[name], known[name][: sol.sizes["time"]], rtol=0, atol=1e-9)


@pytest.mark.parametrize("solver", ["KenCarp4", "FBDF", "Rodas5P"])
def test_stiff_solvers_of_julia_get_the_jacobian_of_the_model(solver):
    model = CATALOG.robertson()
    sol = ps.solve(model, t=(0, 1e3), save=[1e3], solver=solver, rtol=1e-8, atol=1e-14)
    known = ps.solve(
        model, t=(0, 1e3), save=[1e3], solver="Rodas5P", rtol=1e-10, atol=1e-16, engine="jax"
    )
    for name in model.state:
        np.testing.assert_allclose(sol[name], known[name], rtol=1e-4)


def test_solvers_that_are_not_there_are_refused():
    model = CATALOG.lorenz63()
    with pytest.raises(CapabilityError, match=r"no solver 'Tsit4' .* Did you mean 'Tsit5'\?"):
        ps.solve(model, t=(0, 1), solver="Tsit4")
    with pytest.raises(CapabilityError, match="Vern9 does not run on the jax engine; use"):
        ps.solve(model, t=(0, 1), solver=ps.Native("Vern9"), engine="jax")
    with pytest.raises(InputError, match="no solver 'Vern9'"):
        ps.solve(model, t=(0, 1), solver="Vern9", engine="jax")
    with pytest.raises(InputError, match=r"needs the name of a solver of OrdinaryDiffEq\.jl"):
        ps.Native("run(`rm`)")
    with pytest.raises(CapabilityError, match=r'device="gpu" needs CUDA\.jl'):
        ps.solve(model, t=(0, 1), device="gpu")


def test_one_that_fails_does_not_spoil_the_others():
    power = xr.DataArray([0.5, 2.0, 1.0], dims="power")
    arguments = {"t": (0, 2), "save": [0.5, 1.5, 2], "params": {"power": power}, "rtol": 1e-9}
    with pytest.raises(SolveError, match=r"power = 2.*'x' needed a step.* after time (1|0\.999)"):
        ps.solve(explosive, **arguments)
    sol = ps.solve(explosive, **arguments, on_error="return")
    assert sol.status.values[[0, 2]].tolist() == [0, 0]
    assert sol.status.values[1] in (Status.STEP_TOO_SMALL, Status.NOT_FINITE)
    times = sol.time.values
    np.testing.assert_allclose(sol.x[0], (1 + times / 2) ** 2, rtol=1e-7)
    np.testing.assert_allclose(sol.x[2], np.exp(times), rtol=1e-7)
    np.testing.assert_allclose(sol.x[1, 0], 2.0, rtol=1e-7)
    assert np.isnan(sol.x[1, 1:]).all()


def test_the_same_call_gives_the_same_bits():
    arguments = {"t": (0, 30), "save": 0.5, "rtol": 1e-8}
    first, second = (ps.solve(CATALOG.lorenz63(), **arguments) for _ in range(2))
    xr.testing.assert_identical(first, second)


def test_arrays_cross_without_a_copy():
    from pysciml.engines.julia.process.start import julia

    address = julia().seval("x -> (y = PySciML.plain(x); (Int(UInt(pointer(y))), size(y)))")
    for shape in ((3,), (2, 3), (4, 2, 3), (1, 5), (5, 1)):
        array = np.zeros(shape)
        found, seen = julia().call(address, array)
        assert (found, tuple(seen)) == (array.ctypes.data, shape[::-1])
    from pysciml.engines.julia.solve import solve
    from pysciml.request import make_request

    solution = solve(make_request(arrays, t=(0, 1), save=0.5).task)
    assert solution.state["x"].shape == (3, 2, 2, 1)
    assert solution.state["x"].base is solution.state["y"].base  # the one array that Julia filled


def test_ctrl_c_keeps_what_was_solved():
    beta = xr.DataArray(np.linspace(2.6, 2.7, 200), dims="beta")
    options = {"solver": "Vern9", "rtol": 1e-12, "atol": 1e-12}
    ps.solve(CATALOG.lorenz63(), t=(0, 1), **options)  # compiles
    timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt) as caught:
        ps.solve(CATALOG.lorenz63(), t=(0, 5000), save=10.0, params={"beta": beta}, **options)
    partial = caught.value.partial
    assert partial.status[-1] == Status.INTERRUPTED
    assert partial.x.dims == ("beta", "time")
    found = np.isfinite(partial.x[0].values)
    assert found.sum() > 1
    assert found[: found.sum()].all()
    assert np.isnan(partial.x[-1, 1:]).all()


def test_results_say_what_made_them():
    versions = json.loads(ps.solve(CATALOG.lorenz63(), t=(0, 1)).attrs["versions"])
    assert versions["julia"].startswith("1.")
    assert {"OrdinaryDiffEqTsit5", "OrdinaryDiffEqRosenbrock", "SciMLBase"} <= set(versions)
