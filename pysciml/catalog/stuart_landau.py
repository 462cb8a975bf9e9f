"""Stuart-Landau oscillators, coupled through a matrix."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from pysciml.catalog.registry import entry
from pysciml.errors import InputError
from pysciml.model import Model, Variable, model

__all__ = ["stuart_landau"]


@entry
def stuart_landau(
    oscillators: int = 3,
    *,
    stochastic: bool = True,
    growth: tuple[float, float] = (-1.0, 1.0),
    frequency: tuple[float, float] = (0.0, 1.0),
    coupling: tuple[float, float] = (0.0, 0.2),
    strength: float = 0.1,
    noise: float = 0.02 / 20**0.5,
) -> Model:
    """Stuart-Landau oscillators with diffusive coupling (normal form of a Hopf bifurcation).

    With z = x + iy, oscillator j follows

        dz_j = [(a_j + i omega_j - |z_j|^2) z_j + G sum_i C_ij (z_i - z_j)] dt + sigma dW_j

    and is damped for a_j < 0; for a_j > 0 and weak coupling it has a limit cycle of radius
    sqrt(a_j).

    Parameters
    ----------
    oscillators : int
        Count of oscillators, N.
    stochastic : bool
        Whether x and y have additive noise of amplitude sigma.
    growth, frequency, coupling : tuple of float
        Bounds of a (1/s), of omega (rad/s) and of C.
    strength : float
        Global coupling G (1/s).
    noise : float
        Amplitude sigma, per square root of a second.

    Returns
    -------
    Model
        States x, y of shape (N,); parameters a, omega (N,), C (N, N) where C[i, j] is the
        influence of i on j, and G, sigma.

    Raises
    ------
    InputError
        If there is no oscillator.

    References
    ----------
    Deco et al. (2017), Sci. Rep. 7, 3095; Abrevaya et al. (2024), "Effective latent differential
    equation models via attention and multiple shooting", TMLR, for ranges and noise.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.stuart_landau(2, stochastic=False)
    Model('stuart_landau', ODE, state=(x, y), params=(a, omega, C, G))
    """
    if not isinstance(oscillators, int) or oscillators < 1:
        raise InputError(
            f"stuart_landau needs a whole number of oscillators, at least one; got {oscillators!r}."
        )
    n = oscillators
    axis, matrix = ("oscillator",), ("oscillator_from", "oscillator")
    labels = {"oscillator": np.arange(n)}

    def middle(bounds: tuple[float, float], shape: tuple[int, ...]) -> np.ndarray:
        return np.full(shape, (bounds[0] + bounds[1]) / 2)

    state = {
        "x": Variable(np.full(n, 0.35), "1", None, axis, "real part", labels),
        "y": Variable(np.full(n, 0.35), "1", None, axis, "imaginary part", labels),
    }
    params: dict[str, Any] = {
        "a": Variable(
            middle(growth, (n,)), "1/s", growth, axis, "distance from the bifurcation", labels
        ),
        "omega": Variable(
            middle(frequency, (n,)), "rad/s", frequency, axis, "angular frequency", labels
        ),
        "C": Variable(
            middle(coupling, (n, n)),
            "1",
            coupling,
            dims=matrix,
            description="coupling, from first to second",
            coords={**labels, "oscillator_from": np.arange(n)},
        ),
        "G": Variable(strength, "1/s", description="global coupling strength"),
    }

    @model(
        state=state,
        params={**params, "sigma": Variable(noise, "1/s^0.5", description="noise amplitude")}
        if stochastic
        else params,
        name="stuart_landau",
        description="Coupled Stuart-Landau oscillators",
        source="Deco et al. (2017), doi:10.1038/s41598-017-03073-5",
    )
    def network(t: Any, u: Any, p: Any) -> dict[str, Any]:
        radial = p.a - u.x**2 - u.y**2

        def pull(z: Any) -> Any:
            return p.G * (z @ p.C - z * jnp.sum(p.C, axis=0))

        return {
            "x": radial * u.x - p.omega * u.y + pull(u.x),
            "y": radial * u.y + p.omega * u.x + pull(u.y),
        }

    if not stochastic:
        return network

    @network.noise
    def stuart_landau(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.sigma * jnp.ones_like(u.x), "y": p.sigma * jnp.ones_like(u.y)}

    return stuart_landau
