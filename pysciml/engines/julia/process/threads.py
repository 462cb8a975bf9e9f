"""The one thread that runs Julia, and how the other threads wait for it.

Julia lives in a thread of its own, `Owner`, from its start to the end of the process. Any Python
thread may call it: the call is handed over, calls run one after the other, and the thread that
called waits without holding the interpreter. So Ctrl-C reaches Python at once, wherever Julia is,
and thread pools need no care.

Stopping is cooperative. A stop flag is a NumPy array of one int8, made by `stop_flag` and passed
to the Julia function among its arguments. Ctrl-C sets it to 1; a Julia loop that looks at it in
each step (``stop[1] != 0``) ends early and returns what it has; the caller then gets `Interrupted`,
which carries this as `partial`.

Where another package has started Julia, it lives in a thread of that package; `Guest` then calls it
from this thread and refuses others.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pysciml.errors import EngineError, Interrupted

__all__ = ["Guest", "Job", "Owner", "stop_flag"]

GRACE = 1.0  # seconds that a call without a stop flag may take to end after Ctrl-C
STACK = 64 * 1024 * 1024  # the compiler of Julia recurses deeply; only what it uses is taken
# A wait for a lock cannot be interrupted on Windows.
POLL = 0.1 if sys.platform == "win32" else -1
FORKED = (
    "This process was forked from one in which Julia runs, and Julia does not survive a fork. "
    "Start workers with `multiprocessing.get_context('spawn')` (joblib and Dask do so), fork "
    "before the first call of the julia engine, or use engine='jax'."
)


def stop_flag() -> np.ndarray:
    """Make a stop flag.

    Returns
    -------
    array of int8
        Shape (1,), zero: go on.

    Examples
    --------
    >>> stop_flag()
    array([0], dtype=int8)
    """
    return np.zeros(1, np.int8)


class Job:
    """A call on its way: the function to run, and what came of it."""

    __slots__ = ("done", "error", "function", "value")

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.value: Any = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def run(self) -> None:
        """Run it and wake the thread that waits."""
        try:
            self.value = self.function()
        except BaseException as error:  # handed to the thread that waits
            self.error = error
        self.done.release()

    def result(self) -> Any:
        """Give the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.value


class Owner:
    """A thread that runs functions handed to it, one after the other.

    Parameters
    ----------
    name : str
        Name of the thread.
    """

    def __init__(self, name: str = "pysciml-julia") -> None:
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.forked = False  # in a child of this process, which has no such thread
        self.busy = False
        # What the thread does before and after it waits for work.
        self.rest: Callable[[], Any] = lambda: None
        self.wake: Callable[[Any], None] = lambda state: None
        size = threading.stack_size(STACK)
        try:
            self.thread = threading.Thread(target=self._serve, name=name, daemon=True)
            self.thread.start()
        finally:
            threading.stack_size(size)

    def _serve(self) -> None:
        while True:
            state = self.rest()
            job = self._jobs.get()
            self.wake(state)
            self.busy = True
            job.run()
            self.busy = False
            del job, state  # nothing of a call is kept until the next

    def run(self, function: Callable[[], Any], stop: np.ndarray | None = None) -> Any:
        """Run a function in this thread and wait for it.

        Parameters
        ----------
        function : callable
            Called without arguments.
        stop : array of int8, optional
            A stop flag that the function looks at.

        Returns
        -------
        object
            What the function returns.

        Raises
        ------
        Interrupted
            After Ctrl-C: with a stop flag as soon as the function has returned; without one
            after a second, while the function goes on and later calls wait for it.
        EngineError
            In a process that was forked from that of Julia.
        BaseException
            What the function raises.
        """
        if self.forked:
            raise EngineError(FORKED)
        if threading.current_thread() is self.thread:
            return function()
        job = Job(function)
        self._jobs.put(job)
        try:
            _wait(job)
        except KeyboardInterrupt as error:
            raise _interrupted(job, stop) from error
        return job.result()


class Guest:
    """Calls of a Julia that another package has started, in the thread in which it did so.

    Parameters
    ----------
    is_home : callable
        Whether the thread that runs now is Julia's.
    """

    def __init__(self, is_home: Callable[[], bool]) -> None:
        self.forked = False
        self._is_home = is_home

    def run(self, function: Callable[[], Any], stop: np.ndarray | None = None) -> Any:
        """Run a function here, if this is Julia's thread.

        Parameters
        ----------
        function : callable
            Called without arguments.
        stop : array of int8, optional
            A stop flag that the function looks at.

        Returns
        -------
        object
            What the function returns.

        Raises
        ------
        Interrupted
            After Ctrl-C, once the function has returned.
        EngineError
            In another thread, or in a process that was forked from that of Julia.
        """
        if self.forked:
            raise EngineError(FORKED)
        if not self._is_home():
            raise EngineError(
                "Another package has started Julia in another thread of this process, and only "
                "that thread can call it (as a rule the main thread). Call pysciml from there, or "
                "have pysciml start Julia first, which then serves all threads."
            )
        job = Job(function)
        try:
            with _heard(stop):
                job.run()
        except KeyboardInterrupt as error:
            raise _interrupted(job, stop) from error
        return job.result()


@contextlib.contextmanager
def _heard(stop: np.ndarray | None) -> Iterator[None]:
    """Set the flag at Ctrl-C while this thread, the main thread of Python, is in Julia."""
    if stop is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    here, there = socket.socketpair()
    there.setblocking(False)

    def listen() -> None:
        with contextlib.suppress(OSError):
            while number := here.recv(1):
                if number[0] == signal.SIGINT:
                    stop[0] = 1

    before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        there.close()
        listener.join()
        here.close()


def _wait(job: Job) -> None:
    while not job.done.acquire(timeout=POLL):
        pass


def _interrupted(job: Job, stop: np.ndarray | None) -> Interrupted:
    if stop is not None:
        stop[0] = 1
        _wait(job)  # a second Ctrl-C ends this wait
    elif not job.done.acquire(timeout=GRACE):
        return Interrupted("Stopped. Julia still ends what it was at; the next call waits for it.")
    if job.error is not None:
        return Interrupted(f"Stopped by Ctrl-C; Julia then reported: {job.error}")
    return Interrupted("Stopped by Ctrl-C.", job.value)
