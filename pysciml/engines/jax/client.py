"""A compiler client for one program: options that JAX cannot pass on, and a cache on disk.

JAX compiles a lowered program by calling methods of an XLA client that the lowering carries. A
kernel puts the client below in that place. It sees the program, its options and its devices, so
nothing global is changed: neither the flags of the process nor the configuration of JAX.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any

import jax
from jaxlib.version import __version__ as jaxlib_version

from pysciml.engines.jax import cache

__all__ = ["Client", "compile_with", "extended"]

# XLA runs the body of a loop on the CPU piece by piece unless it judges the loop small. Solvers
# are loops with small bodies; with a higher bound they are compiled whole. The bound, in bytes,
# holds a step of a block of small systems; larger bodies gain more from several cores.
SMALL_LOOPS = {"xla_cpu_small_while_loop_byte_threshold": "4000000"}


def compile_with(lowered: Any, extra: Mapping[str, str], options: Mapping[str, Any]) -> Any:
    """Compile a lowered program for the CPU.

    Parameters
    ----------
    lowered : jax.stages.Lowered
        A fresh lowering, compiled nowhere else.
    extra : mapping of str to str
        Entries of XLA's ``xla_backend_extra_options``, which the compiler options of JAX refuse.
    options : mapping
        Compiler options as JAX takes them.

    Returns
    -------
    tuple
        The executable (`jax.stages.Compiled`), and whether it came from the disk.
    """
    arguments = lowered._lowering.compile_args
    client = Client(arguments["backend"], extra)
    arguments["backend"] = client
    compiled = lowered.compile(compiler_options=dict(options) or None)
    return compiled, client.loaded


def extended(options: Any, extra: Mapping[str, str]) -> Any:
    """Add entries to the ``xla_backend_extra_options`` of compile options.

    Parameters
    ----------
    options : CompileOptions
        Options of one compilation.
    extra : mapping of str to str
        The entries.

    Returns
    -------
    CompileOptions
        New options.
    """
    if not extra:
        return options
    # In a serialised protocol buffer, what is appended is merged. The numbers are those of
    # executable_build_options, debug_options and xla_backend_extra_options in XLA's .proto files.
    added = b"".join(
        _field(500, _field(1, key.encode()) + _field(2, value.encode()))
        for key, value in extra.items()
    )
    serialised = options.SerializeAsString() + _field(3, _field(3, added))
    return type(options).ParseFromString(serialised)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


class Client:
    """An XLA client that compiles with extra options, and asks the disk first.

    Parameters
    ----------
    client : xla client
        The client of the CPU, which does the work.
    extra : mapping of str to str
        Entries of ``xla_backend_extra_options``.
    """

    def __init__(self, client: Any, extra: Mapping[str, str]):
        self._client = client
        self._extra = dict(extra)
        self.loaded = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    @property
    def platform_version(self) -> str:
        """Version of the client; JAX's own cache makes it part of the name of an entry."""
        return " ".join([self._client.platform_version, *map("=".join, self._extra.items())])

    def compile_and_load(
        self, module: Any, executable_devices: Any, compile_options: Any, **others: Any
    ) -> Any:
        """Give the executable of a program, from the disk or from the compiler."""
        options = extended(compile_options, self._extra)
        program = str(module)
        # A callback is an address in this process.
        lasting = not others.get("host_callbacks") and "callback" not in program
        folder = cache.kernels_directory() if lasting and not _kept_by_jax() else None
        name = "" if folder is None else self._name(program, options)
        if folder is not None:
            executable = self._load(cache.read(folder, name), executable_devices, options)
            if executable is not None:
                self.loaded = True
                return executable
        executable = self._client.compile_and_load(
            module, executable_devices=executable_devices, compile_options=options, **others
        )
        if folder is not None:
            with contextlib.suppress(Exception):  # a program not kept is still a program
                cache.write(folder, name, executable.serialize())
        return executable

    def _load(self, content: bytes | None, devices: Any, options: Any) -> Any:
        if content is None:
            return None
        try:
            return self._client.deserialize_executable(content, devices, options)
        except Exception:  # made by another XLA, or for another machine: compile again
            return None

    def _name(self, program: str, options: Any) -> str:
        versions = f"{jax.__version__} {jaxlib_version} {self._client.platform_version}"
        flags = os.environ.get("XLA_FLAGS", "")
        texts = (program, versions, flags, cache.processor())
        return cache.entry_name([options.SerializeAsString(), *(text.encode() for text in texts)])


def _kept_by_jax() -> bool:
    """Tell whether the user has turned on JAX's own cache, or has turned caching off."""
    config: Any = jax.config
    return bool(config.jax_compilation_cache_dir) or not config.jax_enable_compilation_cache
