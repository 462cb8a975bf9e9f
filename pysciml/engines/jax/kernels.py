"""Fixed-step kernels: one scan over the save times, steps between them inside.

They integrate any pytree of lanes (the batch on the last axis), are differentiable in both
modes, and serve `ps.solve`, GOKU-UI and fitting alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from pysciml.engines.jax.marching import march
from pysciml.engines.jax.system import Field
from pysciml.engines.jax.trees import add, axpy, mean, shake

__all__ = ["EVALUATIONS", "STEPS", "Step", "integrate"]

Step = Callable[[Field, Any, Any, Any, Any], Any]


def euler(field: Field, t: Any, y: Any, h: Any, dw: Any) -> Any:
    """Take a step of Euler, with noise of Euler-Maruyama (Ito; strong order 1/2, weak order 1).

    Parameters
    ----------
    field : Field
        The vector field.
    t, h : scalar
        Time at the start of the step, and its length.
    y : pytree
        State at `t`.
    dw : pytree or None
        Brownian increments, like `y`; None for an ODE.

    Returns
    -------
    pytree
        State at `t` + `h`.
    """
    moved = axpy(h, field.drift(t, y), y)
    if field.diffusion is None or dw is None:
        return moved
    return add(moved, shake(field, field.diffusion(t, y), dw))


def euler_heun(field: Field, t: Any, y: Any, h: Any, dw: Any) -> Any:
    """Take a step of Euler-Heun (Stratonovich; Euler in the drift, Heun in the noise).

    Parameters
    ----------
    field, t, y, h, dw
        As in `euler`.

    Returns
    -------
    pytree
        State at `t` + `h`.
    """
    moved = axpy(h, field.drift(t, y), y)
    if field.diffusion is None or dw is None:
        return moved
    amplitude = field.diffusion(t, y)
    predicted = add(y, shake(field, amplitude, dw))
    return add(moved, shake(field, mean(amplitude, field.diffusion(t + h, predicted)), dw))


def heun(field: Field, t: Any, y: Any, h: Any, dw: Any) -> Any:
    """Take a step of Heun; with noise the stochastic Heun scheme (Stratonovich).

    Parameters
    ----------
    field, t, y, h, dw
        As in `euler`.

    Returns
    -------
    pytree
        State at `t` + `h`.
    """
    k1 = field.drift(t, y)
    if field.diffusion is None or dw is None:
        k2 = field.drift(t + h, axpy(h, k1, y))
        return axpy(h, mean(k1, k2), y)
    g1 = field.diffusion(t, y)
    predicted = add(axpy(h, k1, y), shake(field, g1, dw))
    k2, g2 = field.drift(t + h, predicted), field.diffusion(t + h, predicted)
    return add(axpy(h, mean(k1, k2), y), shake(field, mean(g1, g2), dw))


def rk4(field: Field, t: Any, y: Any, h: Any, dw: Any) -> Any:
    """Take a step of the classical Runge-Kutta scheme of order 4.

    Parameters
    ----------
    field, t, y, h, dw
        As in `euler`; `dw` is not used.

    Returns
    -------
    pytree
        State at `t` + `h`.
    """
    k1 = field.drift(t, y)
    k2 = field.drift(t + h / 2, axpy(h / 2, k1, y))
    k3 = field.drift(t + h / 2, axpy(h / 2, k2, y))
    k4 = field.drift(t + h, axpy(h, k3, y))
    slope = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, k1, k2, k3, k4)
    return axpy(h, slope, y)


STEPS: dict[str, Step] = {
    "Euler": euler,
    "EulerMaruyama": euler,
    "EulerHeun": euler_heun,
    "Heun": heun,
    "RK4": rk4,
}
EVALUATIONS = {  # of the drift
    "Euler": 1,
    "EulerMaruyama": 1,
    "EulerHeun": 1,
    "Heun": 2,
    "Milstein": 1,
    "SRA1": 2,
    "SRIW1": 2,
    "RK4": 4,
    "StormerVerlet": 3,
}


def integrate(
    step: Step,
    field: Field,
    y0: Any,
    times: jax.Array,
    substeps: int | jax.Array,
    noise: Any = None,
) -> Any:
    """Integrate from ``times[0]`` and return the state at every one of `times`.

    Parameters
    ----------
    step : callable
        One of `STEPS`.
    field : Field
        The vector field.
    y0 : pytree
        State at ``times[0]``; leaves with the batch on the last axis.
    times : array
        Save times, shape (n,).
    substeps : int or scalar array
        Steps of equal length between two save times; see `march`.
    noise : Stream, pytree of array or None
        As in `march`: Brownian increments like `y0`, or a stream. None for an ODE.

    Returns
    -------
    pytree
        Like `y0`, with a first axis of n.
    """

    def advance(y: Any, t: Any, h: Any, dw: Any) -> Any:
        # By its middle, since rounding may put its start on either side of a jump.
        return step(field.during(t + h / 2), t, y, h, dw)

    return march(advance, y0, times, substeps, noise)[1]
