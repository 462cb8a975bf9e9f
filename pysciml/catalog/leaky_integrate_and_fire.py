"""The leaky integrate-and-fire neuron."""

from __future__ import annotations

from typing import Any

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["leaky_integrate_and_fire"]


@entry
def leaky_integrate_and_fire() -> Model:
    """Leaky membrane that spikes at a threshold and starts again from its reset.

        tau dv / dt = rest - v + resistance current;  v -> reset where v reaches threshold

    A constant current that drives v towards ``high = rest + resistance current``, above the
    threshold, makes it spike every ``tau log((high - reset) / (high - threshold))``; a weaker one
    makes it spike never.

    Returns
    -------
    Model
        State v (mV); parameters tau (ms), rest, threshold, reset (mV), resistance (MOhm); input
        current (nA); event spike, whose times results hold. Time is in ms.

    References
    ----------
    Lapicque (1907), J. Physiol. Pathol. Gen. 9, 620; translated by Brunel and van Rossum (2007),
    Biol. Cybern. 97, 337.

    Examples
    --------
    >>> import pysciml as ps
    >>> neuron = ps.catalog.leaky_integrate_and_fire()
    >>> neuron.inputs["current"].units, [event.name for event in neuron.events]
    ('nA', ['spike'])
    """

    @model(
        state={"v": Variable(-65.0, "mV", description="membrane potential")},
        params={
            "tau": Variable(10.0, "ms", (1.0, 100.0), description="membrane time constant"),
            "rest": Variable(-65.0, "mV", (-100.0, 0.0), description="potential at rest"),
            "threshold": Variable(-50.0, "mV", (-100.0, 0.0), description="potential of a spike"),
            "reset": Variable(-70.0, "mV", (-100.0, 0.0), description="potential after a spike"),
            "resistance": Variable(10.0, "MOhm", (0.1, 1000.0), description="membrane resistance"),
        },
        inputs={"current": Variable(0.0, "nA", (-10.0, 100.0), description="stimulus")},
        name="leaky_integrate_and_fire",
        description="Leaky membrane with spike and reset",
        source="Lapicque (1907), translated in doi:10.1007/s00422-007-0190-0",
    )
    def membrane(t: Any, u: Any, p: Any, x: Any) -> dict[str, Any]:
        return {"v": (p.rest - u.v + p.resistance * x.current) / p.tau}

    return membrane.with_event(
        "spike",
        when=lambda t, u, p, x: u.v - p.threshold,
        direction="up",
        then=lambda t, u, p, x: {"v": p.reset},
    )
