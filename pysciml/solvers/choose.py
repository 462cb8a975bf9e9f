"""Which solver runs: the one asked for if it can solve the model, else a sentence."""

from __future__ import annotations

from pysciml.errors import CapabilityError, InputError, suggest
from pysciml.model import Model
from pysciml.solvers import ordinary, sciml, stiff, stochastic
from pysciml.solvers.base import CATEGORIES, Solver
from pysciml.tracing import dependencies

__all__ = ["SOLVERS", "fallback", "resolve"]

SOLVERS: dict[str, type[Solver]] = {
    name: getattr(module, name)
    for module in (ordinary, stiff, stochastic, sciml)
    for name in module.__all__
}


def resolve(solver: str | Solver | type[Solver], model: Model, dt: float | None) -> Solver:
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
    else:
        _check_noise(solver, model, best)
    if model.events and not solver.events:
        raise CapabilityError(
            f"{solver.name} does not solve models with events, and {model.name!r} has "
            f"{model.events[0].name!r}; use {best.name}."
        )
    if isinstance(solver, ordinary.StormerVerlet):
        _check_separable(solver, model)
    if solver.adaptive and dt is not None:
        raise InputError(
            f"{solver.name} chooses its steps by rtol and atol, so dt={dt} has no meaning; leave "
            "it out, or use a fixed-step solver such as ps.RK4()."
        )
    return solver


def fallback(solver: object, model: Model, dt: float | None) -> Solver | None:
    """Choose the solver that goes on where the equations turn out to be stiff.

    Parameters
    ----------
    solver : Solver or str
        What was asked for: only ``"auto"`` has a fallback.
    model : Model
        What is to be solved.
    dt : float or None
        Step asked for.

    Returns
    -------
    Solver or None
        Rodas5P for an ordinary differential equation.
    """
    if solver != "auto" or model.diffusion is not None or dt is not None:
        return None
    return SOLVERS["Rodas5P"]() if "Rodas5P" in SOLVERS else None


def _check_noise(solver: Solver, model: Model, best: Solver) -> None:
    noise = model.diffusion
    assert noise is not None
    if solver.calculus is None:
        raise CapabilityError(
            f"{solver.name} solves ordinary differential equations, but {model.name!r} has "
            f"noise; use {best.name}, or solve {model.name}.without_noise()."
        )
    if solver.calculus in ("both", noise.calculus) and set(CATEGORIES) <= set(solver.strong):
        return  # whatever the noise is; finding out takes time
    category = model.noise_category
    if not solver.solves_calculus(noise.calculus, category):
        converted = ""
        if category in solver.strong:
            converted = (
                f", or {model.name}.with_calculus({solver.calculus!r}), which converts the drift"
            )
        raise CapabilityError(
            f"{solver.name} solves in the sense of {solver.calculus.capitalize()}, but the noise "
            f"of {model.name!r} is meant in that of {noise.calculus.capitalize()} and "
            f"depends on the state, so it would converge to another solution; use {best.name}"
            f"{converted}."
        )
    if category not in solver.strong:
        raise CapabilityError(
            f"{solver.name} solves noise that is {', '.join(solver.strong)}, but that of "
            f"{model.name!r} is {category}{_WHY[category]}, for which its steps would converge "
            f"to another solution or more slowly than they claim; use {best.name}."
        )


def _check_separable(solver: ordinary.StormerVerlet, model: Model) -> None:
    sides = (solver.positions, solver.momenta)
    if sorted((*solver.positions, *solver.momenta)) != sorted(model.state):
        raise InputError(
            "StormerVerlet needs every state of the model once, in positions= or in momenta=: "
            f"{', '.join(model.state)}; got positions={sides[0]} and momenta={sides[1]}."
        )
    depends = dependencies(model, model.drift)
    for names, kind in zip(sides, ("position", "momentum"), strict=True):
        for name in names:
            own = sorted(depends[name] & set(names))
            if own:
                raise CapabilityError(
                    f"StormerVerlet needs rates of positions that depend on momenta alone and the "
                    f"reverse, but the rate of the {kind} {name!r} of {model.name!r} depends on "
                    f"{own[0]!r}; use ps.RK4() or ps.Tsit5()."
                )


_WHY = {
    "additive": " (it does not depend on the state)",
    "diagonal": " (one source for every component)",
    "scalar": " (one source for all components)",
    "commutative": " (several sources for all components)",
    "general": " (its sources do not commute: the order in which they act matters)",
}


def _best(model: Model, dt: float | None) -> Solver:
    if model.diffusion is None:
        return ordinary.Tsit5() if dt is None else ordinary.RK4()
    ito = model.diffusion.calculus == "ito"
    return stochastic.EulerMaruyama() if ito else stochastic.EulerHeun()
