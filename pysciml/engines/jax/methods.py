"""What the adaptive loop asks of a method."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import jax

from pysciml.engines.jax.lanes import Lanes
from pysciml.engines.jax.system import Field

__all__ = ["Method", "Scale", "Trial"]

Scale = Callable[[Lanes, Lanes], Lanes]


class Trial(NamedTuple):
    """A step that was tried.

    Parameters
    ----------
    y : tuple of array
        State at its end.
    amiss : tuple of lanes
        Estimates of the local error, infinite where a step has failed; see `Method.measure`.
    stages : tuple of lanes
        What interpolation within the step needs.
    slope : tuple of array
        Rate at its end, where the method has it.
    """

    y: Lanes
    amiss: tuple[Lanes, ...]
    stages: tuple[Lanes, ...]
    slope: Lanes


class Method(Protocol):
    """A one-step method with an error estimate and an interpolant."""

    @property
    def error_order(self) -> int:
        """The error of a trial falls like this power of the step."""
        ...

    @property
    def evaluations(self) -> int:
        """Evaluations of the drift in a trial."""
        ...

    @property
    def fsal(self) -> bool:
        """Whether a trial has the rate at its end."""
        ...

    @property
    def explicit(self) -> bool:
        """Whether its steps are short where the equations are stiff."""
        ...

    def stiffness(self, h: jax.Array, y: Lanes, trial: Trial, scale: Scale) -> jax.Array:
        """Estimate how far a step goes beyond what is stable, in units of that; (batch,)."""
        ...

    def trial(
        self, field: Field, t: jax.Array, h: jax.Array, y: Lanes, slope: Lanes, scale: Scale
    ) -> Trial:
        """Try a step of length `h` from `t`, where the rate is `slope`; all for every lane."""
        ...

    def measure(self, amiss: tuple[Lanes, ...], sizes: Lanes) -> jax.Array:
        """Give the size of the local error, (batch,); a step is accepted where it is at most 1.

        Linear in the estimates, so that it measures an error of derivatives by theirs.
        """
        ...

    def interpolate(
        self,
        field: Field,
        t: jax.Array,
        h: jax.Array,
        y: Lanes,
        y1: Lanes,
        stages: tuple[Lanes, ...],
        x: jax.Array,
    ) -> Lanes:
        """Give the state at ``t + x h`` within a step from `y` at `t` to `y1` at ``t + h``."""
        ...
