"""The small language between a trace and Julia: names, indices, statements, blocks.

Every scalar has one name and is computed once (static single assignment); the exceptions are
carried variables, which `Assign` changes. Arrays live in flat buffers, row-major, counted from 0;
only the printer counts from 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "Accumulate",
    "Assign",
    "Atom",
    "Block",
    "Break",
    "Buffer",
    "Const",
    "Fill",
    "For",
    "If",
    "Index",
    "Let",
    "Name",
    "Op",
    "Run",
    "Statement",
    "Store",
    "While",
    "atoms",
    "blocks",
    "const",
]

JULIA_TYPES = {
    "float64": "Float64",
    "float32": "Float32",
    "bool": "Bool",
    **{f"int{bits}": f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UInt{bits}" for bits in (8, 16, 32, 64)},
}


class Op(NamedTuple):
    """Julia text with a place for every argument; a higher `level` binds more tightly."""

    text: str
    level: int = 9


LOAD = Op("{}[{}]")
INT = Op("Int({})")


@dataclass(frozen=True, slots=True)
class Name:
    """A scalar variable of the generated code."""

    text: str
    dtype: str
    block: Block = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal; its text tells -0.0 from 0.0 and a NaN from none."""

    text: str
    dtype: str
    value: Any = field(compare=False)


Atom = Name | Const


def const(value: Any, dtype: str) -> Const:
    """Write a number as a Julia literal of a dtype.

    Parameters
    ----------
    value : scalar
        The number.
    dtype : str
        Its dtype.

    Returns
    -------
    Const
        The literal; its digits give the number back exactly.
    """
    value = np.dtype(dtype).type(value)
    if dtype == "bool":
        return Const("true" if value else "false", dtype, bool(value))
    if dtype in ("float64", "float32"):
        suffix = "" if dtype == "float64" else "f0"
        if math.isfinite(value):
            text = str(value.item() if dtype == "float64" else value)
            if suffix and "e" in text:
                text = text.replace("e", "f")
            else:
                text += suffix
        else:
            word = "NaN" if math.isnan(value) else ("-Inf" if value < 0 else "Inf")
            text = word + ("" if dtype == "float64" else "32")
        return Const(text, dtype, value.item())
    number = int(value)
    if dtype == "int64" and number > -(2**63):
        return Const(str(number), dtype, number)
    kind = JULIA_TYPES[dtype]
    text = f"typemin({kind})" if number == -(2**63) else f"{kind}({number})"
    return Const(text, dtype, number)


@dataclass(frozen=True)
class Index:
    """An affine combination of whole-number variables; a plain int where there is none."""

    const: int
    terms: tuple[tuple[Name, int], ...]

    def __add__(self, other: Index | int) -> Index | int:
        if isinstance(other, int):
            return Index(self.const + other, self.terms)
        terms = dict(self.terms)
        for name, factor in other.terms:
            terms[name] = terms.get(name, 0) + factor
        return _index(self.const + other.const, terms)

    __radd__ = __add__

    def __mul__(self, factor: int) -> Index | int:
        return _index(self.const * factor, {name: k * factor for name, k in self.terms})

    __rmul__ = __mul__

    def coefficient(self, name: Name) -> int:
        """Give the factor of one variable.

        Parameters
        ----------
        name : Name
            The variable.

        Returns
        -------
        int
            Its factor, 0 where it does not occur.
        """
        return dict(self.terms).get(name, 0)


def _index(constant: int, terms: dict[Name, int]) -> Index | int:
    kept = sorted(((n, k) for n, k in terms.items() if k), key=lambda term: term[0].text)
    return Index(constant, tuple(kept)) if kept else constant


@dataclass(frozen=True, slots=True)
class Buffer:
    """A flat array: an argument, a result, a constant table or a work array.

    Its contents are complete where `block` goes on after writing it, so that a load may be placed
    there but no further out. `part` tells disjoint parts of one argument apart.
    """

    text: str
    dtype: str
    size: int
    kind: str
    block: Block = field(compare=False, repr=False)
    part: int = 0


@dataclass(slots=True)
class Let:
    """``name = op(args)``."""

    name: Name
    op: Op
    args: tuple[Any, ...]


@dataclass(slots=True)
class Store:
    """``buffer[index] = value``."""

    buffer: Buffer
    index: Index | int
    value: Atom


@dataclass(slots=True)
class Accumulate:
    """``buffer[index] = op(buffer[index], args...)``."""

    buffer: Buffer
    index: Index | int
    op: Op
    args: tuple[Atom, ...]


@dataclass(slots=True)
class Fill:
    """Set a whole work array to a number."""

    buffer: Buffer
    value: Const


@dataclass(slots=True)
class Assign:
    """Set or change carried variables, all at once."""

    names: tuple[Name, ...]
    values: tuple[Atom, ...]


@dataclass(slots=True)
class Run:
    """A call for its effect on a buffer."""

    op: Op
    args: tuple[Any, ...]
    writes: Buffer


@dataclass(slots=True)
class For:
    """A loop over ``0:count-1``; `free` says that its iterations may be regrouped."""

    name: Name
    count: int
    body: Block
    free: bool = True


@dataclass(slots=True)
class If:
    """Two branches."""

    test: Atom
    body: Block
    orelse: Block


@dataclass(slots=True)
class While:
    """A loop that a `Break` ends."""

    body: Block


@dataclass(slots=True)
class Break:
    """Leave the loop unless `test` holds."""

    test: Atom


Statement = Let | Store | Accumulate | Fill | Assign | Run | For | If | While | Break


class Block:
    """Statements in order, within a parent; `barrier` keeps what is computed here from moving out.

    Parameters
    ----------
    parent : Block or None
        The block around it.
    barrier : bool
        Whether it runs only sometimes, as a branch does.
    """

    def __init__(self, parent: Block | None = None, barrier: bool = False) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.barrier = self if barrier or parent is None else parent.barrier
        self.statements: list[Statement] = []
        self.memo: dict[Any, Name] = {}
        self.arrays: dict[Any, Any] = {}  # results of whole equations

    def encloses(self, other: Block | None) -> bool:
        """Say whether another block is this one or within it.

        Parameters
        ----------
        other : Block
            The other block.

        Returns
        -------
        bool
            True if all that is known here is known there.
        """
        while other is not None and other is not self:
            other = other.parent
        return other is self


def blocks(statement: Statement) -> tuple[Block, ...]:
    """Give the blocks within a statement.

    Parameters
    ----------
    statement : Statement
        Any.

    Returns
    -------
    tuple of Block
        None, one or two.
    """
    if isinstance(statement, For | While):
        return (statement.body,)
    return (statement.body, statement.orelse) if isinstance(statement, If) else ()


def atoms(statement: Statement) -> Iterator[Any]:
    """Go through what a statement itself reads: names, literals, indices and buffers.

    Parameters
    ----------
    statement : Statement
        Any; the blocks within it are not entered.

    Yields
    ------
    Atom, Index or Buffer
        What it reads.
    """
    match statement:
        case Let(_, _, args) | Run(_, args, _):
            yield from args
        case Store(_, index, value):
            yield from (index, value)
        case Accumulate(_, index, _, args):
            yield from (index, *args)
        case Assign(_, values):
            yield from values
        case If(test, _, _) | Break(test):
            yield test
        case _:
            return
