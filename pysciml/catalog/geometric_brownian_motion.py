"""Geometric Brownian motion."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["geometric_brownian_motion"]


@entry
def geometric_brownian_motion() -> Model:
    """Growth in random proportion, dx = mu x dt + sigma x dW (Ito).

    Its solution is ``x(0) exp((mu - sigma^2 / 2) t + sigma W(t))``, with mean ``x(0) exp(mu t)``
    and variance ``x(0)^2 exp(2 mu t) (exp(sigma^2 t) - 1)``.

    Returns
    -------
    Model
        State x; parameters mu, sigma.

    References
    ----------
    Black and Scholes (1973), "The pricing of options and corporate liabilities", J. Polit. Econ.
    81, 637.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.geometric_brownian_motion()
    Model('geometric_brownian_motion', SDE, state=(x), params=(mu, sigma))
    """

    @model(
        state={"x": Variable(1.0, "1", (0.0, float("inf")), description="price")},
        params={
            "mu": Variable(0.1, "1/s", (-1.0, 1.0), description="mean rate of growth"),
            "sigma": Variable(0.3, "1/s^0.5", (0.0, 2.0), description="noise amplitude, relative"),
        },
        name="geometric_brownian_motion",
        description="Growth in random proportion",
        source="Black and Scholes (1973), doi:10.1086/260062",
    )
    def drift(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.mu * u.x}

    @drift.noise
    def geometric_brownian_motion(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.sigma * u.x}

    return geometric_brownian_motion
