"""Registry: the systems of the catalogue by name, and the recipe that each one carries."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec

from pysciml.errors import InputError, suggest
from pysciml.model import Model

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
    build: Callable[..., Model] = function

    @functools.lru_cache(maxsize=64)
    def once(options: tuple[tuple[str, Any], ...], kinds: tuple[type, ...]) -> Model:
        given = dict(options)
        return dataclasses.replace(build(**given), recipe={"system": name, **given})

    @functools.wraps(function)
    def made(*args: P.args, **kwargs: P.kwargs) -> Model:
        bound = inspect.signature(function).bind(*args, **kwargs)
        # One model for the same options, so that its compiled solvers are found again. A study
        # file has lists where the options are pairs.
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in bound.arguments.items()}
        # The kinds keep 5 and 5.0 apart, of which a system may refuse one.
        return once(tuple(plain.items()), tuple(map(type, plain.values())))

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
    try:
        return ENTRIES[name](**options)
    except TypeError as error:
        raise InputError(f"An option of {name} has the wrong type: {error}.") from error
