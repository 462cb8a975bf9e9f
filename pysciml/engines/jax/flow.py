"""The solution map as a pure function, with loops that can be differentiated in both modes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.base import SolveTask, Status
from pysciml.engines.jax.adaptive import Problem, solve_adaptive
from pysciml.engines.jax.adaptive_methods import method_of
from pysciml.engines.jax.drawing import drawn
from pysciml.engines.jax.kernels import integrate
from pysciml.engines.jax.programs import Forced, bind_inputs, make_watch, step_of
from pysciml.engines.jax.stochastic import NORMALS
from pysciml.engines.jax.streams import shaped
from pysciml.engines.jax.system import Field, System
from pysciml.engines.jax.variations import probes, pushed
from pysciml.errors import InputError, suggest
from pysciml.forcing import check_interpolation, increasing
from pysciml.networks import flat_params
from pysciml.variable import Variable

__all__ = ["make_flow"]


def make_flow(
    task: SolveTask, keep: np.ndarray, max_steps: int, max_events: int
) -> Callable[..., dict[str, jax.Array]]:
    """Make the solution map of a task with one trajectory.

    Parameters
    ----------
    task : SolveTask
        Model, times, solver and tolerances.
    keep : array of int
        Which of the times are returned.
    max_steps : int
        Adaptive steps between two times, at most.
    max_events : int
        Times kept of every event.

    Returns
    -------
    callable
        ``flow(state, params, inputs=None, noise=None) -> dict``.
    """
    model = task.model

    def flow(
        state: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        noise: Any = None,
    ) -> dict[str, jax.Array]:
        dtype = jnp.result_type(float).name  # by whether JAX is in 64-bit mode
        system = System(model, dtype)
        start = _checked("state", model.state, state, dtype)
        bound = _checked("params", model.params, flat_params(model.networks, params), dtype)
        given, forced, stops = _inputs(task, inputs, dtype)
        steady = {n: v for n, v in given.items() if not isinstance(v, tuple)}
        known = {**model.state, **model.params, **model.inputs}
        batch = _batch(known, {**start, **bound, **steady})
        y0 = tuple(_lane(start[name], variable, batch) for name, variable in model.state.items())
        times = jnp.asarray(task.times, dtype)

        def field(params: Any, inputs: Any) -> Field:
            return system.field(params, bind_inputs(inputs, forced))

        if task.solver.adaptive:
            values = (y0, (bound, given))
            path, events = _adaptive(task, field, values, times, stops, max_steps, max_events)
        else:
            path, events = _fixed(task, system, field(bound, given), y0, times, noise), {}
        made = {n: lane[keep] for n, lane in zip(model.state, path, strict=True)}
        made.update(events)
        return made if batch else {name: lane[..., 0] for name, lane in made.items()}

    return flow


def _adaptive(
    task: SolveTask,
    field: Callable[[Any, Any], Field],
    values: Any,
    times: jax.Array,
    stops: np.ndarray,
    max_steps: int,
    max_events: int,
) -> tuple[Any, dict[str, jax.Array]]:
    from equinox.internal import while_loop

    loop = functools.partial(while_loop, max_steps=max_steps, kind="bounded")
    timed = tuple(jnp.asarray(task.events.get(e.name, ()), times.dtype) for e in task.model.events)
    method = method_of(task.solver)

    def solve(values: Any) -> tuple[Any, Any]:
        y0, (params, inputs) = values
        problem = Problem(
            field(params, inputs),
            task.rtol,
            task.atol,
            times[-1],
            jnp.asarray(np.append(stops, np.inf), times.dtype) if len(stops) else None,
            make_watch(task.model, timed, max_events, times),
        )
        return solve_adaptive(method, problem, y0, times[:1], times[1:], loop=loop), None

    # Of the derivatives that will be asked for nothing is known here: let a few take part.
    (path, end), _, _ = pushed(solve, values, probes(values))
    done = (end.t >= times[-1]) | (end.status == Status.STOPPED)
    # NaN as a factor of a state that was reached makes derivatives NaN too, not 0.
    whole = jnp.where(done, 1.0, jnp.asarray(jnp.nan, times.dtype))
    path = tuple(
        jnp.concatenate([first[None], jnp.where(done, rest, last) * whole])
        for first, rest, last in zip(values[0], path, end.y, strict=True)
    )
    if end.record is None:
        return path, {}
    names = (event.name for event in task.model.events)
    return path, dict(zip(names, end.record.times, strict=True))


def _fixed(
    task: SolveTask, system: System, field: Any, y0: Any, times: jax.Array, noise: Any
) -> Any:
    substeps, sources = task.substeps, system.sources
    kinds = NORMALS.get(task.solver.name, 1)
    batch = y0[0].shape[-1]
    shape = (len(task.times) - 1, substeps, sources, batch)
    if (noise is None) == bool(sources):
        raise InputError(
            f"The flow of {task.model.name!r} needs noise=, a JAX key or increments."
            if sources
            else f"{task.model.name!r} has no noise, so noise= has no meaning; leave it out."
        )
    draws: Any = None
    if noise is not None:
        noise = jnp.asarray(noise) if not hasattr(noise, "dtype") else noise
        if jnp.issubdtype(noise.dtype, jax.dtypes.prng_key) or noise.dtype == jnp.uint32:
            h = jnp.diff(times).reshape(-1, 1, 1, 1) / substeps
            numbers = drawn(noise, shape[0] * substeps, kinds * sources * batch, system.dtype)
            draws = jnp.sqrt(h) * numbers.reshape(*shape[:2], kinds * sources, batch)
        elif kinds > 1:
            raise InputError(
                f"{task.solver.name} needs more of a path than its increments, so noise= must be "
                "a JAX key; or use a solver such as ps.EulerMaruyama()."
            )
        else:
            steps = (shape[0] * substeps, sources)
            if noise.shape not in (steps, (*steps, batch)):
                raise InputError(
                    f"noise must be a JAX key or increments of shape (step, source) = {steps}, "
                    f"with a last axis for a batch; got {noise.shape}."
                )
            draws = jnp.asarray(noise, times.dtype).reshape(*shape[:3], -1)

    given = None if draws is None else shaped(system, kinds, draws)
    step = step_of(task.model, task.solver)
    if 1 in shape[:2]:
        return integrate(step, field, y0, times, substeps, given)

    def interval(y: Any, inputs: Any) -> Any:
        ends, own = inputs
        own = jax.tree.map(lambda a: a[None], own)
        y = jax.tree.map(lambda a: a[-1], integrate(step, field, y, ends, substeps, own))
        return y, y

    # Backwards, the steps of an interval are taken again: what is kept are states between them.
    ends = jnp.stack([times[:-1], times[1:]], axis=-1)
    _, path = jax.lax.scan(jax.checkpoint(interval, prevent_cse=False), y0, (ends, given))
    return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), y0, path)


def _inputs(
    task: SolveTask, inputs: Mapping[str, Any] | None, dtype: str
) -> tuple[dict[str, Any], Forced, np.ndarray]:
    """Give inputs and forms as `bind_inputs` takes them; the times on which steps must end."""
    given, forced = dict(inputs or {}), []
    stops = [np.zeros(0) if task.stops is None else task.stops]
    steady = {}
    for name, value in given.items():
        if not isinstance(value, tuple):
            steady[name] = value
            continue
        if name not in task.model.inputs or len(value) not in (2, 3):
            raise InputError(
                f"{name!r} in inputs is no (times, values[, interpolation]) of an input of "
                f"{task.model.name!r}.{suggest(name, task.model.inputs)}"
            )
        times = increasing(name, np.asarray(value[0], np.float64))
        interpolation = value[2] if len(value) == 3 else "linear"
        check_interpolation(interpolation)
        shape = (len(times), *task.model.inputs[name].shape)
        if np.shape(value[1]) != shape:
            raise InputError(
                f"The values of the series of input {name!r} must have shape {shape}, first the "
                f"times; got {np.shape(value[1])}."
            )
        if times[0] > task.times[0] or times[-1] < task.times[-1]:
            raise InputError(
                f"The series of input {name!r} runs from {times[0]:g} to {times[-1]:g}, which "
                f"does not cover the flow from {task.times[0]:g} to {task.times[-1]:g}."
            )
        within = times[(times > task.times[0]) & (times < task.times[-1])]
        if not task.solver.adaptive and not np.isin(within, task.times).all():
            raise InputError(
                f"The series of input {name!r} has times between the save times, where "
                f"{task.solver.name} takes steps; save at its times too, or use an adaptive solver."
            )
        stops.append(within)
        forced.append((name, interpolation, False))
        steady[name] = (jnp.asarray(times, dtype), jnp.asarray(value[1], dtype))
    plain = {n: v for n, v in steady.items() if not isinstance(v, tuple)}
    checked = _checked("inputs", task.model.inputs, plain, dtype, names=given)
    series = {n: v for n, v in steady.items() if isinstance(v, tuple)}
    return {**checked, **series}, tuple(forced), np.unique(np.concatenate(stops))


def _checked(
    group: str,
    variables: Mapping[str, Variable],
    given: Mapping[str, Any] | None,
    dtype: str,
    names: Mapping[str, Any] | None = None,
) -> dict[str, jax.Array]:
    made = {name: jnp.asarray(variable.array, dtype) for name, variable in variables.items()}
    for name in names or given or {}:
        if name not in variables:
            raise InputError(f"The model has no {name!r} in {group}.{suggest(name, variables)}")
    for name, value in (given or {}).items():
        made[name] = jnp.asarray(value, dtype)
        own = variables[name].shape
        if made[name].shape[: len(own)] != own or made[name].ndim > len(own) + 1:
            raise InputError(
                f"{name!r} in {group} must have shape {own}, with a last axis for a batch; got "
                f"{made[name].shape}."
            )
    return made


def _batch(variables: Mapping[str, Variable], values: Mapping[str, jax.Array]) -> int | None:
    """Give the size of the batch; None where no value has an axis of it."""
    sizes = {v.shape[-1] for n, v in values.items() if v.ndim > len(variables[n].shape)}
    if len(sizes) > 1:
        raise InputError(f"The values of a batch must be equally many; got {sorted(sizes)}.")
    return sizes.pop() if sizes else None


def _lane(value: jax.Array, variable: Variable, batch: int | None) -> jax.Array:
    """Give a state the axis of the batch, where it has none."""
    lane = value if value.ndim > len(variable.shape) else value[..., None]
    return jnp.broadcast_to(lane, (*variable.shape, batch or 1))
