"""The NaKL neuron of the twin experiments of data assimilation."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["nakl"]

# Of each gate: midpoint (mV), width (mV), and the least and the added time constant (ms).
GATES = {
    "m": ("activation of sodium", -40.0, 15.0, 0.1, 0.4),
    "h": ("inactivation of sodium", -60.0, -15.0, 1.0, 7.0),
    "n": ("activation of potassium", -55.0, 30.0, 1.0, 5.0),
}


@entry
def nakl() -> Model:
    """Neuron with sodium, potassium and leak currents, whose kinetics are hyperbolic tangents.

        C dv / dt = g_Na m^3 h (E_Na - v) + g_K n^4 (E_K - v) + g_L (E_L - v) + current
        dy / dt = (y_inf(v) - y) / tau_y(v)               for each gate y = m, h, n
        y_inf(v) = (1 + tanh s) / 2,  tau_y(v) = t_y0 + t_y1 (1 - tanh^2 s),  s = (v - v_y) / dv_y

    The standard of twin experiments: from a noisy v and a known current, find the gates and the
    parameters.

    Returns
    -------
    Model
        States v (mV), m, h, n; parameters C, g_Na, g_K, g_L, E_Na, E_K, E_L and, for each gate y,
        v_y, dv_y, t_y0, t_y1; input current (uA/cm^2, inward positive). Time is in ms.

    References
    ----------
    Toth, Kostuk, Meliza, Margoliash and Abarbanel (2011), "Dynamical estimation of neuron and
    network properties I: variational methods", Biol. Cybern. 105, 217; part II, Biol. Cybern. 106,
    155.

    Examples
    --------
    >>> import pysciml as ps
    >>> neuron = ps.catalog.nakl()
    >>> len(neuron.params), list(neuron.state), list(neuron.inputs)
    (19, ['v', 'm', 'h', 'n'], ['current'])
    """
    kinetics = {}
    for gate, (what, middle, width, least, added) in GATES.items():
        # The sign of the width says whether the gate opens or closes as the membrane depolarises.
        widths = (5.0, 50.0) if width > 0 else (-50.0, -5.0)
        kinetics |= {
            f"v_{gate}": Variable(middle, "mV", (-90.0, 0.0), None, f"midpoint, {what}"),
            f"dv_{gate}": Variable(width, "mV", widths, None, f"width, {what}"),
            f"t_{gate}0": Variable(least, "ms", (0.01, 10.0), None, f"least time constant, {what}"),
            f"t_{gate}1": Variable(added, "ms", (0.0, 20.0), None, f"added time constant, {what}"),
        }

    @model(
        state={
            "v": Variable(-70.0, "mV", description="membrane potential"),
            "m": Variable(0.1, "1", (0.0, 1.0), description="activation of sodium"),
            "h": Variable(0.9, "1", (0.0, 1.0), description="inactivation of sodium"),
            "n": Variable(0.1, "1", (0.0, 1.0), description="activation of potassium"),
        },
        params={
            "C": Variable(1.0, "uF/cm^2", (0.1, 10.0), description="membrane capacitance"),
            "g_Na": Variable(120.0, "mS/cm^2", (0.0, 300.0), description="sodium conductance"),
            "g_K": Variable(20.0, "mS/cm^2", (0.0, 100.0), description="potassium conductance"),
            "g_L": Variable(0.3, "mS/cm^2", (0.0, 5.0), description="leak conductance"),
            "E_Na": Variable(50.0, "mV", (0.0, 100.0), description="sodium reversal"),
            "E_K": Variable(-77.0, "mV", (-120.0, -50.0), description="potassium reversal"),
            "E_L": Variable(-54.4, "mV", (-100.0, 0.0), description="leak reversal"),
            **kinetics,
        },
        inputs={"current": Variable(0.0, "uA/cm^2", (-100.0, 100.0), description="stimulus")},
        name="nakl",
        description="Neuron with sodium, potassium and leak, for data assimilation",
        source="Toth et al. (2011), doi:10.1007/s00422-011-0459-1",
    )
    def nakl(t: Any, u: Any, p: Any, x: Any) -> dict[str, Any]:
        sodium = p.g_Na * u.m**3 * u.h * (p.E_Na - u.v)
        potassium = p.g_K * u.n**4 * (p.E_K - u.v)
        leak = p.g_L * (p.E_L - u.v)

        def gate(y: str) -> Any:
            slope = jnp.tanh((u.v - p[f"v_{y}"]) / p[f"dv_{y}"])
            return ((1 + slope) / 2 - u[y]) / (p[f"t_{y}0"] + p[f"t_{y}1"] * (1 - slope**2))

        voltage = (sodium + potassium + leak + x.current) / p.C
        return {"v": voltage, "m": gate("m"), "h": gate("h"), "n": gate("n")}

    return nakl
