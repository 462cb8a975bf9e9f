"""Raw arrays to labelled datasets: names, units, provenance, and why a trajectory failed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from pysciml import __version__
from pysciml.engines.base import Solution, SolveTask, Status
from pysciml.forcing import Series

if TYPE_CHECKING:
    from pysciml.engines.choose import Choice
    from pysciml.request import Request
    from pysciml.sweeps import Sweep

__all__ = ["failure", "is_failure", "label"]

REASONS = {
    Status.SUCCESS: "success",
    Status.NOT_FINITE: "became NaN or infinite",
    Status.TOO_MANY_STEPS: "took too many steps",
    Status.STEP_TOO_SMALL: "needed a step that is too small to represent",
    Status.EVENTS_ACCUMULATE: "met events with no time between them, which would never end,",
    Status.STOPPED: "stopped by an event",
    Status.INTERRUPTED: "was interrupted",
}
REMEDIES = {
    Status.NOT_FINITE: "Use a shorter dt or tighter tolerances, and check whether the model can "
    "blow up at these parameters",
    Status.TOO_MANY_STEPS: "Loosen rtol and atol, or shorten the span; the model may be stiff",
    Status.STEP_TOO_SMALL: "The model may be singular or stiff there; check its rates near that "
    "time",
    Status.EVENTS_ACCUMULATE: "Let the event stop the trajectory (stop=True), or change what it "
    "does so that time passes before the next one",
}


def is_failure(status: np.ndarray) -> np.ndarray:
    """Tell failures from trajectories that are complete: at the end, or stopped by an event.

    Parameters
    ----------
    status : array of int
        Return codes.

    Returns
    -------
    array of bool
        Of the same shape.
    """
    return (status != Status.SUCCESS) & (status != Status.STOPPED)


def label(request: Request, solution: Solution, *, status: bool) -> xr.Dataset:
    """Label what an engine returned.

    Parameters
    ----------
    request : Request
        What was solved, with the labels of its batch and its times.
    solution : Solution
        What came out.
    status : bool
        Whether to tell how each trajectory ended.

    Returns
    -------
    xarray.Dataset
        One variable per state, with provenance as attributes.
    """
    task, sweep, grid, chosen = request
    variables: dict[str, Any] = {}
    times = task.times[grid.keep]
    coords: dict[Any, Any] = {"time": times, **sweep.coords}
    unfinished = solution.status != Status.SUCCESS
    lost = unfinished & (times.astype(task.dtype)[:, None] > solution.stopped.astype(task.dtype))
    for name, variable in task.model.state.items():
        raw = solution.state[name][grid.keep]  # (time, *shape, batch)
        if lost.any():
            raw = np.where(lost.reshape(len(times), *(1,) * len(variable.shape), -1), np.nan, raw)
        moved = np.moveaxis(raw, -1, 0).reshape(*sweep.sizes, *raw.shape[:-1])
        dims = (*sweep.dims, "time", *variable.axes(name))
        variables[name] = (dims, moved, variable.attributes())
        coords.update({k: v for k, v in variable.coords.items() if k in dims})
    if status:
        codes = solution.status.astype(np.int64).reshape(sweep.sizes)
        meanings = "; ".join(f"{code}: {text}" for code, text in REASONS.items())
        variables["status"] = (sweep.dims, codes, {"long_name": meanings})
    for name, at in solution.events.items():
        moved = np.moveaxis(at, -1, 0).reshape(*sweep.sizes, at.shape[0])
        long_name = f"times of the event {name!r}"
        variables[name] = ((*sweep.dims, f"{name}_index"), moved, {"long_name": long_name})
    attributes = _provenance(task, solution, sweep, chosen, grid.step)
    made = xr.Dataset(variables, coords, attributes)
    for name, coordinate in made.coords.items():
        texts = coordinate.values.ravel().tolist()
        if texts and all(isinstance(text, str) for text in texts):
            # The type in which a file gives text back: of fixed width, and no wider than needed.
            made[name] = coordinate.astype(np.array(texts).dtype)
    for name, variable in {**task.model.params, **task.model.inputs}.items():
        if name in made.coords:
            made[name].attrs.update(variable.attributes())
    return made


def _provenance(
    task: SolveTask, solution: Solution, sweep: Sweep, chosen: Choice, step: float | None
) -> dict[str, Any]:
    failed = int(np.sum(is_failure(solution.status)))
    attributes: dict[str, Any] = {
        "model": task.model.name,
        "description": task.model.description,
        "source": task.model.source,
        "pysciml": __version__,
        "engine": chosen.engine.name,
        "engine_reason": chosen.reason,
        "versions": json.dumps(chosen.engine.versions()),
        "solver": task.solver.name,
        "fallback": "" if task.fallback is None else task.fallback.name,
        "dtype": task.dtype,
        "device": task.device,
        "status": "success" if failed == 0 else f"{failed} of {task.batch} failed",
        **{name: int(np.sum(value)) for name, value in solution.counts.items()},
    }
    if task.solver.adaptive:
        attributes.update(rtol=task.rtol, atol=task.atol)
    else:
        attributes["dt"] = step
    if task.model.diffusion is not None:
        attributes["noise"] = task.model.diffusion.kind
        attributes["calculus"] = task.model.diffusion.calculus
        attributes["seed"] = "given increments" if task.increments is not None else task.seed
    for group, values in (("params", task.params), ("inputs", task.inputs)):
        plain = {
            name: _plain(value)
            for name, value in values.items()
            if name not in sweep.coords and "." not in name  # weights have a line of their own
        }
        if plain:
            attributes[group] = json.dumps(plain)
    if task.model.networks:
        attributes["networks"] = json.dumps({n: repr(v) for n, v in task.model.networks.items()})
        attributes["weights"] = _digest(task)
    return {name: value for name, value in attributes.items() if value != ""}


def _digest(task: SolveTask) -> str:
    """Give the SHA-256 of the weights of the networks, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(name for name in task.params if "." in name):
        digest.update(name.encode() + np.ascontiguousarray(task.params[name], "<f8").tobytes())
    return f"sha256:{digest.hexdigest()}"


