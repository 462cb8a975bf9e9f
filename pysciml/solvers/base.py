"""Solver: settings of a solver, and what it can solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

from pysciml.noise import Calculus

__all__ = ["CATEGORIES", "Category", "Solver"]

Category = Literal["additive", "diagonal", "scalar", "commutative", "general"]
CATEGORIES: tuple[Category, ...] = ("additive", "diagonal", "scalar", "commutative", "general")

_NONE: Mapping[Category, float] = MappingProxyType({})


@dataclass(frozen=True)
class Solver:
    """A solver; the class variables say what it can solve, and are the capability table.

    Attributes
    ----------
    ode_order : int or None
        Order for ordinary differential equations; None where it does not solve them.
    strong, weak : mapping of str to float
        Strong and weak order by category of the noise, see
        :attr:`pysciml.model.Model.noise_category`; a category that is not there is refused.
    calculus : {"ito", "stratonovich", "both"} or None
        In which sense it integrates noise that depends on the state. For additive noise the
        calculi agree.
    adaptive : bool
        Whether it chooses its steps by `rtol` and `atol`; otherwise it takes steps of `dt`.
    stiff : bool
        Whether its steps stay long where the equations are stiff.
    given_increments : bool
        Whether Brownian increments can be given in place of a seed.
    events : bool
        Whether it solves models with events.
    gradient : bool
        Whether solutions can be differentiated, in both modes.
    tolerances : tuple of float
        `rtol` and `atol` of an adaptive solver, unless given.
    engines, devices : tuple of str
        What it runs on.
    """

    ode_order: ClassVar[int | None] = None
    strong: ClassVar[Mapping[Category, float]] = _NONE
    weak: ClassVar[Mapping[Category, float]] = _NONE
    calculus: ClassVar[Literal["ito", "stratonovich", "both"] | None] = None
    adaptive: ClassVar[bool] = False
    stiff: ClassVar[bool] = False
    given_increments: ClassVar[bool] = True
    events: ClassVar[bool] = True
    gradient: ClassVar[bool] = True
    tolerances: ClassVar[tuple[float, float]] = (1e-6, 1e-9)
    engines: ClassVar[tuple[str, ...]] = ("jax", "julia")
    devices: ClassVar[tuple[str, ...]] = ("cpu", "gpu")

    @property
    def name(self) -> str:
        """Name of the solver."""
        return type(self).__name__

    @classmethod
    def solves_calculus(cls, calculus: Calculus, category: Category) -> bool:
        """Tell whether its integral is the one that is meant.

        Parameters
        ----------
        calculus : {"ito", "stratonovich"}
            How the noise is meant.
        category : str
            Category of the noise.

        Returns
        -------
        bool
            True wherever noise is additive, for which the calculi agree.
        """
        return cls.calculus is not None and (
            cls.calculus in ("both", calculus) or category == "additive"
        )

    @classmethod
    def differentiates_events(cls) -> bool:
        """Tell whether its solutions can be differentiated where a model has events.

        Returns
        -------
        bool
            False for fixed steps: events happen at their ends, which do not move.
        """
        return cls.gradient and cls.events and cls.adaptive
