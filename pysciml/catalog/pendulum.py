"""The plane pendulum."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["pendulum"]


@entry
def pendulum(damping: float = 0.0) -> Model:
    """Plane pendulum of any amplitude, with friction or without.

    Without friction the energy per mass and squared length,
    ``omega^2 / 2 - (gravity / length) cos theta``, is constant, and a swing of amplitude a has
    the period ``4 sqrt(length / gravity) K(sin(a / 2))``, with K the complete elliptic integral
    of the first kind.

    Parameters
    ----------
    damping : float
        Rate of friction (1/s).

    Returns
    -------
    Model
        States theta (angle from rest, not wrapped) and omega (angular velocity); parameters
        gravity, length, damping.

    References
    ----------
    Ochs (2011), "A comprehensive analytical solution of the nonlinear pendulum", Eur. J. Phys. 32,
    479.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.pendulum()
    Model('pendulum', ODE, state=(theta, omega), params=(gravity, length, damping))
    """

    @model(
        state={
            "theta": Variable(1.0, "rad", description="angle from rest"),
            "omega": Variable(0.0, "rad/s", description="angular velocity"),
        },
        params={
            "gravity": Variable(9.81, "m/s^2", (0.0, 30.0), description="acceleration by gravity"),
            "length": Variable(1.0, "m", (0.01, 100.0), description="length"),
            "damping": Variable(damping, "1/s", (0.0, 10.0), description="rate of friction"),
        },
        name="pendulum",
        description="Plane pendulum",
        source="Ochs (2011), doi:10.1088/0143-0807/32/2/019",
    )
    def pendulum(t: Any, u: Any, p: Any) -> dict[str, Any]:
        pull = -p.gravity / p.length * jnp.sin(u.theta)
        return {"theta": u.omega, "omega": pull - p.damping * u.omega}

    return pendulum
