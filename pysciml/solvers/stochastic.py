"""Solvers of stochastic differential equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pysciml.solvers.base import Category, Solver

__all__ = ["EulerHeun", "EulerMaruyama", "Heun"]

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
