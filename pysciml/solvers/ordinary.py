"""Solvers of ordinary differential equations that are not stiff."""

from __future__ import annotations

from dataclasses import dataclass

from pysciml.solvers.base import Solver

__all__ = ["RK4", "Dopri5", "Dopri8", "Euler", "StormerVerlet", "Tsit5"]


@dataclass(frozen=True)
class Euler(Solver):
    """Explicit Euler, order 1, for ordinary differential equations.

    Examples
    --------
    >>> Euler().ode_order
    1
    """

    ode_order = 1


@dataclass(frozen=True)
class RK4(Solver):
    """The classical Runge-Kutta scheme, order 4, for ordinary differential equations.

    Examples
    --------
    >>> RK4().ode_order
    4
    """

    ode_order = 4


@dataclass(frozen=True)
class StormerVerlet(Solver):
    """Stormer-Verlet (leapfrog), order 2: symplectic, so that energy errors stay bounded.

    The rate of a position may depend on momenta alone, that of a momentum on positions alone
    (Hairer, Lubich & Wanner 2006, Geometric Numerical Integration, I.1.4).

    Parameters
    ----------
    positions, momenta : tuple of str
        The states of each kind; together all states of the model.

    Examples
    --------
    >>> StormerVerlet(positions=("angle",), momenta=("velocity",)).ode_order
    2
    """

    positions: tuple[str, ...] = ()
    momenta: tuple[str, ...] = ()

    ode_order = 2
    events = False

    def __post_init__(self) -> None:
        for name in ("positions", "momenta"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))


@dataclass(frozen=True)
class Tsit5(Solver):
    """Explicit Runge-Kutta pair of orders 5 and 4 with adaptive steps (Tsitouras 2011).

    Examples
    --------
    >>> Tsit5().adaptive
    True
    """

    ode_order = 5
    adaptive = True


@dataclass(frozen=True)
class Dopri5(Solver):
    """Explicit Runge-Kutta pair of orders 5 and 4 with adaptive steps (Dormand & Prince 1980).

    Examples
    --------
    >>> Dopri5().ode_order
    5
    """

    ode_order = 5
    adaptive = True


@dataclass(frozen=True)
class Dopri8(Solver):
    """Explicit Runge-Kutta scheme DOP853 of order 8, for tight tolerances.

    Errors are estimated with orders 5 and 3 (Hairer, Norsett & Wanner 1993, II.10).

    Examples
    --------
    >>> Dopri8().ode_order
    8
    """

    ode_order = 8
    adaptive = True
