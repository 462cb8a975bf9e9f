"""Streams: the noise of a seed, drawn inside the loop that uses it.

Numbers kept for a whole solve would leave the cache, and take longer to fetch than to make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pysciml.engines.jax import words
from pysciml.engines.jax.normals import WORDS, pair
from pysciml.engines.jax.system import System

__all__ = ["Stream", "make_stream", "shaped"]

UNROLLED_WORDS = 64  # of one generator in a row; beyond, a loop keeps the program small


class Stream(NamedTuple):
    """Standard normal numbers, step by step.

    Parameters
    ----------
    start : pytree
        What is carried from one drawing to the next.
    draw : callable
        ``(carried, step) -> (numbers, carried)``: for each of `group` steps from `step` on, which
        is a multiple of `group`, the numbers in the form that a step takes.
    group : int
        Steps that are drawn for at once.
    """

    start: Any
    draw: Callable[[Any, Any], tuple[Sequence[Any], Any]]
    group: int


def make_stream(
    system: System, kinds: int, seed: Any, indices: jax.Array, source: str = "threefry"
) -> Stream:
    """Start the stream of every trajectory.

    Parameters
    ----------
    system : System
        The model.
    kinds : int
        Numbers per source and step.
    seed : scalar
        The seed.
    indices : array
        Numbers of the trajectories in the ensemble, shape (batch,).
    source : {"threefry", "xoshiro"}
        Counters through a cipher, or a generator for every trajectory.

    Returns
    -------
    Stream
        The numbers of a trajectory depend on the seed, its own number and that of the step, and
        not on the others of the batch.
    """
    count = kinds * system.sources
    group = 2 if count == 1 else 1  # one number per step would waste half of every pair
    pairs = -(-count * group // 2)
    each = WORDS[system.dtype]
    keys = words.lane_keys(seed, indices)
    general = system.model.diffusion is not None and system.model.diffusion.kind != "diagonal"
    matrix = count > 1 and (general or any(v.shape for v in system.model.state.values()))

    def draw(carried: Any, step: Any) -> tuple[Sequence[Any], Any]:
        if source == "xoshiro":
            drawn, carried = _generated(carried, each, pairs, matrix)
        else:
            drawn = _ciphered(keys, step, each, pairs, matrix)
        made = [pair(row, system.dtype) for row in drawn]
        firsts, seconds = zip(*made, strict=True)
        if matrix:
            numbers = jnp.concatenate([*firsts, *seconds])
            taken = [numbers[i * count : (i + 1) * count] for i in range(group)]
            return [shaped(system, kinds, rows) for rows in taken], carried
        rows = [*firsts, *seconds]
        steps = [rows[i * count : (i + 1) * count] for i in range(group)]
        return [_gathered(system, kinds, step) for step in steps], carried

    return Stream(words.seeded(keys) if source == "xoshiro" else (), draw, group)


def shaped(system: System, kinds: int, matrix: jax.Array) -> Any:
    """Give drawn numbers the form that a step takes.

    Parameters
    ----------
    system : System
        The model.
    kinds : int
        Numbers that the step needs per source.
    matrix : array
        Shape (..., kinds * sources, batch).

    Returns
    -------
    pytree
        As `System.increments` gives it; a tuple of them where there are several kinds.
    """
    if kinds == 1:
        return system.increments(matrix)
    return tuple(system.increments(part) for part in jnp.split(matrix, kinds, axis=-2))


def _gathered(system: System, kinds: int, rows: Sequence[jax.Array]) -> Any:
    """Do as `shaped`, row by row: XLA makes better loops of arrays that stay apart."""
    if kinds == 1:
        return system.gather(rows)
    size = system.sources
    return tuple(system.gather(rows[i * size : (i + 1) * size]) for i in range(kinds))


def _ciphered(keys: words.Key, step: Any, each: int, pairs: int, matrix: bool) -> list[list[Any]]:
    """Give the words of every pair, or of all pairs as rows of a matrix."""
    calls, batch = each // 2, keys[0].shape
    if matrix:
        firsts, shape = [jnp.arange(pairs, dtype=jnp.uint32)[:, None]], (pairs, *batch)
    else:
        firsts, shape = [np.uint32(p) for p in range(pairs)], batch
    lines = [[np.uint32(calls) * first + np.uint32(i) for i in range(calls)] for first in firsts]
    if pairs * calls == 1:
        return [list(words.threefry(keys, step, lines[0][0]))]  # cheaper to make than to keep
    return words.kept(keys, step, lines, shape)


def _generated(state: Any, each: int, pairs: int, matrix: bool) -> tuple[list[list[Any]], Any]:
    def some(state: Any, _: Any = None) -> tuple[Any, list[Any]]:
        drawn = []
        for _ in range(each):
            word, state = words.xoshiro(state)
            drawn.append(word)
        return state, drawn

    if each * pairs > UNROLLED_WORDS:
        state, rows = jax.lax.scan(some, state, None, length=pairs)
        return [rows] if matrix else [[row[p] for row in rows] for p in range(pairs)], state
    drawn = []
    for _ in range(pairs):
        state, row = some(state)
        drawn.append(row)
    if matrix:
        drawn = [[jnp.stack(column) for column in zip(*drawn, strict=True)]]
    return drawn, state
