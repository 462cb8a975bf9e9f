"""Solvers of stochastic differential equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pysciml.solvers.base import Category, Solver

__all__ = ["SRA1", "SRIW1", "EulerHeun", "EulerMaruyama", "Heun", "Milstein", "SPaRK", "ShARK"]

_LOW: Mapping[Category, float] = {
    "additive": 1.0,
    "diagonal": 0.5,
    "scalar": 0.5,
    "commutative": 0.5,
    "general": 0.5,
}
_HEUN: Mapping[Category, float] = {
    "additive": 1.0,
    "diagonal": 1.0,
    "scalar": 1.0,
    "commutative": 1.0,
    "general": 0.5,
}
_WEAK: Mapping[Category, float] = {
    "additive": 1.0,
    "diagonal": 1.0,
    "scalar": 1.0,
    "commutative": 1.0,
    "general": 1.0,
}
_MILSTEIN: Mapping[Category, float] = {
    "additive": 1.0,
    "diagonal": 1.0,
    "scalar": 1.0,
    "commutative": 1.0,
}


@dataclass(frozen=True)
class EulerMaruyama(Solver):
    """Euler-Maruyama (Ito): strong order 1/2 (1 for additive noise), weak order 1.

    Parameters
    ----------
    stream : {"threefry", "xoshiro"}
        Where the noise of a seed comes from: counters, so that a trajectory is the same in every
        ensemble; or faster generators, one for every trajectory of a block.

    Examples
    --------
    >>> EulerMaruyama().calculus
    'ito'
    """

    stream: Literal["threefry", "xoshiro"] = "threefry"

    calculus = "ito"
    strong = _LOW
    weak = _WEAK


@dataclass(frozen=True)
class EulerHeun(Solver):
    """Euler in the drift, Heun in the noise (Stratonovich): strong order 1, weak order 1.

    Parameters
    ----------
    stream : {"threefry", "xoshiro"}
        As in :class:`EulerMaruyama`.

    Examples
    --------
    >>> EulerHeun().strong["diagonal"]
    1.0
    """

    stream: Literal["threefry", "xoshiro"] = "threefry"

    calculus = "stratonovich"
    strong = _HEUN
    weak = _WEAK


@dataclass(frozen=True)
class Heun(Solver):
    """Heun's scheme: order 2; with noise stochastic Heun (Stratonovich), strong order 1.

    Parameters
    ----------
    stream : {"threefry", "xoshiro"}
        As in :class:`EulerMaruyama`.

    Examples
    --------
    >>> Heun().ode_order, Heun().calculus
    (2, 'stratonovich')
    """

    stream: Literal["threefry", "xoshiro"] = "threefry"

    ode_order = 2
    calculus = "stratonovich"
    strong = _HEUN
    weak = _WEAK


@dataclass(frozen=True)
class Milstein(Solver):
    """Milstein's scheme (Ito and Stratonovich): strong order 1 where the sources commute.

    Derivatives of the amplitudes are exact, by automatic differentiation.

    Parameters
    ----------
    stream : {"threefry", "xoshiro"}
        As in :class:`EulerMaruyama`.

    Examples
    --------
    >>> Milstein().calculus, "general" in Milstein().strong
    ('both', False)
    """

    stream: Literal["threefry", "xoshiro"] = "threefry"

    calculus = "both"
    strong = _MILSTEIN
    weak = _MILSTEIN


@dataclass(frozen=True)
class SRA1(Solver):
    """Stochastic Runge-Kutta for additive noise: strong order 3/2, weak order 2 (Roessler 2010).

    It needs the mean of the Brownian path over every step beside its increment, so that
    increments cannot be given in place of a seed.

    Parameters
    ----------
    stream : {"threefry", "xoshiro"}
        As in :class:`EulerMaruyama`.

    Examples
    --------
    >>> dict(SRA1().strong)
    {'additive': 1.5}
    """

    stream: Literal["threefry", "xoshiro"] = "threefry"

    calculus = "ito"
    strong: ClassVar[Mapping[Category, float]] = {"additive": 1.5}
    weak: ClassVar[Mapping[Category, float]] = {"additive": 2.0}
    given_increments = False


@dataclass(frozen=True)
class SRIW1(Solver):
    """Stochastic Runge-Kutta (Ito): strong order 3/2, weak order 2 (Roessler 2010).

    For noise with one source, and for sources that each drive one component by an amplitude that
    depends on that component alone. As for :class:`SRA1`, increments cannot be given.

    Parameters
    ----------
    stream : {"threefry", "xoshiro"}
        As in :class:`EulerMaruyama`.

    Examples
    --------
    >>> SRIW1().strong["diagonal"], SRIW1().weak["diagonal"]
    (1.5, 2.0)
    """

    stream: Literal["threefry", "xoshiro"] = "threefry"

    calculus = "ito"
    strong: ClassVar[Mapping[Category, float]] = {"additive": 1.5, "diagonal": 1.5, "scalar": 1.5}
    weak: ClassVar[Mapping[Category, float]] = {"additive": 2.0, "diagonal": 2.0, "scalar": 2.0}
    given_increments = False


@dataclass(frozen=True)
class ShARK(Solver):
    """Adaptive steps for additive noise: strong order 3/2 (Foster et al. 2024).

    Foster, dos Reis & Strange (2024), "High order splitting methods for SDEs satisfying a
    commutativity condition", SIAM J. Numer. Anal. 62, equation 6.1. `rtol` and `atol` are 1e-3
    and 1e-6 unless given; trajectory i of a seed follows the same path for all of them.

    Examples
    --------
    >>> ShARK().adaptive, dict(ShARK().strong)
    (True, {'additive': 1.5})
    """

    calculus = "stratonovich"
    strong: ClassVar[Mapping[Category, float]] = {"additive": 1.5}
    adaptive = True
    given_increments = False
    events = False
    gradient = False
    engines: ClassVar[tuple[str, ...]] = ("jax",)
    tolerances: ClassVar[tuple[float, float]] = (1e-3, 1e-6)


@dataclass(frozen=True)
class SPaRK(Solver):
    """Adaptive steps for commuting sources (Stratonovich): strong order 1 (Foster 2023).

    Foster & Jelincic (2023), "On the convergence of adaptive approximations for stochastic
    differential equations", arXiv:2311.14201. Noise that does not commute is left to fixed steps:
    lengths of steps that depend on the path would have to be nested for it to converge.

    Examples
    --------
    >>> SPaRK().calculus, "general" in SPaRK().strong
    ('stratonovich', False)
    """

    calculus = "stratonovich"
    strong: ClassVar[Mapping[Category, float]] = {**_MILSTEIN, "additive": 1.5}
    adaptive = True
    given_increments = False
    events = False
    gradient = False
    engines: ClassVar[tuple[str, ...]] = ("jax",)
    tolerances: ClassVar[tuple[float, float]] = (1e-3, 1e-6)
