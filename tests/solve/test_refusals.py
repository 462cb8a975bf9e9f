"""What ps.solve refuses, before anything is computed."""

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.errors import CapabilityError, EngineError, InputError

ODE = ps.catalog.lotka_volterra()
NOISY = ODE.noise(lambda t, u, p: {"x": 0.1 * u.x, "y": 0.1 * u.y})
CIRCLE = ODE.noise(calculus="stratonovich")(lambda t, u, p: {"x": 0.1 * u.x, "y": 0.1 * u.y})
NETWORK = ps.catalog.stuart_landau(3)


def swept(values, dim, **labels):
    return xr.DataArray(values, dims=dim, coords={dim: labels["labels"]} if labels else None)


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (ODE, {"solver": "Tsit4"}, "no solver 'Tsit4'. Did you mean 'Tsit5'"),
        (
            ODE,
            {"solver": 5},
            "solver must be a settings object such as ps.Tsit5.. or its name; got",
        ),
        (
            ODE,
            {"dt": 0.1, "solver": "Tsit5"},
            "Tsit5 chooses its steps by rtol and atol, so dt=0.1",
        ),
        (ODE, {"dt": 0.1, "rtol": 1e-6}, "RK4 takes steps of dt, so rtol has no meaning"),
        (ODE, {"rtol": 0}, "rtol must be a positive number; got 0"),
        (ODE, {"atol": float("nan")}, "atol must be a positive number; got nan"),
        (
            ODE,
            {"rtol": 1e-9, "dtype": "float32"},
            "rtol=1e-09 cannot be reached in float32, which resolves 5e-07 at best; use a larger",
        ),
        (ODE, {"rtol": 1e-17}, "rtol=1e-17 cannot be reached in float64, which resolves 9e-16"),
        (ODE, {"rng": 0}, "has no noise, so rng and increments have no meaning"),
        (ODE, {"increments": np.zeros((10, 2))}, "has no noise, so rng and increments"),
        (ODE, {"trajectories": 0}, "trajectories must be a positive whole number; got 0"),
        (ODE, {"trajectories": 2.5}, "trajectories must be a positive whole number; got 2.5"),
        (ODE, {"dtype": "float46"}, "dtype 'float46' is unknown. Did you mean 'float64'"),
        (ODE, {"on_error": "ignore"}, "on_error 'ignore' is unknown. Known: raise, return"),
        (ODE, {"device": "tpu"}, "device 'tpu' is unknown"),
        (NOISY, {"rng": -1}, "rng must be a whole number from 0 .* got -1"),
        (NOISY, {"rng": 1.5}, "rng must be a whole number .* got 1.5"),
        (NOISY, {"rng": True}, "rng must be a whole number .* got True"),
        (NOISY, {"rng": 0, "increments": np.zeros((1, 2))}, "in place of rng; give one of the two"),
    ],
)
def test_settings_without_meaning_are_refused(model, arguments, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        ps.solve(model, t=(0, 1), save=0.5, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"params": {"alpha": 1.0}},
            "has no 'alpha' in params. Known: a, b, c, d",
        ),
        ({"state": {"z": 1.0}}, "has no 'z' in state. Known: x, y"),
        ({"params": {"aa": 1.0}}, r"has no 'aa' in params. Did you mean 'a'\?"),
        ({"inputs": {"drive": 1.0}}, "has no 'drive' in inputs"),
        ({"params": [1.0]}, r"params must be a mapping of names to values; got \[1.0\]"),
        ({"params": {"a": float("nan")}}, "'a' in params must be finite; it has NaN or infinity"),
        ({"state": {"x": np.inf}}, "'x' in state must be finite"),
        ({"params": {"a": swept([1.0, np.nan], "s")}}, "'a' in params must be finite"),
        ({"params": {"a": "fast"}}, "'a' in params must be a number .* got 'fast'"),
        ({"params": {"a": 1j}}, "'a' in params must be a number .* got 1j"),
        ({"params": {"a": np.array(1.0 + 0j)}}, "'a' in params must be a number"),
        ({"params": {"a": swept(["b"], "s")}}, "'a' in params must be a number"),
        ({"params": {"a": None}}, "'a' in params must be a number .* got None"),
        (
            {"params": {"a": [1.0, 2.0]}},
            r"must have shape \(\); got \(2,\). For a sweep give a Data",
        ),
        ({"params": {"a": swept([1.0, 2.0], "time")}}, "'a' in params cannot vary in time"),
        ({"params": {"a": swept([1.0, 2.0], "x")}}, "cannot be swept over 'x'"),
        ({"state": {"x": swept([1.0, 2.0], "x")}}, "cannot be swept over 'x'"),
        ({"params": {"a": swept([], "s")}}, "sweep dim 's' of 'a' is empty"),
        (
            {"params": {"a": swept([1.0, 2.0], "s"), "b": swept([1.0, 2.0, 3.0], "s")}},
            "'s' has 2 values, but 3 in 'b'",
        ),
        (
            {
                "params": {
                    "a": swept([1.0, 2.0], "s", labels=[0, 1]),
                    "b": swept([1.0, 2.0], "s", labels=[1, 0]),
                }
            },
            "labels of the sweep dim 's' differ between two values",
        ),
        (
            {"params": {"a": swept([1.0, 2.0], "trajectory")}, "trajectories": 3},
            "trajectories=3, but the dim 'trajectory' of a value has 2",
        ),
    ],
)
def test_values_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        ps.solve(ODE, t=(0, 1), save=0.5, **arguments)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(4), r"'x' in state must have shape \(3,\); got \(4,\)"),
        (0.0, r"must have shape \(3,\); got \(\)"),
        (swept(np.zeros(3), "region"), r"needs the dims \(oscillator\); it has \(region\)"),
        (
            swept(np.zeros(4), "oscillator"),
            r"must have shape \(3,\) over \(oscillator\); got \(4,\)",
        ),
        (
            swept(np.zeros(3), "oscillator", labels=[2, 1, 0]),
            r"other labels along 'oscillator' .* select them in the order \[0, 1, 2\]",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(value, message):
    with pytest.raises(InputError, match=message):
        ps.solve(NETWORK, t=(0, 1), save=0.5, state={"x": value})


def test_a_number_cannot_be_swept_over_an_axis_of_the_model():
    with pytest.raises(InputError, match="'G' in params cannot be swept over 'oscillator'"):
        ps.solve(NETWORK, t=(0, 1), save=0.5, params={"G": swept(np.zeros(3), "oscillator")})


@pytest.mark.parametrize(
    ("model", "solver", "message"),
    [
        (ODE, "EulerMaruyama", "solves stochastic equations, but .* has no noise; use Tsit5"),
        (ODE, "EulerHeun", "has no noise; use Tsit5"),
        (NOISY, "Tsit5", "has noise; use EulerMaruyama, or solve .*without_noise"),
        (NOISY, "RK4", "solves ordinary differential equations"),
        (NOISY, "Euler", "solves ordinary differential equations"),
        (NOISY, "Heun", "in the sense of Stratonovich, but .* in that of Ito .* use EulerMaruyama"),
        (NOISY, "EulerHeun", "solves in the sense of Stratonovich"),
        (
            CIRCLE,
            "EulerMaruyama",
            "in the sense of Ito, but .* in that of Stratonovich .* use EulerHeun",
        ),
    ],
)
def test_a_solver_for_another_kind_of_equation_is_refused(model, solver, message):
    for given in (solver, ps.solvers.SOLVERS[solver], ps.solvers.SOLVERS[solver]()):
        with pytest.raises(CapabilityError, match=message):
            ps.solve(model, t=(0, 1), save=0.5, solver=given)


@pytest.mark.parametrize("calculus", ["ito", "stratonovich"])
@pytest.mark.parametrize("solver", ["EulerMaruyama", "EulerHeun", "Heun"])
def test_additive_noise_is_solved_by_schemes_of_either_calculus(calculus, solver):
    model = ODE.noise(calculus=calculus)(lambda t, u, p: {"x": 0.1 * p.a, "y": 0.1})
    assert ps.solvers.resolve(solver, model, None).name == solver


@pytest.mark.parametrize(
    ("model", "dt", "name"),
    [
        (ODE, None, "Tsit5"),
        (ODE, 0.1, "RK4"),
        (NOISY, None, "EulerMaruyama"),
        (CIRCLE, 0.1, "EulerHeun"),
    ],
)
def test_auto_chooses_by_the_equation(model, dt, name):
    assert ps.solvers.resolve("auto", model, dt).name == name


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((10, 2), None),
        ((1, 10, 2), None),
        ((4, 10, 2), None),
        ((3, 10, 2), r"\(trajectory, step, source\) = \(4, 10, 2\); got \(3, 10, 2\)"),
        ((4, 11, 2), "Its steps follow from t, save and dt"),
        ((4, 10, 1), "got .4, 10, 1."),
        ((10,), "got .10,."),
    ],
)
def test_increments_have_the_shape_of_the_steps(shape, message):
    arguments = {"t": (0, 1), "save": 0.5, "dt": 0.1, "trajectories": 4}
    if message is None:
        sol = ps.solve(NOISY, **arguments, increments=np.zeros(shape))
        assert sol.attrs["seed"] == "given increments"
    else:
        with pytest.raises(InputError, match=message):
            ps.solve(NOISY, **arguments, increments=np.zeros(shape))


def test_increments_are_finite_numbers():
    arguments = {"t": (0, 1), "save": 0.5, "dt": 0.1}
    with pytest.raises(InputError, match="increments must be finite"):
        ps.solve(NOISY, **arguments, increments=np.full((10, 2), np.nan))
    with pytest.raises(InputError, match="increments must be an array of numbers"):
        ps.solve(NOISY, **arguments, increments="none")


def test_what_is_not_a_model_is_refused():
    with pytest.raises(InputError, match=r"made with ps\.model; got function"):
        ps.solve(ps.catalog.lorenz63, t=(0, 1))


def test_clients_and_engines_that_are_not_there_are_refused():
    with pytest.raises(InputError, match=r"client must be a dask\.distributed\.Client; got object"):
        ps.solve(ODE, t=(0, 1), client=object())
    with pytest.raises(EngineError, match=r"no engine 'jacks'\. Known: auto, jax, julia"):
        ps.solve(ODE, t=(0, 1), engine="jacks")
