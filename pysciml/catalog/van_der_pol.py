"""The relaxation oscillator of van der Pol."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["van_der_pol"]


@entry
def van_der_pol(mu: float = 1.0) -> Model:
    """Van der Pol's oscillator; stiff for large mu.

    Parameters
    ----------
    mu : float
        Strength of the nonlinear damping. For small mu the amplitude tends to 2; for large mu
        the period tends to (3 - 2 log 2) mu.

    Returns
    -------
    Model
        States x and v; parameter mu; without units.

    References
    ----------
    Van der Pol (1926), "On relaxation-oscillations", Philos. Mag. 2, 978.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.van_der_pol(mu=5.0)
    Model('van_der_pol', ODE, state=(x, v), params=(mu))
    """

    @model(
        state={
            "x": Variable(2.0, "1", description="position"),
            "v": Variable(0.0, "1", description="velocity"),
        },
        params={"mu": Variable(mu, "1", (0.0, 1e4), description="nonlinear damping")},
        name="van_der_pol",
        description="Relaxation oscillator",
        source="Van der Pol (1926), doi:10.1080/14786442608564127",
    )
    def van_der_pol(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": u.v, "v": p.mu * (1 - u.x**2) * u.v - u.x}

    return van_der_pol
