"""The capability table: what every solver solves, read from the solvers themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pysciml.noise import Calculus
from pysciml.solvers.base import CATEGORIES, Category, Solver
from pysciml.solvers.choose import SOLVERS

__all__ = ["CALCULI", "Capability", "as_markdown", "capabilities"]

CALCULI: tuple[Calculus, ...] = ("ito", "stratonovich")


@dataclass(frozen=True)
class Capability:
    """One kind of equation that one solver solves: a row of the capability table.

    Parameters
    ----------
    solver : str
        Name of the solver.
    problem : {"ode", "sde"}
        Ordinary or stochastic equations.
    noise : str or None
        Category of the noise, see :attr:`pysciml.model.Model.noise_category`; None for an ODE.
    calculus : {"ito", "stratonovich"} or None
        How the noise is meant; None for an ODE.
    order : float
        Order of convergence: for a path of an SDE the strong one.
    weak_order : float or None
        Order in which moments converge; None for an ODE.
    adaptive : bool
        Whether steps are chosen by `rtol` and `atol`; otherwise they are `dt`.
    stiff : bool
        Whether steps stay long where the equations are stiff.
    events : bool
        Whether the model may have events.
    gradient : bool
        Whether solutions can be differentiated.
    gradient_with_events : bool
        Whether they can where the model has events.
    given_increments : bool
        Whether Brownian increments can be given in place of a seed.
    devices, engines : tuple of str
        What it runs on.
    """

    solver: str
    problem: Literal["ode", "sde"]
    noise: Category | None
    calculus: Calculus | None
    order: float
    weak_order: float | None
    adaptive: bool
    stiff: bool
    events: bool
    gradient: bool
    gradient_with_events: bool
    given_increments: bool
    devices: tuple[str, ...]
    engines: tuple[str, ...]


def capabilities(
    *, problem: Literal["ode", "sde"] | None = None, solver: str | None = None
) -> tuple[Capability, ...]:
    """List what every solver can solve; what is not in the list is refused.

    Parameters
    ----------
    problem : {"ode", "sde"}, optional
        Only the rows of these equations.
    solver : str, optional
        Only the rows of this solver.

    Returns
    -------
    tuple of Capability
        A row for every solver and kind of equation.

    Examples
    --------
    >>> import pysciml as ps
    >>> [row.noise for row in ps.capabilities(solver="Milstein") if row.calculus == "ito"]
    ['additive', 'diagonal', 'scalar', 'commutative']
    """
    return tuple(
        row
        for kind in SOLVERS.values()
        for row in _rows(kind)
        if problem in (None, row.problem) and solver in (None, row.solver)
    )


def _rows(kind: type[Solver]) -> Iterator[Capability]:
    if kind.ode_order is not None:
        yield _row(kind, "ode", None, None, kind.ode_order, None)
    for calculus in CALCULI:
        for noise in CATEGORIES:
            if noise in kind.strong and kind.solves_calculus(calculus, noise):
                yield _row(kind, "sde", noise, calculus, kind.strong[noise], kind.weak.get(noise))


def _row(
    kind: type[Solver],
    problem: Literal["ode", "sde"],
    noise: Category | None,
    calculus: Calculus | None,
    order: float,
    weak: float | None,
) -> Capability:
    return Capability(
        solver=kind.__name__,
        problem=problem,
        noise=noise,
        calculus=calculus,
        order=order,
        weak_order=weak,
        adaptive=kind.adaptive,
        stiff=kind.stiff,
        events=kind.events,
        gradient=kind.gradient,
        gradient_with_events=kind.differentiates_events(),
        given_increments=problem == "sde" and kind.given_increments,
        devices=kind.devices,
        engines=kind.engines,
    )


_PAGE = """\
# Solvers

`ps.solve(model, ..., solver=...)` takes one of these, as a settings object such as `ps.Tsit5()` or
by its name. `"auto"` is Tsit5 for an ordinary equation, which hands over to Rodas5P where the
equations turn out to be stiff; RK4 where `dt` is given; EulerMaruyama for noise in the sense of Ito
and EulerHeun for noise in that of Stratonovich. What is not in these tables is refused, with a
sentence that names a solver that does it.

With `engine="julia"` a model may also be solved by any solver of OrdinaryDiffEq.jl with adaptive
steps, by its name there: `solver="Vern9"`, or `ps.Native("Vern9")`. Dopri5 and Dopri8 are DP5 and
DP8 there. On a GPU the julia engine takes small models without events, by the fixed steps of these
tables (except StormerVerlet) and by Tsit5; ordinary ones also by Rodas4, Rodas5P, Kvaerno5, and
natively Rosenbrock23, Vern7 and Vern9, which are kernels of DiffEqGPU.jl.

`ps.capabilities()` gives the tables to a program. This page is written by
`pysciml solvers --markdown`; the tests walk the tables.

## Ordinary differential equations

{ode}

## Stochastic differential equations

The strong order is that of a path, the weak order that of moments. What a model's noise is,
`model.noise_category` finds out: *additive*, it does not depend on the state; *diagonal*, one
source for every component, whose amplitude depends on that component alone; *scalar*, one source;
*commutative*, several sources that act in any order alike; else *general*.

{sde}
"""


def as_markdown() -> str:
    """Write the table as a page of the documentation.

    Returns
    -------
    str
        Markdown.

    Examples
    --------
    >>> "| Tsit5 | 5 | adaptive |" in as_markdown()
    True
    """
    ode = [
        (r.solver, f"{r.order:g}", _steps(r), _yes(r.stiff), *_common(r))
        for r in capabilities(problem="ode")
    ]
    sde = [
        (
            r.solver,
            str(r.calculus).capitalize(),
            str(r.noise),
            f"{r.order:g}",
            "" if r.weak_order is None else f"{r.weak_order:g}",
            _steps(r),
            _yes(r.given_increments),
            *_common(r),
        )
        for r in capabilities(problem="sde")
    ]
    common = ("events", "gradient", "gradient with events", "device", "engine")
    return _PAGE.format(
        ode=_lines(("solver", "order", "steps", "stiff", *common), ode),
        sde=_lines(
            ("solver", "calculus", "noise", "strong", "weak", "steps", "given path", *common), sde
        ),
    )


def _common(row: Capability) -> tuple[str, ...]:
    told = [_yes(row.events), _yes(row.gradient), _yes(row.gradient_with_events)]
    return (*told, ", ".join(row.devices), ", ".join(row.engines))


def _steps(row: Capability) -> str:
    return "adaptive" if row.adaptive else "fixed"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _lines(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (heading, ("---",) * len(heading), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
