"""Values given on the command line: ``name=1.2``, ``name=0.3,0.4``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pysciml.errors import InputError

__all__ = ["literal", "numbers", "pairs"]


def pairs(texts: Iterable[str], option: str, read: Callable[[str], Any]) -> dict[str, Any]:
    """Read ``name=value`` texts.

    Parameters
    ----------
    texts : iterable of str
        As typed.
    option : str
        The option they were given to, for the message.
    read : callable
        From the text of a value to the value; raises ValueError.

    Returns
    -------
    dict
        Values by name.

    Raises
    ------
    InputError
        If a text has no ``=``, or its value cannot be read.

    Examples
    --------
    >>> pairs(["a=1.5", "C=0.1,0.2"], "--param", numbers)
    {'a': 1.5, 'C': [0.1, 0.2]}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        name, value = name.strip(), value.strip()
        if not (mark and name and value):
            raise InputError(f"{option} expects name=value, such as a=1.2; got {text!r}.")
        try:
            found[name] = read(value)
        except ValueError:
            raise InputError(
                f"{option} {name}: expected a number, or numbers with commas between them; "
                f"got {value!r}."
            ) from None
    return found


def numbers(text: str) -> float | list[float]:
    """Read one number, or several with commas between them."""
    values = [float(part) for part in text.split(",")]
    return values[0] if len(values) == 1 else values


def literal(text: str) -> Any:
    """Read a whole number, a number, true or false, a comma list of these, or a plain text."""
    if "," in text:
        return [literal(part) for part in text.split(",")]
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
