"""Hand-written JAX for exactly one job each: what the kernels of pysciml are held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

# Tsitouras (2011), Comput. Math. Appl. 62, 770.
A = (
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
    (
        0.09646076681806523,
        0.01,
        0.4798896504144996,
        1.379008574103742,
        -3.290069515436081,
        2.324710524099774,
    ),
)
E = (
    0.0017800110522257714,
    0.0008164344596567463,
    -0.007880878010261995,
    0.144711007173263,
    -0.5823571654525552,
    0.45808210592918697,
    -1 / 66,
)
Components = tuple[jax.Array, ...]


def tsit5_ends(
    rates: Callable[[Components], Components], end: float, tolerance: float, block: int
) -> Callable[[Components], Components]:
    """Make a map from starts to states at `end`: blocks of lanes that wait for the slowest."""

    def step(c: Any) -> Any:
        t, h, y, k1 = c
        h = jnp.minimum(h, end - t)
        stages = [k1]
        new = y
        for row in A:
            new = tuple(
                v + h * sum(a * k[i] for a, k in zip(row, stages, strict=True))
                for i, v in enumerate(y)
            )
            stages.append(rates(new))
        square: Any = 0.0
        for i, (old, ahead) in enumerate(zip(y, new, strict=True)):
            error = h * sum(e * k[i] for e, k in zip(E, stages, strict=True))
            scale = tolerance + tolerance * jnp.maximum(jnp.abs(old), jnp.abs(ahead))
            square += (error / scale) ** 2
        square = jnp.maximum(square / len(y), 1e-10)
        good = (square <= 1) & (t < end)
        factor = jnp.clip(0.9 * jnp.exp(-0.1 * jnp.log(square)), 0.2, 5.0)
        return (
            jnp.where(good, t + h, t),
            jnp.where(t < end, h * factor, h),
            tuple(jnp.where(good, a, b) for a, b in zip(new, y, strict=True)),
            tuple(jnp.where(good, a, b) for a, b in zip(stages[-1], k1, strict=True)),
        )

    def ends(y: Components) -> Components:
        t = jnp.zeros_like(y[0])
        start = (t, t + 1e-3, y, rates(y))
        return jax.lax.while_loop(lambda c: jnp.any(c[0] < end), step, start)[2]

    def blocks(y: Components) -> Components:
        cut = tuple(v.reshape(-1, block) for v in y)
        return tuple(v.reshape(-1) for v in jax.lax.map(ends, cut))

    return blocks


def oscillator_loss(steps: int, dt: float) -> Callable[..., jax.Array]:
    """Make the loss of the gradient workload: one array per component, the batch along it."""

    def loss(params: Any, start: Any, key: Any) -> jax.Array:
        n = len(params["a"])
        a, omega, coupling, sigma = (params[name] for name in ("a", "omega", "C", "sigma"))
        shape, dtype = (steps, 2 * n, start["x"].shape[0]), start["x"].dtype
        noise = sigma * np.sqrt(dt).astype(dtype) * jax.random.normal(key, shape, dtype)
        inward = jnp.sum(coupling, axis=0)
        first = tuple(start["x"][:, i] for i in range(n)), tuple(start["y"][:, i] for i in range(n))

        def step(c: Any, dw: Any) -> Any:
            x, y = c
            moved_x, moved_y = [], []
            for i in range(n):
                pull = a[i] - x[i] * x[i] - y[i] * y[i] - inward[i]
                along_x = sum(coupling[j, i] * x[j] for j in range(n))
                along_y = sum(coupling[j, i] * y[j] for j in range(n))
                rate_x = pull * x[i] - omega[i] * y[i] + along_x
                rate_y = pull * y[i] + omega[i] * x[i] + along_y
                moved_x.append(x[i] + dt * rate_x + dw[i])
                moved_y.append(y[i] + dt * rate_y + dw[n + i])
            return (tuple(moved_x), tuple(moved_y)), None

        (x, y), _ = jax.lax.scan(step, first, noise)
        return sum(jnp.mean(v**2) for v in x) + sum(jnp.mean(v) for v in y)

    return loss
