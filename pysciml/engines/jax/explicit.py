"""Explicit Runge-Kutta methods with error estimates and interpolants."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from pysciml.engines.jax.lanes import Lanes, combine, norm
from pysciml.engines.jax.methods import Scale, Trial
from pysciml.engines.jax.system import Field

__all__ = ["Dopri8Method", "ExplicitMethod", "dopri5", "dopri8", "tsit5"]

Row = tuple[float, ...]


@dataclass(frozen=True)
class ExplicitMethod:
    """An explicit method whose last stage is the rate at the end of the step.

    Parameters
    ----------
    a : tuple of tuple of float
        Rows of the coefficients of the second stage to the last but one.
    b : tuple of float
        Weights of the solution.
    c : tuple of float
        Nodes of the rows of `a`.
    error : tuple of float
        Weights of the local error over all stages.
    dense : tuple of tuple of float
        For every stage the polynomial of its weight within the step, from the first power on.
    error_order : int
        Power of the step with which the error falls.
    stable : float
        How far the stability region reaches along the negative real axis.
    """

    a: tuple[Row, ...]
    b: Row
    c: Row
    error: Row
    dense: tuple[Row, ...]
    error_order: int
    stable: float = 3.1

    fsal = True
    explicit = True

    @property
    def evaluations(self) -> int:
        """Evaluations of the drift in a trial."""
        return len(self.b)

    def trial(
        self, field: Field, t: jax.Array, h: jax.Array, y: Lanes, slope: Lanes, scale: Scale
    ) -> Trial:
        """Try a step; see `Method`."""
        stages, end = self._stages(field, t, h, y, slope)
        zero = tuple(jnp.zeros_like(lane) for lane in y)
        amiss = tuple(combine(zero, h, row, stages) for row in self._estimates)
        return Trial(end, amiss, stages, stages[-1])

    @property
    def _estimates(self) -> tuple[Row, ...]:
        return (self.error,)

    def measure(self, amiss: tuple[Lanes, ...], sizes: Lanes) -> jax.Array:
        """Give the size of the local error; see `Method`."""
        return norm(amiss[0], sizes)

    def stiffness(self, h: jax.Array, y: Lanes, trial: Trial, scale: Scale) -> jax.Array:
        """Estimate ``h`` times the largest eigenvalue from the last two stages.

        Both are rates at the end of the step (Hairer & Wanner 1996, IV.2). Sizes are in units of
        the tolerances: in these an eigenvector that limits the step stands out, however small its
        components are.
        """
        inner = combine(y, h, self.a[-1], trial.stages[: len(self.a[-1])])
        sizes = scale(y, trial.y)
        rates = tuple(p - q for p, q in zip(trial.stages[-1], trial.stages[-2], strict=True))
        apart = norm(tuple(p - q for p, q in zip(trial.y, inner, strict=True)), sizes)
        return h * norm(rates, sizes) / jnp.where(apart > 0, apart, jnp.inf) / self.stable

    def _stages(
        self, field: Field, t: jax.Array, h: jax.Array, y: Lanes, slope: Lanes
    ) -> tuple[tuple[Lanes, ...], Lanes]:
        stages = [slope]
        for row, node in zip(self.a, self.c, strict=True):
            stages.append(field.drift(t + node * h, combine(y, h, row, stages)))
        end = combine(y, h, self.b, stages)
        return (*stages, field.drift(t + h, end)), end

    def interpolate(
        self,
        field: Field,
        t: jax.Array,
        h: jax.Array,
        y: Lanes,
        y1: Lanes,
        stages: tuple[Lanes, ...],
        x: jax.Array,
    ) -> Lanes:
        """Interpolate within a step; see `Method`."""
        return combine(y, h, [_horner(row, x) for row in self.dense], stages)


@dataclass(frozen=True)
class Dopri8Method(ExplicitMethod):
    """DOP853: two error estimates, and three more stages for the interpolant.

    Parameters
    ----------
    a, b, c, error, dense, error_order
        As in `ExplicitMethod`; `error` is of order 5, and `dense` are the rows of the matrix D.
    coarse : tuple of float
        Weights of the error estimate of order 3.
    extra_a : tuple of tuple of float
        Rows of the stages for the interpolant.
    extra_c : tuple of float
        Their nodes.
    """

    coarse: Row = ()
    extra_a: tuple[Row, ...] = ()
    extra_c: Row = ()

    @property
    def _estimates(self) -> tuple[Row, ...]:
        return (self.error, self.coarse)

    def measure(self, amiss: tuple[Lanes, ...], sizes: Lanes) -> jax.Array:
        """Give the size of the local error; see `Method`."""
        fine, coarse = (norm(estimate, sizes) ** 2 for estimate in amiss)
        both = fine + 0.01 * coarse
        return jnp.where(both == 0, 0.0, fine / jnp.sqrt(jnp.where(both == 0, 1.0, both)))

    def interpolate(
        self,
        field: Field,
        t: jax.Array,
        h: jax.Array,
        y: Lanes,
        y1: Lanes,
        stages: tuple[Lanes, ...],
        x: jax.Array,
    ) -> Lanes:
        """Interpolate within a step; see `Method`."""
        rates = list(stages)
        for row, node in zip(self.extra_a, self.extra_c, strict=True):
            rates.append(field.drift(t + node * h, combine(y, h, row, rates)))
        change = tuple(b - a for a, b in zip(y, y1, strict=True))
        zero = tuple(jnp.zeros_like(lane) for lane in y)
        parts = [
            change,
            tuple(h * f - d for f, d in zip(stages[0], change, strict=True)),
            tuple(
                2 * d - h * (f + g) for d, f, g in zip(change, stages[0], stages[-1], strict=True)
            ),
            *(combine(zero, h, row, rates) for row in self.dense),
        ]
        total = zero
        for index, part in enumerate(reversed(parts)):
            factor = x if index % 2 == 0 else 1 - x
            total = tuple(factor * (a + b) for a, b in zip(total, part, strict=True))
        return tuple(a + b for a, b in zip(y, total, strict=True))


def _horner(row: Row, x: jax.Array) -> Any:
    """Evaluate a polynomial without a constant term."""
    total: Any = row[-1]
    for coefficient in row[-2::-1]:
        total = total * x + coefficient
    return total * x


# Tsitouras (2011), Comput. Math. Appl. 62, 770: the 5(4) pair and its interpolant, whose weights
# are given there as products; `_expand` multiplies them out.
_TSIT5_A = (
    (0.161,),
    (-0.008480655492356989, 0.335480655492357),
    (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
    (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
    (
        5.86145544294642,
        -12.92096931784711,
        8.159367898576159,
        -0.071584973281401,
        -0.028269050394068383,
    ),
)
_TSIT5_B = (
    0.09646076681806523,
    0.01,
    0.4798896504144996,
    1.379008574103742,
    -3.290069515436081,
    2.324710524099774,
)
_TSIT5_ERROR = (
    0.0017800110522257714,
    0.0008164344596567463,
    -0.007880878010261995,
    0.144711007173263,
    -0.5823571654525552,
    0.45808210592918697,
    -1 / 66,
)
_TSIT5_DENSE: tuple[
    tuple[Any, ...], ...
] = (  # a leading factor, then linear and quadratic factors, constant term first
    (
        -1.0530884977290216,
        (0, 1),
        (-1.3299890189751412, 1),
        (0.7139816917074209, -1.4364028541716351, 1),
    ),
    (0.1017, (0, 0, 1), (1.2949852507374631, -2.1966568338249754, 1)),
    (2.490627285651252793, (0, 0, 1), (1.57803468208092486, -2.38535645472061657, 1)),
    (-16.54810288924490272, (0, 0, 1), (-1.21712927295533244, 1), (-0.61620406037800089, 1)),
    (47.37952196281928122, (0, 0, 1), (-1.203071208372362603, 1), (-0.658047292653547382, 1)),
    (-34.87065786149660974, (0, 0, 1), (-1.2, 1), (-2 / 3, 1)),
    (2.5, (0, 0, 1), (-1, 1), (-0.6, 1)),
)


def _expand(factor: float, *polynomials: tuple[float, ...]) -> Row:
    total = [factor]
    for polynomial in polynomials:
        product = [0.0] * (len(total) + len(polynomial) - 1)
        for i, a in enumerate(total):
            for j, b in enumerate(polynomial):
                product[i + j] += a * b
        total = product
    return tuple(total[1:])


def tsit5() -> ExplicitMethod:
    """Make the method of Tsitouras.

    Returns
    -------
    ExplicitMethod
        The method.
    """
    dense = tuple(_expand(*row) for row in _TSIT5_DENSE)
    nodes = (0.161, 0.327, 0.9, 0.9800255409045097, 1.0)
    return ExplicitMethod(_TSIT5_A, _TSIT5_B, nodes, _TSIT5_ERROR, dense, 5, stable=3.25)


@functools.cache
def dopri5() -> ExplicitMethod:
    """Make the method of Dormand and Prince, with the coefficients that SciPy keeps.

    Returns
    -------
    ExplicitMethod
        The method.
    """
    from scipy.integrate import RK45

    a = tuple(_row(row[:i]) for i, row in enumerate(RK45.A) if i)
    dense = tuple(map(_row, RK45.P))
    return ExplicitMethod(a, _row(RK45.B), _row(RK45.C[1:]), _row(RK45.E), dense, 5)


@functools.cache
def dopri8() -> Dopri8Method:
    """Make DOP853, with the coefficients that SciPy keeps.

    Returns
    -------
    Dopri8Method
        The method.
    """
    from scipy.integrate import DOP853

    return Dopri8Method(
        a=tuple(_row(row[:i]) for i, row in enumerate(DOP853.A) if i),
        b=_row(DOP853.B),
        c=_row(DOP853.C[1:]),
        error=_row(DOP853.E5),
        dense=tuple(map(_row, DOP853.D)),
        error_order=8,
        stable=5.9,
        coarse=_row(DOP853.E3),
        extra_a=tuple(_row(row[: 13 + i]) for i, row in enumerate(DOP853.A_EXTRA)),
        extra_c=_row(DOP853.C_EXTRA),
    )


def _row(values: Any) -> Row:
    return tuple(float(value) for value in values)
