"""A model is made once, from plain Python; what is wrong with it is said then."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.errors import ModelError


def make(rates, state=None, **groups):
    """Make a model with states x and y of the mapping that a lambda returns."""
    return ps.model(state=state or {"x": 1.0, "y": 2.0}, name="made", **groups)(rates)


def test_the_name_and_description_come_from_the_function():
    @ps.model(state={"x": 1.0}, params={"k": 2.0}, inputs={"drive": 0.5}, source="a book")
    def decay(t, u, p, x):
        """Fall towards the drive."""
        return {"x": p.k * (x.drive - u.x)}

    assert repr(decay) == "Model('decay', ODE, state=(x), params=(k), inputs=(drive))"
    assert (decay.description, decay.source, decay.size) == ("Fall towards the drive.", "a book", 1)
    assert not decay.is_stochastic
    assert not decay.has_additive_noise


def test_a_model_never_changes():
    model = make(lambda t, u, p: {"x": u.y, "y": u.x})
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.name = "other"
    with pytest.raises(TypeError):
        model.state["z"] = ps.Variable(1.0)
    with pytest.raises(ValueError, match="read-only"):
        model.state["x"].array[...] = 3.0


def test_values_are_numbers_arrays_labelled_arrays_or_variables():
    region = xr.DataArray(
        [1.0, 2.0],
        dims="region",
        coords={"region": ["V1", "V2"]},
        attrs={"units": "Hz", "long_name": "rate"},
    )
    model = ps.model(
        state={"r": region, "s": np.zeros((2, 3)), "q": ps.Variable(1, units="mV")},
        name="labelled",
    )(lambda t, u, p: {"r": u.r, "s": u.s, "q": u.q})
    assert model.state["r"].axes("r") == ("region",)
    assert list(model.state["r"].coords["region"]) == ["V1", "V2"]
    assert model.state["r"].attributes() == {"units": "Hz", "long_name": "rate"}
    assert model.state["s"].axes("s") == ("s_0", "s_1")
    assert model.size == 2 + 6 + 1


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        (lambda t, u, p: {"x": u.x}, "'made' returned no rate for 'y'; expected one for each of"),
        (lambda t, u, p: {"x": u.x, "y": u.y, "xx": u.x}, "'xx', which is not a state.* 'x'?"),
        (lambda t, u, p: {"x": jnp.ones(2), "y": u.y}, r"rate of 'x' has shape \(2,\); its state"),
        (lambda t, u, p: {"x": u.x[None], "y": u.y}, r"has shape \(1,\); its state has shape \(\)"),
        (lambda t, u, p: {"x": 1j * u.x, "y": u.y}, "rate of 'x' is complex; states are real"),
        (lambda t, u, p: (u.x, u.y), "must return a mapping of state names to rates; got tuple"),
        (lambda t, u, p: None, "got NoneType"),
        (lambda t, u: {"x": u.x, "y": u.y}, r"takes \(t, u, p\) or \(t, u, p, x\); .* takes 2"),
        (lambda t, u, p: {"x": 1 / 0, "y": u.y}, "failed when it was traced: ZeroDivisionError"),
    ],
)
def test_rates_that_do_not_fit_the_states_are_refused(rates, message):
    with pytest.raises(ModelError, match=message):
        make(rates)


def test_a_scalar_rate_does_not_stand_for_an_array():
    with pytest.raises(ModelError, match=r"has shape \(\); its state has shape \(3,\)"):
        make(lambda t, u, p: {"z": 0.0}, state={"z": np.zeros(3)})


@pytest.mark.parametrize(
    ("state", "groups", "message"),
    [
        ({"x": 1.0}, {"params": {"x": 2.0}}, "'x' is in state and in params"),
        ({"x": 1.0}, {"inputs": {"x": 2.0}}, "'x' is in state and in inputs"),
        ({"x": 1.0}, {"params": {"k": 1.0}, "inputs": {"k": 2.0}}, "'k' is in params and in in"),
        ({"time": 1.0}, {}, "'time' in state is the name of a dimension of results"),
        ({"x": 1.0}, {"params": {"trajectory": 1.0}}, "'trajectory' in params is the name of a"),
        ({"two words": 1.0}, {}, "'two words' in state is not usable as a name"),
        ({"_x": 1.0}, {}, "'_x' in state is not usable as a name"),
        ({1: 1.0}, {}, "1 in state is not usable as a name"),
        ({}, {}, "has no state"),
        ([1.0], {}, "state must be a mapping of names to values; got list"),
    ],
)
def test_names_that_would_be_ambiguous_are_refused(state, groups, message):
    with pytest.raises(ModelError, match=message):
        ps.model(state=state, name="made", **groups)(lambda t, u, p: dict.fromkeys(state, 0.0))


def over(dims, size=2, labels=None):
    return ps.Variable(np.zeros(size), dims=dims, coords={} if labels is None else {dims: labels})


@pytest.mark.parametrize(
    ("state", "params", "message"),
    [
        ({"x": over("time")}, {}, "'time' is there twice, or is the name of a state or"),
        ({"x": over("x")}, {}, "'x' cannot have the dims"),
        ({"x": ps.Variable(np.eye(2), dims=("n", "n"))}, {}, "'n' is there twice"),
        ({"x": over("n", 2), "y": over("n", 3)}, {}, "the dim 'n' of 'y' differs in size or lab"),
        ({"x": over("n", 2, ["a", "b"])}, {"k": over("n", 2, ["b", "a"])}, "the dim 'n' of 'k'"),
    ],
)
def test_a_dim_means_one_thing_in_a_model(state, params, message):
    with pytest.raises(ModelError, match=message):
        ps.model(state=state, params=params, name="made")(lambda t, u, p: {n: u[n] for n in state})


def test_a_bad_value_is_refused_by_the_name_of_its_variable():
    with pytest.raises(ModelError, match="In params, 'k': A value must be finite"):
        make(lambda t, u, p: {"x": u.x, "y": u.y}, params={"k": float("nan")})
