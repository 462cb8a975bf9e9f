"""The populations of Wilson and Cowan."""

from __future__ import annotations

from typing import Any

from jax.nn import sigmoid

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["wilson_cowan"]


@entry
def wilson_cowan() -> Model:
    """Excitatory and inhibitory populations that drive each other; a limit cycle at the defaults.

        tau_e dE / dt = -E + (k_e - r_e E) S_e(c1 E - c2 I + P)
        tau_i dI / dt = -I + (k_i - r_i I) S_i(c3 E - c4 I + Q)

    with S_j(y) = 1 / (1 + exp(-a_j (y - theta_j))) - 1 / (1 + exp(a_j theta_j)), which is 0 at
    y = 0 and at most k_j. Without input, E = I = 0 is at rest.

    Returns
    -------
    Model
        States E, I (shares of cells that fire); parameters c1 to c4, a_e, theta_e, a_i, theta_i,
        r_e, r_i, tau_e, tau_i (ms); inputs P to E and Q to I. Time is in ms.

    References
    ----------
    Wilson and Cowan (1972), "Excitatory and inhibitory interactions in localized populations of
    model neurons", Biophys. J. 12, 1, eqs. 11-15; defaults of figure 11.

    Examples
    --------
    >>> import pysciml as ps
    >>> model = ps.catalog.wilson_cowan()
    >>> list(model.state), list(model.inputs)
    (['E', 'I'], ['P', 'Q'])
    """

    @model(
        state={
            "E": Variable(0.0, "1", (-0.5, 1.0), description="share of excitatory cells firing"),
            "I": Variable(0.0, "1", (-0.5, 1.0), description="share of inhibitory cells firing"),
        },
        params={
            "c1": Variable(16.0, "1", (0.0, 30.0), description="synapses, E to E"),
            "c2": Variable(12.0, "1", (0.0, 30.0), description="synapses, I to E"),
            "c3": Variable(15.0, "1", (0.0, 30.0), description="synapses, E to I"),
            "c4": Variable(3.0, "1", (0.0, 30.0), description="synapses, I to I"),
            "a_e": Variable(1.3, "1", (0.1, 5.0), description="slope of the response of E"),
            "theta_e": Variable(4.0, "1", (0.0, 10.0), description="threshold of E"),
            "a_i": Variable(2.0, "1", (0.1, 5.0), description="slope of the response of I"),
            "theta_i": Variable(3.7, "1", (0.0, 10.0), description="threshold of I"),
            "r_e": Variable(1.0, "1", (0.0, 5.0), description="refractoriness of E"),
            "r_i": Variable(1.0, "1", (0.0, 5.0), description="refractoriness of I"),
            "tau_e": Variable(8.0, "ms", (1.0, 100.0), description="time constant of E"),
            "tau_i": Variable(8.0, "ms", (1.0, 100.0), description="time constant of I"),
        },
        inputs={
            "P": Variable(1.25, "1", (-10.0, 10.0), description="input to E"),
            "Q": Variable(0.0, "1", (-10.0, 10.0), description="input to I"),
        },
        name="wilson_cowan",
        description="Excitatory and inhibitory populations",
        source="Wilson and Cowan (1972), doi:10.1016/S0006-3495(72)86068-5",
    )
    def wilson_cowan(t: Any, u: Any, p: Any, x: Any) -> dict[str, Any]:
        def rate(y: Any, r: Any, a: Any, theta: Any, tau: Any, drive: Any) -> Any:
            rest = sigmoid(-a * theta)
            return (-y + (1 - rest - r * y) * (sigmoid(a * (drive - theta)) - rest)) / tau

        to_e = p.c1 * u.E - p.c2 * u.I + x.P
        to_i = p.c3 * u.E - p.c4 * u.I + x.Q
        return {
            "E": rate(u.E, p.r_e, p.a_e, p.theta_e, p.tau_e, to_e),
            "I": rate(u.I, p.r_i, p.a_i, p.theta_i, p.tau_i, to_i),
        }

    return wilson_cowan
