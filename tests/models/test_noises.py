"""Noise makes a new model; what it depends on decides which solvers are right."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.errors import ModelError


@pytest.fixture
def quiet():
    return ps.model(state={"x": 1.0, "z": np.ones(2)}, params={"s": 0.1, "w": [1.0, 2.0]})(
        lambda t, u, p: {"x": -u.x, "z": -u.z}
    )


def test_noise_makes_a_new_model(quiet):
    @quiet.noise
    def shaken(t, u, p):
        return {"x": p.s * u.x, "z": p.w}

    assert shaken.name == "shaken"
    assert shaken.is_stochastic
    assert not quiet.is_stochastic
    assert (shaken.diffusion.kind, shaken.diffusion.calculus) == ("diagonal", "ito")
    assert not shaken.without_noise().is_stochastic
    assert quiet.without_noise() is quiet


def test_a_lambda_keeps_the_name_and_options_are_kept(quiet):
    shaken = quiet.noise(calculus="stratonovich")(lambda t, u, p: {"x": u.x, "z": u.z})
    assert shaken.name == quiet.name
    assert shaken.diffusion.calculus == "stratonovich"


def test_a_model_of_the_catalogue_without_its_noise_is_not_that_of_the_recipe():
    model = ps.catalog.ornstein_uhlenbeck()
    assert model.recipe == {"system": "ornstein_uhlenbeck"}
    assert model.without_noise().recipe == {}
    assert model.noise(lambda t, u, p: {"x": u.x}).recipe == {}


@pytest.mark.parametrize(
    ("amplitudes", "message"),
    [
        (lambda t, u, p: {"x": u.x}, "no noise amplitude for 'z'"),
        (lambda t, u, p: {"x": u.x, "z": u.z, "q": 1.0}, "a noise amplitude for 'q'"),
        (lambda t, u, p: {"x": u.x, "z": p.s}, r"noise amplitude of 'z' has shape \(\); its state"),
    ],
)
def test_amplitudes_that_do_not_fit_the_states_are_refused(quiet, amplitudes, message):
    with pytest.raises(ModelError, match=message):
        quiet.noise(amplitudes)


def test_unknown_options_are_refused(quiet):
    with pytest.raises(ModelError, match="kind='general' needs sources=, the count of Wiener"):
        quiet.noise(kind="general")
    with pytest.raises(ModelError, match="'stratonovic' is unknown"):
        quiet.noise(calculus="stratonovic")


ADDITIVE = {
    "parameters": lambda t, u, p: {"x": p.s, "z": p.w},
    "time": lambda t, u, p: {"x": p.s * jnp.cos(t), "z": jnp.exp(-t) * p.w},
    "ones like a state": lambda t, u, p: {"x": 0.1, "z": 0.1 * jnp.ones_like(u.z)},
    "the shape of a state": lambda t, u, p: {"x": 0.0, "z": jnp.full(u.z.shape, p.s)},
}
STATE_DEPENDENT = {
    "its own": lambda t, u, p: {"x": p.s * u.x, "z": p.w},
    "another": lambda t, u, p: {"x": p.s, "z": p.w + u.x},
    "itself": lambda t, u, p: {"x": u.x, "z": p.w},
    "a condition": lambda t, u, p: {"x": jnp.where(u.x > 0, 1.0, 2.0), "z": p.w},
    "inside jit": lambda t, u, p: {"x": jax.jit(lambda v: 2 * v)(u.x), "z": p.w},
    "inside a loop": lambda t, u, p: {
        "x": p.s,
        "z": jax.lax.fori_loop(0, 2, lambda i, v: v + u.z, p.w),
    },
}


@pytest.mark.parametrize("case", ADDITIVE)
def test_noise_is_additive_where_no_state_reaches_it(quiet, case):
    assert quiet.noise(ADDITIVE[case]).has_additive_noise


@pytest.mark.parametrize("case", STATE_DEPENDENT)
def test_noise_is_not_additive_where_a_state_reaches_it(quiet, case):
    assert not quiet.noise(STATE_DEPENDENT[case]).has_additive_noise
