"""The emitter: arrays as scalar variables or work arrays, on top of scalar operations and loops.

Two styles share everything else. In *scalar* style every array is scalar variables and every loop
is unrolled; in *loop* style arrays are work buffers and loops are loops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pysciml.engines.julia.translator.arrays import Array, Constant, Lazy, Position, Scalars, Stored
from pysciml.engines.julia.translator.ir import (
    Accumulate,
    Atom,
    Buffer,
    Const,
    Fill,
    Op,
    Store,
)
from pysciml.engines.julia.translator.writer import Writer

__all__ = ["Emitter"]


class Emitter(Writer):
    """Builds the body of one function.

    Parameters
    ----------
    scalar : bool
        The style.
    zeros : bool
        Whether 0 x is 0 and x + 0 is x, as is right for the structural zeros of derivatives.
    home : str
        Where the function is defined, for messages about what has no line of its own.
    """

    def __init__(self, scalar: bool, zeros: bool = False, home: str = "") -> None:
        super().__init__(scalar, zeros)
        self.buffers: list[Buffer] = []
        self.tables: dict[Buffer, np.ndarray] = {}
        self.home = home
        self.location = ""  # where the user called what is being translated

    def buffer(self, dtype: str, size: int) -> Buffer:
        """Make a work array, complete where the code stands.

        Parameters
        ----------
        dtype : str
            Its dtype.
        size : int
            Its length.

        Returns
        -------
        Buffer
            The array.
        """
        name = f"b{len(self.buffers) + 1}"
        made = Buffer(name, dtype, size, "work", self.block)
        self.buffers.append(made)
        return made

    def table(self, values: np.ndarray) -> Stored:
        """Make a constant table.

        Parameters
        ----------
        values : array
            Its numbers.

        Returns
        -------
        Stored
            The array; the same for the same numbers.
        """
        for buffer, known in self.tables.items():
            if known.dtype == values.dtype and known.tobytes() == values.tobytes():
                return Stored(buffer, values.shape)
        name = f"c{len(self.tables) + 1}"
        buffer = Buffer(name, values.dtype.name, values.size, "table", self.root)
        self.tables[buffer] = values
        return Stored(buffer, values.shape)

    def settle(self, array: Array) -> Array:
        """Compute an array now, unless looking it up costs nothing.

        Parameters
        ----------
        array : Array
            Any.

        Returns
        -------
        Array
            The same, of cost 0.
        """
        if isinstance(array, Stored | Constant | Scalars):
            return array
        if array.settled is None or not array.settled[1].encloses(self.block):
            array.settled = self._settle(array), self.block
        return array.settled[0]

    def _settle(self, array: Array) -> Array:
        if self.scalar or array.size == 1:
            elements = np.empty(array.shape, object)
            for index in np.ndindex(*array.shape):
                elements[index] = array.at(self, index)
            return Scalars(elements, array.dtype)
        return self.copy(array) if array.cost else array

    def copy(self, array: Array) -> Stored:
        """Put an array into a work array of its own.

        Parameters
        ----------
        array : Array
            Any.

        Returns
        -------
        Stored
            The copy.
        """
        target = Stored(self.buffer(array.dtype, array.size), array.shape)
        self.store(target, array)
        return target

    def store(self, target: Stored, array: Array) -> None:
        """Write an array into a buffer.

        Parameters
        ----------
        target : Stored
            Where.
        array : Array
            What, of the same shape.
        """

        def body(index: Position) -> None:
            self.add(Store(target.buffer, target.place(index), array.at(self, index)))

        self.nest(target.shape, body)

    def fill(self, dtype: str, shape: Sequence[int], value: Const) -> Stored:
        """Make a work array that holds one number throughout.

        Parameters
        ----------
        dtype : str
            Its dtype.
        shape : sequence of int
            Its shape.
        value : Const
            The number.

        Returns
        -------
        Stored
            The array.
        """
        target = Stored(self.buffer(dtype, int(np.prod(shape, dtype=int))), shape)
        self.add(Fill(target.buffer, value))
        return target

    def accumulate(self, target: Stored, index: Position, op: Op, *args: Atom) -> None:
        """Emit ``target[index] = op(target[index], args...)``.

        Parameters
        ----------
        target : Stored
            A work array.
        index : sequence of int or Index
            One index per axis.
        op : Op
            The operation.
        *args : Atom
            Its further arguments.
        """
        self.add(Accumulate(target.buffer, target.place(index), op, args))

    def lazy(
        self, like: Any, cost: float, element: Callable[[Position], Atom], dtype: str | None = None
    ) -> Array:
        """Make an array whose elements are computed on demand; at once in scalar style.

        Parameters
        ----------
        like : object
            Has the shape and the dtype.
        cost : float
            What an element costs, about.
        element : callable
            ``index -> Atom``.
        dtype : str, optional
            Another dtype.

        Returns
        -------
        Array
            The array.
        """
        made = Lazy(like.shape, dtype or str(like.dtype), cost, element)
        return self.settle(made) if self.scalar or not made.shape else made
