"""Stochastic equations on the julia engine: the paths of the jax engine, and of other software."""

import dataclasses
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.jax.engine import JaxEngine
from pysciml.errors import CapabilityError, InputError
from pysciml.request import make_request

pytestmark = pytest.mark.julia

DATA = Path(__file__).parents[1] / "data"
START = np.array([1.0, 0.5])


@ps.model(state={"x": START, "y": 0.2}, params={"a": 0.4, "b": np.array([0.3, 0.5])})
def bend(t, u, p):
    return {"x": jnp.sin(u.x) - p.a * u.x[::-1] + 0.1 * t, "y": u.x[0] - u.y}


MODELS = {
    "additive": bend.noise(lambda t, u, p: {"x": p.b * (1 + t), "y": 0.3}),
    "diagonal": bend.noise(lambda t, u, p: {"x": p.b * u.x, "y": 0.3 * jnp.cos(u.y)}),
    "scalar": bend.noise(lambda t, u, p: {"x": p.b * u.x, "y": 0.3 * u.y}, kind="scalar"),
    "commutative": bend.noise(
        lambda t, u, p: {"x": jnp.stack([u.x, 0.4 * u.x], -1), "y": jnp.stack([u.y, u.y / 2])},
        kind="general",
        sources=2,
    ),
}


def stratonovich(model):
    return dataclasses.replace(
        model, diffusion=dataclasses.replace(model.diffusion, calculus="stratonovich")
    )


CASES = [
    ("EulerMaruyama", "diagonal", "ito"),
    ("EulerMaruyama", "commutative", "ito"),
    ("EulerHeun", "commutative", "stratonovich"),
    ("Heun", "scalar", "stratonovich"),
    ("Milstein", "diagonal", "ito"),
    ("Milstein", "scalar", "stratonovich"),
    ("Milstein", "commutative", "ito"),
    ("SRA1", "additive", "ito"),
    ("SRIW1", "diagonal", "ito"),
]


def task_of(model, **options):
    options = {"t": (0, 1), "save": 0.25, "dt": 0.05, "rng": 3, "trajectories": 9, **options}
    return make_request(model, **options).task


def both(task):
    from pysciml.engines.julia.stochastic import solve

    return solve(task), JaxEngine().solve(task)


def compare(task, rtol=1e-13):
    ours, other = both(task)
    for name in task.model.state:
        good = np.isfinite(other.state[name])  # what comes after a failure does not matter
        assert not np.isfinite(ours.state[name][~good]).any()
        there, here = other.state[name][good], ours.state[name][good]
        np.testing.assert_allclose(here, there, rtol=rtol, atol=rtol)
    np.testing.assert_array_equal(ours.status, other.status)
    np.testing.assert_allclose(ours.stopped, other.stopped)
    for name in ("steps", "evaluations"):
        np.testing.assert_array_equal(ours.counts[name], other.counts[name])
    return ours, other


@pytest.mark.parametrize(("solver", "noise", "calculus"), CASES)
def test_paths_of_a_seed_are_those_of_the_jax_engine(solver, noise, calculus):
    model = MODELS[noise] if calculus == "ito" else stratonovich(MODELS[noise])
    sweep = xr.DataArray([0.2, 0.4, 0.9], dims="a", coords={"a": [0, 1, 2]})
    compare(task_of(model, solver=solver, params={"a": sweep}, trajectories=3))


