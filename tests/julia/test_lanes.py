"""Ensembles of ordinary equations on the julia engine, as lanes."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.jax.engine import JaxEngine
from pysciml.errors import CapabilityError
from pysciml.request import make_request

pytestmark = pytest.mark.julia

COUNT = 40
STARTS = xr.DataArray(np.linspace(-2, 2, COUNT), dims="start")


def lorenz(**options):
    model = ps.catalog.lorenz63()
    state, beta = next(iter(model.state)), next(reversed(model.params))
    params = {beta: xr.DataArray(np.linspace(2, 3, COUNT), dims="start")}
    options = {"t": (0, 2), "save": 0.25, "state": {state: STARTS}, "params": params, **options}
    return model, options


@pytest.mark.parametrize("save", [2.0, 0.25])
def test_tsit5_solves_what_the_jax_engine_solves(save):
    model, options = lorenz(save=save, rtol=1e-9, atol=1e-9)
    ours = ps.solve(model, engine="julia", **options)
    other = ps.solve(model, engine="jax", **options)
    for name in model.state:
        assert ours[name].dims == other[name].dims
        np.testing.assert_allclose(ours[name], other[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("solver", ["Euler", "Heun", "RK4"])
def test_fixed_steps_are_those_of_the_jax_engine(solver):
    from pysciml.engines.julia.lanes import can, solve

    model, options = lorenz(solver=solver, dt=0.01, t=(0, 1))
    task = make_request(model, **options).task
    assert can(task)
    ours, other = solve(task), JaxEngine().solve(task)
    for name in model.state:
        np.testing.assert_allclose(ours.state[name], other.state[name], rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(ours.counts["evaluations"], other.counts["evaluations"])


def test_a_trajectory_is_the_same_in_every_batch_and_block():
    from pysciml.engines.julia.lanes import solve

    model, options = lorenz()
    task = make_request(model, **options).task
    whole = solve(task)
    state, beta = next(iter(model.state)), next(reversed(model.params))
    part = solve(
        dataclasses.replace(
            task,
            batch=33,
            state={**task.state, state: task.state[state][..., 7:40]},
            params={**task.params, beta: task.params[beta][..., 7:40]},
        )
    )
    for name in model.state:
        there = whole.state[name][..., 7:40]
        np.testing.assert_allclose(part.state[name], there, rtol=1e-12)
    np.testing.assert_array_equal(part.counts["steps"], whole.counts["steps"][7:40])


def test_stiff_trajectories_are_handed_over():
    @ps.model(state={"x": 0.0}, params={"k": 1.0})
    def pulled(t, u, p):
        return {"x": -p.k * (u.x - jnp.cos(t))}

    k = xr.DataArray([1.0, 1e4, 10.0, 2.0] * 10, dims="which")
    sol = ps.solve(pulled, t=(0, 5), save=1.0, params={"k": k}, rtol=1e-6, engine="julia")
    t = sol.time
    exact = k * (k * np.cos(t) + np.sin(t) - k * np.exp(-k * t)) / (1 + k**2)
    np.testing.assert_allclose(sol.x, exact.transpose(*sol.x.dims), atol=2e-5)
    assert sol.attrs["handed_over"] == 10


def test_a_trajectory_that_fails_is_named_and_leaves_the_others_alone():
    model = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": u.x**2})
    start = xr.DataArray(np.r_[np.full(39, 0.5), 4.0], dims="start")
    options = {"t": (0, 1), "save": 0.5, "state": {"x": start}, "engine": "julia"}
    sol = ps.solve(model, on_error="return", **options)
    assert list(np.flatnonzero(sol.status)) == [39]
    np.testing.assert_allclose(sol.x[:39, -1], 1.0, rtol=1e-5)
    with pytest.raises(ps.errors.SolveError, match="start = 39"):
        ps.solve(model, **options)


def test_events_and_inputs_are_left_to_single_trajectories():
    from pysciml.engines.julia.lanes import can

    bounce = ps.model(state={"x": 1.0}, inputs={"push": 0.0})(lambda t, u, p, x: {"x": x.push})
    series = xr.DataArray([0.0, 1.0], dims="time", coords={"time": [0.0, 1.0]})
    options = {"t": (0, 1), "state": {"x": STARTS}}
    assert can(make_request(bounce, **options).task)
    assert not can(make_request(bounce, inputs={"push": series}, **options).task)
    watched = bounce.with_event("low", when=lambda t, u, p: u.x)
    assert not can(make_request(watched, **options).task)


def test_what_does_not_fit_a_thread_of_a_gpu_is_refused():
    model, options = lorenz(device="gpu", engine="julia")
    for solver in ("Tsit5", "Rodas5P", "Vern9"):
        with pytest.raises(CapabilityError, match=r"CUDA\.jl"):
            ps.solve(model, **{**options, "solver": solver})
    for solver in ("Dopri5", "FBDF"):
        with pytest.raises(CapabilityError, match="fixed steps, Tsit5, Kvaerno5, Rodas4, Rodas5P"):
            ps.solve(model, **{**options, "solver": solver})
