"""The stochastic systems of the benchmarks, over any array library.

Each has components on the first axis of `y`; `stack` joins rows. All are Ito, with one source of
noise per component.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import pysciml as ps

GROWTH, FREQUENCY = np.array([0.2, 0.1, 0.3]), np.array([1.0, 1.5, 2.0])
COUPLING = np.array([[0.0, 0.1, 0.2], [0.15, 0.0, 0.1], [0.05, 0.2, 0.0]])
SIGMA = 0.1


@dataclass(frozen=True)
class System:
    """A stochastic system and how it is run.

    Parameters
    ----------
    title : str
        What it is.
    model : Model
        As a user of pysciml writes it.
    start : array
        State of every component.
    drift, diffusion : callable
        ``(y, stack) -> array``, by component.
    paths, steps, dt
        Size of the ensemble, steps of a path, and their length.
    every : bool
        Whether every step is saved, or the end alone.
    """

    title: str
    model: Any
    start: np.ndarray
    drift: Callable[[Any, Any], Any]
    diffusion: Callable[[Any, Any], Any]
    paths: int
    steps: int
    dt: float
    every: bool = False


def gbm() -> System:
    @ps.model(state={"x": 1.0}, params={"mu": 0.1, "sigma": 0.3})
    def model(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.mu * u.x}

    @model.noise
    def model(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.sigma * u.x}

    return System(
        "geometric Brownian motion",
        model,
        np.ones(1),
        lambda y, stack: 0.1 * y,
        lambda y, stack: 0.3 * y,
        100_000,
        1000,
        1e-3,
    )


def noisy_lorenz() -> System:
    @ps.model(
        state={"x": 1.0, "y": 1.0, "z": 20.0},
        params={"sigma": 10.0, "rho": 28.0, "beta": 8 / 3, "noise": 0.3},
    )
    def model(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {
            "x": p.sigma * (u.y - u.x),
            "y": u.x * (p.rho - u.z) - u.y,
            "z": u.x * u.y - p.beta * u.z,
        }

    @model.noise
    def model(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.noise * u.x, "y": p.noise * u.y, "z": p.noise * u.z}

    def drift(y: Any, stack: Any) -> Any:
        return stack(
            [10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]
        )

    start = np.array([1.0, 1.0, 20.0])
    title = "Lorenz 63 with noise in proportion"
    return System(title, model, start, drift, lambda y, stack: 0.3 * y, 10_000, 1000, 1e-3)


def oscillators() -> System:
    import jax.numpy as jnp

    @ps.model(
        state={"x": [1.0, 0.5, -0.5], "y": [0.0, 0.5, 0.5]},
        params={"a": GROWTH, "omega": FREQUENCY, "C": COUPLING, "sigma": SIGMA},
    )
    def model(t: Any, u: Any, p: Any) -> dict[str, Any]:
        pull = p.a - u.x**2 - u.y**2 - jnp.sum(p.C, axis=0)
        return {
            "x": pull * u.x - p.omega * u.y + u.x @ p.C,
            "y": pull * u.y + p.omega * u.x + u.y @ p.C,
        }

    @model.noise
    def model(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.sigma * jnp.ones(3), "y": p.sigma * jnp.ones(3)}

    def drift(y: Any, stack: Any) -> Any:
        inward = COUPLING.sum(axis=0)
        rows: list[Any] = [None] * 6
        for i in range(3):
            x, v = y[i], y[3 + i]
            pull = GROWTH[i] - x * x - v * v - inward[i]
            rows[i] = pull * x - FREQUENCY[i] * v
            rows[3 + i] = pull * v + FREQUENCY[i] * x
            for j in range(3):
                if COUPLING[j, i]:
                    rows[i] = rows[i] + float(COUPLING[j, i]) * y[j]
                    rows[3 + i] = rows[3 + i] + float(COUPLING[j, i]) * y[3 + j]
        return stack(rows)

    start = np.array([1.0, 0.5, -0.5, 0.0, 0.5, 0.5])
    return System(
        "3 coupled Stuart-Landau oscillators",
        model,
        start,
        drift,
        lambda y, stack: SIGMA + 0 * y,
        1024,
        600,
        0.01,
        True,
    )


def separate_oscillators() -> ps.Model:
    """Make the same system with one state per component, which compiles to leaner loops."""
    n = len(GROWTH)
    names = [*(f"x{i}" for i in range(n)), *(f"y{i}" for i in range(n))]

    @ps.model(
        state=dict.fromkeys(names, 0.0),
        params={"a": GROWTH, "omega": FREQUENCY, "C": COUPLING, "sigma": SIGMA},
    )
    def model(t: Any, u: Any, p: Any) -> dict[str, Any]:
        x, y = ([u[f"{name}{i}"] for i in range(n)] for name in "xy")
        rates = {}
        for i in range(n):
            pull = p.a[i] - x[i] * x[i] - y[i] * y[i] - p.C[:, i].sum()
            along = [sum(p.C[j, i] * v[j] for j in range(n)) for v in (x, y)]
            rates[f"x{i}"] = pull * x[i] - p.omega[i] * y[i] + along[0]
            rates[f"y{i}"] = pull * y[i] + p.omega[i] * x[i] + along[1]
        return rates

    @model.noise
    def noisy(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return dict.fromkeys(names, p.sigma)

    return noisy
