"""Solving a batch of trajectories."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.base import Solution, SolveTask, Status
from pysciml.engines.jax.adaptive import solve_adaptive
from pysciml.engines.jax.kernels import EVALUATIONS, STEPS, integrate
from pysciml.engines.jax.system import System
from pysciml.errors import CapabilityError
from pysciml.model import Model

__all__ = ["solve"]


def solve(task: SolveTask) -> Solution:
    """Solve a batch of trajectories.

    Parameters
    ----------
    task : SolveTask
        What to solve.

    Returns
    -------
    Solution
        States at the save times, and how each trajectory ended.

    Raises
    ------
    CapabilityError
        If the device asked for is not there.
    """
    try:
        device = jax.devices(task.device)[0]
    except RuntimeError as error:
        raise CapabilityError(
            f"JAX sees no device {task.device!r} here; use device='cpu', or install a JAX build "
            "for it."
        ) from error
    # 64-bit mode is scoped to the call: the user's own JAX configuration stays as it is.
    with jax.enable_x64(task.dtype == "float64"), jax.default_device(device):
        run = _compiled(task.model, task.solver.name, task.substeps, task.dtype)
        cast = functools.partial(np.asarray, dtype=task.dtype)

        def group(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {name: cast(value) for name, value in values.items()}

        y0 = _initial(task)
        noise = _noise(task)
        path, status, stopped, counts = run(
            y0, group(task.params), group(task.inputs), cast(task.times), noise, _tolerances(task)
        )
        state = dict(zip(task.model.state, map(np.asarray, path), strict=True))
        if not task.solver.adaptive:
            steps = task.batch * task.substeps * (len(task.times) - 1)
            counts = {"steps": steps, "evaluations": steps * EVALUATIONS[task.solver.name]}
        return Solution(
            state,
            np.asarray(status),
            np.asarray(stopped, dtype=np.float64),
            {name: int(np.sum(np.asarray(value))) for name, value in counts.items()},
        )


def _initial(task: SolveTask) -> tuple[np.ndarray, ...]:
    lanes = []
    for name, variable in task.model.state.items():
        value = np.asarray(task.state[name], dtype=task.dtype)
        if value.ndim == len(variable.shape):
            value = value[..., None]
        lanes.append(np.broadcast_to(value, (*variable.shape, task.batch)))
    return tuple(lanes)


def _tolerances(task: SolveTask) -> np.ndarray:
    return np.asarray([task.rtol, task.atol], dtype=task.dtype)


def _noise(task: SolveTask) -> Any:
    """Give the keys of the trajectories, or the increments (interval, substep, d, batch)."""
    if task.model.diffusion is None:
        return None
    if task.increments is None:
        key = jax.random.key(task.seed, impl="threefry2x32")  # whatever the user's default is
        return jax.vmap(functools.partial(jax.random.fold_in, key))(np.arange(task.batch))
    moved = np.moveaxis(np.asarray(task.increments, dtype=task.dtype), 0, -1)
    return moved.reshape(len(task.times) - 1, task.substeps, *moved.shape[1:])


@functools.lru_cache(maxsize=64)
def _compiled(model: Model, solver: str, substeps: int, dtype: str) -> Callable[..., Any]:
    system = System(model, dtype)

    def fixed(y0: Any, params: Any, inputs: Any, times: Any, noise: Any, tolerances: Any) -> Any:
        field = system.field(params, inputs)
        h = (times[1:] - times[:-1]) / substeps

        def drawn(index: jax.Array) -> Any:
            def draw(key: jax.Array) -> jax.Array:
                key = jax.random.fold_in(key, index)
                return jax.random.normal(key, (substeps, system.sources), dtype)

            return system.increments(jnp.sqrt(h[index]) * jax.vmap(draw, out_axes=-1)(noise))

        def given(index: jax.Array) -> Any:
            return system.increments(noise[index])

        increments = None
        if noise is not None:
            keys = jnp.issubdtype(noise.dtype, jax.dtypes.prng_key)
            increments = drawn if keys else given
        path = integrate(STEPS[solver], field, y0, times, substeps, increments)
        status, stopped = _finite(path, times)
        return path, status, stopped, {}

    def adaptive(y0: Any, params: Any, inputs: Any, times: Any, noise: Any, tolerances: Any) -> Any:
        field = system.field(params, inputs)
        path, end = solve_adaptive(field, y0, times, tolerances[0], tolerances[1])
        status, _ = _finite(path, times)
        status = jnp.where(end.status == Status.SUCCESS, status, end.status)
        evaluations = 6 * (end.accepted + end.rejected) + 2
        counts = {"steps": end.accepted, "rejected": end.rejected, "evaluations": evaluations}
        return path, status, end.t, counts

    return jax.jit(adaptive if solver == "Tsit5" else fixed)


def _finite(path: Any, times: Any) -> tuple[jax.Array, jax.Array]:
    """Find which trajectories stay finite, and the last time at which each is."""
    finite = functools.reduce(
        jnp.logical_and,
        [jnp.isfinite(a).reshape(a.shape[0], -1, a.shape[-1]).all(axis=1) for a in path],
    )
    reached = jnp.sum(jnp.cumprod(finite, axis=0), axis=0) - 1
    status = jnp.where(finite.all(axis=0), Status.SUCCESS, Status.NOT_FINITE)
    return status, times[jnp.maximum(reached, 0)]
