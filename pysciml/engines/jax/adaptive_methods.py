"""The methods of the adaptive loop, by solver."""

from __future__ import annotations

from collections.abc import Callable

from pysciml.engines.jax.methods import Method
from pysciml.solvers import Solver

__all__ = ["method_of"]


def method_of(solver: Solver) -> Method:
    """Make the method of a solver.

    Parameters
    ----------
    solver : Solver
        An adaptive solver of ordinary differential equations.

    Returns
    -------
    Method
        What the loop asks for.
    """
    from pysciml.engines.jax import explicit, implicit, rosenbrock

    makers: dict[str, Callable[[], Method]] = {
        "Tsit5": explicit.tsit5,
        "Dopri5": explicit.dopri5,
        "Dopri8": explicit.dopri8,
        "Rodas4": rosenbrock.rodas4,
        "Rodas5P": rosenbrock.rodas5p,
        "Kvaerno5": implicit.kvaerno5,
    }
    return makers[solver.name]()
