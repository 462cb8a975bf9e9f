"""Courses of input against closed-form responses of a linear equation."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from marks import ENGINES

import pysciml as ps


@ps.model(state={"x": 0.5}, params={"k": 0.8}, inputs={"push": 0.0})
def leaky(t, u, p, x):
    return {"x": -p.k * u.x + x.push}


TIMES = np.array([0.0, 0.3, 1.0, 1.7, 2.1, 4.0])
VALUES = np.array([1.0, -2.0, 0.5, 3.0, -1.0, 2.0])
SAVE = np.linspace(0, 4, 9)


def course(times=TIMES, values=VALUES, dims="time", **coords):
    return xr.DataArray(values, dims=dims, coords={"time": times, **coords})


def response(interpolation, save=SAVE, times=TIMES, values=VALUES, k=0.8, start=0.5):
    """Solve x' = -k x + a + b s exactly, piece by piece, s being the time within the piece."""
    found = []
    for at in save:
        x = start
        for i in range(len(times) - 1):
            s = min(at, times[i + 1]) - times[i]
            if s <= 0:
                break
            slope = np.diff(values)[i] / np.diff(times)[i] if interpolation == "linear" else 0.0
            steady = (values[i] - slope / k) / k
            x = (x - steady) * np.exp(-k * s) + steady + slope * s / k
        found.append(x)
    return np.array(found)


@pytest.mark.parametrize("interpolation", ["previous", "linear"])
@pytest.mark.parametrize(
    ("options", "close"),
    [
        ({"rtol": 1e-11, "atol": 1e-12}, 1e-10),
        ({"rtol": 1e-5, "dtype": "float32"}, 1e-4),
        ({"solver": "RK4", "dt": 0.01}, 1e-9),
    ],
)
def test_responses_are_those_of_the_closed_form(interpolation, options, close):
    forcing = ps.Forcing(course(), interpolation)
    sol = ps.solve(leaky, t=(0, 4), save=SAVE, inputs={"push": forcing}, **options)
    np.testing.assert_allclose(sol.x, response(interpolation), atol=close)
    kept = json.loads(sol.attrs["inputs"])["push"]
    expected = {"times": TIMES.tolist(), "values": VALUES.tolist(), "interpolation": interpolation}
    assert kept == expected


def test_a_bare_series_is_read_along_straight_lines():
    sol = ps.solve(leaky, t=(0, 4), save=SAVE, inputs={"push": course()}, rtol=1e-9)
    np.testing.assert_allclose(sol.x, response("linear"), atol=1e-8)


def test_the_error_does_not_depend_on_where_a_jump_lies():
    errors = []
    for at in np.linspace(0.503, 0.997, 12):
        times, values = np.array([0.0, at, 4.0]), np.array([0.0, 5.0, 5.0])
        forcing = ps.Forcing(course(times, values), "previous")
        sol = ps.solve(leaky, t=(0, 4), save=SAVE, inputs={"push": forcing}, rtol=1e-8)
        errors.append(np.abs(sol.x - response("previous", SAVE, times, values)).max())
    assert max(errors) < 3e-8


def test_fixed_steps_keep_their_order_across_jumps_and_kinks():
    # No step of the grid of save times meets a knot.
    for interpolation in ("previous", "linear"):
        forcing = {"push": ps.Forcing(course(), interpolation)}
        exact = response(interpolation, [4.0])[0]
        ends = [
            float(ps.solve(leaky, t=(0, 4), save=[4.0], inputs=forcing, solver="RK4", dt=dt).x[-1])
            for dt in (0.4, 0.2, 0.1)
        ]
        orders = np.log2(
            np.divide(*np.abs([np.subtract(ends[:-1], exact), np.subtract(ends[1:], exact)]))
        )
        assert (orders > 3.7).all()


def test_jumps_that_rounding_puts_beside_save_times():
    # 0.1 * 3 is beyond 0.3 by rounding; a step that took the value before it would be off by 1.
    times = 0.1 * np.arange(11)
    values = np.arange(11) % 2.0
    forcing = {"push": ps.Forcing(course(times, values), "previous")}
    for save in (np.round(times, 1), times):
        for options in ({"rtol": 1e-11}, {"solver": "RK4", "dt": 0.05}):
            sol = ps.solve(leaky, t=(0, save[-1]), save=save, inputs=forcing, **options)
            np.testing.assert_allclose(sol.x, response("previous", save, times, values), atol=1e-7)


