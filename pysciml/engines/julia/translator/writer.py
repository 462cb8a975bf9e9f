"""Scalar operations and loops: each operation once, as far out as it can be."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pysciml.engines.julia.translator.folding import fold
from pysciml.engines.julia.translator.fusion import append
from pysciml.engines.julia.translator.ir import (
    INT,
    JULIA_TYPES,
    LOAD,
    Assign,
    Atom,
    Block,
    Buffer,
    Const,
    For,
    Index,
    Let,
    Name,
    Op,
    Statement,
    const,
)

__all__ = ["Writer"]

UNROLLED = 64  # a sequential fold in scalar style is unrolled up to this length


class Writer:
    """Puts scalar operations and loops into blocks.

    Parameters
    ----------
    scalar : bool
        Scalar style; otherwise loop style.
    zeros : bool
        Whether 0 x is 0 and x + 0 is x, as is right for the structural zeros of derivatives.
    """

    def __init__(self, scalar: bool, zeros: bool = False) -> None:
        self.scalar, self.zeros = scalar, zeros
        self.root = self.block = Block()
        self._numbers = itertools.count(1)
        self._depth = 0

    def name(self, dtype: str, block: Block | None = None, letter: str = "x") -> Name:
        """Make a name that is not in use.

        Parameters
        ----------
        dtype : str
            Its dtype.
        block : Block, optional
            Where it is defined; here if not given.
        letter : str
            What it starts with.

        Returns
        -------
        Name
            The name.
        """
        return Name(f"{letter}{next(self._numbers)}", dtype, block or self.block)

    def add(self, statement: Statement) -> None:
        """Append a statement here.

        Parameters
        ----------
        statement : Statement
            A complete statement.
        """
        append(self.block, statement)

    def op(self, op: Op, *args: Any, dtype: str) -> Atom:
        """Emit one scalar operation, as far out as its arguments are known, and only once.

        Parameters
        ----------
        op : Op
            The operation.
        *args : Atom, Index or int
            Its arguments.
        dtype : str
            Dtype of its result.

        Returns
        -------
        Atom
            The result.
        """
        known = fold(op.text, args, dtype, self.zeros)
        if isinstance(known, tuple):
            return self.op(*known, dtype=dtype)
        if known is not None:
            return known
        return self._let(op, args, dtype, self.block.barrier)

    def load(self, buffer: Buffer, index: Index | int) -> Atom:
        """Emit the load of one element.

        Parameters
        ----------
        buffer : Buffer
            From where.
        index : int or Index
            Counted from 0.

        Returns
        -------
        Atom
            The element.
        """
        return self._let(LOAD, (buffer, index), buffer.dtype, buffer.block)

    def _let(self, op: Op, args: tuple[Any, ...], dtype: str, outermost: Block) -> Name:
        homes = [self.block.barrier, outermost]
        for argument in args:
            if isinstance(argument, Name):
                homes.append(argument.block)
            elif isinstance(argument, Index):
                homes.extend(name.block for name, _ in argument.terms)
        home = max(homes, key=lambda block: block.depth)
        found = home.memo.get((op, args))
        if found is None:
            found = home.memo[op, args] = self.name(dtype, home)
            home.statements.append(Let(found, op, args))
        return found

    def whole(self, atom: Atom, bound: int | None = None) -> Index | int:
        """Turn a whole number that is computed into an index.

        Parameters
        ----------
        atom : Atom
            The number.
        bound : int, optional
            Its largest value; it is clamped to 0..bound, as JAX does.

        Returns
        -------
        int or Index
            The index.
        """
        if isinstance(atom, Const):
            number = int(atom.value)
            return number if bound is None else min(max(number, 0), bound)
        if bound is None:
            wide = atom if atom.dtype == "int64" else self.op(INT, atom, dtype="int64")
        else:
            wide = self.op(Op(f"clamp(Int({{}}), 0, {bound})"), atom, dtype="int64")
        assert isinstance(wide, Name)
        return Index(0, ((wide, 1),))

    def number(self, index: Index | int, dtype: str) -> Atom:
        """Turn an index into a scalar.

        Parameters
        ----------
        index : int or Index
            The index.
        dtype : str
            Dtype of the result.

        Returns
        -------
        Atom
            The scalar.
        """
        if isinstance(index, int):
            return const(index, dtype)
        if dtype == "int64" and index.const == 0 and [k for _, k in index.terms] == [1]:
            return index.terms[0][0]
        kind = JULIA_TYPES[dtype]
        return self.op(Op("!iszero({})" if kind == "Bool" else f"{kind}({{}})"), index, dtype=dtype)

    @contextlib.contextmanager
    def loop(self, count: int, *, free: bool = True) -> Iterator[Index]:
        """Emit a loop around what follows.

        Parameters
        ----------
        count : int
            Its iterations.
        free : bool
            Whether they may be regrouped.

        Yields
        ------
        Index
            0, 1, ... count - 1.
        """
        outer, self._depth = self.block, self._depth + 1
        self.block = body = Block(outer)
        name = Name(f"i{self._depth}", "int64", body)
        try:
            yield Index(0, ((name, 1),))
        finally:
            self.block, self._depth = outer, self._depth - 1
        self.add(For(name, count, body, free))

    def nest(self, counts: Sequence[int], body: Callable[[tuple[Any, ...]], None]) -> None:
        """Emit nested loops, the last one innermost; unrolled in scalar style.

        Parameters
        ----------
        counts : sequence of int
            Their iterations.
        body : callable
            Emits what is within, given the indices.
        """
        if self.scalar:
            for index in np.ndindex(*counts):
                body(index)
            return
        if 0 in counts:
            return
        with contextlib.ExitStack() as stack:
            body(tuple(0 if n == 1 else stack.enter_context(self.loop(n)) for n in counts))

    def fold(
        self,
        count: int,
        start: Sequence[Atom],
        step: Callable[[Any, Sequence[Atom]], Sequence[Atom]],
        *,
        free: bool = False,
    ) -> list[Atom]:
        """Emit a loop that carries scalars; unrolled in scalar style where it is short.

        Parameters
        ----------
        count : int
            Its iterations.
        start : sequence of Atom
            What is carried in.
        step : callable
            ``(index, carried) -> carried``.
        free : bool
            Whether the iterations may be regrouped, as those of a sum.

        Returns
        -------
        list of Atom
            What is carried out.
        """
        carried = list(start)
        if count <= 0:
            return carried
        if self.scalar and count <= UNROLLED:
            for i in range(count):
                carried = list(step(i, carried))
            return carried
        names = [self.name(atom.dtype, letter="s") for atom in carried]
        self.add(Assign(tuple(names), tuple(carried)))
        with self.loop(count, free=free) as i:
            inner = [Name(n.text, n.dtype, self.block) for n in names]
            self.add(Assign(tuple(inner), tuple(step(i, inner))))
        return list(names)
