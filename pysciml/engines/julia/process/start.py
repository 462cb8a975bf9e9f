"""Julia in this process: started at the first call, once.

`julia` gives the one `Julia`. Its `call` runs a function in Julia's thread with the interpreter
released, so that other Python threads go on, and Ctrl-C is heard (see `threads`).
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from pysciml.engines.julia.process.boot import Boot, boot, guest, join, prepare
from pysciml.engines.julia.process.passing import Table
from pysciml.engines.julia.process.threads import Guest, Owner
from pysciml.engines.julia.process.traces import translated
from pysciml.errors import EngineError

__all__ = ["Julia", "JuliaObject", "julia", "started"]

_lock = threading.Lock()
_julia: Julia | None = None
_booted: Julia | None = None  # before it is handed out
_owner: Owner | Guest | None = None
_failure: EngineError | None = None
_trash: deque[Any] = deque()


class JuliaObject:
    """An object of Julia, kept for later calls; Python cannot look into it.

    Parameters
    ----------
    value : juliacall.AnyValue
        The object. It is let go in Julia's thread, wherever this is dropped.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def value(self) -> Any:
        """The object of juliacall, for callers in Julia's own thread."""
        return self._value

    def __del__(self) -> None:
        _trash.append(self._value)

    def __repr__(self) -> str:
        return "<an object of Julia>"


class Package:
    """The module PySciML of Julia: its attributes are what it defines."""

    def __init__(self, julia: Julia) -> None:
        self._julia = julia

    def __getattr__(self, name: str) -> Any:
        if not name.replace("!", "").isidentifier():
            raise AttributeError(f"{name!r} is no name of Julia.")
        found = self._julia.seval(f'getfield(PySciML, Symbol("{name}"))')
        setattr(self, name, found)
        return found


class Julia:
    """Julia, running in a thread of its own.

    Parameters
    ----------
    boot : Boot
        Julia as it was started.

    Attributes
    ----------
    PySciML : object
        The module of the package; its attributes are what it defines.
    report : dict
        Version, threads, threads of the collector and project.
    """

    def __init__(self, boot: Boot) -> None:
        self._owner, self._error, self._value = boot.owner, boot.error, boot.value
        self._table, self._room = Table(boot.border), boot.border.room()
        self._invoke, self._kind = boot.border.invoke, boot.border.kind
        self._evaluate, self._names = boot.border.evaluate, boot.border.names
        self._known: dict[tuple[str, ...], Any] = {(): None}
        self.report: dict[str, Any] = dict(boot.border.report())
        self.PySciML = Package(self)

    @property
    def shared(self) -> bool:
        """Whether another package has started it, so that all calls are in that one's thread."""
        return isinstance(self._owner, Guest)

    def seval(self, text: str) -> Any:
        """Evaluate Julia source in a private module.

        Parameters
        ----------
        text : str
            Source; ``PySciML`` is the loaded package.

        Returns
        -------
        object
            As of `call`.
        """
        return self._run(self._evaluate, (self._room, text), {}, None)

    def call(
        self, function: Any, *args: Any, stop: np.ndarray | None = None, **keywords: Any
    ) -> Any:
        """Call a function of Julia, with the interpreter released.

        Parameters
        ----------
        function : JuliaObject or str
            The function, or the name of a function of PySciML.jl.
        *args, **keywords : object
            Its arguments. A NumPy array arrives as an ``Array`` of the same memory, its dimensions
            in reverse; one whose elements do not lie one after the other, or are of a rare type,
            as a ``PyArray``. What a `JuliaObject` holds is passed.
        stop : array of int8, optional
            A stop flag that is also among the arguments; Ctrl-C sets it (see `threads`).

        Returns
        -------
        object
            Numbers, strings, tuples and None as such; anything else as a `JuliaObject`.

        Raises
        ------
        EngineError
            If Julia throws an exception; its trace is the cause.
        Interrupted
            After Ctrl-C, with what the function returned when told to stop.
        """
        if isinstance(function, str):
            function = getattr(self.PySciML, function)
        return self._run(function, args, keywords, stop)

    def _run(
        self,
        function: Any,
        args: Iterable[Any],
        keywords: Mapping[str, Any],
        stop: np.ndarray | None,
    ) -> Any:
        if faulthandler.is_enabled():
            faulthandler.disable()  # turned on since: this gives Julia's handler back

        def work() -> Any:
            _trash.clear()
            self._table.clear()
            given = [self._passed(value) for value in (*args, *keywords.values())]
            self._table.write()
            try:
                value = self._invoke(self._passed(function), self._named(keywords), *given)
            except self._error as error:
                found = translated(error, self._kind(error.exception))
            else:
                return JuliaObject(value) if isinstance(value, self._value) else value
            raise found

        return self._owner.run(work, stop)

    def _named(self, keywords: Mapping[str, Any]) -> Any:
        """Give the names of keywords as Julia has them, made once for each call of the source."""
        names = tuple(keywords)
        if names not in self._known:
            self._known[names] = self._names(*names)
        return self._known[names]

    def _passed(self, value: Any) -> Any:
        return value._value if isinstance(value, JuliaObject) else self._table.passed(value)


def started() -> Julia | None:
    """Give Julia if it runs already.

    Returns
    -------
    Julia or None
        It, or None.
    """
    return _julia


def julia() -> Julia:
    """Give Julia, started at the first call.

    Nothing is downloaded: see ``pysciml julia install``.

    Returns
    -------
    Julia
        The one of this process.

    Raises
    ------
    EngineError
        If it cannot be started; the message says what to do.
    """
    global _julia
    if _julia is None:
        with _lock:
            if _failure is not None:
                raise EngineError(
                    f"{_failure} Julia starts once in a process: after a remedy, start Python anew."
                ) from _failure.__cause__
            if _julia is None:
                _julia = _start()
    return _julia


def _start() -> Julia:
    global _owner
    began = time.perf_counter()
    bridge = sys.modules.get("juliacall")
    if _owner is None and bridge is not None and bridge.CONFIG.get("inited"):
        owner = guest(bridge)
        found = owner.run(lambda: Julia(join(owner, bridge)))
        _owner = owner
        how = "which another package had started, has loaded PySciML.jl"
    else:
        if _owner is None:
            how = f"started ({prepare().source})"
            _owner = Owner()
            if sys.stderr is not None and sys.stderr.isatty():
                print("pysciml: starting Julia ...", end="\r", file=sys.stderr, flush=True)
        else:
            how = "started"
        owner = _owner
        found = owner.run(_boot)
    _say(found, how, time.perf_counter() - began)
    return found


def _after_fork() -> None:
    """Let a child know that it has no thread of Julia, however far the start was."""
    global _lock
    _lock = threading.Lock()
    if _owner is not None:
        _owner.forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _boot() -> Julia:
    """Start Julia in its thread, where a start that Ctrl-C has left alone goes on to its end."""
    global _booted, _failure
    if _booted is None:
        try:
            assert isinstance(_owner, Owner)
            _booted = Julia(boot(_owner))
        except EngineError as error:
            _failure = error
            raise
    return _booted


def _say(found: Julia, how: str, elapsed: float) -> None:
    if sys.stderr is None:
        return
    said = found.report
    threads = f"{said['threads']} threads, {said['gc_threads']} for its collector"
    print(f"pysciml: Julia {said['version']} {how} in {elapsed:.1f} s; {threads}.", file=sys.stderr)
