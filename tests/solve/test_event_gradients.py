"""Derivatives through events against derivatives of closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_events import decay, falling, neuron, spike_times

import pysciml as ps
from pysciml.errors import CapabilityError

END = 70.0
AT = {"current": 20.0, "tau": 10.0, "threshold": -50.0}


def exact(values):
    """Give v at the end and the four spikes before it."""
    spikes = spike_times(4, values["current"], values["tau"], values["threshold"], np=jnp)
    target = -65.0 + values["current"]
    v = target + (-70.0 - target) * jnp.exp(-(END - spikes[-1]) / values["tau"])
    return jnp.append(spikes, v)


def solved(flow):
    def observe(values):
        params = {name: values[name] for name in ("tau", "threshold")}
        out = flow({}, params, {"current": values["current"]})
        return jnp.append(out["spike"][:4], out["v"][-1])

    return observe


def twice(function):
    """Return what a function returns once to be differentiated and once as it is."""

    def both(*arguments):
        value = function(*arguments)
        return value, value

    return both


def test_derivatives_through_spikes_are_those_of_the_closed_form():
    flow = ps.flow(neuron, t=(0, END), save=[END], rtol=1e-9, max_steps=256, max_events=8)
    with jax.enable_x64(True):
        at = {name: jnp.asarray(value) for name, value in AT.items()}
        expected = jax.jacfwd(exact)(at)
        forward, value = jax.jit(jax.jacfwd(twice(solved(flow)), has_aux=True))(at)
        weights = jnp.array([1.0, -2.0, 0.5, 3.0, 0.1])
        backward = jax.jit(jax.grad(lambda v: weights @ solved(flow)(v)))(at)
        np.testing.assert_allclose(value, exact(at), rtol=1e-7)
        for name in AT:
            np.testing.assert_allclose(forward[name], expected[name], rtol=1e-5)
            np.testing.assert_allclose(backward[name], weights @ expected[name], rtol=1e-5)
    sens = ps.sensitivities(
        neuron,
        wrt=["tau", "threshold"],
        t=(0, END),
        save=[END],
        inputs={"current": 20.0},
        rtol=1e-9,
    )
    for name in ("tau", "threshold"):
        np.testing.assert_allclose(sens[f"dv_d{name}"][-1], expected[name][-1], rtol=1e-5)


def test_the_time_of_a_fall_moves_with_height_and_gravity():
    flow = ps.flow(falling, t=(0, 1), save=[1.0], max_steps=64, max_events=1)
    with jax.enable_x64(True):
        fall = jax.jit(jax.jacfwd(lambda h, g: flow({"height": h}, {"g": g})["ground"][0], (0, 1)))
        found = fall(1.0, 9.81)
    time = np.sqrt(2 / 9.81)
    np.testing.assert_allclose(found, [time / 2, -time / 2 / 9.81], rtol=1e-9)


def test_a_crossing_by_a_kick_moves_with_the_kick_and_not_with_the_threshold():
    model = decay.with_event("shot", at=1.0, then=lambda t, u, p: {"drug": u.drug + p.dose})
    model = model.with_event(
        "full",
        when=lambda t, u, p: u.drug - p.k,
        direction="up",
        then=lambda t, u, p: {"drug": u.drug / 2},
    )
    flow = ps.flow(model, t=(0, 2), save=[2.0], rtol=1e-9, max_steps=64, max_events=2)

    def end(dose, k):
        out = flow({"drug": 0.5}, {"dose": dose, "k": k})
        return jnp.stack([out["full"][0], out["drug"][-1]])

    with jax.enable_x64(True):
        (by_dose, by_k), value = jax.jit(jax.jacfwd(twice(end), (0, 1), has_aux=True))(2.0, 0.7)
    half = lambda dose, k: (0.5 * np.exp(-k) + dose) * np.exp(-k) / 2  # noqa: E731
    np.testing.assert_allclose(value, [1.0, half(2.0, 0.7)], rtol=1e-8)
    np.testing.assert_allclose(by_dose, [0.0, np.exp(-0.7) / 2], rtol=1e-7)
    slope = (half(2.0, 0.7 + 1e-6) - half(2.0, 0.7 - 1e-6)) / 2e-6
    np.testing.assert_allclose(by_k, [0.0, slope], rtol=1e-6)


def test_fixed_steps_with_events_have_no_derivatives():
    with pytest.raises(CapabilityError, match=r"ends of its steps.*Tsit5"):
        ps.flow(neuron, t=(0, 1), solver="RK4", dt=0.1)
    with pytest.raises(CapabilityError, match=r"ends of its steps.*Tsit5"):
        ps.sensitivities(neuron, wrt="tau", t=(0, 1), solver="RK4", dt=0.1)
