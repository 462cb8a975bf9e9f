"""What can go wrong, as sentences.

Every error says what failed, where, what was expected, what was given and what to try.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

__all__ = [
    "CapabilityError",
    "DataError",
    "EngineError",
    "InputError",
    "Interrupted",
    "ModelError",
    "PySciMLError",
    "RunError",
    "SolveError",
    "StudyError",
    "suggest",
]


class PySciMLError(Exception):
    """Base of all errors that pysciml raises on purpose."""


class ModelError(PySciMLError, ValueError):
    """A model is not well formed: a wrong rate, a name used twice, a bad bound."""


class InputError(PySciMLError, ValueError):
    """An argument of a call is not usable: an unknown name, a wrong shape, a bad range."""


class DataError(PySciMLError, ValueError):
    """Data cannot be used as they are: NaN, unsorted times, wrong dims, too short."""


class CapabilityError(PySciMLError, ValueError):
    """The combination asked for (solver, noise, calculus, engine, ...) is not supported."""


class SolveError(PySciMLError, RuntimeError):
    """A solve did not reach its end; the message names the variable, time and trajectory."""


class EngineError(PySciMLError, RuntimeError):
    """An engine cannot be used on this machine."""


class RunError(PySciMLError, RuntimeError):
    """A run directory or a checkpoint cannot be read, written or continued."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C within a task that ends early with what it has.

    Parameters
    ----------
    message : str
        What was stopped.
    partial : object, optional
        What there was then: of `pysciml.solve` its Dataset, NaN where nothing was reached, with
        the variable ``status``; None where a task does not offer that.
    """

    def __init__(self, message: str, partial: object = None) -> None:
        super().__init__(message)
        self.partial: Any = partial


class StudyError(PySciMLError, ValueError):
    """A study file is not well formed."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for a misspelt name, or what there is to choose from.

    Parameters
    ----------
    name : str
        What was typed.
    known : iterable of str
        What could have been meant.

    Returns
    -------
    str
        A sentence that starts with a space, or an empty string when nothing is known.

    Examples
    --------
    >>> suggest("lorentz63", ["lorenz63", "van_der_pol"])
    " Did you mean 'lorenz63'?"
    """
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known: {', '.join(known)}." if known else ""
