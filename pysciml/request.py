"""Request: the arguments of a verb, checked and turned into a task with its labels."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from pysciml.engines.base import SolveTask
from pysciml.engines.choose import Choice, choose
from pysciml.errors import CapabilityError, InputError, suggest
from pysciml.forcing import Series
from pysciml.grid import ROUNDING, Grid, make_grid, positive
from pysciml.model import Model
from pysciml.solvers import SOLVERS, Native, Solver, fallback, resolve
from pysciml.sweeps import Sweep, spread

__all__ = ["Request", "check_choice", "make_request", "seed_of"]


class Request(NamedTuple):
    """A task, the labels of its batch and of its times, and the engine that is to run it."""

    task: SolveTask
    sweep: Sweep
    grid: Grid
    chosen: Choice


def make_request(
    model: Model,
    *,
    t: tuple[float, float],
    save: Any = None,
    state: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    trajectories: int | None = None,
    rng: int | np.random.Generator | None = None,
    solver: str | Solver = "auto",
    rtol: float | None = None,
    atol: float | None = None,
    dt: float | None = None,
    increments: Any = None,
    engine: str = "auto",
    device: str = "cpu",
    dtype: str = "float64",
) -> Request:
    """Check the arguments of a solve and turn them into a task.

    Parameters
    ----------
    model, t, save, state, params, inputs, trajectories, rng, solver, rtol, atol, dt
        As in :func:`pysciml.solve`.
    increments, engine, device, dtype
        As in :func:`pysciml.solve`.

    Returns
    -------
    Request
        The task, its labels and its engine.

    Raises
    ------
    InputError
        If an argument is not usable; the message says how to mend it.
    CapabilityError
        If the solver cannot solve the model.
    """
    if not isinstance(model, Model):
        raise InputError(f"model must be a Model made with ps.model; got {type(model).__name__}.")
    check_choice("dtype", dtype, ("float64", "float32"))
    check_choice("device", device, ("cpu", "gpu"))
    method = resolve(_native(solver, engine), model, dt)
    tolerances = _tolerances(method, rtol, atol, dtype)
    sweep = spread(model, state or {}, params or {}, inputs or {}, _trajectories(trajectories))
    timed = _timed(model, t)
    stops = np.concatenate([np.zeros(0), *timed.values(), *_knots(sweep)])
    grid = make_grid(method, t, save, dt, dtype, stops, whole=bool(model.events))
    _check_covered(sweep, grid)
    if model.diffusion is None and (rng is not None or increments is not None):
        raise InputError(
            f"{model.name!r} has no noise, so rng and increments have no meaning; leave them out."
        )
    if rng is not None and increments is not None:
        raise InputError("increments stand in place of rng; give one of the two.")
    given = None if increments is None else _increments(increments, model, method, sweep, grid)
    task = SolveTask(
        model=model,
        times=grid.times,
        state=sweep.state,
        params=sweep.params,
        inputs=sweep.inputs,
        batch=sweep.batch,
        solver=method,
        fallback=fallback(solver, model, dt),
        stops=grid.stops,
        events={name: np.minimum(times, grid.times[-1]) for name, times in timed.items()},
        substeps=grid.substeps,
        rtol=tolerances[0],
        atol=tolerances[1],
        seed=0 if model.diffusion is None else seed_of(rng),
        increments=given,
        dtype=dtype,
        device=device,
    )
    chosen = choose(engine, task)
    if chosen.engine.name not in method.engines:
        raise CapabilityError(
            f"{method.name} does not run on the {chosen.engine.name} engine; use "
            f"engine={method.engines[0]!r}, or {resolve('auto', model, dt).name}."
        )
    return Request(task, sweep, grid, chosen)


def _native(solver: str | Solver, engine: str) -> str | Solver:
    """Take a name that pysciml does not know for one of OrdinaryDiffEq, on the julia engine."""
    if not isinstance(solver, str) or solver == "auto" or solver in SOLVERS:
        return solver
    on_julia = solver.isidentifier() and choose(engine).engine.name == "julia"
    return Native(solver) if on_julia else solver


def seed_of(rng: int | np.random.Generator | None) -> int:
    """Turn `rng` into a seed (SPEC 7).

    Parameters
    ----------
    rng : int, numpy.random.Generator or None
        A seed; a generator, from which one is drawn; or None for a fresh one.

    Returns
    -------
    int
        Between 0 and 2**31 - 1.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if rng is None:
        return int(np.random.default_rng().integers(2**31))
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**31))
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and 0 <= rng < 2**31:
        return int(rng)
    raise InputError(
        f"rng must be a whole number from 0 to 2**31 - 1, a numpy Generator or None; got {rng!r}."
    )


