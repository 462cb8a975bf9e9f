"""Checks of a table of a study file against the dataclass that it describes."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from pysciml.errors import StudyError, suggest

__all__ = ["Place", "build_table", "check_fields", "check_keys"]

T = TypeVar("T")

_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True)
class Place:
    """A table of a study file, for messages that say where.

    Parameters
    ----------
    file : Path
        The study file.
    table : str
        Name of the table, without brackets.
    text : str, optional
        Text of the file, in which the line of a key is looked up.
    """

    file: Path
    table: str
    text: str = ""

    def error(self, key: str | None, problem: str) -> StudyError:
        """Return the error that says `problem` of one key, or of the table as a whole."""
        line = self.line(key) if key else None
        where = f"{self.file}, " + (f"line {line}, " if line else "") + f"[{self.table}]"
        return StudyError(f"{where} {key}: {problem}" if key else f"{where}: {problem}")

    def line(self, key: str) -> int | None:
        """Return the number of the line that sets a key, counted from one."""
        inside = False
        pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        for number, line in enumerate(self.text.splitlines(), start=1):
            if header := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
                inside = header[1] == self.table
            elif inside and pattern.match(line):
                return number
        return None


def build_table(cls: type[T], table: Mapping[str, Any], place: Place) -> T:
    """Return the dataclass that a table describes.

    A field may carry ``metadata={"range": (low, high), "choices": [...]}``.

    Parameters
    ----------
    cls : type
        A dataclass; a field without a default is a key that must be there.
    table : mapping
        The keys and values as read.
    place : Place
        Where they were read.

    Returns
    -------
    object
        An instance of `cls`.

    Raises
    ------
    StudyError
        If a key is unknown or missing, or a value has the wrong type or is out of range.
    """
    values = check_fields(cls, table, place)
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if field.name in values:
            _check_value(values[field.name], field.metadata, field.name, place)
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise place.error(None, f"the key {field.name!r} is missing.")
    return cls(**values)


def check_fields(
    cls: type, table: Mapping[str, Any], place: Place, *, also: Collection[str] = ()
) -> dict[str, Any]:
    """Return the values of a table after a check of names and types against a dataclass.

    Parameters
    ----------
    cls : type
        A dataclass.
    table : mapping
        The keys and values as read.
    place : Place
        Where they were read.
    also : collection of str
        Keys that are known although `cls` has no such field; passed on as they are.

    Returns
    -------
    dict
        The values; a whole number where `cls` has a float becomes one, a list a tuple.

    Raises
    ------
    StudyError
        If a key is unknown or a value has the wrong type.
    """
    hints = _hints(cls)
    names = [field.name for field in dataclasses.fields(cls) if field.init]
    check_keys(table, [*names, *also], place)
    return {key: _convert(value, hints.get(key, Any), key, place) for key, value in table.items()}


def check_keys(table: Mapping[str, Any], known: Collection[str], place: Place) -> None:
    """Raise a StudyError for the first key of a table that is not known."""
    for key in table:
        if key not in known:
            raise place.error(key, f"there is no such key.{suggest(key, known)}")


def _check_value(value: Any, metadata: Mapping[str, Any], key: str, place: Place) -> None:
    if value is None:
        return
    if (choices := metadata.get("choices")) and value not in choices:
        raise place.error(key, f"{value!r} is not known.{suggest(str(value), choices)}")
    if limits := metadata.get("range"):
        low, high = limits
        if not (low <= value and (high is None or value <= high)):
            bounds = f"at least {low}" if high is None else f"between {low} and {high}"
            raise place.error(key, f"expected a value {bounds}, got {value}.")


def _hints(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls)
    except (NameError, TypeError):  # an annotation that only a type checker can resolve
        return {}


def _convert(value: Any, hint: Any, key: str, place: Place) -> Any:
    options = _options(hint)
    for option in options:
        if (converted := _fit(value, option)) is not None:
            return converted
    expected = " or ".join(dict.fromkeys(_describe(option) for option in options))
    raise place.error(key, f"expected {expected}, got {_show(value)}.")


def _options(hint: Any) -> list[Any]:
    """Members of a union other than None, which TOML cannot say."""
    if typing.get_origin(hint) in (Union, types.UnionType):
        return [part for part in typing.get_args(hint) if part is not types.NoneType]
    return [hint]


def _fit(value: Any, hint: Any) -> Any:
    """`value` as the hint wants it, or None if it does not fit."""
    origin = typing.get_origin(hint)
    if origin is Literal:
        return value if value in typing.get_args(hint) else None
    if origin in (tuple, list) or hint in (tuple, list):
        return tuple(value) if isinstance(value, list) else None
    if hint is bool or isinstance(value, bool):
        return value if isinstance(value, bool) and hint in (bool, Any) else None
    if hint is float:
        return float(value) if isinstance(value, int | float) else None
    if hint in (int, str):
        return value if isinstance(value, hint) else None
    return value


def _describe(hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return " or ".join(repr(choice) for choice in typing.get_args(hint))
    if typing.get_origin(hint) in (tuple, list):
        return "a list"
    return _NAMES.get(hint, getattr(hint, "__name__", str(hint)))


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, str):
        return f"the text {value!r}"
    return f"{value!r}"
