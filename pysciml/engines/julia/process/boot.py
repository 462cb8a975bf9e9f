"""The start of Julia: options, signals, clashes, and how it ends."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import os
import signal
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from pysciml.engines.julia.process.clashes import clashes, explained
from pysciml.engines.julia.process.locate import Place, library
from pysciml.engines.julia.process.readiness import readiness
from pysciml.engines.julia.process.sysimage import usable
from pysciml.engines.julia.process.threads import Guest, Owner
from pysciml.engines.julia.process.traces import translated
from pysciml.errors import EngineError

__all__ = ["Boot", "boot", "join", "options", "prepare"]

# PySciML.jl and its part for Python, by identity: no name is put into Main.
LOAD = """
let package = Base.require(Base.PkgId(Base.UUID("5f0d3c1e-8a57-4b52-9d0e-2c7c4f3b6a91"), "PySciML"))
    Base.get_extension(package, :PySciMLPythonCallExt)
end
"""


class Boot(NamedTuple):
    """Julia as it was started.

    Parameters
    ----------
    owner : Owner or Guest
        The thread that it lives in.
    border : juliacall.ModuleValue
        The part of PySciML.jl for Python.
    error, value : type
        Of juliacall: exceptions and objects of Julia.
    """

    owner: Owner | Guest
    border: Any
    error: Any
    value: Any


def prepare() -> Place:
    """Look for Julia and for what does not go together with it, and set its options.

    Returns
    -------
    Place
        What is to be started.

    Raises
    ------
    EngineError
        If there is nothing to start, or something in this process forbids it.
    """
    found = readiness()
    if not found.ready or found.place is None:
        raise EngineError(f"Julia cannot start here. {found.reason} engine='jax' needs no Julia.")
    os.environ.update(options(found.place, dict(os.environ)))
    for clash in clashes(project=found.place.project):
        if clash.fatal:
            raise EngineError(clash.sentence)
        warnings.warn(clash.sentence, RuntimeWarning, stacklevel=4)
    return found.place


def options(place: Place, environment: dict[str, str]) -> dict[str, str]:
    """Give the environment variables with which Julia is started.

    Parameters
    ----------
    place : Place
        What is to be started.
    environment : dict
        What is set already; options of juliacall and Julia that the user has set are kept.

    Returns
    -------
    dict
        The variables to set.
    """
    threads = environment.get("PYTHON_JULIACALL_THREADS") or environment.get("JULIA_NUM_THREADS")
    threads = threads or str(_cores())
    count = int(threads) if threads.isdecimal() else _cores()
    usual = {
        "PYTHON_JULIACALL_THREADS": threads,
        "JULIA_NUM_GC_THREADS": str(max(1, count // 2)),
        # Julia's threads stop for its collector by signals. Ctrl-C is given back to Python.
        "PYTHON_JULIACALL_HANDLE_SIGNALS": "yes",
        "PYTHON_JULIACALL_STARTUP_FILE": "no",
        "PYTHON_JULIACALL_AUTOLOAD_IPYTHON_EXTENSION": "no",
    }
    if place.program is not None:
        usual |= library(place.program)
    image = usable(place, environment)
    if image is not None:
        usual["PYTHON_JULIACALL_SYSIMAGE"] = str(image)
    found = usual | dict(place.settings)
    kept = {
        name: environment[name]
        for name in found
        if name.startswith(("PYTHON_JULIACALL_", "JULIA_NUM_")) and environment.get(name)
    }
    place_itself = {
        "PYTHON_JULIACALL_EXE": place.executable,
        "PYTHON_JULIACALL_PROJECT": str(place.project),
    }
    return found | kept | place_itself


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def boot(owner: Owner) -> Boot:
    """Start Julia in this thread, which is the owner's.

    Parameters
    ----------
    owner : Owner
        The thread.

    Returns
    -------
    Boot
        Julia.

    Raises
    ------
    EngineError
        If it does not start; the message says what to do.
    """
    # Its handler of crashes would take Julia's signals; Julia has a handler of its own.
    faulthandler.disable()
    try:
        with _ctrl_c_kept(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch was imported before juliacall")
            juliacall = importlib.import_module("juliacall")
    except Exception as error:
        remedy = explained(str(error)) or "engine='jax' needs no Julia."
        raise EngineError(f"Julia does not start: {str(error).rstrip('.')}. {remedy}") from error
    found = join(owner, juliacall)
    _rest_safely(owner, juliacall.Main)
    _end_in(owner, juliacall.CONFIG["lib"])
    return found


def join(owner: Owner | Guest, juliacall: Any) -> Boot:
    """Load PySciML.jl into the Julia of this process.

    Parameters
    ----------
    owner : Owner or Guest
        The thread that Julia lives in, which runs this.
    juliacall : module
        The bridge, started.

    Returns
    -------
    Boot
        Julia.

    Raises
    ------
    EngineError
        If PySciML.jl cannot be loaded.
    """
    try:
        border = juliacall.Main.seval(LOAD)
    except juliacall.JuliaError as error:
        found = translated(error, "an error in the loading of PySciML.jl")
        remedy = explained(str(error))
        if isinstance(owner, Guest):
            remedy = (
                "Another package has started Julia, with the project "
                f"{juliacall.CONFIG.get('project')}. Have pysciml start it first, or "
                "add PySciML.jl to that project (`pysciml julia install`, if juliapkg made it)."
            )
        if remedy:
            raise EngineError(f"{found} {remedy}") from found.__cause__
        raise found from found.__cause__
    if border is None:
        raise EngineError(
            f"PySciML.jl of the project {juliacall.CONFIG.get('project')} has no part for Python: "
            "the manifest there does not name PythonCall among its extensions, or the part could "
            "not be loaded, which Julia then reports above. `pysciml julia install` makes it anew."
        )
    return Boot(owner, border, juliacall.JuliaError, juliacall.AnyValue)


def guest(juliacall: Any) -> Guest:
    """Call the Julia that another package has started.

    Parameters
    ----------
    juliacall : module
        The bridge, started.

    Returns
    -------
    Guest
        For the thread that it lives in.
    """
    library = juliacall.CONFIG["lib"]
    stack, number = library.jl_get_pgcstack, library.jl_threadid
    stack.restype, number.restype = ctypes.c_void_p, ctypes.c_int16
    return Guest(lambda: stack() is not None and number() == 0)


@contextlib.contextmanager
def _ctrl_c_kept() -> Iterator[None]:
    """Keep the handler of Ctrl-C that Python has, which Julia replaces."""
    get, put = ctypes.pythonapi.PyOS_getsig, ctypes.pythonapi.PyOS_setsig
    get.restype = put.restype = ctypes.c_void_p
    get.argtypes, put.argtypes = (ctypes.c_int,), (ctypes.c_int, ctypes.c_void_p)
    handler = get(signal.SIGINT)
    try:
        yield
    finally:
        put(signal.SIGINT, handler)


def _rest_safely(owner: Owner, main: Any) -> None:
    """Let Julia's collector run while its thread waits for work."""
    names = ("jl_gc_safe_enter", "jl_gc_safe_leave")
    enter, leave = (int(main.seval(f"UInt(cglobal(:{name}))")) for name in names)
    # They do not let the interpreter go, which another thread would take and give back late.
    owner.rest = ctypes.PYFUNCTYPE(ctypes.c_int8)(enter)
    owner.wake = ctypes.PYFUNCTYPE(None, ctypes.c_int8)(leave)


def _end_in(owner: Owner, library: Any) -> None:
    """Have Julia end in its own thread: juliacall calls this at exit, from the main thread."""
    end = library.jl_atexit_hook

    def ended(code: int) -> None:
        if not (owner.forked or owner.busy):
            owner.run(lambda: end(code))

    library.jl_atexit_hook = ended