def _timed(model: Model, t: Any) -> dict[str, np.ndarray]:
    """List the known times of events; those that differ by rounding alone are made the same."""
    try:
        start, end = (float(value) for value in t)
    except (TypeError, ValueError):
        return {}  # refused with the grid
    if not start < end < np.inf:
        return {}
    times = {event.name: event.times(start, end) for event in model.events if event.timed}
    joined = np.unique(np.concatenate([np.zeros(0), *times.values()]))
    joined = joined[np.diff(joined, prepend=-np.inf) > ROUNDING * (end - start)]
    return {n: joined[np.searchsorted(joined, at, side="right") - 1] for n, at in times.items()}


def _knots(sweep: Sweep) -> list[np.ndarray]:
    """List the times of the series of inputs, where their pieces meet."""
    return [value.times for value in sweep.inputs.values() if isinstance(value, Series)]


def _check_covered(sweep: Sweep, grid: Grid) -> None:
    start, end = grid.times[0], grid.times[-1]
    for name, value in sweep.inputs.items():
        if isinstance(value, Series) and not value.times[0] <= start < end <= value.times[-1]:
            raise InputError(
                f"The series of input {name!r} runs from {value.times[0]:g} to "
                f"{value.times[-1]:g}, but the solve from {start:g} to {end:g}; give a series that "
                "covers the whole of it, or solve a shorter span."
            )


def check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse a value that is not one of those known.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        What was given.
    known : tuple of str
        What is allowed.

    Raises
    ------
    InputError
        With a suggestion.
    """
    if value not in known:
        raise InputError(f"{name} {value!r} is unknown.{suggest(str(value), known)}")


def _tolerances(
    method: Solver, rtol: float | None, atol: float | None, dtype: str
) -> tuple[float, float]:
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value is None:
            continue
        if not method.adaptive:
            raise InputError(
                f"{method.name} takes steps of dt, so {name} has no meaning; leave it out."
            )
        positive(name, value)
    relative = method.tolerances[0] if rtol is None else float(rtol)
    smallest = 4 * float(np.finfo(dtype).eps)
    if relative < smallest:
        raise InputError(
            f"rtol={relative:g} cannot be reached in {dtype}, which resolves {smallest:.1g} at "
            "best; use a larger rtol" + (", or dtype='float64'." if dtype == "float32" else ".")
        )
    return relative, method.tolerances[1] if atol is None else float(atol)


def _trajectories(count: int | None) -> int | None:
    if count is None:
        return None
    if isinstance(count, numbers.Integral) and not isinstance(count, bool) and count > 0:
        return int(count)
    raise InputError(f"trajectories must be a positive whole number; got {count!r}.")


def _increments(
    increments: Any, model: Model, method: Solver, sweep: Sweep, grid: Grid
) -> np.ndarray:
    if not method.given_increments:
        raise InputError(
            f"{method.name} needs more of a path than its increments, so it takes none; leave "
            "them out and give rng, or use a solver such as ps.EulerMaruyama()."
        )
    try:
        array = np.asarray(increments, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("increments must be an array of numbers.") from error
    if array.ndim == 2:
        array = array[None]
    steps = (len(grid.times) - 1) * grid.substeps
    paths = sweep.trajectories
    sources = 0 if model.diffusion is None else model.diffusion.count(model.size)
    if array.ndim != 3 or array.shape[1:] != (steps, sources) or array.shape[0] not in (1, paths):
        raise InputError(
            "increments must have shape (trajectory, step, source) = "
            f"{(paths, steps, sources)}; got {np.shape(increments)}. Its steps follow from t, "
            "save and dt."
        )
    if not np.all(np.isfinite(array)):
        raise InputError("increments must be finite numbers.")
    # The trajectory is the outermost dim of the batch; all of a sweep share its noise.
    return np.repeat(array, sweep.batch // array.shape[0], axis=0)
