"""A Julia exception as a Python one: a sentence, with the Julia trace as its cause."""

from __future__ import annotations

import os
from typing import Any

from pysciml.errors import EngineError

__all__ = ["JuliaTrace", "folded", "translated"]

KEPT = 12  # lines of a trace
LENGTH = 500  # letters of a message


class JuliaTrace(Exception):  # noqa: N818
    """What Julia printed about an exception: its message and where it came from.

    Parameters
    ----------
    text : str
        The message and the stack; all of it is in `text`, the first lines in the message.
    """

    def __init__(self, text: str) -> None:
        super().__init__(folded(text))
        self.text = text


def folded(text: str, kept: int = KEPT) -> str:
    r"""Leave out what is below the first lines of a trace, unless PYSCIML_TRACE is set.

    Parameters
    ----------
    text : str
        A message and a stack.
    kept : int
        Lines to keep.

    Returns
    -------
    str
        The first lines, and how many were left out.

    Examples
    --------
    >>> print(folded("DomainError\n[1] f\n[2] g", kept=2))
    DomainError
    [1] f
    ... 1 more line; set PYSCIML_TRACE=1 to see all.
    """
    lines = text.rstrip().splitlines()
    rest = len(lines) - kept
    if rest <= 0 or os.environ.get("PYSCIML_TRACE", "") not in ("", "0"):
        return "\n".join(lines)
    more = f"... {rest} more line{'s' * (rest > 1)}; set PYSCIML_TRACE=1 to see all."
    return "\n".join([*lines[:kept], more])


def translated(error: Any, kind: str) -> EngineError:
    """Turn a JuliaError into an EngineError that keeps no Julia object alive.

    Parameters
    ----------
    error : juliacall.JuliaError
        As raised by a call; it can be printed in Julia's thread only.
    kind : str
        Name of the type of the exception.

    Returns
    -------
    EngineError
        With `JuliaTrace` as its cause.
    """
    text = str(error)
    message = " ".join(text.split("Stacktrace:")[0].split()).removeprefix(kind).lstrip(": ")
    found = EngineError(f"Julia stopped with {kind}: {message[:LENGTH]}")
    found.__cause__ = JuliaTrace(text)
    return found
