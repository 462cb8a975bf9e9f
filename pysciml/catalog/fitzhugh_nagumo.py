"""The excitable system of FitzHugh and Nagumo."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["fitzhugh_nagumo"]


@entry
def fitzhugh_nagumo() -> Model:
    """Excitation and recovery: the nerve reduced to two variables.

        dv / dt = v - v^3 / 3 - w + current
        dw / dt = (v + a - b w) / tau

    At rest v solves ``v - v^3 / 3 - (v + a) / b + current = 0``; there the trace of the Jacobian
    is ``1 - v^2 - b / tau``. Between the two Hopf bifurcations where it vanishes, the nerve fires
    without end: for the defaults, current 0.331 to 1.419.

    Returns
    -------
    Model
        States v and w; parameters a, b, tau; input current; without units.

    References
    ----------
    FitzHugh (1961), "Impulses and physiological states in theoretical models of nerve membrane",
    Biophys. J. 1, 445; Nagumo, Arimoto and Yoshizawa (1962), Proc. IRE 50, 2061.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.fitzhugh_nagumo()
    Model('fitzhugh_nagumo', ODE, state=(v, w), params=(a, b, tau), inputs=(current))
    """

    @model(
        state={
            "v": Variable(-1.2, "1", description="excitation"),
            "w": Variable(-0.62, "1", description="recovery"),
        },
        params={
            "a": Variable(0.7, "1", (0.0, 1.5), description="offset of the recovery"),
            "b": Variable(0.8, "1", (0.0, 1.5), description="decay of the recovery"),
            "tau": Variable(12.5, "1", (1.0, 100.0), description="time scale of the recovery"),
        },
        inputs={"current": Variable(0.0, "1", (-1.0, 2.0), description="stimulus")},
        name="fitzhugh_nagumo",
        description="Excitable nerve in two variables",
        source="FitzHugh (1961), doi:10.1016/S0006-3495(61)86902-6",
    )
    def fitzhugh_nagumo(t: Any, u: Any, p: Any, x: Any) -> dict[str, Any]:
        return {
            "v": u.v - u.v**3 / 3 - u.w + x.current,
            "w": (u.v + p.a - p.b * u.w) / p.tau,
        }

    return fitzhugh_nagumo
