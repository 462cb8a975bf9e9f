"""The square-root process of Cox, Ingersoll and Ross."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from pysciml.catalog.registry import entry
from pysciml.model import Model, Variable, model

__all__ = ["cox_ingersoll_ross"]


@entry
def cox_ingersoll_ross() -> Model:
    """Return to a mean with noise that fades at zero, dx = theta (mean - x) dt + sigma sqrt(x) dW.

    Under Feller's condition, ``2 theta mean >= sigma^2``, x never reaches zero; otherwise it
    touches zero and is reflected. A numerical path can step below zero: there the noise is zero,
    and the drift brings it back. From x(0), with ``e = exp(-theta t)``, x(t) has the mean
    ``mean + (x(0) - mean) e`` and the variance
    ``sigma^2 / theta (x(0) (e - e^2) + mean (1 - e)^2 / 2)``.

    Returns
    -------
    Model
        State x; parameters theta, mean, sigma.

    References
    ----------
    Cox, Ingersoll and Ross (1985), "A theory of the term structure of interest rates",
    Econometrica 53, 385, eqs. 17-19.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.cox_ingersoll_ross()
    Model('cox_ingersoll_ross', SDE, state=(x), params=(theta, mean, sigma))
    """

    @model(
        state={"x": Variable(1.0, "1", (0.0, float("inf")), description="interest rate")},
        params={
            "theta": Variable(1.0, "1/s", (1e-3, 10.0), description="rate of return"),
            "mean": Variable(1.0, "1", (0.0, 10.0), description="long-time mean"),
            "sigma": Variable(0.5, "1/s^0.5", (0.0, 5.0), description="noise amplitude at x = 1"),
        },
        name="cox_ingersoll_ross",
        description="Return to a mean, noise as the square root",
        source="Cox, Ingersoll and Ross (1985), doi:10.2307/1911242",
    )
    def drift(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return {"x": p.theta * (p.mean - u.x)}

    @drift.noise
    def cox_ingersoll_ross(t: Any, u: Any, p: Any) -> dict[str, Any]:
        # The root is taken of a positive number always, or its gradient at zero would be NaN.
        positive = u.x > 0
        root = jnp.sqrt(jnp.where(positive, u.x, 1.0))
        return {"x": p.sigma * jnp.where(positive, root, 0.0)}

    return cox_ingersoll_ross
