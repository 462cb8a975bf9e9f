"""Programs: the kernels, bound to a model and ready to be compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from pysciml.engines.base import Status
from pysciml.engines.jax.adaptive import Problem, solve_adaptive
from pysciml.engines.jax.adaptive_methods import method_of
from pysciml.engines.jax.crossings import GAP, Watch
from pysciml.engines.jax.forcing import piecewise
from pysciml.engines.jax.kernels import EVALUATIONS, STEPS, Step, integrate
from pysciml.engines.jax.step_events import integrate_events
from pysciml.engines.jax.stochastic import NORMALS, milstein, sra1, sriw1
from pysciml.engines.jax.streams import make_stream
from pysciml.engines.jax.symplectic import stormer_verlet
from pysciml.engines.jax.system import System
from pysciml.model import Model
from pysciml.solvers import Milstein, Solver, StormerVerlet

__all__ = [
    "Forced",
    "Outcome",
    "adaptive_program",
    "bind_inputs",
    "fixed_program",
    "make_watch",
    "step_of",
]

Forced = tuple[tuple[str, str, bool], ...]  # name, interpolation, whether it is swept


class Outcome(NamedTuple):
    """What a program returns.

    Parameters
    ----------
    path : tuple of array
        Lanes at every time, with a first axis of the times.
    status, stopped : array
        How each trajectory ended, and when; shape (batch,).
    last : tuple of array
        Lanes where each trajectory ended.
    events : array
        When events happened, shape (events, capacity, batch).
    counts : mapping of str to array
        What is to be counted.
    """

    path: tuple[Any, ...]
    status: Any
    stopped: Any
    last: tuple[Any, ...]
    events: Any
    counts: dict[str, Any]


@functools.lru_cache(maxsize=64)
def adaptive_program(
    model: Model, solver: Solver, dtype: str, forced: Forced, hand_over: bool, capacity: int
) -> Callable[..., Any]:
    """Bind the adaptive loop to a model.

    Parameters
    ----------
    model : Model
        The model.
    solver : Solver
        An adaptive solver.
    dtype : str
        In which precision.
    forced : tuple
        Name, interpolation and sweep of the inputs that vary in time.
    hand_over : bool
        Whether trajectories stop where the equations become stiff.
    capacity : int
        Times that are kept of an event and trajectory.

    Returns
    -------
    callable
        From initial lanes, parameters, inputs, start times, save times, tolerances, stops and
        times of timed events to the fields of an `Outcome`.
    """
    system, method = System(model, dtype), method_of(solver)

    def run(
        y0: Any,
        params: Any,
        inputs: Any,
        start: Any,
        times: Any,
        tolerances: Any,
        stops: Any,
        timed: Any,
    ) -> Any:
        problem = Problem(
            system.field(params, bind_inputs(inputs, forced)),
            tolerances[0],
            tolerances[1],
            times[-1],
            stops,
            make_watch(model, timed, capacity, times),
        )
        path, end = solve_adaptive(method, problem, y0, start, times[1:], hand_over=hand_over)
        path = tuple(jnp.concatenate([a[None], b]) for a, b in zip(y0, path, strict=True))
        tried = end.accepted + end.rejected
        each = method.evaluations + (0 if end.slope is not None else 1)
        counts = {
            "steps": end.accepted,
            "rejected": end.rejected,
            "evaluations": each * tried + 2,
            "events": jnp.zeros(0, jnp.int32) if end.record is None else end.record.counts,
        }
        events = jnp.zeros((0, 0, *start.shape)) if end.record is None else end.record.times
        return tuple(Outcome(path, end.status, end.t, end.y, events, counts))

    return run


@functools.lru_cache(maxsize=64)
def fixed_program(
    model: Model, solver: Solver, dtype: str, forced: Forced, capacity: int
) -> Callable[..., Any]:
    """Bind fixed steps to a model.

    Parameters
    ----------
    model : Model
        The model.
    solver : Solver
        A fixed-step solver.
    dtype : str
        In which precision.
    forced : tuple
        Name, interpolation and sweep of the inputs that vary in time.
    capacity : int
        Times that are kept of an event and trajectory.

    Returns
    -------
    callable
        From initial lanes, parameters, inputs, times, noise, times of timed events and count of
        steps between two times to the fields of an `Outcome`. The noise is a pair of the seed
        and the numbers of the trajectories; increments, shape (interval, substep, source,
        batch); or None.
    """
    system, kinds = System(model, dtype), NORMALS.get(solver.name, 1)
    source = getattr(solver, "stream", "threefry")

    def run(
        y0: Any, params: Any, inputs: Any, times: Any, noise: Any, timed: Any, substeps: Any
    ) -> Any:
        field = system.field(params, bind_inputs(inputs, forced))
        if isinstance(noise, tuple):
            seed, indices = noise
            noise = make_stream(system, kinds, seed, indices, source)
        elif noise is not None:
            substeps, noise = noise.shape[1], system.increments(noise)
        step, batch = step_of(model, solver), y0[0].shape[-1]
        watch = make_watch(model, timed, capacity, times)
        if watch is None:
            path = integrate(step, field, y0, times, substeps, noise)
            status, stopped = _finite(path, times)
            seen = jnp.zeros(0, jnp.int32), jnp.zeros((0, 0, batch))
        else:
            path, record = integrate_events(watch, step, field, y0, times, substeps, noise)
            status, stopped = _finite(path, times)
            ended = jnp.isfinite(record.last)
            status = jnp.where(ended, Status.STOPPED, status)
            stopped = jnp.where(ended, record.last, stopped)
            seen = record.counts, record.times
        steps = jnp.full(batch, substeps * (times.shape[0] - 1))
        counts = {
            "steps": steps,
            "evaluations": steps * EVALUATIONS[solver.name],
            "events": seen[0],
        }
        last = tuple(lane[-1] for lane in path)
        return tuple(Outcome(path, status, stopped, last, seen[1], counts))

    return run


def step_of(model: Model, solver: Solver) -> Step:
    """Give the step of a fixed-step solver.

    Parameters
    ----------
    model : Model
        The model.
    solver : Solver
        Its solver.

    Returns
    -------
    callable
        The step.
    """
    if isinstance(solver, StormerVerlet):
        return stormer_verlet(tuple(name in solver.momenta for name in model.state))
    if isinstance(solver, Milstein):
        noise = model.diffusion
        return functools.partial(milstein, ito=noise is not None and noise.calculus == "ito")
    return {**STEPS, "SRA1": sra1, "SRIW1": sriw1}[solver.name]


def bind_inputs(inputs: Mapping[str, Any], forced: Forced) -> dict[str, Any]:
    """Turn (times, values) of the inputs that vary in time into interpolants.

    Parameters
    ----------
    inputs : mapping
        By name: an array, or times and values.
    forced : tuple
        Name, interpolation and sweep of the latter.

    Returns
    -------
    dict
        As `System.field` takes them.
    """
    made = dict(inputs)
    for name, interpolation, swept in forced:
        times, values = inputs[name]
        made[name] = piecewise(times, values, interpolation, swept=swept)  # type: ignore[arg-type]
    return made


def make_watch(model: Model, timed: Any, capacity: int, times: Any) -> Watch | None:
    """Describe the events of a model to the adaptive loop.

    Parameters
    ----------
    model : Model
        The model.
    timed : tuple of array
        For every event its known times.
    capacity : int
        Times that are kept of an event and trajectory.
    times : array
        Save times.

    Returns
    -------
    Watch or None
        None for a model without events.
    """
    if not model.events:
        return None
    signs = {"up": 1, "down": -1, "both": 0}
    return Watch(
        tuple(signs[event.direction] for event in model.events),
        tuple(event.stop for event in model.events),
        tuple(t if e.timed else None for t, e in zip(timed, model.events, strict=True)),
        capacity,
        GAP * (times[-1] - times[0]),
    )


def _finite(path: Any, times: Any) -> tuple[jax.Array, jax.Array]:
    """Find which trajectories stay finite, and the last time at which each is."""
    finite = functools.reduce(
        jnp.logical_and,
        [jnp.isfinite(a).reshape(a.shape[0], -1, a.shape[-1]).all(axis=1) for a in path],
    )
    reached = jnp.sum(jnp.cumprod(finite, axis=0), axis=0) - 1
    status = jnp.where(finite.all(axis=0), Status.SUCCESS, Status.NOT_FINITE)
    return status, times[jnp.maximum(reached, 0)]