def test_cubic_pieces_are_of_third_order_and_exact_for_parabolas():
    def error(count, function, exact):
        even = np.linspace(0, 4, count)
        times = even + 0.3 * np.sin(np.pi * even / 2)  # crowded here, sparse there
        forcing = ps.Forcing(course(times, function(times)), "cubic")
        sol = ps.solve(leaky, t=(0, 4), save=SAVE, inputs={"push": forcing}, solver="RK4", dt=0.005)
        particular = exact(SAVE) + (0.5 - exact(0.0)) * np.exp(-0.8 * SAVE)
        return np.abs(sol.x.values - particular).max()

    # x = t^2 solves the equation with 2 t + 0.8 t^2, and a turning one that with a sine.
    assert error(5, lambda t: 2 * t + 0.8 * t**2, lambda t: t**2) < 1e-10
    turning = lambda t: (0.8 * np.sin(2 * t) - 2 * np.cos(2 * t)) / (0.64 + 4)  # noqa: E731
    errors = [error(count, lambda t: np.sin(2 * t), turning) for count in (21, 41, 81)]
    assert (np.log2(np.divide(errors[:-1], errors[1:])) > 2.7).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "options", [{}, {"rtol": 1e-3}, {"solver": "Rodas5P"}, {"solver": "RK4", "dt": 1.0}]
)
def test_no_piece_is_continued_beyond_its_end(engine, options):
    # The rate does not depend on the state, so that no step seems too long; x' = sin t, and the
    # error of cubic pieces of width h is less than h^3 (see above).
    summed = ps.model(state={"x": 0.0}, inputs={"push": 0.0})(lambda t, u, p, x: {"x": x.push})
    times = np.linspace(0, 20, 201)
    forcing = ps.Forcing(course(times, np.sin(times)), "cubic")
    sol = ps.solve(
        summed, t=(0, 20), save=[0.0, 20.0], inputs={"push": forcing}, engine=engine, **options
    )
    assert float(sol.x[-1]) == pytest.approx(1 - np.cos(20), abs=1e-4)


def test_a_sweep_over_courses_is_a_dimension():
    gain = np.array([0.0, 1.0, -2.0])
    swept = course(values=gain[:, None] * VALUES, dims=("gain", "time"), gain=gain)
    k = xr.DataArray([0.8, 1.5], dims="k", name="k")
    forcing = ps.Forcing(swept, "previous")
    sol = ps.solve(
        leaky, t=(0, 4), save=SAVE, inputs={"push": forcing}, params={"k": k}, rtol=1e-10
    )
    assert set(sol.x.dims) == {"gain", "k", "time"}
    for g in gain:
        for rate in k.values:
            exact = response("previous", values=g * VALUES, k=rate)
            np.testing.assert_allclose(sol.x.sel(gain=g, k=rate), exact, atol=1e-8)


def test_courses_of_arrays_go_by_their_labels():
    cells = xr.DataArray([0.0, 0.0], dims="cell", coords={"cell": ["a", "b"]})

    @ps.model(state={"x": cells + 0.5}, params={"k": 0.8}, inputs={"push": cells})
    def pair(t, u, p, x):
        return {"x": -p.k * u.x + x.push}

    both = xr.DataArray(
        [VALUES, -VALUES], dims=("cell", "time"), coords={"cell": ["a", "b"], "time": TIMES}
    )
    sol = ps.solve(pair, t=(0, 4), save=SAVE, inputs={"push": both}, rtol=1e-10)
    for cell, values in (("a", VALUES), ("b", -VALUES)):
        exact = response("linear", values=values)
        np.testing.assert_allclose(sol.x.sel(cell=cell), exact, atol=1e-8)
    with pytest.raises(ValueError, match="other labels along 'cell'"):
        ps.solve(pair, t=(0, 4), inputs={"push": both.assign_coords(cell=["b", "a"])})


def test_the_mean_of_a_noisy_equation_follows_its_course():
    noisy = leaky.noise(lambda t, u, p, x: {"x": 0.3})
    forcing = ps.Forcing(course(), "previous")
    sol = ps.solve(
        noisy, t=(0, 4), save=SAVE, inputs={"push": forcing}, trajectories=2000, rng=0, dt=0.01
    )
    spread = 0.3 * np.sqrt((1 - np.exp(-1.6 * SAVE)) / 1.6)
    error = np.abs(sol.x.mean("trajectory") - response("previous"))
    assert (error <= 4 * spread / np.sqrt(2000) + 0.02).all()  # the scheme is of first order
    np.testing.assert_allclose(sol.x.std("trajectory")[1:], spread[1:], rtol=0.07)


@pytest.mark.parametrize("interpolation", ["previous", "linear", "cubic"])
def test_gradients_reach_the_values_of_a_course(interpolation):
    # The equation is linear in them: the derivative by one is the response to it alone.
    flow = ps.flow(leaky, t=(0, 4), save=TIMES[1:], solver="RK4", dt=0.02)

    def end(values):
        return flow({}, {}, {"push": (TIMES, values, interpolation)})["x"][-1]

    with jax.enable_x64(True):
        both = jax.jit(jax.value_and_grad(end))
        found = both(jnp.asarray(VALUES))[1]
        if interpolation == "cubic":
            exact = [both(VALUES + e / 2)[0] - both(VALUES - e / 2)[0] for e in np.eye(6)]
        else:
            exact = [response(interpolation, [4.0], values=e, start=0.0)[0] for e in np.eye(6)]
    np.testing.assert_allclose(found, exact, atol=1e-8)


def test_gradients_reach_the_values_through_adaptive_steps_and_jumps():
    flow = ps.flow(leaky, t=(0, 4), save=[4.0], rtol=1e-9, max_steps=128)

    def end(values, k):
        return flow({}, {"k": k}, {"push": (TIMES, values, "previous")})["x"][-1]

    with jax.enable_x64(True):
        by_values, by_k = jax.jit(jax.grad(end, (0, 1)))(jnp.asarray(VALUES), 0.8)
    exact = [response("previous", [4.0], values=e, start=0.0)[0] for e in np.eye(6)]
    np.testing.assert_allclose(by_values, exact, atol=1e-7)
    slope = np.diff([response("previous", [4.0], k=k)[0] for k in (0.8 - 1e-6, 0.8 + 1e-6)]) / 2e-6
    np.testing.assert_allclose(by_k, slope[0], rtol=1e-6)
