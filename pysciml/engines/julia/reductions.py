"""Reductions, products, cumulative operations and sorting."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.engines.julia.arrays import Array, Lazy, Position, Scalars, Stored
from pysciml.engines.julia.elementwise import (
    ADD,
    AND,
    COMPARISON,
    MAX,
    MIN,
    MULTIPLY,
    OR,
    SELECT,
    combine,
    convert,
)
from pysciml.engines.julia.ir import (
    LOAD,
    Atom,
    Block,
    Const,
    Index,
    Let,
    Name,
    Op,
    Run,
    Store,
    const,
)

if TYPE_CHECKING:
    from pysciml.engines.julia.emitter import Emitter

__all__ = ["REDUCTIONS"]

Outputs = list[Array]
Term = Callable[[Position, Position], tuple[Atom, ...]]

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
        `op`.

    Returns
    -------
    Array
        The result.
    """
    dtype, shape = str(out.dtype), tuple(out.shape)

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
    target = emitter.fill(dtype, shape, start)
    ranges = [*shape[:-1], *counts, shape[-1]]

    def body(index: tuple[Any, ...]) -> None:
        result = (*index[: len(shape) - 1], index[-1])
        emitter.accumulate(target, result, op, *term(result, index[len(shape) - 1 : -1]))

    emitter.nest(ranges, body)
    return target


def _accumulated(
    emitter: Emitter, op: Op, carried: Atom, terms: tuple[Atom, ...], start: Const, dtype: str
) -> Atom:
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
            return (operand.at(emitter, _merged(len(operand.shape), axes, index, inner)),)

        counts = [operand.shape[a] for a in axes]
        start = _start(kind, str(out.dtype))
        return [reduce(emitter, out, counts, OPERATIONS[kind], start, term)]

    return rule


def _merged(rank: int, axes: Sequence[int], index: Position, inner: Position) -> list[Any]:
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


def _extremum(op: str) -> Callable[..., Outputs]:
    """Argmax and argmin: the first extremum, or the first NaN."""
    better = Op(f"({{0}} {op} {{1}}) | (isnan({{0}}) & !isnan({{1}}))", 1)
    plain = Op(f"{{}} {op} {{}}", COMPARISON)

    def rule(emitter: Emitter, equation: Any, operand: Array) -> Outputs:
        out, axes = equation.outvars[0].aval, [int(a) for a in equation.params["axes"]]
        dtype = str(out.dtype)
        operand = emitter.settle(operand)
        test = better if "float" in operand.dtype else plain

        def element(index: Position) -> Atom:
            def value(i: Any) -> Atom:
                return operand.at(emitter, _merged(len(operand.shape), axes, index, (i,)))

            def step(i: Any, carried: Sequence[Atom]) -> list[Atom]:
                following = i + 1
                found = value(following)
                here = emitter.op(test, found, carried[0], dtype="bool")
                place = emitter.number(following, dtype)
                return [
                    emitter.op(SELECT, here, found, carried[0], dtype=operand.dtype),
                    emitter.op(SELECT, here, place, carried[1], dtype=dtype),
                ]

            first = [value(0), const(0, dtype)]
            return emitter.fold(operand.shape[axes[0]] - 1, first, step)[1]

        return [emitter.settle(Lazy(out.shape, dtype, 5, element))]

    return rule


def _cumulative(op: Op | None) -> Callable[..., Outputs]:
    """Cumulative operations; None is log-sum-exp."""

    def next_value(emitter: Emitter, total: Atom, x: Atom) -> Atom:
        if op is not None:
            return combine(emitter, op, total, x)
        return combine(emitter, Op("xla_logaddexp({}, {})"), total, x)

    def rule(emitter: Emitter, equation: Any, operand: Array) -> Outputs:
        axis, backward = equation.params["axis"], equation.params["reverse"]
        shape, n = operand.shape, operand.shape[axis]
        if emitter.scalar:
            elements = np.empty(shape, object)
        else:
            target = Stored(emitter.buffer(operand.dtype, operand.size), shape)

        def put(index: Position, value: Atom) -> None:
            if emitter.scalar:
                elements[tuple(index)] = value
            else:
                emitter.add(Store(target.buffer, target.place(index), value))

        def body(outer: tuple[Any, ...]) -> None:
            def place(i: Any) -> list[Any]:
                k = i * -1 + (n - 1) if backward else i
                return [*outer[:axis], k, *outer[axis:]]

            def step(i: Any, carried: Sequence[Atom]) -> list[Atom]:
                total = next_value(emitter, carried[0], operand.at(emitter, place(i + 1)))
                put(place(i + 1), total)
                return [total]

            first = operand.at(emitter, place(0))
            put(place(0), first)
            if emitter.scalar:
                carried: Sequence[Atom] = [first]
                for i in range(n - 1):
                    carried = step(i, carried)
            else:
                emitter.fold(n - 1, [first], step)

        emitter.nest([m for a, m in enumerate(shape) if a != axis], body)
        return [Scalars(elements, operand.dtype) if emitter.scalar else target]

    return rule


