"""The cortical column of Jansen and Rit."""

from __future__ import annotations

from typing import Any

from jax.nn import sigmoid

from pysciml.catalog.registry import entry
from pysciml.errors import InputError
from pysciml.model import Model, Variable, model

__all__ = ["jansen_rit"]


@entry
def jansen_rit(noise: float = 0.0) -> Model:
    """Neural mass of a cortical column; alpha rhythm at the defaults.

        y0'' = A a S(y1 - y2) - 2 a y0' - a^2 y0
        y1'' = A a (p + 0.8 C S(C y0)) - 2 a y1' - a^2 y1
        y2'' = B b 0.25 C S(0.25 C y0) - 2 b y2' - b^2 y2

    with S(v) = 2 e0 / (1 + exp(r (v0 - v))) and y3, y4, y5 the derivatives of y0, y1, y2. The EEG
    is y1 - y2. For p from 89.8 to 315.7 per second the upper state of rest is unstable, and the
    column oscillates about it near 10 Hz; up to 113.6 there is a stable lower state too.

    Parameters
    ----------
    noise : float
        Amplitude sigma of white noise in p, per second and square root of a second; if 0, there is
        none.

    Returns
    -------
    Model
        States y0, y1, y2 (mV), y3, y4, y5 (mV/s); parameters A, B (mV), a, b (1/s), C, e0, v0, r,
        and sigma where there is noise; input p (1/s), the pulses that come from elsewhere.

    Raises
    ------
    InputError
        If `noise` is negative.

    References
    ----------
    Jansen and Rit (1995), "Electroencephalogram and visual evoked potential generation in a
    mathematical model of coupled cortical columns", Biol. Cybern. 73, 357; bifurcations: Grimbert
    and Faugeras (2006), Neural Comput. 18, 3052.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.jansen_rit().size
    6
    >>> ps.catalog.jansen_rit(noise=2.0).is_stochastic
    True
    """
    if not noise >= 0:
        raise InputError(f"jansen_rit needs a noise that is not negative; got {noise!r}.")
    populations = ("pyramidal cells", "excitatory cells", "inhibitory cells")
    state = {
        f"y{i}": Variable(0.0, "mV", description=f"potential by the {cells}")
        for i, cells in enumerate(populations)
    } | {
        f"y{i + 3}": Variable(0.0, "mV/s", description=f"derivative of y{i}")
        for i in range(len(populations))
    }
    params = {
        "A": Variable(3.25, "mV", (2.6, 9.75), description="excitatory gain"),
        "B": Variable(22.0, "mV", (17.6, 110.0), description="inhibitory gain"),
        "a": Variable(100.0, "1/s", (25.0, 140.0), description="excitatory rate"),
        "b": Variable(50.0, "1/s", (6.5, 110.0), description="inhibitory rate"),
        "C": Variable(135.0, "1", (65.0, 1350.0), description="count of synapses"),
        "e0": Variable(2.5, "1/s", (0.5, 7.5), description="half of the largest firing rate"),
        "v0": Variable(6.0, "mV", (2.0, 10.0), description="potential of half that rate"),
        "r": Variable(0.56, "1/mV", (0.1, 1.0), description="slope of the response"),
    }

    @model(
        state=state,
        params={**params, "sigma": Variable(noise, "1/s^0.5", description="noise amplitude of p")}
        if noise
        else params,
        inputs={"p": Variable(220.0, "1/s", (0.0, 400.0), description="pulses from elsewhere")},
        name="jansen_rit",
        description="Cortical column that gives an EEG",
        source="Jansen and Rit (1995), doi:10.1007/BF00199471",
    )
    def column(t: Any, u: Any, p: Any, x: Any) -> dict[str, Any]:
        def fire(v: Any) -> Any:
            return 2 * p.e0 * sigmoid(p.r * (v - p.v0))

        def synapse(gain: Any, rate: Any, pulses: Any, y: Any, slope: Any) -> Any:
            return rate * (gain * pulses - 2 * slope - rate * y)

        excitation = x.p + 0.8 * p.C * fire(p.C * u.y0)
        inhibition = 0.25 * p.C * fire(0.25 * p.C * u.y0)
        return {
            "y0": u.y3,
            "y1": u.y4,
            "y2": u.y5,
            "y3": synapse(p.A, p.a, fire(u.y1 - u.y2), u.y0, u.y3),
            "y4": synapse(p.A, p.a, excitation, u.y1, u.y4),
            "y5": synapse(p.B, p.b, inhibition, u.y2, u.y5),
        }

    if not noise:
        return column

    @column.noise(kind="scalar")
    def jansen_rit(t: Any, u: Any, p: Any, x: Any) -> dict[str, Any]:
        return {**dict.fromkeys(state, 0.0), "y4": p.A * p.a * p.sigma}

    return jansen_rit
