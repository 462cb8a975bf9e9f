"""Systems with events whose solutions are known in closed form."""

import jax.numpy as jnp
import numpy as np

import pysciml as ps


@ps.model(
    state={"v": -65.0},
    params={"tau": 10.0, "rest": -65.0, "threshold": -50.0, "reset": -70.0},
    inputs={"current": 0.0},
)
def membrane(t, u, p, x):
    return {"v": (p.rest - u.v + x.current) / p.tau}


neuron = membrane.with_event(
    "spike",
    when=lambda t, u, p, x: u.v - p.threshold,
    direction="up",
    then=lambda t, u, p, x: {"v": p.reset},
)


def spike_times(count, current, tau=10.0, threshold=-50.0, np=np):
    """Give the first spikes of the neuron: from rest, then from reset, up to threshold."""
    target = -65.0 + current
    first = tau * np.log((target + 65.0) / (target - threshold))
    later = tau * np.log((target + 70.0) / (target - threshold))
    return first + later * np.arange(count)


@ps.model(state={"x": 0.0, "y": 1.0})
def circle(t, u, p):
    return {"x": u.y, "y": -u.x}


@ps.model(state={"height": 1.0, "speed": 0.0}, params={"g": 9.81, "kept": 0.8})
def ball(t, u, p):
    return {"height": u.speed, "speed": -p.g}


bouncing = ball.with_event(
    "bounce",
    when=lambda t, u, p: u.height,
    direction="down",
    then=lambda t, u, p: {"speed": -p.kept * u.speed},
)
falling = ball.with_event("ground", when=lambda t, u, p: u.height, direction="down", stop=True)


@ps.model(state={"drug": 1.0}, params={"k": 0.7, "dose": 2.0})
def decay(t, u, p):
    return {"drug": -p.k * u.drug}


dosed = decay.with_event("pill", every=1.0, then=lambda t, u, p: {"drug": u.drug + p.dose})
dosed = dosed.with_event("shot", at=(0.5, 2.25), then=lambda t, u, p: {"drug": u.drug + 3 * p.dose})


def drug(times, k=0.7, dose=2.0, end=4.0):
    """Give what is left of the start and of every dose before each of the times."""
    given = [(0.0, 1.0), (0.5, 3 * dose), (2.25, 3 * dose)]
    given += [(at, dose) for at in np.arange(1.0, end + 0.5)]
    times = np.asarray(times)[:, None]
    at, amount = np.array(given).T
    past = (at < times) | (at == 0)
    return np.sum(np.where(past, amount * np.exp(-k * np.abs(times - at)), 0), axis=1)


def swing(u, level):
    """Condition of the circle: it is above a level."""
    return u.x - jnp.asarray(level)
