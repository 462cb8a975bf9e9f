"""Progress of a training on a terminal, or as plain lines in a log."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Display"]

_LINE_EVERY = 10.0  # seconds between the lines of a log


class Display:
    """Shows what a study is doing.

    On a terminal: a bar with epoch, losses, rate and time left. Elsewhere, as in the log of a
    cluster: a line every ten seconds.

    Parameters
    ----------
    console : rich.console.Console
        Where to write.
    quiet : bool
        Write nothing at all.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bar = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[told]}"),
            console=console,
            disable=quiet or not console.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None
        self._last = -math.inf

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def announce(self, what: str) -> None:
        """Say what begins now."""
        if self._quiet:
            return
        if not self._console.is_terminal:
            self._console.print(what)
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(what, total=None, told="")

    def progress(self, at: Any) -> None:
        """Take one report of a training; see `GokuUI.fit`."""
        if self._quiet:
            return
        told = _told(at)
        if self._task is not None:
            self._bar.update(
                self._task,
                description=f"epoch {min(at.epoch + 1, at.epochs)}/{at.epochs}",
                total=at.updates,
                completed=at.update,
                told=told,
            )
        elif time.monotonic() - self._last >= _LINE_EVERY or at.update >= at.updates:
            self._last = time.monotonic()
            self._console.print(f"epoch {at.epoch} of {at.epochs} done  {told}", soft_wrap=True)


def _told(at: Any) -> str:
    """Losses, rate and time left, each only where known."""
    parts = []
    for label, value, text in (
        ("loss", at.loss, "{:.4f}"),
        ("validation", at.validation, "{:.4f}"),
        ("", at.rate, "{:.1f} updates/s"),
    ):
        if value is not None and math.isfinite(value):
            parts.append(f"{label} {text.format(value)}".strip())
    if at.seconds_left is not None and math.isfinite(at.seconds_left):
        minutes, seconds = divmod(round(at.seconds_left), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    return "  ".join(parts)
