"""One writer at a time: a lock that the operating system lets go when its owner dies."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pysciml.errors import RunError
from pysciml.runs.atomic import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["hold"]

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> bool | None:
        """Take the lock; False if another has it, None where the file system has no locks."""
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # past the text, which stays readable
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool | None:
        """Take the lock; False if another has it, None where the file system has no locks."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True


@contextlib.contextmanager
def hold(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold a lock file while the block runs.

    The file itself stays, because to remove it would let two processes lock two files of one
    name; it means nothing unless a living process holds it. Some network file systems have no
    locks: there the owner named in the file counts, as long as it runs.

    Parameters
    ----------
    path : path
        The lock file, made where it is missing.

    Yields
    ------
    None
        The lock is held.

    Raises
    ------
    RunError
        If another process, or another thread of this one, holds it, or if it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with hold(f"{place}/.lock"):
    ...         pass
    """
    path = Path(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        taken = _take(descriptor)
        os.lseek(descriptor, 0, os.SEEK_SET)
        owner = os.read(descriptor, 200).decode(errors="replace").strip()
        if not (taken or (taken is None and not _lives(owner))):
            # Without locks of the system, the death of a process elsewhere cannot be seen.
            hint = f" If it does not run any more, remove {path}." if taken is None else ""
            raise RunError(
                f"Another process ({owner or 'just started'}) is writing to {path.parent}. "
                f"Wait until it ends, or use another directory.{hint}"
            )
        _write(descriptor, f"{os.getpid()} on {platform.node()}\n")
        try:
            yield
        finally:
            _write(descriptor, "")
    finally:
        os.close(descriptor)


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text.encode())


def _lives(owner: str) -> bool:
    """Tell whether the owner that a lock file names may still run."""
    process, _, machine = owner.partition(" on ")
    if machine != platform.node() or not process.isdecimal():
        return bool(owner)
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, and belongs to somebody else
        return True
    return True
