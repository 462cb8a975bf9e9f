"""Events and forcing that cannot be: each is refused with a sentence."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from small_events import decay, membrane, neuron

import pysciml as ps
from pysciml.errors import CapabilityError, InputError, ModelError


def low(t, u, p):
    return u.drug - 0.5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "exactly one of when="),
        ({"when": low, "every": 1.0}, "exactly one of when=.*got when, every"),
        ({"when": low, "direction": "upp"}, "'upp' is unknown.*'up'"),
        ({"every": 1.0, "direction": "up"}, "known times, so direction has no meaning"),
        ({"when": 0.5}, "when must be a function"),
        ({"when": low, "then": {"drug": 0.0}}, "then must be a function"),
        ({"when": low, "stop": "yes"}, "stop must be True or False"),
        ({"every": 0.0}, "every must be a positive number"),
        ({"every": -1}, "every must be a positive number"),
        ({"every": np.nan}, "every must be a positive number"),
        ({"every": "1"}, "every must be a positive number"),
        ({"at": []}, "at must be finite times"),
        ({"at": "noon"}, "at must be finite times"),
        ({"at": [1.0, np.inf]}, "at must be finite times"),
        ({"at": [2.0, 1.0]}, "must increase, without duplicates"),
        ({"at": [1.0, 1.0]}, "must increase, without duplicates"),
        ({"when": lambda t, u, p: u.drug > 0.5}, "one real number.*not u.v > 1"),
        ({"when": lambda t, u, p: jnp.stack([t, t])}, "one real number"),
        ({"when": lambda t, u, p: u.drug if u.drug > 0 else t}, "jnp.where"),
        ({"when": lambda t, u, p: u.drog}, "no 'drog' in state.*'drug'"),
        ({"when": lambda t, u, p: p.kk}, "no 'kk' in params"),
        ({"when": lambda t: t}, "takes .t, u, p."),
        ({"when": low, "then": lambda t, u, p: {"drog": 0.0}}, "'drog'.*not a state.*'drug'"),
        ({"when": low, "then": lambda t, u, p: 0.0}, "mapping of state names to new values"),
        ({"when": low, "then": lambda t, u, p: {"drug": jnp.zeros(2)}}, "shape"),
    ],
)
def test_events_that_cannot_be(options, sentence):
    with pytest.raises(ModelError, match=sentence):
        decay.with_event("pill", **options)


@pytest.mark.parametrize("name", ["drug", "k", "time", "two words", 3])
def test_names_of_events_that_are_taken_or_unusable(name):
    with pytest.raises(ModelError, match=repr(name)):
        decay.with_event(name, every=1.0)


def test_numbers_of_numpy_are_periods_and_times():
    assert decay.with_event("pill", every=np.int64(2)).events[0].every == 2.0
    assert decay.with_event("pill", at=np.float32(2)).events[0].at == (2.0,)


def test_too_many_events_are_refused_before_they_fill_the_memory():
    with pytest.raises(InputError, match=r"'pill' would happen 1e\+12 times.*longer every"):
        ps.solve(decay.with_event("pill", every=1e-12), t=(0, 1), save=1.0)


def series(times, values, **coords):
    return xr.DataArray(values, dims="time", coords={"time": times, **coords})


@pytest.mark.parametrize(
    ("current", "sentence"),
    [
        (series([0.0, 5.0], [1.0, 1.0]), "runs from 0 to 5, but the solve from 0 to 10"),
        (series([1.0, 20.0], [1.0, 1.0]), "runs from 1 to 20, but the solve from 0 to 10"),
        (series([0.0, 10.0, 5.0], [1.0, 1.0, 1.0]), "increase, without duplicates.*sortby"),
        (series([0.0, 5.0, 5.0, 10.0], np.ones(4)), "increase, without duplicates"),
        (series([0.0, np.nan, 10.0], np.ones(3)), "finite and increase"),
        (series([0.0], [1.0]), "at least two times; got 1"),
        (xr.DataArray([1.0, 2.0], dims="time"), "has no times"),
        (series(np.array(["2020-01-01", "2020-01-02"], "M8[ns]"), [1.0, 2.0]), "unit of time"),
        (series([0.0, 10.0], [1.0, np.nan]), "finite"),
        (series([0.0, 10.0], ["a", "b"]), "number"),
    ],
)
def test_courses_of_input_that_cannot_be(current, sentence):
    for given in (current, ps.Forcing(current, "previous")):
        with pytest.raises(InputError, match=sentence):
            ps.solve(membrane, t=(0, 10), save=1.0, inputs={"current": given})


def test_forcing_where_or_as_it_cannot_be():
    course = series([0.0, 10.0], [1.0, 1.0])
    for group, name in (("params", "tau"), ("state", "v")):
        for given in (course, ps.Forcing(course)):
            with pytest.raises(InputError, match="cannot vary in time; make it an input"):
                ps.solve(membrane, t=(0, 10), save=1.0, **{group: {name: given}})
    with pytest.raises(InputError, match="'spline' is unknown"):
        ps.Forcing(course, "spline")
    for given in ([1.0, 2.0], course.rename(time="t")):
        with pytest.raises(InputError, match="dim 'time'"):
            ps.Forcing(given)
    with pytest.raises(CapabilityError, match=r"use ps\.flow"):
        ps.sensitivities(membrane, wrt="current", t=(0, 10), inputs={"current": course})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (([0.0, 2.0, 1.0], np.ones(3)), "increase"),
        (([0.0, 1.0], np.ones(2)), "does not cover"),
        (([0.0, 10.0], np.ones(3)), r"shape \(2,\)"),
        (([0.0, 10.0], np.ones(2), "spline"), "'spline' is unknown"),
        (([0.0, 10.0],), "times, values"),
    ],
)
def test_courses_of_input_that_a_flow_refuses(given, sentence):
    flow = ps.flow(membrane, t=(0, 10), save=1.0)
    with pytest.raises(InputError, match=sentence):
        flow({}, {}, {"current": given})


def test_an_event_of_a_model_is_a_name_of_its_results():
    spike = xr.DataArray([1.0, 2.0], dims="spike")
    with pytest.raises(InputError, match="'spike'"):
        ps.solve(neuron, t=(0, 1), save=1.0, inputs={"current": spike})
