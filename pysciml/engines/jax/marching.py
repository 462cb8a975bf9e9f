"""Steps between save times, counted while compiling or only when the program runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from pysciml.engines.jax.streams import Stream

__all__ = ["Advance", "march"]

Advance = Callable[[Any, Any, Any, Any], Any]

UNROLLED_STEPS = 8  # between two save times; beyond, an inner loop keeps the program small


def march(
    advance: Advance,
    carry: Any,
    times: jax.Array,
    substeps: int | jax.Array,
    noise: Any = None,
    observe: Callable[[Any], Any] = lambda carry: carry,
) -> tuple[Any, Any]:
    """Take steps from time to time, and observe at each what they carry.

    Parameters
    ----------
    advance : callable
        ``(carry, t, h, dw) -> carry``: one step.
    carry : pytree
        What the steps carry on.
    times : array
        Shape (n,).
    substeps : int or scalar array
        Steps of equal length between two times. Only a number that is known to the compiler
        allows derivatives in reverse mode; only one that is not serves for any span.
    noise : Stream, pytree of array or None
        A stream, where `substeps` is an array; else Brownian increments, with first axes
        (n - 1, substeps). None for an ODE.
    observe : callable
        What is kept of the carry.

    Returns
    -------
    tuple
        The last carry; what was observed, with a first axis of n.
    """
    if isinstance(substeps, int):
        return _unrolled(advance, carry, times, substeps, noise, observe)
    return _counted(advance, carry, times, substeps, noise, observe)


def _unrolled(
    advance: Advance,
    carry: Any,
    times: jax.Array,
    substeps: int,
    increments: Any,
    observe: Callable[[Any], Any],
) -> tuple[Any, Any]:
    def interval(carry: Any, inputs: Any) -> Any:
        start, h, given = inputs

        def one(carry: Any, inputs: Any) -> Any:
            j, dw = inputs
            return advance(carry, start + j * h, h, dw), None

        if substeps <= UNROLLED_STEPS:
            for j in range(substeps):
                carry, _ = one(carry, (j, jax.tree.map(lambda a, j=j: a[j], given)))
        else:
            carry, _ = jax.lax.scan(one, carry, (jnp.arange(substeps), given))
        return carry, observe(carry)

    first, spans = observe(carry), (times[1:] - times[:-1]) / substeps
    carry, rest = jax.lax.scan(interval, carry, (times[:-1], spans, increments))
    joined = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, rest)
    return carry, joined


def _counted(
    advance: Advance,
    carry: Any,
    times: jax.Array,
    substeps: jax.Array,
    stream: Stream | None,
    observe: Callable[[Any], Any],
) -> tuple[Any, Any]:
    count = times.shape[0]
    spans = (times[1:] - times[:-1]) / substeps
    group = 1 if stream is None else stream.group

    def interval(index: jax.Array, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        carry, drawing, path = state
        start, h, begin = times[index], spans[index], index * substeps

        def several(k: jax.Array, state: tuple[Any, Any]) -> tuple[Any, Any]:
            carry, drawing = state
            step = k * group
            scaled: Any = [None]
            if stream is not None:
                numbers, later = stream.draw(drawing, step.astype(jnp.uint32))
                scaled = jax.tree.map(lambda a: jnp.sqrt(h) * a, numbers)
                # A group that goes on after the end of the interval is drawn again there.
                whole = step + group <= begin + substeps
                drawing = later if group == 1 else _where(whole, later, drawing)
            for i, dw in enumerate(scaled):
                j = step + i - begin
                moved = advance(carry, start + j * h, h, dw)
                within = (j >= 0) & (j < substeps)
                carry = moved if group == 1 else _where(within, moved, carry)
            return carry, drawing

        last = (begin + substeps - 1) // group
        carry, drawing = jax.lax.fori_loop(begin // group, last + 1, several, (carry, drawing))
        return carry, drawing, _written(path, observe(carry), index + 1)

    first = observe(carry)
    path = jax.tree.map(lambda a: jnp.zeros((count, *a.shape), a.dtype), first)
    drawing = () if stream is None else stream.start
    state = (carry, drawing, _written(path, first, 0))
    carry, _, path = jax.lax.fori_loop(0, count - 1, interval, state)
    return carry, path


def _where(condition: jax.Array, new: Any, old: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)


def _written(path: Any, value: Any, index: Any) -> Any:
    return jax.tree.map(
        lambda rows, row: jax.lax.dynamic_update_index_in_dim(rows, row, index, 0), path, value
    )
