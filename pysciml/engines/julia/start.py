"""Julia in this process: started at the first call, once.

`julia` gives the one `Julia`. Its `call` runs a function in Julia's thread with the interpreter
released, so that other Python threads go on, and Ctrl-C is heard (see `threads`).
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from pysciml.engines.julia.locate import named
from pysciml.engines.julia.threads import Owner
from pysciml.engines.julia.traces import translated
from pysciml.errors import EngineError

__all__ = ["Julia", "JuliaObject", "julia", "started"]

PACKAGE = "5f0d3c1e-8a57-4b52-9d0e-2c7c4f3b6a91"

# A module of our own, that no name of Main leads to, and two functions of it.
MODULE = f"""
let home = Module(:pysciml)
    Core.eval(home, quote
        const PySciML = Base.require(Base.PkgId(Base.UUID("{PACKAGE}"), "PySciML"))
        evaluate(text) = include_string($home, text, "pysciml")
        kind(error) = string(nameof(typeof(error)))
    end)
    home
end
"""

_lock = threading.Lock()
_julia: Julia | None = None
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

    def __del__(self) -> None:
        _trash.append(self._value)

    def __repr__(self) -> str:
        return "<an object of Julia>"


class Package:
    """The module PySciML of Julia: its attributes are what it defines."""

    def __init__(self, julia: Julia) -> None:
        self._julia = julia

    def __getattr__(self, name: str) -> Any:
        found = self._julia.seval(f"getfield(PySciML, Symbol({_quoted(name)}))")
        setattr(self, name, found)
        return found


class Julia:
    """Julia, running in a thread of its own.

    Parameters
    ----------
    owner : Owner
        The thread.
    home : object
        The private module.
    error : type
        ``juliacall.JuliaError``.
    value : type
        ``juliacall.AnyValue``.
    """

    def __init__(self, owner: Owner, home: Any, error: Any, value: Any) -> None:
        self.owner = owner
        self.PySciML = Package(self)
        self._evaluate, self._kind = home.evaluate, home.kind
        self._error, self._value = error, value

    def seval(self, text: str) -> Any:
        """Evaluate Julia source in the private module.

        Parameters
        ----------
        text : str
            Source; ``PySciML`` is the loaded package.

        Returns
        -------
        object
            As of `call`.
        """
        return self._run(self._evaluate, (text,), {}, None)

    def call(
        self, function: Any, *args: Any, stop: np.ndarray | None = None, **keywords: Any
    ) -> Any:
        """Call a function of Julia, with the interpreter released.

        Parameters
        ----------
        function : JuliaObject or str
            The function, or the name of a function of PySciML.jl.
        *args, **keywords : object
            Its arguments. NumPy arrays share their memory; what a `JuliaObject` holds is passed.
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
        return self._run(_unwrapped(function), map(_unwrapped, args), keywords, stop)

    def _run(self, function: Any, args: Any, keywords: Any, stop: np.ndarray | None) -> Any:
        def work() -> Any:
            _trash.clear()
            try:
                value = function._jl_call_nogil(*args, **keywords)
            except self._error as error:
                found = translated(error, self._kind(error.exception))
            else:
                return JuliaObject(value) if isinstance(value, self._value) else value
            raise found

        return self.owner.run(work, stop)


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
            if _julia is None:
                _julia = _start()
    return _julia


def _start() -> Julia:
    began = time.perf_counter()
    for name, value in _settings().items():
        os.environ.setdefault(name, value)
    owner = Owner()
    found = owner.run(lambda: _boot(owner))
    threads = found.seval('string(VERSION, " started with ", Threads.nthreads(), " threads")')
    elapsed = time.perf_counter() - began
    print(f"pysciml: Julia {threads} in {elapsed:.1f} s.", file=sys.stderr)
    return found


def _settings() -> dict[str, str]:
    """Options of juliacall where the user has not set them."""
    found = {
        # Julia's threads stop for its collector by a signal, and Ctrl-C is given back to Python.
        "PYTHON_JULIACALL_HANDLE_SIGNALS": "yes",
        "PYTHON_JULIACALL_THREADS": os.environ.get("JULIA_NUM_THREADS") or str(_cores()),
        "PYTHON_JULIACALL_STARTUP_FILE": "no",
        "PYTHON_JULIACALL_AUTOLOAD_IPYTHON_EXTENSION": "no",
    }
    place = named()
    if place is not None:
        found["PYTHON_JULIACALL_EXE"] = place.executable
        found["PYTHON_JULIACALL_PROJECT"] = place.project
    return found


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _boot(owner: Owner) -> Julia:
    """Start Julia in this thread."""
    getsig, setsig = ctypes.pythonapi.PyOS_getsig, ctypes.pythonapi.PyOS_setsig
    getsig.restype = setsig.restype = ctypes.c_void_p
    setsig.argtypes = (ctypes.c_int, ctypes.c_void_p)
    ctrl_c = getsig(signal.SIGINT)
    try:
        juliacall = importlib.import_module("juliacall")
    except Exception as error:
        raise EngineError(
            f"Julia does not start: {error} Use engine='jax', which needs no Julia."
        ) from error
    finally:
        setsig(signal.SIGINT, ctrl_c)
    main = juliacall.Main
    try:
        home = main.seval(MODULE)
    except juliacall.JuliaError as error:
        raise translated(error, "an error when PySciML.jl was loaded") from None
    _rest_safely(owner, main)
    _end_in(owner, juliacall.CONFIG["lib"])
    return Julia(owner, home, juliacall.JuliaError, juliacall.AnyValue)


def _rest_safely(owner: Owner, main: Any) -> None:
    """Let Julia's collector run while its thread waits for work."""
    enter, leave = (
        int(main.seval(f"UInt(cglobal(:{name}))"))
        for name in ("jl_gc_safe_enter", "jl_gc_safe_leave")
    )
    owner.rest = ctypes.CFUNCTYPE(ctypes.c_int8)(enter)
    owner.wake = ctypes.CFUNCTYPE(None, ctypes.c_int8)(leave)


def _end_in(owner: Owner, library: Any) -> None:
    """Have Julia end in its own thread: juliacall calls this at exit, from the main thread."""
    end: Callable[[int], None] = library.jl_atexit_hook

    def ended(code: int) -> None:
        owner.run(lambda: end(code))

    library.jl_atexit_hook = ended


def _unwrapped(value: Any) -> Any:
    return value._value if isinstance(value, JuliaObject) else value


def _quoted(text: str) -> str:
    if not text.replace("!", "").isidentifier():
        raise AttributeError(f"{text!r} is no name of Julia.")
    return f'"{text}"'
