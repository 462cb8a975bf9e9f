"""The phase oscillators of Kuramoto."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from pysciml.catalog.registry import entry
from pysciml.errors import InputError
from pysciml.model import Model, Variable, model

__all__ = ["kuramoto"]


@entry
def kuramoto(
    oscillators: int = 10,
    *,
    frequency: tuple[float, float] = (-1.0, 1.0),
    strength: float = 2.0,
) -> Model:
    """Phase oscillators that pull each other along a network.

    Oscillator j follows

        dtheta_j / dt = omega_j + (K / N) sum_i C_ij sin(theta_i - theta_j)

    Where C is symmetric, the mean phase turns at the mean of omega. With all C_ij = 1, two
    oscillators lock if ``abs(omega_1 - omega_2) <= K``, and many whose frequencies are uniform
    between -g and g lock together if K > 4 g / pi.

    Parameters
    ----------
    oscillators : int
        Count of oscillators, N.
    frequency : tuple of float
        Bounds of omega (rad/s), between which the natural frequencies are spread evenly.
    strength : float
        Global coupling K (rad/s).

    Returns
    -------
    Model
        State theta of shape (N,), not wrapped; parameters omega (N,), C (N, N) where C[i, j] is
        the influence of i on j, all ones, and K.

    Raises
    ------
    InputError
        If there is no oscillator.

    References
    ----------
    Kuramoto (1975), "Self-entrainment of a population of coupled non-linear oscillators"; Pazo
    (2005), Phys. Rev. E 72, 046211, for uniform frequencies.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.kuramoto(3)
    Model('kuramoto', ODE, state=(theta), params=(omega, C, K))
    """
    if not isinstance(oscillators, int) or oscillators < 1:
        raise InputError(
            f"kuramoto needs a whole number of oscillators, at least one; got {oscillators!r}."
        )
    n = oscillators
    low, high = frequency
    axis, labels = ("oscillator",), {"oscillator": np.arange(n)}

    @model(
        state={
            "theta": Variable(np.arange(n), "rad", dims=axis, description="phase", coords=labels)
        },
        params={
            "omega": Variable(
                low + (high - low) * (np.arange(n) + 0.5) / n,
                "rad/s",
                frequency,
                axis,
                "natural frequency",
                labels,
            ),
            "C": Variable(
                np.ones((n, n)),
                "1",
                (0.0, 1.0),
                ("oscillator_from", "oscillator"),
                "coupling, from first to second",
                {**labels, "oscillator_from": np.arange(n)},
            ),
            "K": Variable(strength, "rad/s", description="global coupling strength"),
        },
        name="kuramoto",
        description="Coupled phase oscillators",
        source="Kuramoto (1975), doi:10.1007/BFb0013365",
    )
    def kuramoto(t: Any, u: Any, p: Any) -> dict[str, Any]:
        sine, cosine = jnp.sin(u.theta), jnp.cos(u.theta)
        # sin(a - b) = sin a cos b - cos a sin b turns the sum over pairs into two products.
        pull = (sine @ p.C) * cosine - (cosine @ p.C) * sine
        return {"theta": p.omega + p.K / n * pull}

    return kuramoto
