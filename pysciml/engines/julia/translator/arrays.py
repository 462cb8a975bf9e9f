"""Arrays as the translator sees them: something that gives the scalar at an index.

Most operations only say how to compute an element; nothing is stored until something needs it.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.engines.julia.translator.ir import Atom, Block, Buffer, Index, Op, const

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["Array", "Constant", "Lazy", "Position", "Scalars", "Stored", "nothing", "row_major"]

Position = Sequence[Index | int]


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Give the strides of a contiguous array.

    Parameters
    ----------
    shape : sequence of int
        Its shape.

    Returns
    -------
    tuple of int
        Elements from one index to the next, along every axis.
    """
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


class Array(abc.ABC):
    """An array of the trace.

    Parameters
    ----------
    shape : sequence of int
        Its shape.
    dtype : str
        Its dtype.
    cost : float
        What computing an element costs, about; 0 where it is only looked up.
    """

    def __init__(self, shape: Sequence[int], dtype: str, cost: float = 0) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype = dtype
        self.cost = cost
        self.settled: tuple[Array, Block] | None = None  # the same array, computed, and where

    @property
    def size(self) -> int:
        """Count of elements."""
        return math.prod(self.shape)

    @abc.abstractmethod
    def at(self, emitter: Emitter, index: Position) -> Atom:
        """Emit what gives one element.

        Parameters
        ----------
        emitter : Emitter
            Where the code goes.
        index : sequence of int or Index
            One index per axis.

        Returns
        -------
        Atom
            The element.
        """


class Lazy(Array):
    """An array whose elements are computed where they are needed.

    Parameters
    ----------
    shape : sequence of int
        Its shape.
    dtype : str
        Its dtype.
    cost : float
        As for `Array`.
    element : callable
        ``index -> Atom``.
    """

    def __init__(
        self,
        shape: Sequence[int],
        dtype: str,
        cost: float,
        element: Callable[[Position], Atom],
    ) -> None:
        super().__init__(shape, dtype, cost)
        self._element = element

    def at(self, emitter: Emitter, index: Position) -> Atom:
        """As `Array.at`."""
        return self._element(tuple(index))


class Stored(Array):
    """An array in a buffer.

    Parameters
    ----------
    buffer : Buffer
        Where it is.
    shape : sequence of int
        Its shape.
    offset : int
        Where its first element is.
    strides : sequence of int, optional
        Elements from one index to the next, along every axis; row-major if not given.
    """

    def __init__(
        self,
        buffer: Buffer,
        shape: Sequence[int],
        offset: int = 0,
        strides: Sequence[int] | None = None,
    ) -> None:
        super().__init__(shape, buffer.dtype)
        self.buffer, self.offset = buffer, offset
        self.strides = row_major(self.shape) if strides is None else tuple(strides)

    @property
    def is_contiguous(self) -> bool:
        """Whether it is row-major, so that it may take another shape."""
        return self.strides == row_major(self.shape)

    def place(self, index: Position) -> Index | int:
        """Give the place of an element in the buffer.

        Parameters
        ----------
        index : sequence of int or Index
            One index per axis.

        Returns
        -------
        int or Index
            Counted from 0.
        """
        total: Index | int = self.offset
        for i, stride in zip(index, self.strides, strict=True):
            total = total + i * stride
        return total

    def at(self, emitter: Emitter, index: Position) -> Atom:
        """As `Array.at`."""
        return emitter.load(self.buffer, self.place(index))


class Constant(Array):
    """An array of known numbers: literals, or a table where the index is not known.

    Parameters
    ----------
    values : array
        The numbers; or keys of JAX, from which only JAX makes numbers.
    """

    def __init__(self, values: Any) -> None:
        is_key = str(getattr(values, "dtype", "")).startswith("key<")
        self.values: Any = values if is_key else np.asarray(values)
        super().__init__(self.values.shape, self.values.dtype.name)

    def at(self, emitter: Emitter, index: Position) -> Atom:
        """As `Array.at`."""
        known = [i for i in index if isinstance(i, int)]
        if len(known) == len(self.shape):
            return const(self.values[tuple(known)], self.dtype)
        first = const(self.values.flat[0], self.dtype)
        bits = np.ascontiguousarray(self.values).view(f"u{self.values.itemsize}")
        if (bits == bits.flat[0]).all():  # by their bits, so that -0.0 is not 0.0
            return first
        if emitter.scalar:
            elements = np.empty(self.shape, object)
            for place in np.ndindex(*self.shape):
                elements[place] = const(self.values[place], self.dtype)
            return Scalars(elements, self.dtype).at(emitter, index)
        return emitter.table(self.values).at(emitter, index)


def nothing(like: Any) -> Constant:
    """Give an array without elements.

    Parameters
    ----------
    like : object
        Has its shape and dtype.

    Returns
    -------
    Constant
        The array.
    """
    return Constant(np.zeros(like.shape, like.dtype))


class Scalars(Array):
    """An array whose elements are scalar variables or literals.

    Parameters
    ----------
    elements : array of object
        The atoms.
    dtype : str
        Their dtype.
    """

    def __init__(self, elements: np.ndarray, dtype: str) -> None:
        super().__init__(elements.shape, dtype)
        self.elements = elements

    def at(self, emitter: Emitter, index: Position) -> Atom:
        """As `Array.at`."""
        index = [0 if n == 1 else i for i, n in zip(index, self.shape, strict=True)]
        known = tuple(i for i in index if isinstance(i, int))
        if len(known) == len(index):
            return self.elements[known]
        open_axes = [axis for axis, i in enumerate(index) if not isinstance(i, int)]
        choices = self.elements[tuple(i if isinstance(i, int) else slice(None) for i in index)]
        place: Index | int = 0
        for axis, stride in zip(open_axes, row_major(choices.shape), strict=True):
            place = place + index[axis] * stride
        text = "(" + ", ".join(["{}"] * choices.size) + ",)[{}]"
        return emitter.op(Op(text), *choices.flat, place + 1, dtype=self.dtype)
