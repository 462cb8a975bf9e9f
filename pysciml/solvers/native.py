"""Any solver of OrdinaryDiffEq, by its name there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pysciml.errors import InputError
from pysciml.solvers.base import Solver

__all__ = ["Native"]


@dataclass(frozen=True)
class Native(Solver):
    """A solver of OrdinaryDiffEq.jl with adaptive steps, by its name there (julia engine).

    Its package is loaded when it is first used. Implicit solvers get the Jacobian that is derived
    from the model. With ``engine="julia"`` the name alone does too: ``solver="Vern9"``. On a GPU
    there are Rosenbrock23, Vern7 and Vern9, which need DiffEqGPU.jl.

    Parameters
    ----------
    algorithm : str
        Such as ``"Vern9"``, ``"FBDF"``, ``"KenCarp4"``, ``"RadauIIA5"``.

    Raises
    ------
    InputError
        If the name cannot be one.

    Examples
    --------
    >>> Native("Vern9").name
    'Vern9'
    """

    algorithm: str

    ode_order: ClassVar[int | None] = 0  # Julia knows
    adaptive = True
    gradient = False
    engines: ClassVar[tuple[str, ...]] = ("julia",)

    def __post_init__(self) -> None:
        if not isinstance(self.algorithm, str) or not self.algorithm.isidentifier():
            raise InputError(
                "Native needs the name of a solver of OrdinaryDiffEq.jl, such as 'Vern9'; got "
                f"{self.algorithm!r}."
            )

    @property
    def name(self) -> str:
        """Name of the solver."""
        return self.algorithm
