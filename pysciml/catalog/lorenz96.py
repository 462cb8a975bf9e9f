"""The Lorenz system of 1996: a ring of sites."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from pysciml.catalog.registry import entry
from pysciml.errors import InputError
from pysciml.model import Model, Variable, model

__all__ = ["lorenz96"]


@entry
def lorenz96(n: int = 40, *, forcing: float = 8.0) -> Model:
    """Simulate Lorenz's toy atmosphere on a ring: advection, dissipation and forcing.

    Site i follows

        dx_i / dt = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F

    Advection keeps the energy, the sum of x_i^2 / 2. The state x_i = F is at rest; for large n
    waves grow about it where F > 8/9, and F = 8 is chaotic. A unit of time is about five days.

    Parameters
    ----------
    n : int
        Count of sites, at least 4.
    forcing : float
        Forcing F.

    Returns
    -------
    Model
        State x of shape (n,), at rest but for 0.01 at the first site; parameter F; both without
        units.

    Raises
    ------
    InputError
        If there are fewer than 4 sites.

    References
    ----------
    Lorenz (1996), "Predictability: a problem partly solved", eq. 3.1; Lorenz and Emanuel (1998),
    J. Atmos. Sci. 55, 399.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.lorenz96(5)
    Model('lorenz96', ODE, state=(x), params=(F))
    """
    if not isinstance(n, int) or n < 4:
        raise InputError(f"lorenz96 needs a whole number n of sites, at least 4; got {n!r}.")
    start = np.full(n, float(forcing))
    start[0] += 0.01

    @model(
        state={
            "x": Variable(
                start,
                "1",
                dims=("site",),
                description="atmospheric quantity",
                coords={"site": np.arange(n)},
            )
        },
        params={"F": Variable(forcing, "1", (0.0, 20.0), description="forcing")},
        name="lorenz96",
        description="Lorenz's atmosphere on a ring of sites",
        source="Lorenz and Emanuel (1998), doi:10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2",
    )
    def lorenz96(t: Any, u: Any, p: Any) -> dict[str, Any]:
        advection = (jnp.roll(u.x, -1) - jnp.roll(u.x, 2)) * jnp.roll(u.x, 1)
        return {"x": advection - u.x + p.F}

    return lorenz96
