"""The Ornstein-Uhlenbeck process."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["ornstein_uhlenbeck"]


@entry
def ornstein_uhlenbeck() -> Model:
    """Brownian motion with friction, dx = theta (mean - x) dt + sigma dW.

    From x(0), x(t) is Gaussian with mean ``mean + (x(0) - mean) exp(-theta t)`` and variance
    ``sigma^2 (1 - exp(-2 theta t)) / (2 theta)``.

    Returns
    -------
    Model
        State x; parameters theta, mean, sigma.

    References
    ----------
    Uhlenbeck and Ornstein (1930), "On the theory of the Brownian motion", Phys. Rev. 36, 823.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.ornstein_uhlenbeck()
    Model('ornstein_uhlenbeck', SDE, state=(x), params=(theta, mean, sigma))
    """

    @model(
        state={"x": Variable(1.0, "1", description="position")},
        params={
            "theta": Variable(1.0, "1/s", (1e-3, 10.0), description="rate of return"),
            "mean": Variable(0.0, "1", (-10.0, 10.0), description="long-time mean"),
            "sigma": Variable(0.5, "1/s^0.5", (0.0, 10.0), description="noise amplitude"),
        },
        name="ornstein_uhlenbeck",
        source="Uhlenbeck and Ornstein (1930), doi:10.1103/PhysRev.36.823",
        description="Brownian motion with friction",
    )
    def drift(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.theta * (p.mean - u.x)}

    @drift.noise
    def ornstein_uhlenbeck(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.sigma}

    return ornstein_uhlenbeck
