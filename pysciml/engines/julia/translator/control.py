"""Branches, loops and calls."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jax import ShapeDtypeStruct

from pysciml.engines.julia.translator.arrays import (
    Array,
    Constant,
    Lazy,
    Position,
    Scalars,
    Stored,
    nothing,
)
from pysciml.engines.julia.translator.elementwise import COMPARISON, OR, SELECT
from pysciml.engines.julia.translator.ir import (
    Assign,
    Atom,
    Block,
    Break,
    Const,
    If,
    Name,
    Op,
    While,
    const,
)
from pysciml.engines.julia.translator.known import CALLS, called
from pysciml.engines.julia.translator.reductions import reduce

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["CONTROL", "Body"]

Outputs = list[Array]
Body = Callable[["Emitter", Any, Sequence[Array]], Outputs]  # translates a jaxpr

UNROLLED = 64


class _Carried:
    """An array that a loop or a branch changes: scalar variables, or a work array.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    like : object
        Has its shape and dtype.
    """

    def __init__(self, emitter: Emitter, like: Any) -> None:
        self.emitter, self.shape, self.dtype = emitter, tuple(like.shape), str(like.dtype)
        size = int(np.prod(self.shape, dtype=int))
        self.small = emitter.scalar or size == 1
        if self.small:
            self.names = [emitter.name(self.dtype, letter="s") for _ in range(size)]
        else:
            self.buffer = emitter.buffer(self.dtype, size)

    def value(self) -> Array:
        """Give it as it is where the code stands."""
        block = self.emitter.block
        if not self.small:
            return Stored(dataclasses.replace(self.buffer, block=block), self.shape)
        elements = np.empty(self.shape, object)
        for index, name in zip(np.ndindex(*self.shape), self.names, strict=True):
            elements[index] = Name(name.text, name.dtype, block)
        return Scalars(elements, self.dtype)


def _write(emitter: Emitter, targets: Sequence[_Carried], values: Sequence[Array]) -> None:
    """Change carried arrays all at once."""
    names: list[Name] = []
    atoms: list[Atom] = []
    arrays = []
    for target, value in zip(targets, values, strict=True):
        if target.small:
            names += [Name(n.text, n.dtype, emitter.block) for n in target.names]
            atoms += [value.at(emitter, index) for index in np.ndindex(*target.shape)]
        else:
            arrays.append((target, value))
    known = {target.buffer for target, _ in arrays}
    # What reads a carried array is computed before any of them changes.
    ready = [
        (target, value if _independent(value, known) else emitter.copy(value))
        for target, value in arrays
    ]
    for target, value in ready:
        emitter.store(Stored(target.buffer, target.shape), value)
    if names:
        emitter.add(Assign(tuple(names), tuple(atoms)))


def _independent(value: Array, known: set[Any]) -> bool:
    return isinstance(value, Stored) and value.buffer not in known


@contextlib.contextmanager
def _within(emitter: Emitter) -> Iterator[Block]:
    outer = emitter.block
    emitter.block = Block(outer, barrier=True)
    try:
        yield emitter.block
    finally:
        emitter.block = outer


def _cond(emitter: Emitter, equation: Any, run: Body, which: Array, *operands: Array) -> Outputs:
    branches = equation.params["branches"]
    number = which.at(emitter, ())
    if isinstance(number, Const):
        return run(emitter, branches[emitter.whole(number, len(branches) - 1)], operands)
    if number.dtype == "bool":
        tests: list[Atom] = [emitter.op(Op("!{}", 8), number, dtype="bool")]
    else:
        tests = [
            emitter.op(Op("{} <= {}", COMPARISON), number, const(i, number.dtype), dtype="bool")
            for i in range(len(branches) - 1)
        ]
    results = [_Carried(emitter, v.aval) for v in equation.outvars]
    operands = tuple(emitter.settle(operand) for operand in operands)

    def choose(i: int) -> None:
        if i == len(branches) - 1:
            _write(emitter, results, run(emitter, branches[i], operands))
            return
        with _within(emitter) as body:
            _write(emitter, results, run(emitter, branches[i], operands))
        with _within(emitter) as orelse:
            choose(i + 1)
        emitter.add(If(tests[i], body, orelse))

    choose(0)
    return [result.value() for result in results]


def _while(emitter: Emitter, equation: Any, run: Body, *operands: Array) -> Outputs:
    params = equation.params
    first, second = params["cond_nconsts"], params["cond_nconsts"] + params["body_nconsts"]
    settled = [emitter.settle(operand) for operand in operands]
    carried = [_Carried(emitter, v.aval) for v in equation.outvars]
    _write(emitter, carried, settled[second:])
    with _within(emitter) as body:
        now = [c.value() for c in carried]
        (test,) = run(emitter, params["cond_jaxpr"], [*settled[:first], *now])
        test = emitter.settle(test)
        emitter.add(Break(_any(emitter, test)))
        after = run(emitter, params["body_jaxpr"], [*settled[first:second], *now])
        if test.shape:
            after = [_where(emitter, test, a, b) for a, b in zip(after, now, strict=True)]
        _write(emitter, carried, after)
    emitter.add(While(body))
    return [c.value() for c in carried]


def _any(emitter: Emitter, test: Array) -> Atom:
    """Whether a loop goes on: a loop of many lanes (`jax.vmap`) does until all have ended."""
    if not test.shape:
        return test.at(emitter, ())

    def term(index: Position, inner: Position) -> tuple[Atom, ...]:
        return (test.at(emitter, inner),)

    like = ShapeDtypeStruct((), "bool")
    return reduce(emitter, like, test.shape, OR, const(False, "bool"), term).at(emitter, ())


def _where(emitter: Emitter, test: Array, yes: Array, no: Array) -> Array:
    """Change only the lanes whose test holds; they are the first axes."""
    lanes = len(test.shape)

    def element(index: Position) -> Atom:
        atoms = (test.at(emitter, index[:lanes]), yes.at(emitter, index), no.at(emitter, index))
        return emitter.op(SELECT, *atoms, dtype=yes.dtype)

    return emitter.lazy(yes, 1.0 + yes.cost, element)


def _scan(emitter: Emitter, equation: Any, run: Body, *operands: Array) -> Outputs:
    params = equation.params
    jaxpr, n = params["jaxpr"], params["length"]
    outputs = [v.aval for v in equation.outvars[params["num_carry"] :]]
    first, second = params["num_consts"], params["num_consts"] + params["num_carry"]
    settled = [emitter.settle(operand) for operand in operands]
    if not n:
        return [*settled[first:second], *map(nothing, outputs)]
    constants, sequences = settled[:first], settled[second:]

    def place(i: Any) -> Any:
        return i * -1 + (n - 1) if params["reverse"] else i

    def rows(i: Any) -> list[Array]:
        return [_row(emitter, sequence, place(i)) for sequence in sequences]

    if emitter.scalar and (n <= UNROLLED or outputs):
        now = settled[first:second]
        columns = [np.empty(out.shape, object) for out in outputs]
        for i in range(n):
            results = [emitter.settle(r) for r in run(emitter, jaxpr, [*constants, *now, *rows(i)])]
            now = results[: len(now)]
            for column, result in zip(columns, results[len(now) :], strict=True):
                for index in np.ndindex(*result.shape):
                    column[(place(i), *index)] = result.at(emitter, index)
        made = [Scalars(c, str(o.dtype)) for c, o in zip(columns, outputs, strict=True)]
        return [*now, *made]
    carried = [_Carried(emitter, v.aval) for v in equation.outvars[: params["num_carry"]]]
    _write(emitter, carried, settled[first:second])
    saved = [
        Stored(emitter.buffer(str(o.dtype), int(np.prod(o.shape, dtype=int))), o.shape)
        for o in outputs
    ]
    with emitter.loop(n, free=False) as i:
        now = [c.value() for c in carried]
        results = run(emitter, jaxpr, [*constants, *now, *rows(i)])
        for target, result in zip(saved, results[len(carried) :], strict=True):
            _save(emitter, target, place(i), result)
        _write(emitter, carried, results[: len(carried)])
    return [*(c.value() for c in carried), *saved]


def _row(emitter: Emitter, sequence: Array, i: Any) -> Array:
    def element(index: Position) -> Atom:
        return sequence.at(emitter, (i, *index))

    made = Lazy(sequence.shape[1:], sequence.dtype, 0, element)
    return emitter.settle(made) if emitter.scalar or not made.shape else made


def _save(emitter: Emitter, target: Stored, i: Any, result: Array) -> None:
    from pysciml.engines.julia.translator.ir import Store

    def body(index: Position) -> None:
        place = target.place((i, *index))
        emitter.add(Store(target.buffer, place, result.at(emitter, index)))

    emitter.nest(result.shape, body)


def _call(emitter: Emitter, equation: Any, run: Body, *operands: Array) -> Outputs:
    return run(emitter, called(equation.params), operands)


def _platform(emitter: Emitter, equation: Any, run: Body) -> Outputs:
    """Choose what JAX would run on a CPU, or by default."""
    platforms = equation.params["platforms"]
    chosen = [k for k, names in enumerate(platforms) if names is None or "cpu" in names]
    return [Constant(np.int32(chosen[0]))]


CONTROL: dict[str, Callable[..., Outputs]] = {
    "cond": _cond,
    "while": _while,
    "scan": _scan,
    "platform_index": _platform,
    **dict.fromkeys(CALLS, _call),
}
