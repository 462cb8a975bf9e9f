"""Solvers of stiff ordinary differential equations."""

from __future__ import annotations

from dataclasses import dataclass

from pysciml.solvers.base import Solver

__all__ = ["Kvaerno5", "Rodas4", "Rodas5P"]


@dataclass(frozen=True)
class Rodas4(Solver):
    """Rosenbrock method of order 4 with adaptive steps, for stiff equations.

    It is L-stable, and solves six linear systems with one matrix in each step. The best choice
    at loose tolerances (Hairer & Wanner 1996, Solving Ordinary Differential Equations II, IV.7
    and IV.10).

    Examples
    --------
    >>> Rodas4().stiff
    True
    """

    ode_order = 4
    adaptive = True
    stiff = True


@dataclass(frozen=True)
class Rodas5P(Solver):
    """Rosenbrock method of order 5 with adaptive steps, for stiff equations.

    It is L-stable, and solves eight linear systems with one matrix in each step. ``"auto"`` goes
    over to it where a model turns out to be stiff (Steinebach 2023, BIT Numerical Mathematics
    63, 27).

    Examples
    --------
    >>> Rodas5P().stiff
    True
    """

    ode_order = 5
    adaptive = True
    stiff = True


@dataclass(frozen=True)
class Kvaerno5(Solver):
    """Implicit Runge-Kutta pair of orders 5 and 4 with adaptive steps, for stiff equations.

    It is L-stable and stiffly accurate, with an explicit first stage and six implicit ones, each
    solved by simplified Newton iterations with the Jacobian at the start of the step; a step
    whose iterations do not converge is tried again with a shorter one (Kvaerno 2004, BIT
    Numerical Mathematics 44, 489).

    Examples
    --------
    >>> Kvaerno5().stiff
    True
    """

    ode_order = 5
    adaptive = True
    stiff = True
