"""Which times a solve saves, in which steps, and which it refuses."""

import numpy as np
import pytest

import pysciml as ps
from pysciml.errors import InputError
from pysciml.grid import make_grid

RK4, TSIT5 = ps.RK4(), ps.Tsit5()


def grid(t=(0.0, 1.0), save=None, dt=None, method=RK4, dtype="float64"):
    return make_grid(method, t, save, dt, dtype)


@pytest.mark.parametrize(
    ("t", "step", "count"),
    [
        ((0, 10), 0.1, 101),
        ((0, 1), 0.1, 11),
        ((0, 0.3), 0.1, 4),
        ((0, 0.7), 0.1, 8),
        ((0, 100), 0.01, 10001),
        ((-1, 1), 0.25, 9),
        ((5, 5.6), 0.2, 4),
        ((0, 1), 1 / 3, 4),
        ((0, 1), 1, 2),
        ((0, 1e6), 0.1, 10_000_001),
    ],
)
def test_a_step_that_fits_the_span_reaches_its_end(t, step, count):
    times = grid(t, step, method=TSIT5).times
    assert times.size == count
    assert times[0] == t[0]
    assert times[-1] <= t[1]
    assert times[-1] == pytest.approx(t[1], rel=1e-14)


def test_a_step_that_does_not_fit_stops_before_the_end():
    assert grid(save=0.3, method=TSIT5).times == pytest.approx([0, 0.3, 0.6, 0.9])


def test_given_times_are_kept_and_the_initial_one_only_where_it_is_among_them():
    assert grid(save=[0.0, 0.5, 0.75]).keep[0] == 0
    made = grid(save=[0.5, 0.75])
    assert made.keep[0] == 1
    assert made.times.tolist() == [0.0, 0.5, 0.75]
    sol = ps.solve(ps.catalog.lotka_volterra(), t=(0, 1), save=[0.5, 0.75], dt=0.25)
    assert sol.time.values.tolist() == [0.5, 0.75]
    assert sol.x.shape == (2,)


def test_nothing_said_saves_a_thousandth_of_the_span():
    made = grid((0, 3))
    assert made.times == pytest.approx(np.arange(1001) * 0.003)
    assert (made.substeps, made.step) == (1, pytest.approx(0.003))


@pytest.mark.parametrize(
    ("dt", "save", "substeps", "step"),
    [
        (0.01, 0.1, 10, 0.01),
        (0.03, 0.1, 4, 0.025),  # shortened, so that steps end on save times
        (1.0, 0.1, 1, 0.1),
        (0.1, [0.1, 0.5, 1.0], 5, 0.1),
        (None, 0.1, 100, 0.001),
    ],
)
def test_steps_are_at_most_dt_and_end_on_save_times(dt, save, substeps, step):
    made = grid(save=save, dt=dt)
    assert (made.substeps, made.step) == (substeps, pytest.approx(step))


@pytest.mark.parametrize(("dt", "count"), [(0.25, 5), (0.1, 11), (0.3, 5), (None, 1001)])
def test_every_step_can_be_saved_up_to_the_end(dt, count):
    made = grid(save="steps", dt=dt)
    assert made.substeps == 1
    assert made.times == pytest.approx(np.linspace(0, 1, count))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"t": (1, 0)}, "t must run forward"),
        ({"t": (1, 1)}, "t must run forward"),
        ({"t": (0, float("inf"))}, "t must run forward"),
        ({"t": 10}, r"t must be \(initial time, final time\); got 10"),
        ({"t": (0, 1, 2)}, r"t must be \(initial time, final time\)"),
        ({"dt": 0}, "dt must be a positive number; got 0"),
        ({"dt": -0.1}, "dt must be a positive number; got -0.1"),
        ({"dt": float("nan")}, "dt must be a positive number; got nan"),
        ({"dt": "0.1"}, "dt must be a positive number; got '0.1'"),
        ({"dt": 2.0}, "dt must be at most the span 1.0; got 2.0"),
        ({"dt": 1e-9}, "dt asks for 1e.09 steps"),
        ({"save": 0}, "save must be a positive number"),
        ({"save": -1}, "save must be a positive number"),
        ({"save": 1.5}, "save must be at most the span"),
        ({"save": 1e-9}, "save asks for 1e.09 steps; at most 1e.08 are allowed"),
        ({"save": []}, r"times in one dimension; got shape \(0,\)"),
        ({"save": [[0.1, 0.2]]}, r"got shape \(1, 2\)"),
        ({"save": [0.2, 0.1]}, "increasing, without duplicates"),
        ({"save": [0.1, 0.1, 0.2]}, "increasing, without duplicates"),
        ({"save": [0.1, float("nan")]}, "must be finite and increasing"),
        ({"save": [-0.1, 0.5]}, r"from -0.1 to 0.5, outside t = \(0.0, 1.0\)"),
        ({"save": [0.5, 1.1]}, r"from 0.5 to 1.1, outside"),
        ({"save": [0.0]}, "no time after the initial one"),
        ({"save": True}, "a step, an array of times or 'steps'; got True"),
        ({"save": [True]}, r"a step, an array of times or 'steps'; got \[True\]"),
        ({"save": "all"}, "a step, an array of times or 'steps'; got 'all'"),
        ({"save": {"a": 1}}, "a step, an array of times or 'steps'; got {'a': 1}"),
        ({"save": "steps", "method": TSIT5}, "save='steps' is for a fixed-step solver"),
        ({"t": (1e7, 1e7 + 1), "save": 0.1, "dtype": "float32"}, "float32 cannot tell times apart"),
        ({"t": (1e16, 1e16 + 8), "save": [1e16 + 2, 1e16 + 4]}, "float64 cannot tell times apart"),
    ],
)
def test_times_that_cannot_be_meant_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        grid(**arguments)
