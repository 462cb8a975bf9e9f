"""Solvers as settings objects, and the table of what each one can solve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pysciml.errors import CapabilityError, InputError, suggest
from pysciml.model import Model

__all__ = [
    "RK4",
    "SOLVERS",
    "Euler",
    "EulerHeun",
    "EulerMaruyama",
    "Heun",
    "Solver",
    "Tsit5",
    "resolve",
]


@dataclass(frozen=True)
class Solver:
    """A solver; the classes below say what each one can solve.

    Attributes
    ----------
    ode_order : int or None
        Order for ordinary differential equations; None where it does not solve them.
    calculi : tuple of str
        Calculi of the stochastic equations that it solves. ``"additive"`` stands for noise that
        does not depend on the state, for which the calculi agree.
    strong_order, weak_order : float or None
        Orders for diagonal noise whose amplitude depends on its own component alone.
    adaptive : bool
        Whether it chooses its steps by `rtol` and `atol`; otherwise it takes steps of `dt`.
    """

    ode_order: ClassVar[int | None] = None
    calculi: ClassVar[tuple[str, ...]] = ()
    strong_order: ClassVar[float | None] = None
    weak_order: ClassVar[float | None] = None
    adaptive: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """Name of the solver."""
        return type(self).__name__


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
class EulerMaruyama(Solver):
    """Euler-Maruyama (Ito): strong order 1/2 (1 for additive noise), weak order 1.

    Examples
    --------
    >>> EulerMaruyama().calculi
    ('ito', 'additive')
    """

    calculi = ("ito", "additive")
    strong_order = 0.5
    weak_order = 1.0


@dataclass(frozen=True)
class EulerHeun(Solver):
    """Euler in the drift, Heun in the noise (Stratonovich): strong order 1, weak order 1.

    Examples
    --------
    >>> EulerHeun().strong_order
    1.0
    """

    calculi = ("stratonovich", "additive")
    strong_order = 1.0
    weak_order = 1.0


@dataclass(frozen=True)
class Heun(Solver):
    """Heun's scheme: order 2; with noise stochastic Heun (Stratonovich), strong order 1.

    Examples
    --------
    >>> Heun().ode_order, Heun().calculi
    (2, ('stratonovich', 'additive'))
    """

    ode_order = 2
    calculi = ("stratonovich", "additive")
    strong_order = 1.0
    weak_order = 1.0


SOLVERS: dict[str, type[Solver]] = {
    solver.__name__: solver for solver in (Euler, RK4, Tsit5, EulerMaruyama, EulerHeun, Heun)
}


def resolve(solver: str | Solver, model: Model, dt: float | None) -> Solver:
    """Choose the solver for a model, or refuse the one asked for.

    ``"auto"`` is Tsit5 for an ordinary differential equation (RK4 where `dt` is given), and
    for a stochastic one EulerMaruyama (Ito) or EulerHeun (Stratonovich).

    Parameters
    ----------
    solver : str or Solver
        Settings object, its name, or ``"auto"``.
    model : Model
        What is to be solved.
    dt : float or None
        Step asked for.

    Returns
    -------
    Solver
        The settings object.

    Raises
    ------
    InputError
        If the name is unknown, or `dt` is given to an adaptive solver.
    CapabilityError
        If the solver cannot solve the model; the message names one that can.

    Examples
    --------
    >>> import pysciml as ps
    >>> resolve("auto", ps.catalog.lorenz63(), None)
    Tsit5()
    """
    best = _best(model, dt)
    if isinstance(solver, str):
        if solver == "auto":
            return best
        if solver not in SOLVERS:
            raise InputError(f"There is no solver {solver!r}.{suggest(solver, SOLVERS)}")
        solver = SOLVERS[solver]()
    elif isinstance(solver, type) and issubclass(solver, Solver):
        solver = solver()
    if not isinstance(solver, Solver):
        raise InputError(
            f"solver must be a settings object such as ps.Tsit5() or its name; got {solver!r}."
        )
    if model.diffusion is None:
        if solver.ode_order is None:
            raise CapabilityError(
                f"{solver.name} solves stochastic equations, but {model.name!r} has no noise; "
                f"use {best.name}."
            )
    elif not solver.calculi:
        raise CapabilityError(
            f"{solver.name} solves ordinary differential equations, but {model.name!r} has "
            f"noise; use {best.name}, or solve {model.name}.without_noise()."
        )
    elif model.diffusion.calculus not in solver.calculi and not model.has_additive_noise:
        raise CapabilityError(
            f"{solver.name} solves in the sense of {solver.calculi[0].capitalize()}, but the noise "
            f"of {model.name!r} is meant in that of {model.diffusion.calculus.capitalize()} and "
            f"depends on the state, so it would converge to another solution; use {best.name}."
        )
    if solver.adaptive and dt is not None:
        raise InputError(
            f"{solver.name} chooses its steps by rtol and atol, so dt={dt} has no meaning; leave "
            "it out, or use a fixed-step solver such as ps.RK4()."
        )
    return solver


def _best(model: Model, dt: float | None) -> Solver:
    if model.diffusion is None:
        return Tsit5() if dt is None else RK4()
    return EulerMaruyama() if model.diffusion.calculus == "ito" else EulerHeun()
