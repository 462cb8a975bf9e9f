"""Implicit Runge-Kutta methods with an explicit first stage (ESDIRK), for stiff equations.

A stage k_i is the rate at ``y + h (sum_j a_ij k_j + gamma k_i)``. All stages of a step share the
matrix ``I - h gamma J``, with the Jacobian at its start.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.jax.defect import defect
from pysciml.engines.jax.lanes import Lanes, combine, norm
from pysciml.engines.jax.linear import inverse, jacobian, shift
from pysciml.engines.jax.methods import Scale, Trial
from pysciml.engines.jax.newton import root
from pysciml.engines.jax.system import Field

__all__ = ["ImplicitMethod", "kvaerno5"]

Row = tuple[float, ...]


@dataclass(frozen=True)
class ImplicitMethod:
    """A stiffly accurate method: its last stage is the rate at the end of the step.

    Parameters
    ----------
    gamma : float
        Diagonal coefficient of all stages but the first.
    a : tuple of tuple of float
        Rows of the second stage to the last, without the diagonal.
    nodes : tuple of float
        Their nodes.
    error : tuple of float
        Weights of the local error over all stages.
    dense : tuple of tuple of float
        Weights of the interpolant: a row for every power of the part of the step, from the first.
    error_order : int
        Power of the step with which the error falls.
    """

    gamma: float
    a: tuple[Row, ...]
    nodes: Row
    error: Row
    dense: tuple[Row, ...]
    error_order: int

    fsal = True
    explicit = False

    @property
    def evaluations(self) -> int:
        """Evaluations of the drift in a trial, where each stage takes two iterations."""
        return 2 * len(self.a) + 1

    def stiffness(self, h: jax.Array, y: Lanes, trial: Trial, scale: Scale) -> jax.Array:
        """Stiffness never limits a step; see `Method`."""
        return jnp.zeros_like(h)

    def trial(
        self, field: Field, t: jax.Array, h: jax.Array, y: Lanes, slope: Lanes, scale: Scale
    ) -> Trial:
        """Try a step; see `Method`."""
        zero = tuple(jnp.zeros_like(lane) for lane in y)
        frozen = jax.lax.stop_gradient
        newton = frozen(jacobian(lambda x: field.drift(frozen(t), x), frozen(y)))
        solve = inverse(shift(newton, frozen(self.gamma * h)))
        sizes = frozen(tuple(s / self.gamma for s in scale(y, y)))
        # Stages are sought as changes h k: the correction of one moves the state by gamma times it.
        stages: list[Lanes] = [combine(zero, h, (1.0,), (slope,))]
        eta, failed, inner = jnp.ones_like(h), jnp.zeros(h.shape, bool), y
        for i, (row, node) in enumerate(zip(self.a, self.nodes, strict=True)):
            known = combine(y, 1.0, row, stages)
            at = t + node * h

            def residual(z: Lanes, at: jax.Array = at, known: Lanes = known) -> Lanes:
                rate = field.drift(at, combine(known, self.gamma, (1.0,), (z,)))
                return tuple(a - h * b for a, b in zip(z, rate, strict=True))

            start = combine(zero, 1.0, _lagrange((0.0, *self.nodes[:i]), node), stages)
            z, eta, lost = root(residual, start, solve, sizes, eta)
            failed |= lost
            inner = combine(known, self.gamma, (1.0,), (z,))
            stages.append(z)
        inside = tuple(combine(zero, 1.0, row, stages) for row in self.dense)

        def within(x: jax.Array) -> Lanes:
            return self.interpolate(field, t, h, y, inner, inside, x)

        amiss = (
            combine(zero, 1.0, self.error, stages),
            solve(defect(field, within, t, h, self.gamma)),
        )
        amiss = jax.tree.map(lambda lane: jnp.where(failed, jnp.inf, lane), amiss)
        last = tuple(z / jnp.where(h > 0, h, 1.0) for z in stages[-1])
        return Trial(inner, amiss, inside, last)

    def measure(self, amiss: tuple[Lanes, ...], sizes: Lanes) -> jax.Array:
        """Give the size of the local error; see `Method`."""
        return jnp.maximum(norm(amiss[0], sizes), norm(amiss[1], sizes))

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
        total = stages[-1]
        for part in stages[-2::-1]:
            total = tuple(p + x * q for p, q in zip(part, total, strict=True))
        return combine(y, x, (1.0,), (total,))


def _lagrange(nodes: Row, x: float) -> Row:
    """Give the weights of the values at the nodes in the polynomial through them, at x."""
    return tuple(
        math.prod((x - other) / (node - other) for other in nodes if other != node)
        for node in nodes
    )


def _extension(a: tuple[Row, ...], gamma: float) -> tuple[Row, ...]:
    """Derive an interpolant of order 4.

    Its weights, polynomials of degree 4, satisfy the order conditions everywhere in the step
    (Hairer, Norsett & Wanner 1993, II.6; stage order 2 leaves five of the eight). It combines the
    states at the stages rather than the rates, among which those of stiff components are large
    and cancel. Of the solutions it is the smallest.
    """
    size = len(a) + 1
    matrix = np.zeros((size, size))
    for i, row in enumerate(a, 1):
        matrix[i, : i + 1] = (*row, gamma)
    c, implicit = matrix.sum(axis=1), matrix[1:]
    conditions = np.array([c**0, c, c**2, c**3, matrix @ c**2]) @ implicit.T
    values = np.zeros((4, 5))
    values[[0, 1, 2, 3, 3], range(5)] = 1, 1 / 2, 1 / 3, 1 / 4, 1 / 12
    # Unknown are the weights (power, implicit stage), flattened; at the end the last stage is all.
    unit = np.eye(size - 1)
    system = np.concatenate([np.kron(np.eye(4), conditions), np.kron(np.ones(4), unit)])
    right = np.concatenate([values.ravel(), unit[-1]])
    weights = np.linalg.lstsq(system, right, rcond=1e-10)[0].reshape(4, size - 1)
    return tuple(tuple(map(float, row)) for row in weights @ implicit)


@functools.cache
def kvaerno5() -> ImplicitMethod:
    """Make the method of orders 5 and 4 of Kvaerno (2004), with an interpolant of order 4.

    Returns
    -------
    ImplicitMethod
        The method.
    """
    gamma = 0.26
    fourth = (0.13855640231268224, 0.0, -0.04245337201752043, 0.02446657898003141)
    fourth = (*fourth, 0.61943039072480676)
    fifth = (0.13659751177640291, 0.0, -0.05496908796538376, -0.04118626728321046)
    fifth = (*fifth, 0.62993304899016403, 0.06962479448202728)
    a = (
        (gamma,),
        (0.13, 0.84033320996790809),
        (0.22371961478320505, 0.47675532319799699, -0.06470895363112615),
        (
            0.16648564323248321,
            0.10450018841591720,
            0.03631482272098715,
            -0.13090704451073998,
        ),
        fourth,
        fifth,
    )
    difference = (p - q for p, q in zip((*fifth, gamma), (*fourth, gamma, 0.0), strict=True))
    return ImplicitMethod(
        gamma=gamma,
        a=a,
        nodes=tuple(sum(row) + gamma for row in a),
        error=tuple(difference),
        dense=_extension(a, gamma),
        error_order=5,
    )
