"""NumPy arrays as arguments of Julia: their memory is shared, and no object of Julia keeps them.

The addresses and shapes of the arrays of a call are written into a table that Julia reads; in the
call itself stands the place in the table. See julia/ext/PySciMLPythonCallExt.jl.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import numpy as np

__all__ = ["Table"]

CODES = {"f8": 1, "f4": 2, "i8": 3, "i4": 4, "i1": 5, "u1": 6, "b1": 7}
TYPES = {np.dtype(name): code for name, code in CODES.items()}
ROWS = [struct.Struct(f"={3 + dimensions}q") for dimensions in range(6)]
WORD = 8


class Table:
    """The table of the arrays of a call.

    Parameters
    ----------
    border : juliacall.ModuleValue
        The extension of PySciML.jl; this is made and used in Julia's thread.
    """

    def __init__(self, border: Any) -> None:
        self._width, count = border.WIDTH * WORD, border.SLOTS
        address = int(border.Base.UInt(border.Base.pointer(border.HEADER)))
        self._bytes = (ctypes.c_char * (self._width * count)).from_address(address)
        self._slots = [border.Slot(number) for number in range(1, count + 1)]
        self._used = 0

    def clear(self) -> None:
        """Begin a call."""
        self._used = 0

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
            return tuple([self.passed(entry) for entry in value])
        if not isinstance(value, np.ndarray):
            return value
        code, flags, number = TYPES.get(value.dtype), value.flags, self._used
        fits = 0 < value.ndim < len(ROWS) and number < len(self._slots)
        if code is None or not (fits and flags.c_contiguous and flags.aligned):
            return value
        row = (_address(value), code, value.ndim, *value.shape)
        ROWS[value.ndim].pack_into(self._bytes, number * self._width, *row)
        self._used += 1
        return self._slots[number]


def _address(array: Any) -> int:
    if array.size and array.flags.writeable:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    return array.__array_interface__["data"][0]  # slower
