"""Symplectic steps for separable Hamiltonian systems."""

from __future__ import annotations

from typing import Any

from pysciml.engines.jax.kernels import Step
from pysciml.engines.jax.system import Field

__all__ = ["stormer_verlet"]


def stormer_verlet(momenta: tuple[bool, ...]) -> Step:
    """Make the step of Stormer and Verlet: half a kick, a drift, half a kick.

    Parameters
    ----------
    momenta : tuple of bool
        For every lane whether it is a momentum.

    Returns
    -------
    callable
        A step, as `kernels.euler`.
    """

    def move(y: Any, rates: Any, h: Any, which: bool) -> Any:
        return tuple(
            lane + h * rate if momentum is which else lane
            for lane, rate, momentum in zip(y, rates, momenta, strict=True)
        )

    def step(field: Field, t: Any, y: Any, h: Any, dw: Any) -> Any:
        y = move(y, field.drift(t, y), h / 2, True)
        y = move(y, field.drift(t + h / 2, y), h, False)
        return move(y, field.drift(t + h, y), h / 2, True)

    return step
