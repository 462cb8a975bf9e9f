"""What in this process does not go together with Julia, and what to do about it.

Found before Julia starts, from what is loaded: each as a sentence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from pysciml.engines.julia.process.locate import manifest

__all__ = ["Clash", "clashes", "explained"]

FIRST = (
    "Start Julia before it: put `from pysciml.engines.julia.process.start import julia; julia()` "
    "at the top, or use engine='jax'."
)


class Clash(NamedTuple):
    """Something that does not go together with Julia.

    Parameters
    ----------
    sentence : str
        What it is and what to do.
    fatal : bool
        Whether Julia is not to be started.
    """

    sentence: str
    fatal: bool


def clashes(
    modules: Mapping[str, ModuleType] | None = None,
    environment: Mapping[str, str] | None = None,
    project: Path | None = None,
) -> Iterator[Clash]:
    """Find what in this process does not go together with Julia.

    Parameters
    ----------
    modules : mapping, optional
        The modules that are loaded; ``sys.modules`` by default.
    environment : mapping, optional
        The environment of the process by default.
    project : Path, optional
        The project that Julia is to start with.

    Yields
    ------
    Clash
        Each.
    """
    modules = sys.modules if modules is None else modules
    environment = os.environ if environment is None else environment
    if "julia.core" in modules:
        yield Clash(
            "PyJulia (the package `julia`) is loaded, which has a Julia of its own; one process "
            "holds one. Leave it out of this process, or use engine='jax'.",
            True,
        )
    if "torch" in modules:
        yield Clash(
            "torch was loaded before Julia. Both bring a copy of LLVM, and some builds of torch "
            f"then crash (PyTorch issue 78829). {FIRST}",
            False,
        )
    if "llvmlite" in modules:
        yield Clash(
            "numba was loaded before Julia. Both bring a copy of LLVM, and on macOS and in conda "
            f"the process may crash (numba issue 7857). {FIRST}",
            False,
        )
    threads = environment.get("PYTHON_JULIACALL_THREADS", "1")
    if environment.get("PYTHON_JULIACALL_HANDLE_SIGNALS") == "no" and threads != "1":
        yield Clash(
            "PYTHON_JULIACALL_HANDLE_SIGNALS is 'no' and PYTHON_JULIACALL_THREADS is "
            f"{threads!r}: Julia stops its threads by signals, so that the process would crash. "
            "Set the former to 'yes' (pysciml gives Ctrl-C back to Python), or the latter to 1.",
            True,
        )
    yield from _openssl(modules.get("ssl"), project)


def _openssl(ssl: Any, project: Path | None) -> Iterator[Clash]:
    read = manifest(project) if project is not None else None
    wanted = (read[1] if read else {}).get("OpenSSL_jll", {}).get("version", "")
    if ssl is None or not wanted or sys.platform != "linux":
        return
    version = tuple(int(part) for part in wanted.split("+")[0].split(".")[:2])
    if version > tuple(ssl.OPENSSL_VERSION_INFO[:2]):
        yield Clash(
            f"Python has loaded {ssl.OPENSSL_VERSION}, and the project of Julia has OpenSSL "
            f"{wanted}, which is newer: packages of Julia that need it cannot be loaded. "
            "`pysciml julia install` chooses one that fits this Python.",
            False,
        )


def explained(text: str) -> str:
    """Say what to do about an error of the start.

    Parameters
    ----------
    text : str
        The message.

    Returns
    -------
    str
        A sentence, or an empty string.

    Examples
    --------
    >>> explained("libcrypto.so.3: version `OPENSSL_3.3.0' not found")[:42]
    'Python loaded an OpenSSL that is older tha'
    """
    if "OPENSSL_" in text:
        return (
            "Python loaded an OpenSSL that is older than the one Julia's packages were built for. "
            "`pysciml julia install` chooses one that fits this Python; a Python with a newer "
            "OpenSSL helps too."
        )
    if "GLIBCXX_" in text or "CXXABI_" in text:
        return (
            "Python loaded a C++ library that is older than Julia's. Import pysciml's Julia before "
            "other packages, or start Python with LD_PRELOAD set to lib/julia/libstdc++.so.6 of "
            "Julia, or update libstdcxx-ng in conda."
        )
    if "network" in text.lower() or "resolve host" in text.lower() or "Could not download" in text:
        return (
            "This needs the network. Where there is none, make a tree with `pysciml julia prepare "
            "--to DIR` elsewhere and set PYSCIML_JULIA to it."
        )
    return ""
