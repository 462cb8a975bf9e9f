"""Robertson's autocatalytic reaction."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["robertson"]


@entry
def robertson() -> Model:
    """Three reactions whose rates differ by nine orders of magnitude; very stiff.

    With the fractions y1, y2, y3 of the species A, B, C:

        A -> B          at rate k1 y1
        B + B -> C + B  at rate k2 y2^2
        B + C -> A + C  at rate k3 y2 y3

    The sum y1 + y2 + y3 is constant, and in the long run all becomes C. Beyond short times it
    needs a stiff solver.

    Returns
    -------
    Model
        States y1, y2, y3; parameters k1, k2, k3.

    References
    ----------
    Robertson (1966), "The solution of a set of reaction rate equations", in Numerical analysis:
    an introduction, 178; Hairer and Wanner (1996), Solving ordinary differential equations II,
    eq. IV.1.4.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.robertson()
    Model('robertson', ODE, state=(y1, y2, y3), params=(k1, k2, k3))
    """

    @model(
        state={
            "y1": Variable(1.0, "1", (0.0, 1.0), description="fraction of A"),
            "y2": Variable(0.0, "1", (0.0, 1.0), description="fraction of B"),
            "y3": Variable(0.0, "1", (0.0, 1.0), description="fraction of C"),
        },
        params={
            "k1": Variable(0.04, "1/s", (0.0, 1.0), description="A to B"),
            "k2": Variable(3e7, "1/s", (0.0, 1e9), description="B to C, by B"),
            "k3": Variable(1e4, "1/s", (0.0, 1e6), description="B to A, by C"),
        },
        name="robertson",
        description="Robertson's stiff chemical reaction",
        source="Hairer and Wanner (1996), doi:10.1007/978-3-642-05221-7",
    )
    def robertson(t: Any, u: Any, p: Any) -> dict[str, Any]:
        forth, on, back = p.k1 * u.y1, p.k2 * u.y2**2, p.k3 * u.y2 * u.y3
        return {"y1": back - forth, "y2": forth - on - back, "y3": on}

    return robertson
