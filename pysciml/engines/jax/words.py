"""Random words: counters put through a cipher, or generators with a state for every lane.

Both start from a seed and the number of a trajectory alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["NEVER", "Key", "kept", "lane_keys", "seeded", "table", "threefry", "xoshiro"]

Key = tuple[Any, Any]  # two arrays of uint32

NEVER = np.uint32(0xFFFFFFFF)  # a word that is the number of no step

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)


def threefry(key: Key, first: Any, second: Any) -> tuple[jax.Array, jax.Array]:
    """Encrypt a counter: Threefry-2x32 with 20 rounds.

    Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3".

    Parameters
    ----------
    key : tuple of array
        Two words.
    first, second : array
        The two words of the counter.

    Returns
    -------
    tuple of array
        Two words, of the shape that all arguments broadcast to.
    """
    one, two = (jnp.asarray(word, jnp.uint32) for word in key)
    keys = (one, two, one ^ two ^ _PARITY)
    x, y = jnp.asarray(first, jnp.uint32) + one, jnp.asarray(second, jnp.uint32) + two
    for group in range(5):
        for distance in _ROTATIONS[group % 2]:
            x = x + y
            y = _rotated(y, distance) ^ x
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


def kept(
    keys: Key, step: Any, lines: Sequence[Sequence[Any]], shape: tuple[int, ...]
) -> list[list[jax.Array]]:
    """Encrypt counters of a step, and keep the words in memory for all who use them.

    XLA would encrypt a counter again for each of its two words, and wherever a word is used. Both
    words in one of 64 bits, made in a loop of its own that runs once, are made once.

    Parameters
    ----------
    keys : tuple of array
        Keys of the lanes.
    step : scalar
        First word of the counters; not `NEVER`.
    lines : sequence of sequence
        Second words; what is made of each inner sequence belongs together.
    shape : tuple of int
        Shape of a word.

    Returns
    -------
    list of list of array
        The words.
    """
    flat = [counter for line in lines for counter in line]
    with jax.enable_x64(True):

        def encrypt(_: Any, old: list[jax.Array]) -> list[jax.Array]:
            return [_joined(*threefry(keys, step, counter)) for counter in flat]

        # A count that XLA does not know: it would take a loop apart that it knows to run once.
        once = (jnp.asarray(step, jnp.uint32) != NEVER).astype(jnp.int32)
        made = jax.lax.fori_loop(
            np.int32(0), once, encrypt, [jnp.zeros(shape, jnp.uint64) for _ in flat]
        )
        remaining = iter([_parted(both) for both in made])
    return [[word for _ in line for word in next(remaining)] for line in lines]


def table(key: Key, rows: int, width: int, each: int) -> list[jax.Array]:
    """Encrypt counters row by row, and keep the words in memory as `kept` does.

    Parameters
    ----------
    key : tuple of array
        Two words.
    rows, width : int
        Shape of the table.
    each : int
        Words of every entry; an even number.

    Returns
    -------
    list of array
        The words, shape (rows, width) each.
    """
    calls = each // 2
    with jax.enable_x64(True):
        counters = np.uint32(calls) * jnp.arange(width, dtype=jnp.uint32)

        def encrypt(row: jax.Array) -> list[jax.Array]:
            return [_joined(*threefry(key, row, counters + np.uint32(i))) for i in range(calls)]

        made = jax.lax.map(encrypt, jnp.arange(rows, dtype=jnp.uint32))
        return [word for both in made for word in _parted(both)]


def _joined(low: jax.Array, high: jax.Array) -> jax.Array:
    """Put two words in one of 64 bits; JAX must be in 64-bit mode."""
    return low.astype(jnp.uint64) | (high.astype(jnp.uint64) << np.uint64(32))


def _parted(both: jax.Array) -> tuple[jax.Array, jax.Array]:
    return both.astype(jnp.uint32), (both >> np.uint64(32)).astype(jnp.uint32)


def lane_keys(seed: Any, indices: jax.Array) -> Key:
    """Give every trajectory a key of its own.

    Parameters
    ----------
    seed : scalar
        The seed.
    indices : array
        Numbers of the trajectories in the ensemble, shape (batch,).

    Returns
    -------
    tuple of array
        Two words, shape (batch,) each.
    """
    return threefry((np.uint32(0), seed), np.uint32(0), indices)


def seeded(keys: Key) -> tuple[jax.Array, ...]:
    """Start a generator for every key.

    Parameters
    ----------
    keys : tuple of array
        Keys of the lanes.

    Returns
    -------
    tuple of array
        The states of the generators, four words.
    """
    return (*threefry(keys, NEVER, np.uint32(0)), *threefry(keys, NEVER, np.uint32(1)))


def xoshiro(state: tuple[jax.Array, ...]) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """Draw a word from every generator: xoshiro128++.

    Blackman & Vigna (2021), "Scrambled linear pseudorandom number generators", ACM Trans. Math.
    Softw. 47.

    Parameters
    ----------
    state : tuple of array
        Four words.

    Returns
    -------
    tuple
        The word, and the next state.
    """
    a, b, c, d = state
    word = _rotated(a + d, 7) + a
    c, d = c ^ a, d ^ b
    return word, (a ^ d, b ^ c, c ^ (b << 9), _rotated(d, 11))


def _rotated(x: jax.Array, distance: int) -> jax.Array:
    return (x << distance) | (x >> (32 - distance))
