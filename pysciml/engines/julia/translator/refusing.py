"""What JAX cannot do with a function, said as a refusal of this engine."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pysciml.errors import CapabilityError, PySciMLError

__all__ = ["is_forward_only", "origin", "refusing"]

LONG = 300  # characters of a message of JAX that are repeated


@contextlib.contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn whatever fails while a function is traced and translated into a refusal.

    Parameters
    ----------
    what : str
        What is translated.

    Yields
    ------
    None
        Once.

    Raises
    ------
    CapabilityError
        With the exception as its cause, so that another engine can be tried, and a mistake of the
        translator's own can be seen.
    """
    try:
        yield
    except PySciMLError:
        raise
    except Exception as error:
        told = " ".join(str(error).split("\n\n")[0].split())
        told = told if len(told) <= LONG else told[:LONG].rsplit(" ", 1)[0] + " ..."
        raise CapabilityError(
            f"The julia engine cannot translate {what}: {told.rstrip('.') or 'no reason is given'} "
            f"({type(error).__name__}). Write it in another way, or use engine='jax'."
        ) from error


def is_forward_only(error: Exception) -> bool:
    """Whether JAX says that a function has tangents but no cotangents.

    Parameters
    ----------
    error : Exception
        What tracing the cotangents raised.

    Returns
    -------
    bool
        True for loops whose count of iterations depends on data, for one.
    """
    return "everse-mode differentiation" in str(error)


def origin(function: Callable[..., Any]) -> str:
    """Say where a function is defined, for what JAX derives from it without a line of its own.

    Parameters
    ----------
    function : callable
        Any.

    Returns
    -------
    str
        Such as ``" (models.py, line 12, in drift)"``; empty if it is not known.
    """
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    return f" ({Path(code.co_filename).name}, line {code.co_firstlineno}, in {code.co_name})"
