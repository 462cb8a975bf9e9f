"""Registry: the systems of the catalogue by name, and the recipe that each one carries."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from ..errors import InputError, suggest
from ..model import Model

__all__ = ["build", "entry", "names"]

P = ParamSpec("P")
ENTRIES: dict[str, Callable[..., Model]] = {}


def entry(function: Callable[P, Model]) -> Callable[P, Model]:
    """Register a system; the models it makes carry their recipe.

    Parameters
    ----------
    function : callable
        Makes the model; its name is that of the system.

    Returns
    -------
    callable
        The same function, whose models know their name and options.
    """
    name = function.__name__

    @functools.wraps(function)
    def made(*args: P.args, **kwargs: P.kwargs) -> Model:
        bound = inspect.signature(function).bind(*args, **kwargs)
        recipe = {"system": name, **bound.arguments}
        return dataclasses.replace(function(*args, **kwargs), recipe=recipe)

    ENTRIES[name] = made
    return made


def names() -> list[str]:
    """List the systems of the catalogue.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> import pysciml as ps
    >>> "lorenz63" in ps.catalog.names()
    True
    """
    return sorted(ENTRIES)


def build(name: str, **options: Any) -> Model:
    """Build a system of the catalogue by its name.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    **options
        Options of that system.

    Returns
    -------
    Model
        The system.

    Raises
    ------
    InputError
        If the system or an option is unknown.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.catalog.build("stuart_landau", oscillators=5).size
    10
    """
    if name not in ENTRIES:
        raise InputError(f"There is no system {name!r} in the catalogue.{suggest(name, ENTRIES)}")
    known = inspect.signature(ENTRIES[name]).parameters
    for option in options:
        if option not in known:
            hint = suggest(option, known) or " It has no options."
            raise InputError(f"{name} has no option {option!r}.{hint}")
    # A study file has lists where the options are pairs.
    plain: Mapping[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in options.items()
    }
    return ENTRIES[name](**plain)
