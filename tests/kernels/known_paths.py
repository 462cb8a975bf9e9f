"""Stochastic equations of every category, with solutions that are known on a given path."""

import jax
import jax.numpy as jnp
import numpy as np

import pysciml as ps
from pysciml.engines.jax.programs import step_of
from pysciml.engines.jax.stochastic import NORMALS
from pysciml.engines.jax.system import System

A, B, C = 0.4, 0.8, 0.5
START = np.array([1.0, 0.5])


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@ps.model(state={"x": START})
def growth(t, u, p):
    return {"x": A * u.x}


@ps.model(state={"x": START})
def pull(t, u, p):
    """Not linear, and each component pulls at the other."""
    return {"x": jnp.sin(u.x) - u.x[::-1] / 2}


@ps.model(state={"x": np.zeros(3)})
def area(t, u, p):
    return {"x": 0 * u.x}


def multiples(t, u, p):
    """Growth by the first source and rotation by the second, which commute."""
    return {"x": jnp.stack([B * u.x, C * jnp.stack([-u.x[1], u.x[0]])], axis=-1)}


def heisenberg(t, u, p):
    """Two sources and the area between them: they do not commute."""
    return {"x": jnp.array([[1.0, 0.0], [0.0, 1.0], [-u.x[1], u.x[0]]])}


DRIVEN = {
    "additive": (pull, {}, lambda t, u, p: {"x": np.array([3.0, 1.8]) / (1 + t)}),
    "diagonal": (growth, {}, lambda t, u, p: {"x": B * u.x}),
    "scalar": (
        growth,
        {"kind": "scalar"},
        lambda t, u, p: {"x": C * jnp.stack([-u.x[1], u.x[0]]) + B * u.x},
    ),
    "commutative": (growth, {"kind": "general", "sources": 2}, multiples),
    "general": (area, {"kind": "general", "sources": 2}, heisenberg),
}


def model_of(category, calculus):
    model, options, amplitudes = DRIVEN[category]
    return model.noise(amplitudes, calculus=calculus, **options)


def exact(category, calculus, w):
    """Solutions at t = 1 on paths that end in w (path, source); None where there is none."""
    ito = calculus == "ito"
    if category == "diagonal":
        return START * np.exp(A - ito * B**2 / 2 + B * w)
    if category in ("scalar", "commutative"):
        # The square of B + C J, with J a quarter turn, is B^2 - C^2 + 2 B C J.
        grown = np.exp(A - ito * (B**2 - C**2) / 2 + B * w[:, 0])
        turned = C * w[:, -1] - (ito * B * C if category == "scalar" else 0.0)
        return grown[:, None] * np.array([turn(angle) @ START for angle in turned])
    return None


class Paths:
    """Brownian paths on a fine grid, and what they are on coarser ones."""

    def __init__(self, count, finest, sources, seed=0):
        rng = np.random.default_rng(seed)
        self.finest = finest
        self.dw, self.dz = rng.normal(0, finest**-0.5, (2, count, finest, sources))

    @property
    def end(self):
        return self.dw.sum(axis=1)

    def on(self, steps):
        """Increments, and the independent normals that give the mean of the path over a step."""
        size, each = 1 / self.finest, self.finest // steps
        dw = self.dw.reshape(len(self.dw), steps, each, -1)
        before = np.cumsum(dw, axis=2) - dw
        own = size * (dw + self.dz.reshape(dw.shape) / 3**0.5) / 2
        integral = (size * before + own).sum(axis=2)
        dw = dw.sum(axis=2)
        return dw, 3**0.5 * (2 * steps * integral - dw)


def solver_at_the_end(model, solver):
    """Give ``(steps, paths) -> states at t = 1 (path, component)``, one program for all steps."""
    system, step, kinds = System(model), step_of(model, solver), NORMALS.get(solver.name, 1)

    @jax.jit
    def run(steps, y0, draws):
        field = system.field({})

        def one(i, y):
            kept = tuple(system.increments(d[i]) for d in draws)
            return step(field, i / steps, y, 1 / steps, kept if kinds > 1 else kept[0])

        return system.matrix(jax.lax.fori_loop(0, steps, one, y0))

    def end(steps, paths):
        draws = []
        for array in paths.on(steps):
            full = np.zeros((paths.finest, array.shape[2], array.shape[0]))
            full[:steps] = array.transpose(1, 2, 0)
            draws.append(full)
        with jax.enable_x64(True):
            start = np.concatenate([v.array.ravel() for v in model.state.values()])
            y0 = system.lanes(np.repeat(start[:, None], len(paths.dw), axis=1))
            return np.asarray(run(steps, y0, tuple(draws))).T

    return end
