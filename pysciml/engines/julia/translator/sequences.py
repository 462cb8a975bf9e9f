"""Operations along an axis, one element after the other: extrema, running totals, sorting."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from pysciml.engines.julia.translator.arrays import Array, Lazy, Position, Scalars, Stored
from pysciml.engines.julia.translator.elementwise import (
    ADD,
    AND,
    COMPARISON,
    MAX,
    MIN,
    MULTIPLY,
    OR,
    SELECT,
    combine,
)
from pysciml.engines.julia.translator.ir import Atom, Op, Run, Store, const
from pysciml.engines.julia.translator.reductions import merged

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["SEQUENCES"]

Outputs = list[Array]


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
                return operand.at(emitter, merged(len(operand.shape), axes, index, (i,)))

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


def _result(emitter: Emitter, like: Array) -> tuple[Array, Callable[[Position, Atom], None]]:
    """Make an array of the same shape, and what writes an element of it."""
    if emitter.scalar:
        elements: Any = np.empty(like.shape, object)

        def assign(index: Position, value: Atom) -> None:
            elements[tuple(index)] = value

        return Scalars(elements, like.dtype), assign
    target = Stored(emitter.buffer(like.dtype, like.size), like.shape)

    def store(index: Position, value: Atom) -> None:
        emitter.add(Store(target.buffer, target.place(index), value))

    return target, store


def _cumulative(op: Op | None) -> Callable[..., Outputs]:
    """Cumulative operations; None is log-sum-exp."""

    def next_value(emitter: Emitter, total: Atom, x: Atom) -> Atom:
        if op is not None:
            return combine(emitter, op, total, x)
        return combine(emitter, Op("xla_logaddexp({}, {})"), total, x)

    def rule(emitter: Emitter, equation: Any, operand: Array) -> Outputs:
        axis, backward = equation.params["axis"], equation.params["reverse"]
        shape, n = operand.shape, operand.shape[axis]
        result, put = _result(emitter, operand)

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
        return [result]

    return rule


def _sort(emitter: Emitter, equation: Any, *operands: Array) -> Outputs:
    axis, keys = equation.params["dimension"], equation.params["num_keys"]
    settled = [emitter.settle(operand) for operand in operands]
    if emitter.scalar:
        return _sort_scalars(emitter, axis, keys, settled)
    shape, n = operands[0].shape, operands[0].shape[axis]
    sources = [s if isinstance(s, Stored) and s.is_contiguous else emitter.copy(s) for s in settled]
    targets = [Stored(emitter.buffer(s.dtype, s.size), shape) for s in sources]
    order = emitter.buffer(str(jax.dtypes.canonicalize_dtype("int64")), n)

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


SEQUENCES: dict[str, Callable[..., Outputs]] = {
    "argmax": _extremum(">"),
    "argmin": _extremum("<"),
    "cumsum": _cumulative(ADD),
    "cumprod": _cumulative(MULTIPLY),
    "cummax": _cumulative(MAX),
    "cummin": _cumulative(MIN),
    "cumlogsumexp": _cumulative(None),
    "sort": _sort,
}
