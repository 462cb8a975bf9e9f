"""The predator-prey equations of Lotka and Volterra."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["lotka_volterra"]


@entry
def lotka_volterra() -> Model:
    """Predator and prey; every orbit is closed.

    Along a solution, c x - d log x + b y - a log y is constant.

    Returns
    -------
    Model
        States x (prey) and y (predators); parameters a, b, c, d.

    References
    ----------
    Lotka (1925), "Elements of physical biology"; Volterra (1926), Nature 118, 558.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.lotka_volterra()
    Model('lotka_volterra', ODE, state=(x, y), params=(a, b, c, d))
    """

    @model(
        state={
            "x": Variable(1.0, "1", (0.0, float("inf")), description="prey"),
            "y": Variable(1.0, "1", (0.0, float("inf")), description="predators"),
        },
        params={
            "a": Variable(1.3, "1/s", (0.0, 5.0), description="growth of prey"),
            "b": Variable(0.9, "1/s", (0.0, 5.0), description="predation"),
            "c": Variable(0.8, "1/s", (0.0, 5.0), description="growth of predators by predation"),
            "d": Variable(1.8, "1/s", (0.0, 5.0), description="death of predators"),
        },
        name="lotka_volterra",
        description="Predator and prey",
        source="Volterra (1926), doi:10.1038/118558a0",
    )
    def lotka_volterra(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.a * u.x - p.b * u.x * u.y, "y": p.c * u.x * u.y - p.d * u.y}

    return lotka_volterra