def _sort(emitter: Emitter, equation: Any, *operands: Array) -> Outputs:
    axis, keys = equation.params["dimension"], equation.params["num_keys"]
    settled = [emitter.settle(operand) for operand in operands]
    if emitter.scalar:
        return _sort_scalars(emitter, axis, keys, settled)
    shape, n = operands[0].shape, operands[0].shape[axis]
    sources = [s if isinstance(s, Stored) and s.is_contiguous else emitter.copy(s) for s in settled]
    targets = [Stored(emitter.buffer(s.dtype, s.size), shape) for s in sources]
    order = emitter.buffer("int64", n)

    def lanes(outer: tuple[Any, ...]) -> None:
        def place(source: Stored, i: Any) -> Any:
            return source.place([*outer[:axis], i, *outer[axis:]])

        arguments: list[Any] = [order]
        tests = ""
        stride = sources[0].strides[axis]
        for k, source in enumerate(sources[:keys]):
            at = [f"{{{2 * k + 1}}}[{{{2 * k + 2}}} + {stride} * {v}]" for v in ("i", "j")]
            before = f"xla_before({at[0]}, {at[1]})"
            behind = f"xla_before({at[1]}, {at[0]})"
            tests += before if k == keys - 1 else f"{before} || (!{behind} && ("
            # Places count from 1 in the permutation.
            arguments += [source.buffer, place(source, 0) + (1 - stride)]
        text = f"xla_sort!({{0}}, (i, j) -> @inbounds({tests}{'))' * (keys - 1)}))"
        emitter.add(Run(Op(text), tuple(arguments), order))
        # Whatever loads from `order` loads after this, in the block where it is sorted.
        here = Stored(dataclasses.replace(order, block=emitter.block), (n,))
        with emitter.loop(n, free=False) as i:
            where = emitter.whole(here.at(emitter, (i,))) + -1
            for source, target in zip(sources, targets, strict=True):
                value = source.at(emitter, [*outer[:axis], where, *outer[axis:]])
                emitter.add(Store(target.buffer, place(target, i), value))

    others = [m for a, m in enumerate(shape) if a != axis]
    _sequential(emitter, others, (), lanes)
    return list(targets)


def _sequential(
    emitter: Emitter, counts: Sequence[int], index: tuple[Any, ...], body: Callable[[Any], None]
) -> None:
    if not counts:
        body(index)
        return
    with emitter.loop(counts[0], free=False) as i:
        _sequential(emitter, counts[1:], (*index, i), body)


def _sort_scalars(emitter: Emitter, axis: int, keys: int, operands: Sequence[Array]) -> Outputs:
    """Sort by exchanging neighbours, n (n - 1) / 2 times, which is stable."""
    shape, n = operands[0].shape, operands[0].shape[axis]
    results = [np.empty(shape, object) for _ in operands]
    others = [m for a, m in enumerate(shape) if a != axis]
    for outer in np.ndindex(*others):
        index = (*outer[:axis], slice(None), *outer[axis:])
        rows = [
            [o.at(emitter, (*outer[:axis], i, *outer[axis:])) for o in operands] for i in range(n)
        ]
        for end in range(n - 1, 0, -1):
            for i in range(end):
                swap = _before(emitter, rows[i + 1][:keys], rows[i][:keys])
                pairs = list(zip(rows[i], rows[i + 1], strict=True))
                rows[i] = [emitter.op(SELECT, swap, b, a, dtype=a.dtype) for a, b in pairs]
                rows[i + 1] = [emitter.op(SELECT, swap, a, b, dtype=a.dtype) for a, b in pairs]
        for result, column in zip(results, zip(*rows, strict=True), strict=True):
            result[index] = np.array([*column, None], object)[:-1]
    return [Scalars(r, o.dtype) for r, o in zip(results, operands, strict=True)]


def _before(emitter: Emitter, a: Sequence[Atom], b: Sequence[Atom]) -> Atom:
    op = functools.partial(emitter.op, Op("xla_before({}, {})"), dtype="bool")
    first = op(a[0], b[0])
    if len(a) == 1:
        return first
    tie = emitter.op(Op("!{}", 8), op(b[0], a[0]), dtype="bool")
    rest = emitter.op(AND, tie, _before(emitter, a[1:], b[1:]), dtype="bool")
    return emitter.op(OR, first, rest, dtype="bool")


REDUCTIONS: dict[str, Callable[..., Outputs]] = {
    **{f"reduce_{kind}": _reduction(kind) for kind in OPERATIONS},
    "dot_general": _dot_general,
    "argmax": _extremum(">"),
    "argmin": _extremum("<"),
    "cumsum": _cumulative(ADD),
    "cumprod": _cumulative(MULTIPLY),
    "cummax": _cumulative(MAX),
    "cummin": _cumulative(MIN),
    "cumlogsumexp": _cumulative(None),
    "sort": _sort,
}
