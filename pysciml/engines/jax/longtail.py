"""Adaptive steps for stochastic equations, by diffrax, which is imported only here.

The Brownian path of a trajectory is a tree that can be asked for any time, so that a step which
is tried again, shorter, follows the same path (Jelincic, Foster & Kidger 2024,
arXiv:2405.06464).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.base import Solution, SolveTask, Status
from pysciml.engines.jax.compile import Kernel
from pysciml.engines.jax.programs import Outcome, bind_inputs
from pysciml.engines.jax.solve import arguments, forms, scope, to_solution
from pysciml.engines.jax.system import System
from pysciml.model import Model
from pysciml.solvers import Solver

__all__ = ["solve"]

MAX_STEPS = 1_000_000  # per trajectory
SHORTEST = 2.0**-24  # step, as a share of the span; the Brownian tree is four times finer
FIRST = 1e-3  # step, likewise
EVALUATIONS = {"ShARK": 2, "SPaRK": 3}  # of the drift, in a step


def solve(task: SolveTask) -> Solution:
    """Solve a batch of trajectories.

    Parameters
    ----------
    task : SolveTask
        What to solve, with ShARK or SPaRK.

    Returns
    -------
    Solution
        States at the save times, and how each trajectory ended.
    """
    with scope(task):
        y0, params, inputs, _, times, tolerances, stops, _ = arguments(task)
        indices = np.uint32(task.first) + np.arange(task.batch, dtype=np.uint32)
        run = _program(task.model, task.solver, task.dtype, forms(task))
        outcome = run(y0, params, inputs, times, tolerances, stops, np.uint32(task.seed), indices)
        return to_solution(task, jax.tree.map(np.asarray, Outcome(*outcome)))


@functools.lru_cache(maxsize=16)
def _program(model: Model, solver: Solver, dtype: str, forced: Any) -> Callable[..., Any]:
    system = System(model, dtype)

    def run(
        y0: Any, params: Any, inputs: Any, times: Any, tolerances: Any, stops: Any, *noise: Any
    ) -> Any:
        seed, indices = noise
        key = jax.random.key(seed, impl="threefry2x32")
        start = system.matrix(y0)

        def one(lane: Any, index: Any) -> Any:
            chosen = [
                {name: _of_lane(value, group[name].shape, lane) for name, value in given.items()}
                for group, given in ((model.params, params), (model.inputs, inputs))
            ]
            field = system.field(chosen[0], bind_inputs(chosen[1], forced))
            brownian = jax.random.fold_in(key, index)
            settings = times, tolerances, stops
            return _trajectory(system, solver, field, start[:, lane], settings, brownian)

        path, status, counts = jax.vmap(one)(jnp.arange(indices.shape[0]), indices)
        path = system.lanes(jnp.moveaxis(path, 0, -1))
        finite = jnp.isfinite(system.matrix(path)).all(axis=1)
        reached = jnp.sum(jnp.cumprod(finite, axis=0), axis=0) - 1
        bad = (status == Status.SUCCESS) & (reached < times.shape[0] - 1)
        status = jnp.where(bad, Status.NOT_FINITE, status)
        counts = {**counts, "events": jnp.zeros(0, jnp.int32)}
        last = tuple(lane[-1] for lane in path)
        stopped = times[jnp.maximum(reached, 0)]
        events = jnp.zeros((0, 0, indices.shape[0]))
        return tuple(Outcome(path, status, stopped, last, events, counts))

    return Kernel(run)


def _of_lane(value: Any, shape: tuple[int, ...], lane: Any) -> Any:
    """Take what belongs to one trajectory of a value that may be swept, or of a series of them."""
    if isinstance(value, tuple):
        times, values = value
        return times, values[..., lane] if values.ndim > len(shape) + 1 else values
    return value[..., lane] if value.ndim > len(shape) else value


def _trajectory(
    system: System,
    solver: Solver,
    field: Any,
    start: jax.Array,
    settings: tuple[jax.Array, jax.Array, Any],
    key: jax.Array,
) -> tuple[jax.Array, jax.Array, dict[str, jax.Array]]:
    import diffrax
    import lineax

    times, tolerances, stops = settings

    def drift(t: Any, y: jax.Array, _: Any) -> jax.Array:
        return system.matrix(field.drift(t, system.lanes(y[:, None])))[:, 0]

    def amplitudes(t: Any, y: jax.Array, _: Any) -> Any:
        made = field.diffusion(t, system.lanes(y[:, None]))
        if not field.general:
            return lineax.DiagonalLinearOperator(system.matrix(made)[:, 0])
        rows = [lane[..., 0].reshape(-1, system.sources) for lane in made]
        return lineax.MatrixLinearOperator(jnp.concatenate(rows))

    span = times[-1] - times[0]
    tree = diffrax.VirtualBrownianTree(
        times[0],
        times[-1],
        SHORTEST / 4 * span,
        (system.sources,),
        key,
        levy_area=diffrax.SpaceTimeLevyArea,
    )
    # Steps end on save times, since between their ends a path is not known. The coefficients are
    # those for noise (Ilie, Jackson & Enright 2015, Numer. Algorithms 68).
    control = diffrax.PIDController(
        rtol=tolerances[0],
        atol=tolerances[1],
        pcoeff=0.1,
        icoeff=0.3,
        dtmin=SHORTEST * span,
        force_dtmin=False,
    )
    made = diffrax.diffeqsolve(
        diffrax.MultiTerm(diffrax.ODETerm(drift), diffrax.ControlTerm(amplitudes, tree)),
        getattr(diffrax, solver.name)(),
        times[0],
        times[-1],
        FIRST * span,
        start,
        saveat=diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.ClipStepSizeController(control, step_ts=times, jump_ts=stops),
        max_steps=MAX_STEPS,
        throw=False,
    )
    assert made.ys is not None
    results = diffrax.RESULTS
    status = jnp.select(
        [
            made.result == results.successful,
            made.result == results.max_steps_reached,
            made.result == results.dt_min_reached,
        ],
        [Status.SUCCESS, Status.TOO_MANY_STEPS, Status.STEP_TOO_SMALL],
        Status.NOT_FINITE,
    )
    counts = {
        "steps": made.stats["num_accepted_steps"],
        "rejected": made.stats["num_rejected_steps"],
        "evaluations": EVALUATIONS[solver.name] * made.stats["num_steps"],
    }
    return made.ys, status, counts
