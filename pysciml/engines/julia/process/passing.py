"""NumPy arrays as arguments of Julia: their memory is shared, and no object of Julia keeps them.

Where the arrays of a call lie is written into a table that Julia reads; in the call itself stands
the place in the table. See julia/ext/PySciMLPythonCallExt.jl.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import numpy as np

__all__ = ["Table"]

CODES = {"f8": 1, "f4": 2, "i8": 3, "i4": 4, "i1": 5, "u1": 6, "b1": 7}
TYPES = {np.dtype(name): code for name, code in CODES.items()}
DIMENSIONS = range(1, 6)
# An array begins with what every object has; in CPython its address is its identity.
HEAD = object.__basicsize__


class Table:
    """The table of the arrays of a call, which stay alive until it has ended.

    Parameters
    ----------
    border : juliacall.ModuleValue
        The extension of PySciML.jl; this is made and used in Julia's thread.
    """

    def __init__(self, border: Any) -> None:
        count = border.SLOTS
        address = int(border.Base.UInt(border.Base.pointer(border.HEADER)))
        self._memory = (ctypes.c_int64 * (2 * count)).from_address(address)
        self._slots = [border.Slot(number) for number in range(1, count + 1)]
        self._rows = [struct.Struct(f"={2 * number}q") for number in range(count + 1)]
        self._words: list[int] = []

    def clear(self) -> None:
        """Begin a call."""
        self._words.clear()

    def write(self) -> None:
        """Write the table, at the end of the arguments."""
        words = self._words
        self._rows[len(words) // 2].pack_into(self._memory, 0, *words)

    def passed(self, value: Any) -> Any:
        """Give what stands for a value in the call.

        Parameters
        ----------
        value : object
            An argument.

        Returns
        -------
        object
            A place in the table for an array whose elements lie as Julia knows them; what holds
            such arrays, with these places; any other value itself.
        """
        if isinstance(value, tuple):
            return tuple([self.passed(entry) for entry in value]) if value else value
        if not isinstance(value, np.ndarray):
            return value
        words, flags, code = self._words, value.flags, TYPES.get(value.dtype)
        number = len(words) // 2
        fits = value.ndim in DIMENSIONS and number < len(self._slots)
        if code is None or not (fits and flags.c_contiguous and flags.aligned):
            return value
        words += id(value) + HEAD, code
        return self._slots[number]
