"""What a run was made from: its settings and the versions of the programs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from pysciml.errors import InputError

__all__ = ["fingerprint", "first_difference", "plain", "versions"]

_PACKAGES = (
    "numpy",
    "xarray",
    "jax",
    "jaxlib",
    "diffrax",
    "equinox",
    "optax",
    "safetensors",
    "juliacall",
)


def versions() -> dict[str, str]:
    """Return the versions of pysciml, of Python and of the libraries that make its numbers.

    Returns
    -------
    dict of str to str
        By the name of the distribution; what is not installed is left out. Nothing is imported.

    Examples
    --------
    >>> sorted(versions())[:3]
    ['diffrax', 'equinox', 'jax']
    """
    import pysciml

    found = {"pysciml": pysciml.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def plain(value: Any) -> Any:
    """Return a value as JSON would give it back: lists, dicts, texts and Python numbers.

    Parameters
    ----------
    value : object
        Mappings, sequences, paths, numpy scalars and arrays, and what JSON knows.

    Returns
    -------
    object
        The same content, equal to itself after a round trip through JSON.

    Raises
    ------
    InputError
        If something in it cannot be written as JSON.

    Examples
    --------
    >>> import numpy as np
    >>> plain({"shape": (2, 3), "rate": np.float64(0.5)})
    {'shape': [2, 3], 'rate': 0.5}
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufU":
        return value.tolist()
    if isinstance(value, PurePath):
        return str(value)
    raise InputError(
        f"A setting cannot be stored: {value!r} is of type {type(value).__name__}. "
        "Expected numbers, texts, booleans, lists and mappings of them."
    )


def fingerprint(kind: str, settings: Mapping[str, Any], hashes: Mapping[str, str]) -> str:
    """Return the SHA-256 that tells one study from another.

    Parameters
    ----------
    kind : str
        What sort of run it is.
    settings : mapping
        All that decides its numbers; the order of the keys does not matter.
    hashes : mapping of str to str
        The hash of each array of data.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> one = fingerprint("goku", {"length": 46, "window": 10}, {})
    >>> one == fingerprint("goku", {"window": 10, "length": 46}, {})
    True
    """
    record = {"kind": kind, "settings": plain(settings), "data": dict(hashes)}
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def first_difference(old: Any, new: Any, name: str = "") -> str | None:
    """Name the first setting in which two studies differ, and both its values.

    Parameters
    ----------
    old, new : object
        Settings as `plain` gives them.
    name : str, optional
        Where in the settings they stand.

    Returns
    -------
    str or None
        A phrase such as ``training.rate is 0.005 there and 0.01 here``; None if they are equal.

    Examples
    --------
    >>> first_difference({"training": {"rate": 0.005}}, {"training": {"rate": 0.01}})
    'training.rate is 0.005 there and 0.01 here'
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{name}.{key}" if name else key
            if key not in new or key not in old:
                here, there = ("missing", "set") if key in old else ("set", "missing")
                return f"{inner} is {there} there and {here} here"
            if found := first_difference(old[key], new[key], inner):
                return found
        return None
    # Equal as JSON: this tells True from 1, and finds NaN equal to itself.
    if json.dumps(old) == json.dumps(new):
        return None
    return f"{name} is {_short(old)} there and {_short(new)} here"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
