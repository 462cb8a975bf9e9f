"""solve(): the one verb of simulation; ensembles and sweeps are arguments of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .errors import CapabilityError, InputError, SolveError, suggest
from .model import Model
from .result import failure, label
from .solvers import Solver, resolve
from .sweeps import Sweep, spread

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["seed_of", "solve"]

MAX_STEPS = 100_000_000


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
        Step between save times, the save times themselves, or every step of a fixed-step
        solver. A thousandth of the span unless given. The initial time is saved with a step.
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
        Brownian increments in place of `rng`: (step, component) or (trajectory, step, component).
    engine : {"auto", "jax"}
        The engine that runs it.
    device : {"cpu", "gpu"}
        Where it runs.
    dtype : {"float64", "float32"}
        In which precision.
    on_error : {"raise", "return"}
        Whether a failed trajectory raises, or is returned with its ``status`` and NaN from
        where it failed.
    progress, client
        Reserved: a solve is one compiled call in this process.

    Returns
    -------
    xarray.Dataset
        One variable per state with dims (sweep dims, trajectory, time, own dims); attributes
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
    from .engines.base import SolveTask, Status
    from .engines.choose import choose

    if not isinstance(model, Model):
        raise InputError(f"model must be a Model made with ps.model; got {type(model).__name__}.")
    if client is not None:
        raise CapabilityError("client= is not supported yet; leave it out to solve in-process.")
    _check_choice("dtype", dtype, ("float64", "float32"))
    _check_choice("on_error", on_error, ("raise", "return"))
    _check_choice("device", device, ("cpu", "gpu"))
    method = resolve(solver, model, dt)
    _check_tolerances(method, rtol, atol)
    times, substeps, step = _grid(method, t, save, dt)
    sweep = spread(model, state or {}, params or {}, inputs or {}, _trajectories(trajectories))
    given = None if increments is None else _increments(increments, model, sweep, times, substeps)
    if model.diffusion is None and (rng is not None or increments is not None):
        raise InputError(
            f"{model.name!r} has no noise, so rng and increments have no meaning; leave them out."
        )
    seed = seed_of(rng)
    chosen = choose(engine)
    task = SolveTask(
        model=model,
        times=times,
        state=sweep.state,
        params=sweep.params,
        inputs=sweep.inputs,
        batch=sweep.batch,
        solver=method,
        substeps=substeps,
        rtol=1e-6 if rtol is None else rtol,
        atol=1e-9 if atol is None else atol,
        seed=seed,
        increments=given,
        dtype=dtype,
        device=device,
    )
    solution = chosen.engine.solve(task)
    if on_error == "raise" and np.any(solution.status != Status.SUCCESS):
        raise SolveError(failure(task, solution, sweep))
    return label(task, solution, sweep, chosen, step)


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
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} must be a positive number; got {value!r}.")


def _trajectories(count: int | None) -> int | None:
    if count is None or (isinstance(count, int) and not isinstance(count, bool) and count > 0):
        return count
    raise InputError(f"trajectories must be a positive whole number; got {count!r}.")


def _grid(
    method: Solver, t: tuple[float, float], save: Any, dt: float | None
) -> tuple[np.ndarray, int, float | None]:
    """Save times (the initial time first), steps between two of them, and the largest step."""
    try:
        start, end = (float(value) for value in t)
    except (TypeError, ValueError) as error:
        raise InputError(f"t must be (initial time, final time); got {t!r}.") from error
    if not (math.isfinite(start) and math.isfinite(end) and start < end):
        raise InputError(f"t must run forward, from a time to a later one; got ({start}, {end}).")
    span = end - start
    if dt is not None and not (math.isfinite(dt) and 0 < dt <= span):
        raise InputError(f"dt must be positive and at most the span {span}; got {dt!r}.")
    if isinstance(save, str):
        if save != "steps" or method.adaptive:
            raise InputError(
                "save='steps' is for a fixed-step solver with dt; give a step or the times."
                if save == "steps"
                else f"save must be a step, an array of times or 'steps'; got {save!r}."
            )
        save = span / 1000 if dt is None else dt
    if save is None:
        save = span / 1000
    times = np.asarray(save, dtype=np.float64)
    if times.ndim == 0:
        times = _regular(start, end, float(times))
    else:
        times = _given(start, end, times)
    if method.adaptive:
        return times, 1, None
    longest = float(np.max(np.diff(times)))
    wanted = min(longest, span / 1000) if dt is None else dt
    substeps = max(1, math.ceil(longest / wanted - 1e-9))
    if substeps * len(times) > MAX_STEPS:
        raise InputError(
            f"dt={dt} asks for {substeps * len(times):.3g} steps; at most {MAX_STEPS:.0e} are "
            "allowed. Use a longer dt or a shorter span."
        )
    return times, substeps, longest / substeps


def _regular(start: float, end: float, step: float) -> np.ndarray:
    if not (math.isfinite(step) and 0 < step <= end - start):
        raise InputError(
            f"save must be a positive step of at most the span {end - start}; got {step}."
        )
    count = math.floor((end - start) / step * (1 + 1e-12)) + 1
    return start + step * np.arange(count)


def _given(start: float, end: float, times: np.ndarray) -> np.ndarray:
    if times.ndim != 1 or times.size == 0:
        raise InputError(f"save must be a step or times in one dimension; got shape {times.shape}.")
    if not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
        raise InputError("The save times must be finite and increasing, without duplicates.")
    if times[0] < start or times[-1] > end:
        raise InputError(
            f"The save times run from {times[0]} to {times[-1]}, outside t = ({start}, {end})."
        )
    return times if times[0] == start else np.concatenate([[start], times])


def _increments(
    increments: Any, model: Model, sweep: Sweep, times: np.ndarray, substeps: int
) -> np.ndarray:
    array = np.asarray(increments, dtype=np.float64)
    if array.ndim == 2:
        array = array[None]
    expected = (sweep.batch, (len(times) - 1) * substeps, model.size)
    if array.ndim != 3 or array.shape[1:] != expected[1:] or array.shape[0] not in (1, sweep.batch):
        raise InputError(
            "increments must have shape (trajectory, step, component) = "
            f"{expected}; got {np.shape(increments)}. Its steps follow from t, save and dt."
        )
    if not np.all(np.isfinite(array)):
        raise InputError("increments must be finite numbers.")
    return np.broadcast_to(array, expected)
