"""solve(): the one verb of simulation; ensembles and sweeps are arguments of it."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pysciml.errors import CapabilityError, InputError, SolveError, suggest
from pysciml.forcing import Series
from pysciml.grid import Grid, make_grid, positive
from pysciml.model import Model
from pysciml.result import failure, is_failure, label
from pysciml.solvers import Solver, fallback, resolve
from pysciml.sweeps import Sweep, spread

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["seed_of", "solve"]


def solve(
    model: Model,
    *,
    t: tuple[float, float],
    save: float | Any | Literal["steps"] | None = None,
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
    dtype: Literal["float64", "float32"] = "float64",
    on_error: Literal["raise", "return"] = "raise",
    progress: bool = False,
    client: Any = None,
) -> xr.Dataset:
    """Solve a model; one trajectory, an ensemble, or a sweep over labelled values.

    Parameters
    ----------
    model : Model
        The system.
    t : tuple of float
        Initial and final time, in the model's unit of time.
    save : float, array or "steps", optional
        Step between save times, the first of which is the initial time; the save times
        themselves; or every step of a fixed-step solver. A thousandth of the span unless given.
    state, params, inputs : mapping, optional
        Values in place of the model's own. A DataArray with dims that the variable does not
        have is a sweep: its dims become dims of the result.
    trajectories : int, optional
        Size of an ensemble; the result has a dim ``trajectory``.
    rng : int or numpy.random.Generator, optional
        Seed of the noise. Trajectory i of a seed is the same whatever the size of the ensemble.
    solver : Solver or str
        Settings object or its name; see :func:`pysciml.solvers.resolve` for ``"auto"``.
    rtol, atol : float, optional
        Tolerances of an adaptive solver; 1e-6 and 1e-9 unless given.
    dt : float, optional
        Largest step of a fixed-step solver; shortened so that steps end on save times. The
        shorter of the step between save times and a thousandth of the span unless given.
    increments : array, optional
        Brownian increments in place of `rng`: (step, source) or (trajectory, step, source).
        They are the same for all values of a sweep.
    engine : {"auto", "jax"}
        The engine that runs it.
    device : {"cpu", "gpu"}
        Where it runs.
    dtype : {"float64", "float32"}
        In which precision.
    on_error : {"raise", "return"}
        Whether a failed trajectory raises, or is NaN from where it failed. With ``"return"`` the
        result has the variable ``status``, 0 where a trajectory reached the end.
    progress, client
        Reserved: a solve is one compiled call in this process.

    Returns
    -------
    xarray.Dataset
        One variable per state with dims (trajectory, sweep dims, time, own dims); attributes
        record engine, versions, solver, tolerances, seed, status and counts.

    Raises
    ------
    InputError
        If an argument is not usable; the message says how to mend it.
    CapabilityError
        If the solver cannot solve the model.
    SolveError
        If a trajectory does not reach the end; names trajectory, variable and time.

    Examples
    --------
    >>> import pysciml as ps
    >>> sol = ps.solve(ps.catalog.lotka_volterra(), t=(0, 10), save=0.1)
    >>> sol.x.dims, sol.sizes["time"]
    (('time',), 101)
    """
    from pysciml.engines.base import SolveTask
    from pysciml.engines.choose import choose

    if not isinstance(model, Model):
        raise InputError(f"model must be a Model made with ps.model; got {type(model).__name__}.")
    if client is not None:
        raise CapabilityError("client= is not supported yet; leave it out to solve in-process.")
    _check_choice("dtype", dtype, ("float64", "float32"))
    _check_choice("on_error", on_error, ("raise", "return"))
    _check_choice("device", device, ("cpu", "gpu"))
    method = resolve(solver, model, dt)
    _check_tolerances(method, rtol, atol)
    sweep = spread(model, state or {}, params or {}, inputs or {}, _trajectories(trajectories))
    grid = make_grid(method, t, save, dt, dtype, _stops(model, sweep, t))
    _check_covered(sweep, grid)
    if model.diffusion is None and (rng is not None or increments is not None):
        raise InputError(
            f"{model.name!r} has no noise, so rng and increments have no meaning; leave them out."
        )
    if rng is not None and increments is not None:
        raise InputError("increments stand in place of rng; give one of the two.")
    given = None if increments is None else _increments(increments, model, sweep, grid)
    seed = seed_of(rng)
    chosen = choose(engine)
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
        events={e.name: e.times(grid.times[0], grid.times[-1]) for e in model.events if e.timed},
        substeps=grid.substeps,
        rtol=1e-6 if rtol is None else float(rtol),
        atol=1e-9 if atol is None else float(atol),
        seed=seed,
        increments=given,
        dtype=dtype,
        device=device,
    )
    solution = chosen.engine.solve(task)
    if on_error == "raise" and np.any(is_failure(solution.status)):
        raise SolveError(failure(task, solution, sweep))
    return label(task, solution, sweep, chosen, grid, status=on_error == "return")


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


def _stops(model: Model, sweep: Sweep, t: Any) -> np.ndarray:
    """List the times on which steps must end: jumps of inputs, and timed events."""
    try:
        start, end = (float(value) for value in t)
    except (TypeError, ValueError):
        return np.zeros(0)  # refused with the grid
    parts = [event.times(start, end) for event in model.events if event.timed and start < end]
    parts += [value.stops for value in sweep.inputs.values() if isinstance(value, Series)]
    return np.concatenate([np.zeros(0), *parts])


def _check_covered(sweep: Sweep, grid: Grid) -> None:
    start, end = grid.times[0], grid.times[-1]
    for name, value in sweep.inputs.items():
        if isinstance(value, Series) and not value.times[0] <= start < end <= value.times[-1]:
            raise InputError(
                f"The series of input {name!r} runs from {value.times[0]:g} to "
                f"{value.times[-1]:g}, but the solve from {start:g} to {end:g}; give a series that "
                "covers the whole of it, or solve a shorter span."
            )


def _check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{name} {value!r} is unknown.{suggest(str(value), known)}")


def _check_tolerances(method: Solver, rtol: float | None, atol: float | None) -> None:
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value is None:
            continue
        if not method.adaptive:
            raise InputError(
                f"{method.name} takes steps of dt, so {name} has no meaning; leave it out."
            )
        positive(name, value)


def _trajectories(count: int | None) -> int | None:
    if count is None:
        return None
    if isinstance(count, numbers.Integral) and not isinstance(count, bool) and count > 0:
        return int(count)
    raise InputError(f"trajectories must be a positive whole number; got {count!r}.")


def _increments(increments: Any, model: Model, sweep: Sweep, grid: Grid) -> np.ndarray:
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
