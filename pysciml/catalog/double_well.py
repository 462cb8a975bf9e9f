"""A particle in a double well."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["double_well"]


@entry
def double_well() -> Model:
    """Overdamped particle that noise kicks between two wells, dx = (a x - b x^3) dt + sigma dW.

    The potential is ``V(x) = b x^4 / 4 - a x^2 / 2``, with wells at ``+-sqrt(a / b)``. The
    stationary density is proportional to ``exp(-2 V(x) / sigma^2)``. For weak noise the particle
    leaves a well at Kramers' rate, ``a / (sqrt(2) pi) exp(-a^2 / (2 b sigma^2))``.

    Returns
    -------
    Model
        State x, in the right well; parameters a, b, sigma.

    References
    ----------
    Kramers (1940), "Brownian motion in a field of force and the diffusion model of chemical
    reactions", Physica 7, 284.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.double_well()
    Model('double_well', SDE, state=(x), params=(a, b, sigma))
    """

    @model(
        state={"x": Variable(1.0, "1", description="position")},
        params={
            "a": Variable(1.0, "1/s", (0.0, 10.0), description="push from the middle"),
            "b": Variable(1.0, "1/s", (1e-3, 10.0), description="pull from far"),
            "sigma": Variable(0.5, "1/s^0.5", (0.0, 5.0), description="noise amplitude"),
        },
        name="double_well",
        description="Particle kicked between two wells",
        source="Kramers (1940), doi:10.1016/S0031-8914(40)90098-2",
    )
    def drift(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.a * u.x - p.b * u.x**3}

    @drift.noise
    def double_well(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.sigma}

    return double_well
