"""Compiled programs kept on disk, so that a new process need not compile again.

An entry is the machine code that XLA makes, and nothing is unpickled: a file holds a mark, a
SHA-256 of its content, and the compressed content. It is as trusted as any program of the user,
so it lies in a folder that only its owner can write to. Whatever goes wrong here costs a
compilation and never an error.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import sys
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["base_directory", "entry_name", "kernels_directory", "processor", "read", "write"]

MARK = b"pysciml-xla-1\n"
MAX_BYTES = 500_000_000
OFF = ("0", "off", "none", "false", "no")


def base_directory(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return the folder for compiled programs on this kind of processor, or None if turned off.

    A home shared by the machines of a cluster is seen by processors with different instructions;
    a program compiled for one may not run on another.

    Parameters
    ----------
    environment : mapping, optional
        The environment of the process by default. ``PYSCIML_CACHE_DIR`` names the folder;
        ``0`` or ``off`` turns the cache off.

    Returns
    -------
    Path or None
        The folder; it may not exist yet.
    """
    environment = os.environ if environment is None else environment
    chosen = environment.get("PYSCIML_CACHE_DIR", "").strip()
    if chosen.lower() in OFF:
        return None
    home = Path(environment.get("HOME") or Path.home())
    if chosen:
        base = Path(chosen).expanduser()
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches" / "pysciml"
    elif sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "pysciml"
    else:
        base = Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "pysciml"
    return base / f"cpu-{hashlib.sha256(processor().encode()).hexdigest()[:8]}"


def kernels_directory(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return the folder of the kernels, made if need be, or None where there is none to use.

    Parameters
    ----------
    environment : mapping, optional
        As in `base_directory`.

    Returns
    -------
    Path or None
        A folder of this user into which nobody else can write.
    """
    base = base_directory(environment)
    if base is None:
        return None
    folder = base / "kernels"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (about.st_uid != os.getuid() or about.st_mode & 0o022):
        return None
    return folder if os.access(folder, os.R_OK | os.X_OK) else None


@functools.cache
def processor() -> str:
    """Name the processor and its instructions.

    Returns
    -------
    str
        What distinguishes it from processors that may not run its programs.
    """
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            lines = [*_first_paragraph(file)]
    except OSError:
        lines = []
    wanted = ("model name", "flags", "Features")
    parts = [line for line in lines if line.partition(":")[0].strip() in wanted]
    return "\n".join([platform.machine(), *parts])


def entry_name(parts: Iterable[bytes]) -> str:
    """Name an entry after everything that decides its content.

    Parameters
    ----------
    parts : iterable of bytes
        Program, options, versions, processor.

    Returns
    -------
    str
        A name for a file.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return f"{digest.hexdigest()}.xla"


def read(folder: Path, name: str) -> bytes | None:
    """Read an entry, and note that it was used.

    Parameters
    ----------
    folder : Path
        Where entries are.
    name : str
        Name of the entry.

    Returns
    -------
    bytes or None
        Its content; None where there is none, or where it is not whole.
    """
    try:
        data = (folder / name).read_bytes()
        head, body = data[: len(MARK) + 32], data[len(MARK) + 32 :]
        if head != MARK + hashlib.sha256(body).digest():
            return None
        content = zlib.decompress(body)
    except (OSError, zlib.error):
        return None
    with contextlib.suppress(OSError):  # a cache that can only be read is of use all the same
        os.utime(folder / name)
    return content


def write(folder: Path, name: str, content: bytes) -> None:
    """Write an entry as a whole, and drop the entries used longest ago if there are too many.

    Parameters
    ----------
    folder : Path
        Where entries are.
    name : str
        Name of the entry.
    content : bytes
        Its content.
    """
    body = zlib.compress(content, 1)
    if len(body) > MAX_BYTES:
        return
    with contextlib.suppress(OSError):
        _trim(folder, MAX_BYTES - len(body))
        handle, beside = tempfile.mkstemp(dir=folder, prefix=name[:8], suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(MARK + hashlib.sha256(body).digest() + body)
            Path(beside).replace(folder / name)
        except OSError:
            with contextlib.suppress(OSError):
                Path(beside).unlink()


def _first_paragraph(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if not line.strip():
            return
        yield line.strip()


def _trim(folder: Path, limit: int) -> None:
    """Remove the files used longest ago until the rest is within the limit."""
    with os.scandir(folder) as found:
        files = [(item.stat().st_mtime, item.stat().st_size, item.path) for item in found]
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= limit:
            return
        with contextlib.suppress(OSError):  # another process may have removed it
            Path(path).unlink()
        total -= size
