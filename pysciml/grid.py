"""The grid of a solve: times to save, steps between them, and what is wrong with either."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from pysciml.errors import InputError
from pysciml.solvers import Solver

__all__ = ["ROUNDING", "Grid", "make_grid", "positive"]

MAX_STEPS = 100_000_000
ROUNDING = 1e-9  # of the span: times that are closer are one


class Grid(NamedTuple):
    """Times of a solve.

    Parameters
    ----------
    times : array
        The initial time, then the times to save, increasing.
    substeps : int
        Steps of equal length between two of them (fixed-step solvers).
    step : float or None
        The longest step; None for an adaptive solver.
    keep : array of int
        Indices of the times that the result keeps: the others are the initial time where it was
        not asked for, the final one likewise, and times on which steps of a fixed-step solver
        must end.
    stops : array
        Those times, and for an adaptive solver all such times.
    """

    times: np.ndarray
    substeps: int
    step: float | None
    keep: np.ndarray
    stops: np.ndarray


def make_grid(
    method: Solver,
    t: tuple[float, float],
    save: Any,
    dt: float | None,
    dtype: str,
    stops: np.ndarray | None = None,
    *,
    whole: bool = False,
) -> Grid:
    """Turn the times that a user gave into a grid.

    Parameters
    ----------
    method : Solver
        The solver.
    t : tuple of float
        Initial and final time.
    save : float, array, "steps" or None
        Step between save times, the times, or every step.
    dt : float or None
        Largest step of a fixed-step solver.
    dtype : str
        In which precision the times must differ.
    stops : array, optional
        Times on which steps must end; those outside the span do not matter.
    whole : bool
        Whether to go on from the last save time to the end, for what may happen there.

    Returns
    -------
    Grid
        The grid.

    Raises
    ------
    InputError
        If the times are not usable.
    """
    try:
        start, end = (float(value) for value in t)
    except (TypeError, ValueError) as error:
        raise InputError(f"t must be (initial time, final time); got {t!r}.") from error
    if not (math.isfinite(start) and math.isfinite(end) and start < end):
        raise InputError(f"t must run forward, from a time to a later one; got ({start}, {end}).")
    span = end - start
    if dt is not None and positive("dt", dt) > span:
        raise InputError(f"dt must be at most the span {span}; got {dt!r}.")
    times, first = _saved(method, start, end, save, dt)
    keep = np.arange(first, len(times))
    if whole and end - times[-1] > ROUNDING * span:
        times = np.append(times, end)
    stops = np.unique(np.zeros(0) if stops is None else stops)
    stops = stops[(stops > start) & (stops < times[-1])]
    substeps, step = 1, None
    if not method.adaptive:
        times, keep = _with_stops(times, keep, stops)
        longest = float(np.max(np.diff(times)))
        wanted = min(longest, span / 1000) if dt is None else float(dt)
        substeps = max(1, math.ceil(longest / wanted - 1e-9))
        step = longest / substeps
        _check_count(substeps * (len(times) - 1), "dt")
    steps = np.diff(times) / substeps
    lost = steps < 4 * np.spacing(np.maximum(np.abs(times[:-1]), np.abs(times[1:])).astype(dtype))
    if lost.any():
        where = int(np.argmax(lost))
        raise InputError(
            f"Near time {times[where + 1]:g}, {dtype} cannot tell times apart that differ by "
            f"{steps[where]:.3g}. Use longer steps, let t start at 0, or use dtype='float64'."
        )
    return Grid(times, substeps, step, keep, stops)


def positive(name: str, value: Any) -> float:
    """Return a positive, finite number, or refuse it by its name.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        What was given.

    Returns
    -------
    float
        The number.

    Raises
    ------
    InputError
        If it is not a positive number.
    """
    try:
        number = math.nan if isinstance(value, str | bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise InputError(f"{name} must be a positive number; got {value!r}.")
    return number


def _with_stops(
    times: np.ndarray, keep: np.ndarray, stops: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Put stops among the times; one that is a save time but for rounding is that."""
    least = ROUNDING * (times[-1] - times[0])
    stops = stops[np.diff(stops, prepend=-np.inf) > least]
    near = np.searchsorted(times, stops)
    apart = np.minimum(np.abs(times[np.maximum(near - 1, 0)] - stops), np.abs(times[near] - stops))
    more = stops[apart > least]
    joined = np.union1d(times, more)
    return joined, np.searchsorted(joined, times[keep])


def _saved(
    method: Solver, start: float, end: float, save: Any, dt: float | None
) -> tuple[np.ndarray, int]:
    span = end - start
    if isinstance(save, str):
        if save != "steps":
            raise InputError(f"save must be a step, an array of times or 'steps'; got {save!r}.")
        if method.adaptive:
            raise InputError(
                "save='steps' is for a fixed-step solver with dt; give a step or the times."
            )
        count = 1000 if dt is None else math.ceil(span / dt * (1 - 1e-12))
        _check_count(count, "dt")
        return np.linspace(start, end, count + 1), 0
    if save is None:
        return np.linspace(start, end, 1001), 0
    try:
        if np.asarray(save).dtype == bool:
            raise TypeError("a truth value is no time")
        times = np.asarray(save, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"save must be a step, an array of times or 'steps'; got {save!r}."
        ) from error
    if times.ndim == 0:
        return _regular(start, end, positive("save", times[()])), 0
    return _given(start, end, times)


def _regular(start: float, end: float, step: float) -> np.ndarray:
    if step > end - start:
        raise InputError(f"save must be at most the span {end - start}; got {step}.")
    _check_count((end - start) / step, "save")
    count = math.floor((end - start) / step * (1 + 1e-12)) + 1
    return np.minimum(start + step * np.arange(count), end)


def _given(start: float, end: float, times: np.ndarray) -> tuple[np.ndarray, int]:
    if times.ndim != 1 or times.size == 0:
        raise InputError(f"save must be a step or times in one dimension; got shape {times.shape}.")
    if not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
        raise InputError("The save times must be finite and increasing, without duplicates.")
    if times[0] < start or times[-1] > end:
        raise InputError(
            f"The save times run from {times[0]} to {times[-1]}, outside t = ({start}, {end})."
        )
    if times[-1] == start:
        raise InputError(f"save has no time after the initial one, {start}; give a later one.")
    return (times, 0) if times[0] == start else (np.concatenate([[start], times]), 1)


def _check_count(count: float, name: str) -> None:
    if count > MAX_STEPS:
        raise InputError(
            f"{name} asks for {count:.3g} steps; at most {MAX_STEPS:.0e} are allowed. Use a "
            f"longer {name} or a shorter span."
        )
