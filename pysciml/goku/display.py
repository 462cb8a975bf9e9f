"""The progress bar that `fit` and `resume` show unless they are given something better."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

from pysciml.errors import InputError
from pysciml.goku.task import Progress

__all__ = ["bar"]


@contextlib.contextmanager
def bar(progress: Any) -> Iterator[Callable[[Progress], Any] | None]:
    """Make what hears of every update.

    Parameters
    ----------
    progress : bool or callable
        False for silence, True for a bar on the terminal, or what hears itself.

    Yields
    ------
    callable or None
        Takes a :class:`Progress`.

    Raises
    ------
    InputError
        If it is neither.
    """
    if progress is False or progress is None:
        yield None
        return
    if callable(progress):
        yield progress
        return
    if progress is not True:
        raise InputError(f"progress must be True, False or a callable; got {progress!r}.")
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (BarColumn(bar_width=24), TextColumn("{task.description}"))
    with Bars(*columns, transient=True) as bars:
        task = bars.add_task("compiling", total=None)

        def hear(p: Progress) -> None:
            left = f"{p.seconds_left:.0f} s left" if math.isfinite(p.seconds_left) else ""
            told = f"epoch {p.epoch + 1}/{p.epochs}  loss {p.loss:.4g}  "
            told += f"validation {p.validation:.4g}  {p.rate:.3g} updates/s  {left}"
            bars.update(task, total=p.updates, completed=p.update, description=told)

        yield hear
