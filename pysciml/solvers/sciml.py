"""Adaptive solvers of stochastic equations that StochasticDiffEq.jl has: on the julia engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pysciml.solvers.base import Category, Solver

__all__ = ["SOSRA", "SOSRI", "AdaptiveSRIW1", "SKenCarp"]

_ADDITIVE: Mapping[Category, float] = {"additive": 1.5}
_DIAGONAL: Mapping[Category, float] = {"additive": 1.5, "diagonal": 1.5, "scalar": 1.5}


def _weak(strong: Mapping[Category, float], order: float) -> Mapping[Category, float]:
    return dict.fromkeys(strong, order)


@dataclass(frozen=True)
class _Adaptive(Solver):
    adaptive = True
    given_increments = False
    events = False
    gradient = False
    engines: ClassVar[tuple[str, ...]] = ("julia",)
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    tolerances: ClassVar[tuple[float, float]] = (1e-2, 1e-4)


@dataclass(frozen=True)
class SOSRI(_Adaptive):
    """Adaptive stochastic Runge-Kutta (Ito) with a large region of stability (julia engine).

    Strong order 3/2, weak order 2 (Rackauckas & Nie 2020, "Stability-optimized high order methods
    and stiffness detection for pathwise stiff stochastic differential equations", HPEC). Its paths
    depend on the tolerances, but not on the batch. The noise is scalar or diagonal in form, each
    amplitude depending on its own component alone.

    Examples
    --------
    >>> SOSRI().engines, SOSRI().strong["diagonal"]
    (('julia',), 1.5)
    """

    calculus = "ito"
    strong: ClassVar[Mapping[Category, float]] = _DIAGONAL
    weak: ClassVar[Mapping[Category, float]] = _weak(_DIAGONAL, 2.0)


@dataclass(frozen=True)
class AdaptiveSRIW1(_Adaptive):
    """The stochastic Runge-Kutta scheme of `SRIW1` with adaptive steps (julia engine).

    Rackauckas & Nie (2017), "Adaptive methods for stochastic differential equations via natural
    embeddings and rejection sampling with memory", Discrete Contin. Dyn. Syst. B 22. As
    :class:`SOSRI`, with fewer steps where the equations are not stiff.

    Examples
    --------
    >>> AdaptiveSRIW1().adaptive
    True
    """

    calculus = "ito"
    strong: ClassVar[Mapping[Category, float]] = _DIAGONAL
    weak: ClassVar[Mapping[Category, float]] = _weak(_DIAGONAL, 2.0)


@dataclass(frozen=True)
class SOSRA(_Adaptive):
    """Adaptive stochastic Runge-Kutta for additive noise, as :class:`SOSRI` (julia engine).

    Examples
    --------
    >>> dict(SOSRA().strong)
    {'additive': 1.5}
    """

    calculus = "ito"
    strong: ClassVar[Mapping[Category, float]] = _ADDITIVE
    weak: ClassVar[Mapping[Category, float]] = _weak(_ADDITIVE, 2.0)


@dataclass(frozen=True)
class SKenCarp(_Adaptive):
    """Adaptive, implicit in the drift, for stiff equations with additive noise (julia engine).

    Strong order 3/2, weak order 2, L-stable; it gets the Jacobian that is derived from the model.
    As :class:`SOSRI` from Rackauckas & Nie (2020).

    Examples
    --------
    >>> SKenCarp().stiff
    True
    """

    calculus = "ito"
    stiff = True
    strong: ClassVar[Mapping[Category, float]] = _ADDITIVE
    weak: ClassVar[Mapping[Category, float]] = _weak(_ADDITIVE, 2.0)
