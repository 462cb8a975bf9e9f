"""The nerve membrane of Hodgkin and Huxley."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["hodgkin_huxley"]


@entry
def hodgkin_huxley() -> Model:
    """Patch of the squid's giant axon at 6.3 degrees Celsius, at rest near -65 mV.

        C dv / dt = g_Na m^3 h (E_Na - v) + g_K n^4 (E_K - v) + g_L (E_L - v) + current
        dy / dt = alpha_y(v) (1 - y) - beta_y(v) y        for each gate y = m, h, n

    After a step of current it fires repeatedly from 6.3 uA/cm^2; rest itself loses its stability at
    9.8 uA/cm^2.

    Returns
    -------
    Model
        States v (mV), m, h, n; parameters C, g_Na, g_K, g_L, E_Na, E_K, E_L; input current
        (uA/cm^2, inward positive). Time is in ms.

    References
    ----------
    Hodgkin and Huxley (1952), "A quantitative description of membrane current and its application
    to conduction and excitation in nerve", J. Physiol. 117, 500, eq. 26 and table 3. Voltage is
    counted as today: their V is -65 mV - v.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.hodgkin_huxley().inputs["current"].units
    'uA/cm^2'
    >>> sol = ps.solve(ps.catalog.hodgkin_huxley(), t=(0, 20), inputs={"current": 10.0})
    >>> bool(sol.v.max() > 30)
    True
    """

    @model(
        state={
            "v": Variable(-65.0, "mV", description="membrane potential"),
            "m": Variable(0.0529, "1", (0.0, 1.0), description="activation of sodium"),
            "h": Variable(0.5961, "1", (0.0, 1.0), description="inactivation of sodium"),
            "n": Variable(0.3177, "1", (0.0, 1.0), description="activation of potassium"),
        },
        params={
            "C": Variable(1.0, "uF/cm^2", (0.1, 10.0), description="membrane capacitance"),
            "g_Na": Variable(120.0, "mS/cm^2", (0.0, 300.0), description="sodium conductance"),
            "g_K": Variable(36.0, "mS/cm^2", (0.0, 100.0), description="potassium conductance"),
            "g_L": Variable(0.3, "mS/cm^2", (0.0, 5.0), description="leak conductance"),
            "E_Na": Variable(50.0, "mV", (0.0, 100.0), description="sodium reversal"),
            "E_K": Variable(-77.0, "mV", (-120.0, -50.0), description="potassium reversal"),
            "E_L": Variable(-54.387, "mV", (-100.0, 0.0), description="leak reversal"),
        },
        inputs={"current": Variable(0.0, "uA/cm^2", (-50.0, 200.0), description="stimulus")},
        name="hodgkin_huxley",
        description="Squid giant axon, space clamped",
        source="Hodgkin and Huxley (1952), doi:10.1113/jphysiol.1952.sp004764",
    )
    def hodgkin_huxley(t: Any, u: Any, p: Any, x: Any) -> dict[str, Any]:
        sodium = p.g_Na * u.m**3 * u.h * (p.E_Na - u.v)
        potassium = p.g_K * u.n**4 * (p.E_K - u.v)
        leak = p.g_L * (p.E_L - u.v)
        opening = {
            "m": _linoid((u.v + 40) / 10),
            "h": 0.07 * jnp.exp(-(u.v + 65) / 20),
            "n": 0.1 * _linoid((u.v + 55) / 10),
        }
        closing = {
            "m": 4 * jnp.exp(-(u.v + 65) / 18),
            "h": 1 / (1 + jnp.exp(-(u.v + 35) / 10)),
            "n": 0.125 * jnp.exp(-(u.v + 65) / 80),
        }
        gates = {y: opening[y] * (1 - u[y]) - closing[y] * u[y] for y in ("m", "h", "n")}
        return {"v": (sodium + potassium + leak + x.current) / p.C, **gates}

    return hodgkin_huxley


def _linoid(z: Any) -> Any:
    """Give z / (1 - exp(-z)), by its series near 0, where that is 0 / 0."""
    near = jnp.abs(z) < 0.03
    # Each branch gets values at which it is finite, or its gradient would be NaN in the other.
    small, large = jnp.where(near, z, 0.0), jnp.where(near, 1.0, z)
    series = 1 + small / 2 + small**2 / 12 - small**4 / 720 + small**6 / 30240
    return jnp.where(near, series, large / -jnp.expm1(-large))