def _plain(value: Any) -> Any:
    if isinstance(value, Series):
        parts = {"times": _plain(value.times), "values": _plain(value.values)}
        return {**parts, "interpolation": value.interpolation}
    return value.tolist() if value.size <= 1000 else f"array of shape {value.shape}"


def failure(
    task: SolveTask,
    solution: Solution,
    sweep: Sweep,
    hint: str = "on_error='return' keeps what was solved",
) -> str:
    """Say which trajectory failed, where, and what to try.

    Parameters
    ----------
    task : SolveTask
        What was solved.
    solution : Solution
        What came out.
    sweep : Sweep
        Labels of the batch.
    hint : str
        What to say last.

    Returns
    -------
    str
        A sentence on the first failure, and how many there are.
    """
    failed = np.flatnonzero(is_failure(solution.status))
    first = int(failed[0])
    code = int(solution.status[first])
    where = ""
    if sweep.dims:
        index = np.unravel_index(first, sweep.sizes)
        named = [
            f"{dim} = {sweep.coords[dim][i] if dim in sweep.coords else i}"
            for dim, i in zip(sweep.dims, index, strict=True)
        ]
        where = f" at {', '.join(named)}"
    name = _culprit(task, solution, first)
    also = f" {failed.size} of {task.batch} trajectories failed." if task.batch > 1 else ""
    return (
        f"The solve of {task.model.name!r} with {task.solver.name} stopped{where}: {name!r} "
        f"{REASONS[code]} after time {solution.stopped[first]:.6g}.{also} {REMEDIES[code]}; "
        f"{hint}."
    )


def _culprit(task: SolveTask, solution: Solution, trajectory: int) -> str:
    """Name the state that left the finite numbers first; the largest one where none did."""
    paths = {name: solution.state[name][..., trajectory] for name in task.model.state}
    flat = {name: path.reshape(path.shape[0], -1) for name, path in paths.items()}
    firsts = {
        name: int(np.argmin(finite))
        if not (finite := np.isfinite(p).all(axis=1)).all()
        else p.shape[0]
        for name, p in flat.items()
    }
    earliest = min(firsts.values())
    tied = [name for name, index in firsts.items() if index == earliest]
    before = max(earliest - 1, 0)
    return max(tied, key=lambda name: float(np.nanmax(np.abs(flat[name][before]), initial=0.0)))
