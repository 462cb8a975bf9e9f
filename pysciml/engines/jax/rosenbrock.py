"""Rosenbrock methods with error estimates and interpolants, for stiff equations.

With the Jacobian J and the derivative by time f_t at the start of a step, the stages u solve

    (I - h gamma J) u_i = gamma (h f(t + alpha_i h, y + sum_j a_ij u_j) + sum_j c_ij u_j
                                 + gamma_i h^2 f_t),

which is Hairer & Wanner (1996), IV.7, eq. (7.25), times ``h gamma``: without a division by h.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from pysciml.engines.jax.defect import defect
from pysciml.engines.jax.lanes import Lanes, combine, norm
from pysciml.engines.jax.linear import inverse, jacobian, shift
from pysciml.engines.jax.methods import Scale, Trial
from pysciml.engines.jax.system import Field

__all__ = ["RosenbrockMethod", "rodas4", "rodas5p"]

Row = tuple[float, ...]


@dataclass(frozen=True)
class RosenbrockMethod:
    """A stiffly accurate method: its last stage is the error estimate, which it adds.

    Parameters
    ----------
    gamma : float
        Diagonal coefficient.
    a : tuple of tuple of float
        Rows of the second stage to the last but one; each further stage adds the one before it.
    c : tuple of tuple of float
        Rows of the second stage to the last.
    alpha : tuple of float
        Nodes of the stages.
    gammas : tuple of float
        Coefficients of the derivative by time.
    dense : tuple of tuple of float
        Rows of the interpolant over the stages.
    error_order : int
        Power of the step with which the error falls.
    """

    gamma: float
    a: tuple[Row, ...]
    c: tuple[Row, ...]
    alpha: Row
    gammas: Row
    dense: tuple[Row, ...]
    error_order: int

    fsal = False
    explicit = False

    @property
    def evaluations(self) -> int:
        """Evaluations of the drift in a trial, apart from that at its start."""
        return len(self.c) + 1

    def stiffness(self, h: jax.Array, y: Lanes, trial: Trial, scale: Scale) -> jax.Array:
        """Stiffness never limits a step; see `Method`."""
        return jnp.zeros_like(h)

    def trial(
        self, field: Field, t: jax.Array, h: jax.Array, y: Lanes, slope: Lanes, scale: Scale
    ) -> Trial:
        """Try a step; see `Method`."""
        zero = tuple(jnp.zeros_like(lane) for lane in y)
        _, drift_t = jax.jvp(lambda s: field.drift(s, y), (t,), (jnp.ones_like(t),))
        solve = inverse(shift(jacobian(lambda x: field.drift(t, x), y), self.gamma * h))

        def stage(rate: Lanes, gamma_i: float, row: Row) -> Lanes:
            known = combine(zero, self.gamma, row, stages) if row else zero
            if gamma_i:
                rate = combine(rate, gamma_i * h, (1.0,), (drift_t,))
            return solve(combine(known, self.gamma * h, (1.0,), (rate,)))

        stages: list[Lanes] = []
        stages.append(stage(slope, self.gammas[0], ()))
        inner = y
        for i, row in enumerate(self.c):
            if i < len(self.a):
                inner = combine(y, 1.0, self.a[i], stages)
            else:
                inner = combine(inner, 1.0, (1.0,), stages[-1:])
            rate = field.drift(t + self.alpha[i + 1] * h, inner)
            stages.append(stage(rate, self.gammas[i + 1], row))
        end = combine(inner, 1.0, (1.0,), stages[-1:])
        inside = tuple(combine(zero, 1.0, row, stages) for row in self.dense)

        def within(x: jax.Array) -> Lanes:
            return self.interpolate(field, t, h, y, end, inside, x)

        amiss = (stages[-1], solve(defect(field, within, t, h, self.gamma)))
        return Trial(end, amiss, inside, slope)

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
        return tuple(
            (1 - x) * p + x * (q + (1 - x) * r) for p, q, r in zip(y, y1, total, strict=True)
        )


def rodas4() -> RosenbrockMethod:
    """Make RODAS of orders 4 and 3 (Hairer & Wanner 1996, IV.10), with an interpolant of order 3.

    Returns
    -------
    RosenbrockMethod
        The method.
    """
    return RosenbrockMethod(
        gamma=0.25,
        a=(
            (1.544,),
            (0.9466785280815826, 0.2557011698983284),
            (3.314825187068521, 2.896124015972201, 0.9986419139977817),
            (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895),
        ),
        c=(
            (-5.6688,),
            (-2.430093356833875, -0.2063599157091915),
            (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
            (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616),
            (
                8.083246795921522,
                -7.981132988064893,
                -31.52159432874371,
                16.31930543123136,
                -6.058818238834054,
            ),
        ),
        alpha=(0.0, 0.386, 0.21, 0.63, 1.0, 1.0),
        gammas=(0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0),
        dense=(
            (
                10.12623508344586,
                -7.487995877610167,
                -34.80091861555747,
                -7.992771707568823,
                1.025137723295662,
                0.0,
            ),
            (
                -0.6762803392801253,
                6.087714651680015,
                16.43084320892478,
                24.76722511418386,
                -6.594389125716872,
                0.0,
            ),
        ),
        error_order=4,
    )


def rodas5p() -> RosenbrockMethod:
    """Make Rodas5P of orders 5 and 4 (Steinebach 2023), with an interpolant of order 4.

    Returns
    -------
    RosenbrockMethod
        The method.
    """
    return RosenbrockMethod(
        gamma=0.21193756319429014,
        a=(
            (3.0,),
            (2.849394379747939, 0.45842242204463923),
            (-6.954028509809101, 2.489845061869568, -10.358996098473584),
            (
                2.8029986275628964,
                0.5072464736228206,
                -0.3988312541770524,
                -0.04721187230404641,
            ),
            (
                -7.502846399306121,
                2.561846144803919,
                -11.627539656261098,
                -0.18268767659942256,
                0.030198172008377946,
            ),
        ),
        c=(
            (-14.155112264123755,),
            (-17.97296035885952, -2.859693295451294),
            (147.12150275711716, -1.41221402718213, 71.68940251302358),
            (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
            (
                24.854864614690072,
                -3.0009227002832186,
                47.4931110020768,
                5.5814197821558125,
                -0.6610691825249471,
            ),
            (
                30.91273214028599,
                -3.1208243349937974,
                77.79954646070892,
                34.28646028294783,
                -19.097331116725623,
                -28.087943162872662,
            ),
            (
                37.80277123390563,
                -3.2571969029072276,
                112.26918849496327,
                66.9347231244047,
                -40.06618937091002,
                -54.66780262877968,
                -9.48861652309627,
            ),
        ),
        alpha=(
            0.0,
            0.6358126895828704,
            0.4095798393397535,
            0.9769306725060716,
            0.4288403609558664,
            1.0,
            1.0,
            1.0,
        ),
        gammas=(
            0.21193756319429014,
            -0.42387512638858027,
            -0.3384627126235924,
            1.8046452872882734,
            2.325825639765069,
            0.0,
            0.0,
            0.0,
        ),
        dense=(
            (
                25.948786856663858,
                -2.5579724845846235,
                10.433815404888879,
                -2.3679251022685204,
                0.524948541321073,
                1.1241088310450404,
                0.4272876194431874,
                -0.17202221070155493,
            ),
            (
                -9.91568850695171,
                -0.9689944594115154,
                3.0438037242978453,
                -24.495224566215796,
                20.176138334709044,
                15.98066361424651,
                -6.789040303419874,
                -6.710236069923372,
            ),
            (
                11.419903575922262,
                2.8879645146136994,
                72.92137995996029,
                80.12511834622643,
                -52.072871366152654,
                -59.78993625266729,
                -0.15582684282751913,
                4.883087185713722,
            ),
        ),
        error_order=5,
    )
