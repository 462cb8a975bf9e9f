"""Files that are either the old one or the new one, whenever the process is killed."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pysciml.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["replacing", "sweep", "unwritable", "write_atomic", "write_json", "write_toml"]

_SUFFIX = ".part"


def unwritable(path: str | os.PathLike[str], error: OSError) -> RunError:
    """Turn the refusal of the operating system into a sentence that names the place.

    Parameters
    ----------
    path : path
        What was to be written.
    error : OSError
        What the operating system said.

    Returns
    -------
    RunError
        To be raised from `error`.

    Examples
    --------
    >>> print(unwritable("runs/a/run.json", PermissionError(13, "Permission denied")))
    Cannot write runs/a/run.json: Permission denied. Choose a directory that can be written to.
    """
    reason = error.strerror or type(error).__name__
    return RunError(
        f"Cannot write {Path(path)}: {reason}. Choose a directory that can be written to."
    )


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file beside `path` that takes its place when the block ends well.

    A reader sees the old file or the new one, never a part of it: the content reaches the
    disk before the name does.

    Parameters
    ----------
    path : path
        The file to write; its directory must exist.

    Yields
    ------
    pathlib.Path
        A file in the same directory, empty and writable.

    Raises
    ------
    RunError
        If the place cannot be written to. What stood at `path` is still there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with replacing(f"{place}/notes.txt") as part:
    ...         _ = part.write_text("whole")
    ...     Path(place, "notes.txt").read_text()
    'whole'
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}")
    try:
        # Mode 0o666 lets the umask decide, as it does for any other file.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield part
        _flush(part)
        part.replace(path)
        with contextlib.suppress(OSError):  # not every system can flush the names in a directory
            _flush(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until a file or the names in a directory are on the disk."""
    # Windows flushes only what is open for writing; a directory never is.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(directory: str | os.PathLike[str]) -> None:
    """Remove the temporary files that a killed process left in a directory.

    Parameters
    ----------
    directory : path
        Where to look. Call this only while no other process writes there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     left = Path(place, ".run.json.123-abcdef01.part")
    ...     _ = left.write_text("{")
    ...     sweep(place)
    ...     left.exists()
    False
    """
    for part in Path(directory).glob(f".*{_SUFFIX}"):
        part.unlink(missing_ok=True)


def write_atomic(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a whole file at once.

    Parameters
    ----------
    path : path
        The file to write; its directory must exist.
    content : bytes or str
        All of it; text is written as UTF-8.

    Raises
    ------
    RunError
        If the place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_atomic(f"{place}/a.txt", "one")
    ...     write_atomic(f"{place}/a.txt", "two")
    ...     Path(place, "a.txt").read_text()
    'two'
    """
    with replacing(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a value as JSON, whole or not at all.

    Parameters
    ----------
    path : path
        The file to write; its directory must exist.
    value : object
        Anything that JSON knows. Infinities and NaN are written as Python's `json` does.

    Raises
    ------
    RunError
        If the place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_json(f"{place}/a.json", {"epochs": 200})
    ...     json.loads(Path(place, "a.json").read_text())
    {'epochs': 200}
    """
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_toml(path: str | os.PathLike[str], value: Mapping[str, Any]) -> None:
    """Write a table as TOML, whole or not at all.

    Parameters
    ----------
    path : path
        The file to write; its directory must exist.
    value : mapping
        Anything that TOML knows; None is not among it.

    Raises
    ------
    RunError
        If the place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_toml(f"{place}/a.toml", {"model": {"name": "lorenz63"}})
    ...     print(Path(place, "a.toml").read_text())
    [model]
    name = "lorenz63"
    <BLANKLINE>
    """
    import tomli_w

    write_atomic(path, tomli_w.dumps(dict(value)))
