"""The Lorenz system of 1963."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["lorenz63"]


@entry
def lorenz63() -> Model:
    """Model convection as Lorenz did; chaotic at its default parameters.

    Returns
    -------
    Model
        States x, y, z; parameters sigma, rho, beta; all without units.

    References
    ----------
    Lorenz (1963), "Deterministic nonperiodic flow", J. Atmos. Sci. 20, 130, eqs. 25-27.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.lorenz63()
    Model('lorenz63', ODE, state=(x, y, z), params=(sigma, rho, beta))
    """

    @model(
        state={
            "x": Variable(1.0, "1", description="intensity of the convection"),
            "y": Variable(0.0, "1", description="temperature difference of the currents"),
            "z": Variable(0.0, "1", description="distortion of the temperature profile"),
        },
        params={
            "sigma": Variable(10.0, "1", (0.0, 50.0), description="Prandtl number"),
            "rho": Variable(28.0, "1", (0.0, 100.0), description="Rayleigh number, relative"),
            "beta": Variable(8 / 3, "1", (0.0, 10.0), description="geometric factor"),
        },
        name="lorenz63",
        description="Lorenz's chaotic model of convection",
        source="Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2",
    )
    def lorenz63(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {
            "x": p.sigma * (u.y - u.x),
            "y": u.x * (p.rho - u.z) - u.y,
            "z": u.x * u.y - p.beta * u.z,
        }

    return lorenz63
