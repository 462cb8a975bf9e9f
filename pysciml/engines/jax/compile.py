"""Kernels: functions compiled ahead of time, with XLA options of their own.

`jax.jit` compiles with the options of the process. The loops of a solver run several times
faster with options that make other programs slower, so each kernel brings its own.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jax.core import Tracer

from pysciml.engines.jax import cache
from pysciml.engines.jax.client import SMALL_LOOPS, compile_with

__all__ = ["Count", "Kernel", "count", "small_loops_work"]


@dataclass
class Count:
    """What this process has made.

    Parameters
    ----------
    programs : int
        Kernels made ready for a signature; each was traced once.
    loaded : int
        How many of them were found on the disk.
    refused : int
        How many of them JAX compiled without the options asked for.
    """

    programs: int = 0
    loaded: int = 0
    refused: int = 0


count = Count()


class Kernel:
    """A function that is compiled once for every signature of its arguments.

    Inside a transformation of JAX (grad, vmap, jit) it is the function under `jax.jit`.

    Parameters
    ----------
    function : callable
        A function of trees of arrays that JAX can trace.
    small_loops : bool
        Whether to compile loops with small bodies whole (CPU only).
    wide : bool
        Whether to prefer vectors of 512 bits, where the processor has them (CPU only).

    Examples
    --------
    >>> import numpy as np
    >>> from pysciml.engines.jax.compile import Kernel
    >>> double = Kernel(lambda x: 2 * x)
    >>> double(np.arange(3.0, dtype="float32"))
    Array([0., 2., 4.], dtype=float32)
    """

    def __init__(
        self, function: Callable[..., Any], *, small_loops: bool = False, wide: bool = False
    ):
        functools.update_wrapper(self, function)
        self._function = function
        self._jitted = jax.jit(function)
        self._extra = SMALL_LOOPS if small_loops else {}
        wide = wide and "avx512f" in cache.processor()
        self._options = {"xla_cpu_prefer_vector_width": 512} if wide else {}
        self._executables: dict[Any, Callable[..., Any]] = {}
        self._lock = threading.RLock()

    def __call__(self, *args: Any) -> Any:
        """Run it on arguments, which are arrays or trees of arrays."""
        key = _signature(args)
        if key is None:
            return self._jitted(*args)
        executable = self._executables.get(key)
        if executable is None:
            executable = self._make(key, args)
        return executable(*args)

    def compiled(self, *args: Any) -> Callable[..., Any]:
        """Give the executable for arguments like these.

        Parameters
        ----------
        *args
            Arrays or trees of arrays.

        Returns
        -------
        jax.stages.Compiled
            What a call with such arguments runs.
        """
        key = _signature(args)
        return self._executables.get(key) or self._make(key, args)

    def _make(self, key: Any, args: Any) -> Callable[..., Any]:
        with self._lock:
            if key in self._executables:  # another thread was first
                return self._executables[key]
            executable, loaded, refused = self._compile(args)
            count.programs += 1
            count.loaded += loaded
            count.refused += refused
            self._executables[key] = executable
            return executable

    def _compile(self, args: Any) -> tuple[Any, bool, bool]:
        lowered = self._lower(args)
        if _platform() != "cpu":
            return lowered.compile(), False, False
        try:
            return *compile_with(lowered, self._extra, self._options), False
        except Exception:
            # The way to the options is private to JAX and may be closed in another version. If
            # the program itself is at fault, the plain way raises the same error.
            return self._lower(args).compile(), False, True

    def _lower(self, args: Any) -> Any:
        # JAX keeps what it lowers by function: a new one gives a lowering of our own.
        @functools.wraps(self._function)
        def fresh(*args: Any) -> Any:
            return self._function(*args)

        return jax.jit(fresh).lower(*args)


def small_loops_work() -> bool:
    """Try whether JAX here accepts the option for loops with small bodies.

    Returns
    -------
    bool
        Whether a loop that XLA by itself runs piece by piece was compiled whole.
    """
    import numpy as np

    def loop(x: Any) -> Any:
        return jax.lax.fori_loop(0, 9, lambda _, x: jax.numpy.cumsum(x) / x.size, x)

    try:
        kernel = Kernel(loop, small_loops=True)
        text = kernel.compiled(np.ones(4096, np.float32)).as_text()  # type: ignore[attr-defined]
    except Exception:
        return False
    return "xla_cpu_small_call" in text


def _signature(args: Any) -> Any:
    """Describe arguments, and the settings of JAX that decide a program; None while tracing."""
    leaves, tree = jax.tree.flatten(args)
    described = []
    for leaf in leaves:
        if isinstance(leaf, Tracer):
            return None
        try:
            described.append((leaf.shape, leaf.dtype))
        except AttributeError:  # a Python number
            described.append(type(leaf))
    config: Any = jax.config
    return (
        tree,
        tuple(described),
        config.jax_enable_x64,
        config.jax_default_device,
        config.jax_threefry_partitionable,
        config.jax_default_matmul_precision,
    )


def _platform() -> str:
    config: Any = jax.config
    chosen = config.jax_default_device
    return jax.default_backend() if chosen is None else getattr(chosen, "platform", str(chosen))
