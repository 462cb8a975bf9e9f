"""Reductions and products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.engines.julia.translator.arrays import Array, Constant, Lazy, Position, Scalars, Stored
from pysciml.engines.julia.translator.elementwise import (
    ADD,
    AND,
    CALL,
    MAX,
    MIN,
    MULTIPLY,
    OR,
    combine,
    convert,
)
from pysciml.engines.julia.translator.ir import (
    LOAD,
    Atom,
    Block,
    Const,
    Index,
    Let,
    Name,
    Op,
    const,
)

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["REDUCTIONS", "merged"]

Outputs = list[Array]
Term = Callable[[Position, Position], tuple[Atom, ...]]

ROWS = 4  # how many rows of a matrix are added to sums at once
MULADD = Op("muladd({1}, {2}, {0})")
XOR = Op("xor({}, {})")


def reduce(
    emitter: Emitter,
    out: Any,
    counts: Sequence[int],
    op: Op,
    start: Const,
    term: Term,
) -> Array:
    """Emit a reduction.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    out : object
        Has the shape and the dtype of the result.
    counts : sequence of int
        Lengths of the axes that are reduced.
    op : Op
        Takes what is accumulated and a term.
    start : Const
        Its neutral element.
    term : callable
        ``(index of the result, index of the reduced axes) -> atoms``: the further arguments of
        `op`; in scalar style none where there is nothing to add.

    Returns
    -------
    Array
        The result.
    """
    dtype, shape = str(out.dtype), tuple(out.shape)
    if 0 in counts:
        return Constant(np.full(shape, start.value, dtype))

    def total(index: Position) -> Atom:
        """Sum into a scalar variable, the last axis innermost."""

        def inner(outer: tuple[Any, ...], carried: Atom) -> Atom:
            if len(outer) == len(counts):
                return _accumulated(emitter, op, carried, term(index, outer), start, dtype)

            def step(i: Any, c: Sequence[Atom]) -> list[Atom]:
                return [inner((*outer, i), c[0])]

            return emitter.fold(counts[len(outer)], [carried], step, free=True)[0]

        return inner((), start)

    if emitter.scalar or int(np.prod(shape)) == 1:
        elements = np.empty(shape, object)
        for index in np.ndindex(*shape):
            elements[index] = total(index)
        return Scalars(elements, dtype)
    if not _prefers_results(emitter, shape, counts, term):
        target = Stored(emitter.buffer(dtype, int(np.prod(shape))), shape)
        emitter.store(target, Lazy(shape, dtype, 1, total))
        return target
    return _by_rows(emitter, out, counts, op, start, term)


def _by_rows(
    emitter: Emitter, out: Any, counts: Sequence[int], op: Op, start: Const, term: Term
) -> Array:
    """Emit a reduction along the result: several rows are added at once to all its elements."""
    dtype, shape = str(out.dtype), tuple(out.shape)
    groups, rest = divmod(counts[-1], ROWS)
    if not groups:
        groups, rest, rows = 1, 0, counts[-1]
    else:
        rows = ROWS
    outer, axes = [*shape[:-1], *counts[:-1]], len(shape) - 1
    single = len(counts) == 1

    def first(index: Position) -> Atom:
        total: Atom = start
        for k in range(rest):
            total = _accumulated(emitter, op, total, term(index, (k,)), start, dtype)
        return total

    def add(index: tuple[Any, ...], place: Any, count: int) -> None:
        result = (*index[:axes], index[-1])
        places = [(*index[axes : len(outer)], place + k) for k in range(count)]
        args = [atom for at in places for atom in term(result, at)]
        emitter.accumulate(target, result, _repeated(op, count), *args)

    if single and rest:  # what is left over comes first, instead of zeros
        target = Stored(emitter.buffer(dtype, int(np.prod(shape))), shape)
        emitter.store(target, Lazy(shape, dtype, 1, first))
    else:
        target = emitter.fill(dtype, shape, start)
        if rest:
            emitter.nest([*outer, shape[-1]], lambda index: add(index, 0, rest))
    ranges = [*outer, groups, shape[-1]]
    emitter.nest(ranges, lambda index: add(index, index[-2] * rows + rest, rows))
    return target


def _repeated(op: Op, count: int) -> Op:
    """Give the operation that accumulates `count` terms, one after the other."""
    width = 2 if op == MULADD else 1
    text = "{0}"
    for k in range(count):
        terms = [f"{{{width * k + j + 1}}}" for j in range(width)]
        text = op.text.format(f"({text})" if k and op.level < CALL else text, *terms)
    return Op(text, op.level)


def _accumulated(
    emitter: Emitter, op: Op, carried: Atom, terms: tuple[Atom, ...], start: Const, dtype: str
) -> Atom:
    if not terms:
        return carried
    if isinstance(carried, Const) and carried == start:  # the first term alone
        if op == MULADD:
            return emitter.op(MULTIPLY, *terms, dtype=dtype)
        return terms[0]
    if op == MULADD:
        return emitter.op(op, carried, *terms, dtype=dtype)
    return combine(emitter, op, carried, terms[0])


def _prefers_results(
    emitter: Emitter, shape: Sequence[int], counts: Sequence[int], term: Term
) -> bool:
    """Whether the innermost loop should go along the result rather than along what is reduced.

    Decided by a trial: along which of the two are more of the loads contiguous?
    """
    if not counts or not shape or shape[-1] == 1:
        return False
    outer = emitter.block
    emitter.block = trial = Block(outer, barrier=True)
    names = [Name(f"trial{k}", "int64", trial) for k in range(len(shape) + len(counts))]
    places = [Index(0, ((name, 1),)) for name in names]
    term(places[: len(shape)], places[len(shape) :])
    emitter.block = outer
    along, across = names[len(shape) - 1], names[-1]
    score = 0
    for statement in trial.statements:
        if isinstance(statement, Let) and statement.op == LOAD:
            index = statement.args[1]
            if isinstance(index, Index):
                for name, sign in ((along, 1), (across, -1)):
                    stride = abs(index.coefficient(name))
                    score += sign * (1 if stride == 1 else -1 if stride else 0)
    return score > 0


def _start(kind: str, dtype: str) -> Const:
    if kind in ("sum", "or", "xor"):
        return const(0, dtype)
    if kind in ("prod", "and"):
        return const(-1 if kind == "and" and dtype != "bool" else 1, dtype)
    sign = -1 if kind == "max" else 1
    if "float" in dtype:
        return const(sign * np.inf, dtype)
    if dtype == "bool":
        return const(kind == "min", dtype)
    info = np.iinfo(dtype)
    return const(info.min if kind == "max" else info.max, dtype)


OPERATIONS = {
    "sum": ADD,
    "prod": MULTIPLY,
    "max": MAX,
    "min": MIN,
    "and": AND,
    "or": OR,
    "xor": XOR,
}


def _reduction(kind: str) -> Callable[..., Outputs]:
    def rule(emitter: Emitter, equation: Any, operand: Array) -> Outputs:
        out, axes = equation.outvars[0].aval, [int(a) for a in equation.params["axes"]]

        def term(index: Position, inner: Position) -> tuple[Atom, ...]:
            return (operand.at(emitter, merged(len(operand.shape), axes, index, inner)),)

        counts = [operand.shape[a] for a in axes]
        start = _start(kind, str(out.dtype))
        return [reduce(emitter, out, counts, OPERATIONS[kind], start, term)]

    return rule


def merged(rank: int, axes: Sequence[int], index: Position, inner: Position) -> list[Any]:
    """Put indices of the result and of the reduced axes together.

    Parameters
    ----------
    rank : int
        Count of axes of the operand.
    axes : sequence of int
        Those that are reduced.
    index, inner : sequence of int or Index
        Indices of the result, and of the reduced axes.

    Returns
    -------
    list of int or Index
        An index of the operand.
    """
    rest, within = iter(index), dict(zip(axes, inner, strict=True))
    return [within[a] if a in within else next(rest) for a in range(rank)]


def _dot_general(emitter: Emitter, equation: Any, left: Array, right: Array) -> Outputs:
    out = equation.outvars[0].aval
    (left_sum, right_sum), (left_batch, right_batch) = equation.params["dimension_numbers"]
    left, right = emitter.settle(left), emitter.settle(right)
    left_free = [a for a in range(len(left.shape)) if a not in (*left_sum, *left_batch)]
    right_free = [a for a in range(len(right.shape)) if a not in (*right_sum, *right_batch)]
    batch = len(left_batch)
    dtype = str(out.dtype)

    def term(index: Position, inner: Position) -> tuple[Atom, ...]:
        ours, theirs = index[batch : batch + len(left_free)], index[batch + len(left_free) :]
        a = dict(zip(left_batch, index, strict=False))
        a |= dict(zip(left_sum, inner, strict=True)) | dict(zip(left_free, ours, strict=True))
        b = dict(zip(right_batch, index, strict=False))
        b |= dict(zip(right_sum, inner, strict=True)) | dict(zip(right_free, theirs, strict=True))
        x = left.at(emitter, [a[axis] for axis in range(len(left.shape))])
        y = right.at(emitter, [b[axis] for axis in range(len(right.shape))])
        return convert(emitter, x, dtype), convert(emitter, y, dtype)

    counts = [left.shape[a] for a in left_sum]
    if not counts:

        def product(index: Position) -> Atom:
            return emitter.op(MULTIPLY, *term(index, ()), dtype=dtype)

        return [emitter.lazy(out, 1.0, product)]
    return [reduce(emitter, out, counts, MULADD, const(0, dtype), term)]


REDUCTIONS: dict[str, Callable[..., Outputs]] = {
    **{f"reduce_{kind}": _reduction(kind) for kind in OPERATIONS},
    "dot_general": _dot_general,
}
