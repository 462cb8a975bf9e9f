"""Events: what happens to a trajectory when a condition crosses zero, or at given times."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pysciml.errors import InputError, ModelError, suggest

__all__ = ["Direction", "Event"]

MOST = 1 << 20  # times of an event in one solve
Direction = Literal["up", "down", "both"]


@dataclass(frozen=True)
class Event:
    """An event of a model; see :meth:`pysciml.model.Model.with_event`.

    Parameters
    ----------
    name : str
        Name of the variable that holds its times in a result.
    when : callable, optional
        ``(t, u, p[, x]) -> number``; the event happens where it crosses zero.
    then : callable, optional
        ``(t, u, p[, x]) -> {state: new value}``; states that it does not return stay.
    direction : {"up", "down", "both"}
        Which crossings count: from below zero, from above, or either.
    stop : bool
        Whether the trajectory ends there.
    every : float, optional
        In place of `when`: the time between events, the first one step after the initial time.
    at : float or sequence of float, optional
        In place of `when`: the times.

    Raises
    ------
    ModelError
        If not exactly one of `when`, `every` and `at` is given, or one is not usable.
    """

    name: str
    when: Callable[..., Any] | None = None
    then: Callable[..., Mapping[str, Any]] | None = None
    direction: Direction = "both"
    stop: bool = False
    every: float | None = None
    at: float | Sequence[float] | None = None

    def __post_init__(self) -> None:
        given = [key for key in ("when", "every", "at") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ModelError(
                f"Event {self.name!r} needs exactly one of when= (a condition), every= (a period) "
                f"and at= (times); got {', '.join(given) or 'none'}."
            )
        directions = ("up", "down", "both")
        if self.direction not in directions:
            raise ModelError(
                f"Event {self.name!r}: direction {self.direction!r} is unknown."
                f"{suggest(str(self.direction), directions)}"
            )
        for key in ("when", "then"):
            function = getattr(self, key)
            if function is not None and not callable(function):
                raise ModelError(
                    f"Event {self.name!r}: {key} must be a function (t, u, p) or (t, u, p, x); "
                    f"got {function!r}."
                )
        if self.timed and self.direction != "both":
            raise ModelError(
                f"Event {self.name!r} happens at known times, so direction has no meaning; leave "
                "it out."
            )
        if not isinstance(self.stop, bool):
            raise ModelError(f"Event {self.name!r}: stop must be True or False; got {self.stop!r}.")
        if self.every is not None:
            known = isinstance(self.every, numbers.Real) and not isinstance(self.every, bool)
            if not (known and math.isfinite(self.every) and self.every > 0):
                raise ModelError(
                    f"Event {self.name!r}: every must be a positive number; got {self.every!r}."
                )
            object.__setattr__(self, "every", float(self.every))
        if self.at is not None:
            try:
                times = np.atleast_1d(np.asarray(self.at, dtype=np.float64))
            except (TypeError, ValueError) as error:
                raise ModelError(
                    f"Event {self.name!r}: at must be finite times; got {self.at!r}."
                ) from error
            if times.ndim != 1 or times.size == 0 or not np.all(np.isfinite(times)):
                raise ModelError(f"Event {self.name!r}: at must be finite times; got {self.at!r}.")
            if np.any(np.diff(times) <= 0):
                raise ModelError(
                    f"Event {self.name!r}: the times of at must increase, without duplicates."
                )
            object.__setattr__(self, "at", tuple(times.tolist()))

    @property
    def timed(self) -> bool:
        """Whether it happens at known times, and not where a condition crosses zero."""
        return self.when is None

    def times(self, start: float, end: float) -> np.ndarray:
        """List the known times after `start`, up to `end`.

        Parameters
        ----------
        start, end : float
            Initial and final time of a solve.

        Returns
        -------
        array
            Increasing times; empty for a condition.

        Raises
        ------
        InputError
            If there are too many.
        """
        if self.every is not None:
            count = math.floor((end - start) / self.every * (1 + 1e-12))
            if count > MOST:
                raise InputError(
                    f"Event {self.name!r} would happen {count:.3g} times from {start:g} to "
                    f"{end:g}; at most {MOST} are allowed. Use a longer every or a shorter span."
                )
            return np.minimum(start + self.every * np.arange(1, count + 1), end)
        times = np.asarray(self.at or (), dtype=np.float64)
        return times[(times > start) & (times <= end)]
