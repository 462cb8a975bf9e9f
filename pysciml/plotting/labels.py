"""Words on axes and in legends, from the attributes that a result carries."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import xarray as xr

from pysciml.plotting.style import short

__all__ = ["NARROW", "WIDE", "axis_label", "entries", "quantity", "units_of"]

_BOUND = "\N{NO-BREAK SPACE}"  # the name stays on the line of its last word
WIDE, NARROW = 30, 19  # characters on one line beside an axis of usual height, and of a panel


def units_of(values: xr.DataArray) -> str:
    """Return the units of an array; nothing where it has none."""
    units = str(values.attrs.get("units", ""))
    return "" if units == "1" else units


def quantity(values: xr.DataArray) -> str:
    """Return the name of an array with its units, as in ``v, mV``."""
    units = units_of(values)
    return f"{values.name}, {units}" if units else str(values.name)


def axis_label(values: xr.DataArray, width: int = WIDE) -> str:
    """Return what an array is, its name and its units, as in ``membrane potential v, mV``."""
    known = str(values.attrs.get("long_name", ""))
    symbol = quantity(values).replace(" ", _BOUND)
    text = f"{known}{_BOUND}{symbol}" if known else symbol
    return textwrap.fill(text, width, break_long_words=False).replace(_BOUND, " ")


def entries(values: xr.DataArray, dim: str) -> list[str]:
    """Name the entries along a dim of an array: ``v[0]``, ``a = 1.2``, or their own text."""
    if dim not in values.coords:
        own = dim.rpartition("_")  # the dim v_0 is the first axis of v
        name = own[0] if own[0] and own[2].isdigit() else dim
        return [f"{name}[{index}]" for index in range(values.sizes[dim])]
    return [_entry(dim, label) for label in values.coords[dim].values]


def _entry(dim: str, label: Any) -> str:
    if isinstance(label, np.floating):
        return f"{dim} = {short(float(label))}"
    return f"{dim} = {label}" if isinstance(label, np.integer) else str(label)
