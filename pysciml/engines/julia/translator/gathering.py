"""Gather and scatter: indices that are data.

As JAX does: indices out of bounds are clamped, filled or dropped, whatever the mode says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jax.extend.core import ClosedJaxpr

from pysciml.engines.julia.translator.arrays import Array, Constant, Position, Scalars
from pysciml.engines.julia.translator.elementwise import (
    ADD,
    MAX,
    MIN,
    MULTIPLY,
    SELECT,
    SUBTRACT,
)
from pysciml.engines.julia.translator.ir import (
    LOAD,
    Atom,
    Block,
    Const,
    If,
    Index,
    Let,
    Op,
    Store,
    const,
)
from pysciml.engines.julia.translator.windows import all_of, inside

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["GATHERING"]

Outputs = list[Array]
Change = Callable[[Atom, Atom], Atom]  # of what is there and an update


def _mode(equation: Any) -> str:
    mode = equation.params["mode"]
    return getattr(mode, "name", str(mode))


class _Starts:
    """Where windows begin, along every axis of the operand that is indexed.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    indices : Array
        Shape (*batch, axes).
    axes : sequence of int
        The axes of the operand that they index.
    bounds : sequence of int
        The largest start along each of these.
    drop : bool
        Whether a window out of bounds is left out; otherwise it is moved inside.
    """

    def __init__(
        self,
        emitter: Emitter,
        indices: Array,
        axes: Sequence[int],
        bounds: Sequence[int],
        drop: bool,
    ) -> None:
        self.emitter, self.axes, self.bounds = emitter, axes, bounds
        self.safe = False
        if isinstance(indices, Constant) and indices.size:
            inside = np.clip(indices.values, 0, np.asarray(bounds, int))
            self.safe = not drop or bool((inside == indices.values).all())
            indices = Constant(inside) if self.safe else indices
        self.indices = emitter.settle(indices)
        self.drop = drop and not self.safe

    def at(self, batch: Position) -> tuple[dict[int, Index | int], list[Atom]]:
        """Give the start along every indexed axis, and what must hold for it to count.

        Parameters
        ----------
        batch : sequence of int or Index
            Which window.

        Returns
        -------
        dict and list
            Start by axis; truth values.
        """
        starts, tests = {}, []
        for k, (axis, bound) in enumerate(zip(self.axes, self.bounds, strict=True)):
            atom = self.indices.at(self.emitter, (*batch, k))
            if self.drop:
                tests.append(inside(self.emitter, self.emitter.whole(atom), bound + 1))
            starts[axis] = self.emitter.whole(atom, None if self.safe else bound)
        return starts, tests


def _gather(emitter: Emitter, equation: Any, operand: Array, indices: Array) -> Outputs:
    params, out = equation.params, equation.outvars[0].aval
    dims, sizes = params["dimension_numbers"], [int(n) for n in params["slice_sizes"]]
    axes = dims.start_index_map
    drop = _mode(equation) == "FILL_OR_DROP"
    bounds = [operand.shape[a] - sizes[a] for a in axes]
    starts = _Starts(emitter, indices, axes, bounds, drop)
    operand = emitter.settle(operand)
    gone = {*dims.collapsed_slice_dims, *dims.operand_batching_dims}
    windowed = [a for a in range(len(operand.shape)) if a not in gone]
    batched = [a for a in range(len(out.shape)) if a not in dims.offset_dims]
    filler = const(_filler(params["fill_value"], operand.dtype), operand.dtype)

    def element(index: Position) -> Atom:
        batch = [index[a] for a in batched]
        found, tests = starts.at(batch)
        source: list[Index | int] = [found.get(a, 0) for a in range(len(operand.shape))]
        for a, d in zip(windowed, dims.offset_dims, strict=True):
            source[a] = source[a] + index[d]
        pairs = zip(dims.operand_batching_dims, dims.start_indices_batching_dims, strict=True)
        for a, d in pairs:
            source[a] = batch[d]
        here = all_of(emitter, tests)
        if isinstance(here, Const) and not here.value:
            return filler
        return emitter.op(SELECT, here, operand.at(emitter, source), filler, dtype=operand.dtype)

    return [emitter.lazy(out, operand.cost + 1, element)]


def _filler(given: Any, dtype: str) -> Any:
    if given is not None:
        return given
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return np.nan
    if kind.kind == "b":
        return True
    return np.iinfo(kind).min if kind.kind == "i" else np.iinfo(kind).max


def _scatter(op: Op | None) -> Callable[..., Outputs]:
    """Make the rule of a scatter that combines old and new by `op`; None replaces."""

    def rule(
        emitter: Emitter, equation: Any, operand: Array, indices: Array, updates: Array
    ) -> Outputs:
        dims = equation.params["dimension_numbers"]
        rank = len(operand.shape)
        gone = {*dims.inserted_window_dims, *dims.operand_batching_dims}
        windowed = [a for a in range(rank) if a not in gone]
        sizes = [1] * rank
        for a, d in zip(windowed, dims.update_window_dims, strict=True):
            sizes[a] = updates.shape[d]
        axes = dims.scatter_dims_to_operand_dims
        bounds = [operand.shape[a] - sizes[a] for a in axes]
        starts = _Starts(emitter, indices, axes, bounds, _mode(equation) != "CLIP")
        batched = [a for a in range(len(updates.shape)) if a not in dims.update_window_dims]
        updates = emitter.settle(updates)
        target = _Scalars(emitter, operand) if emitter.scalar else _Work(emitter, operand)
        change = op or _applied(emitter, equation, operand.dtype)

        def body(index: Position) -> None:
            batch = [index[a] for a in batched]
            found, tests = starts.at(batch)
            place: list[Index | int] = [found.get(a, 0) for a in range(rank)]
            for a, d in zip(windowed, dims.update_window_dims, strict=True):
                place[a] = place[a] + index[d]
            pairs = zip(dims.operand_batching_dims, dims.scatter_indices_batching_dims, strict=True)
            for a, d in pairs:
                place[a] = batch[d]
            target.put(place, updates.at(emitter, index), change, all_of(emitter, tests))

        if emitter.scalar:
            emitter.nest(updates.shape, body)
        else:
            _loops(emitter, updates.shape, (), body)
        return [target.array]

    return rule


def _applied(emitter: Emitter, equation: Any, dtype: str) -> Change | None:
    """Give the function that ``x.at[i].apply`` applies to elements; None replaces them."""
    jaxpr = equation.params.get("update_jaxpr")
    if jaxpr is None:
        return None
    from pysciml.engines.julia.translator.translate import run  # which imports this module

    closed = ClosedJaxpr(jaxpr, equation.params["update_consts"])

    def change(old: Atom, new: Atom) -> Atom:
        given = [Scalars(np.array(atom, object), dtype) for atom in (old, new)]
        return run(emitter, closed, given)[0].at(emitter, ())

    return change


def _loops(
    emitter: Emitter,
    counts: Sequence[int],
    index: tuple[Any, ...],
    body: Callable[[Position], None],
) -> None:
    if 0 in counts:
        return
    if not counts:
        body(index)
        return
    with emitter.loop(counts[0], free=False) as i:  # two updates may meet in one place
        _loops(emitter, counts[1:], (*index, i), body)


class _Work:
    """The target of a scatter in a work array."""

    def __init__(self, emitter: Emitter, operand: Array) -> None:
        self.emitter = emitter
        self.array = emitter.copy(operand)

    def put(self, place: Position, value: Atom, change: Op | Change | None, test: Atom) -> None:
        """Write or change one element, if `test` holds."""
        emitter, outer = self.emitter, self.emitter.block
        if isinstance(test, Const):
            if test.value:
                self._put(place, value, change)
            return
        emitter.block = body = Block(outer, barrier=True)
        self._put(place, value, change)
        emitter.block = outer
        emitter.add(If(test, body, Block(outer, barrier=True)))

    def _put(self, place: Position, value: Atom, change: Op | Change | None) -> None:
        emitter, at = self.emitter, self.array.place(place)
        if isinstance(change, Op):
            emitter.accumulate(self.array, place, change, value)
            return
        if change is not None:
            # Not by `Emitter.load`, which would give this element to whoever loads it later.
            old = emitter.name(self.array.dtype)
            emitter.add(Let(old, LOAD, (self.array.buffer, at)))
            value = change(old, value)
        emitter.add(Store(self.array.buffer, at, value))


class _Scalars:
    """The target of a scatter in scalar variables: where the place is data, all are asked."""

    def __init__(self, emitter: Emitter, operand: Array) -> None:
        self.emitter = emitter
        elements = np.empty(operand.shape, object)
        for index in np.ndindex(*operand.shape):
            elements[index] = operand.at(emitter, index)
        self.array = Scalars(elements, operand.dtype)

    def put(self, place: Position, value: Atom, change: Op | Change | None, test: Atom) -> None:
        """Write or change one element, if `test` holds."""
        emitter, elements, dtype = self.emitter, self.array.elements, self.array.dtype
        ranges = [
            [i] if isinstance(i, int) else range(n)
            for i, n in zip(place, elements.shape, strict=True)
        ]
        counts = [len(r) for r in ranges]
        for chosen in np.ndindex(*counts):
            index = tuple(r[c] for r, c in zip(ranges, chosen, strict=True))
            tests = [test]
            for i, n in zip(index, place, strict=True):
                if not isinstance(n, int):
                    tests.append(emitter.op(Op(f"{{}} == {i}", 3), n, dtype="bool"))
            old: Any = elements[index]
            new = value
            if isinstance(change, Op):
                new = emitter.op(change, old, value, dtype=dtype)
            elif change is not None:
                new = change(old, value)
            here = all_of(emitter, tests)
            elements[index] = emitter.op(SELECT, here, new, old, dtype=dtype)


GATHERING: dict[str, Callable[..., Outputs]] = {
    "gather": _gather,
    "scatter": _scatter(None),
    "scatter-add": _scatter(ADD),
    "scatter_add": _scatter(ADD),
    "scatter-sub": _scatter(SUBTRACT),
    "scatter_sub": _scatter(SUBTRACT),
    "scatter_mul": _scatter(MULTIPLY),
    "scatter-mul": _scatter(MULTIPLY),
    "scatter_min": _scatter(MIN),
    "scatter-min": _scatter(MIN),
    "scatter_max": _scatter(MAX),
    "scatter-max": _scatter(MAX),
}
