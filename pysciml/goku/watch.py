"""Keeping a training run: checkpoints, history, progress, and Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from pysciml.goku.task import Progress
from pysciml.runs import RunDirectory

__all__ = ["Keeper", "history_of"]


def history_of(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """History of a run, by column.

    Parameters
    ----------
    arrays : mapping
        State of the run.

    Returns
    -------
    dict
        One row per epoch.
    """
    mark = "history/"
    columns = {k.removeprefix(mark): v for k, v in arrays.items() if k.startswith(mark)}
    return {k: v.astype(np.int64) if k == "epoch" else v for k, v in columns.items()}


class Keeper:
    """Watches a training run; a context manager that takes Ctrl-C for a wish to stop.

    The first Ctrl-C stops the run at the end of the step; a second one interrupts at once.

    Parameters
    ----------
    directory : RunDirectory or None
        Where the run is kept.
    hear : callable or None
        Hears of every update.
    """

    def __init__(
        self, directory: RunDirectory | None, hear: Callable[[Progress], Any] | None
    ) -> None:
        self._directory, self._hear = directory, hear
        self._stop = False
        self._before: Any = None

    def __enter__(self) -> Self:
        # Signals can be handled in the main thread alone; elsewhere Ctrl-C is not ours.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _interrupt(self, *_: object) -> None:
        if self._stop:
            raise KeyboardInterrupt
        self._stop = True

    @property
    def stop(self) -> bool:
        """Whether the run is to stop at the end of this step."""
        return self._stop

    def progress(self, progress: Progress) -> None:
        """Hear of an update."""
        if self._hear is not None:
            self._hear(progress)

    def checkpoint(self, arrays: Callable[[], Mapping[str, np.ndarray]], best: bool) -> None:
        """Keep the state of the run."""
        if self._directory is not None:
            self.keep(arrays(), best)

    def keep(self, arrays: Mapping[str, np.ndarray], best: bool) -> None:
        """Write the state of the run into its directory."""
        if self._directory is None:
            return
        history = history_of(arrays)
        header = {"epoch": len(history["epoch"])}
        self._directory.save_checkpoint(arrays, header)
        if best:
            mark = "best/"
            weights = {k.removeprefix(mark): v for k, v in arrays.items() if k.startswith(mark)}
            self._directory.save_checkpoint(weights, header, which="best")
        self._directory.write_history(history)