@pytest.mark.parametrize("stream", ["threefry", "xoshiro"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_streams_are_those_of_the_jax_engine(stream, dtype):
    growth = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": 0.1 * u.x})
    noisy = growth.noise(lambda t, u, p: {"x": 0.3 * u.x})
    task = task_of(noisy, solver=ps.EulerMaruyama(stream=stream), dtype=dtype, save=0.35)
    compare(task, 1e-13 if dtype == "float64" else 1e-5)
    model = MODELS["diagonal"]
    task = task_of(model, solver=ps.EulerMaruyama(stream=stream), dtype=dtype)
    compare(task, 1e-13 if dtype == "float64" else 1e-5)


def test_given_increments_and_the_paths_of_other_software():
    growth = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": 0.1 * u.x})
    noisy = growth.noise(lambda t, u, p: {"x": 0.3 * u.x})
    tables = [
        np.genfromtxt(DATA / name, delimiter=",", names=True)
        for name in ("gbm_increments.csv", "gbm_euler_maruyama.csv")
    ]
    names = tables[0].dtype.names
    increments = np.stack([tables[0][name] for name in names])[..., None]
    task = make_request(
        noisy,
        t=(0, 1),
        save="steps",
        dt=0.005,
        solver="EulerMaruyama",
        trajectories=4,
        increments=increments,
    ).task
    ours, _ = compare(task)
    expected = np.stack([tables[1][name] for name in names])
    np.testing.assert_allclose(ours.state["x"].T, expected, rtol=1e-13)
    compare(dataclasses.replace(task, solver=ps.Milstein()))


def test_a_trajectory_is_the_same_in_every_batch():
    from pysciml.engines.julia.stochastic import solve

    task = task_of(MODELS["diagonal"], trajectories=70)
    whole = solve(task)
    for first, count in ((0, 1), (5, 3), (65, 5)):
        part = solve(dataclasses.replace(task, batch=count, first=first))
        for name in task.model.state:
            there = whole.state[name][..., first : first + count]
            np.testing.assert_allclose(part.state[name], there, rtol=1e-14)


def test_large_systems():
    size = 30
    coupling = np.random.default_rng(1).normal(size=(size, size)) / size

    @ps.model(state={"x": np.linspace(-1, 1, size)})
    def network(t, u, p):
        return {"x": jnp.tanh(jnp.asarray(coupling) @ u.x) - u.x}

    noisy = network.noise(lambda t, u, p: {"x": 0.2 * (1 + 0.1 * u.x)})
    for solver in ("EulerMaruyama", "Milstein"):
        compare(task_of(noisy, solver=solver, trajectories=3))


def test_inputs_that_vary_in_time():
    @ps.model(state={"x": 0.5}, inputs={"drive": 0.0})
    def driven(t, u, p, x):
        return {"x": x.drive - u.x}

    noisy = driven.noise(lambda t, u, p: {"x": 0.2 * u.x})
    times = np.array([0.0, 0.3, 0.55, 1.0])
    for interpolation in ("previous", "linear", "cubic"):
        series = xr.DataArray([1.0, -1.0, 2.0, 0.0], dims="time", coords={"time": times})
        forcing = ps.Forcing(series, interpolation)
        compare(task_of(noisy, inputs={"drive": forcing}, trajectories=3))
    swept = xr.DataArray(
        [[1.0, -1.0, 2.0, 0.0], [0.0, 1.0, 0.0, 1.0]],
        dims=("which", "time"),
        coords={"time": times},
    )
    compare(task_of(noisy, inputs={"drive": swept}, trajectories=2))


def test_events_happen_at_ends_of_steps():
    model = ps.catalog.leaky_integrate_and_fire()
    noisy = model.noise(lambda t, u, p: dict.fromkeys(model.state, 0.5))
    task = task_of(noisy, t=(0, 100), save=5.0, dt=0.1, trajectories=4, solver="EulerMaruyama")
    ours, other = compare(task)
    for name in ours.events:
        np.testing.assert_allclose(ours.events[name], other.events[name], rtol=1e-10)


def test_a_trajectory_that_fails_leaves_the_others_alone():
    cubic = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": u.x**3})
    noisy = cubic.noise(lambda t, u, p: {"x": 0.1 * u.x})
    start = xr.DataArray([0.1, 5.0, 0.2], dims="start")
    task = task_of(noisy, state={"x": start}, trajectories=1, solver="EulerMaruyama")
    ours, _ = compare(task, 1e-12)
    assert list(ours.status) == [0, 1, 0]


def test_what_the_engine_does_not_solve_is_refused():
    from pysciml.engines.julia.stochastic import solve

    task = task_of(MODELS["diagonal"])
    with pytest.raises(CapabilityError, match=r"CUDA\.jl.*device=.cpu"):
        solve(dataclasses.replace(task, device="gpu"))
    # Its second process would be missing: natively such a solve does not end.
    with pytest.raises(InputError, match="needs more of a path"):
        task_of(
            MODELS["diagonal"],
            solver="SOSRI",
            dt=None,
            rng=None,
            engine="julia",
            increments=np.zeros((4, 3)),
        )


@pytest.mark.parametrize(
    ("solver", "noise", "mean", "variance"),
    [
        ("SOSRI", "diagonal", 0.175, 0.25),
        ("AdaptiveSRIW1", "scalar", 0.175, 0.25),
        ("SOSRA", "additive", np.exp(0.3), 0.25 * (np.exp(0.6) - 1) / 0.6),
        ("SKenCarp", "additive", np.exp(0.3), 0.25 * (np.exp(0.6) - 1) / 0.6),
    ],
)
def test_moments_with_adaptive_solvers(solver, noise, mean, variance):
    growth = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": 0.3 * u.x})
    kinds = {
        "diagonal": {"function": lambda t, u, p: {"x": 0.5 * u.x}},
        "scalar": {"function": lambda t, u, p: {"x": 0.5 * u.x}, "kind": "scalar"},
        "additive": {"function": lambda t, u, p: {"x": 0.5}},
    }[noise]
    noisy = growth.noise(kinds.pop("function"), **kinds)
    count = 1000
    options = {"t": (0, 1), "save": 0.5, "rng": 1, "rtol": 1e-2, "atol": 1e-3}
    options |= {"solver": solver, "engine": "julia"}
    sol = ps.solve(noisy, trajectories=count, **options)
    ends = sol.x[:, -1].to_numpy()
    if noise != "additive":
        ends = np.log(ends)  # which is normal
    assert abs(ends.mean() - mean) < 4 * np.sqrt(variance / count) + 0.01
    assert abs(ends.var() / variance - 1) < 0.2
    part = ps.solve(noisy, trajectories=3, **options)
    np.testing.assert_array_equal(part.x, sol.x[:3])


@pytest.mark.parametrize(
    ("interpolation", "exact"), [("previous", [3, 2, 9]), ("linear", [1, 4, 11])]
)
@pytest.mark.parametrize("solver", ["SOSRI", "AdaptiveSRIW1", "SOSRA", "SKenCarp"])
def test_adaptive_steps_end_where_inputs_jump(solver, interpolation, exact):
    # Without noise of its own, x is the integral of the input, which is constant or a line in each
    # piece; a step across a knot would miss it.
    walk = ps.model(state={"x": 0.0, "w": 0.0}, inputs={"push": 0.0})(
        lambda t, u, p, x: {"x": x.push, "w": 0.0}
    )
    noisy = walk.noise(lambda t, u, p: {"x": 0.0, "w": 1.0})
    gains = xr.DataArray([1.0, -2.0], dims="gain", coords={"gain": [1.0, -2.0]})
    times = [0.0, 1.0, 2.0, 3.0]
    course = xr.DataArray([3.0, -1.0, 7.0, 7.0], dims="time", coords={"time": times})
    sol = ps.solve(
        noisy,
        t=(0, 3),
        save=[1.0, 2.0, 3.0],
        inputs={"push": ps.Forcing(gains * course, interpolation)},
        solver=solver,
        rng=2,
        engine="julia",
    )
    # The implicit one solves its stages to the tolerance alone.
    close = 2e-2 if solver == "SKenCarp" else 1e-9
    for gain in gains:
        found = sol.x.sel(gain=gain).squeeze() / gain
        np.testing.assert_allclose(found, exact, rtol=close, atol=close)
    # The path of w has no drift, and is not cut short by the stops.
    many = ps.solve(
        noisy,
        t=(0, 3),
        save=[1.0, 2.0, 3.0],
        inputs={"push": ps.Forcing(course, interpolation)},
        solver=solver,
        rng=3,
        trajectories=2000,
        engine="julia",
    )
    moves = np.diff(many.w.values, axis=-1, prepend=0.0)
    np.testing.assert_allclose(moves.var(axis=0), 1.0, atol=4 * np.sqrt(2 / 2000))
    assert abs(np.corrcoef(moves[:, 0], moves[:, 1])[0, 1]) < 4 / np.sqrt(2000)
