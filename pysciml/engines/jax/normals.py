"""Normal numbers from random words, by arithmetic that fuses with the step that uses them.

Box and Muller (1958): a word for the radius and one for the angle give two independent normal
numbers. The logarithm, the sine and the cosine are polynomials, which XLA vectorises, where its
own functions of double precision are called lane by lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["TAIL", "WORDS", "pair"]

WORDS = {"float32": 2, "float64": 4}  # for a pair of numbers
# Where the tails end: the smallest radius word is 2^-33 or 2^-65. A number of this law lies beyond
# once in 7e10 or in 5e20.
TAIL = {"float32": 6.76, "float64": 9.49}

# Near-minimax (interpolation at Chebyshev nodes, in 40 digits) on the ranges that occur.
_LOG32 = (  # log(1 + f) / f, f from sqrt(1/2) - 1 to sqrt(2) - 1; error 3e-8
    0.9999999741310671,
    -0.4999999638212389,
    0.3333419328613508,
    -0.2500135218549606,
    0.1995593335838325,
    -0.16577992896798863,
    0.14977401280127375,
    -0.14269258206218832,
    0.08533313082996152,
)
_ATANH = (  # 2 atanh(s) / s by s^2, with s = f / (2 + f); error 1e-18
    2.0,
    0.6666666666666765,
    0.3999999999930234,
    0.2857142876064168,
    0.22222197056726048,
    0.18183631680229329,
    0.1531252814836419,
    0.1480971036065528,
)
# cos(pi x / 4) and sin(pi x / 4) / x by x^2, x from -1 to 1; error 4e-8, then 7e-17.
_COS = {
    "float32": (
        0.9999999723284944,
        -0.3084242518553728,
        0.01584991070640911,
        -0.000318877474890599,
    ),
    "float64": (
        1.0,
        -0.30842513753403784,
        0.015854344243741547,
        -0.00032599188648354014,
        3.590859179850238e-06,
        -2.4609507094028117e-08,
        1.1365469207731353e-10,
    ),
}
_SIN = {
    "float32": (
        0.7853981609766183,
        -0.08074543470810147,
        0.0024900068014923568,
        -3.595429072511075e-05,
    ),
    "float64": (
        0.7853981633974483,
        -0.08074551218828054,
        0.002490394570188844,
        -3.657620415891387e-05,
        3.133616225433416e-07,
        -1.7571500746983935e-09,
        6.877360573166326e-12,
    ),
}
_ROOT_HALF = 0.5**0.5


def pair(words: Sequence[jax.Array], dtype: str) -> tuple[jax.Array, jax.Array]:
    """Make two independent standard normal numbers out of random words.

    Parameters
    ----------
    words : sequence of array
        `WORDS` arrays of uint32, of one shape, all bits independent.
    dtype : str
        ``"float32"`` or ``"float64"``.

    Returns
    -------
    tuple of array
        Of that shape and dtype.
    """
    if dtype == "float32":
        radius, angle = words
        minus_log = _minus_log32(radius.astype(jnp.float32) + np.float32(0.5))
        x = angle.astype(jnp.int32).astype(jnp.float32) * np.float32(2.0**-31)
        signs = angle << 31, (angle >> 1) << 31
    else:
        high, low, angle, rest = words
        fraction = (low.astype(jnp.float64) + 0.5) * 2.0**-32
        minus_log = _minus_log64(high.astype(jnp.float64) + fraction)
        x = angle.astype(jnp.int32).astype(jnp.float64) * 2.0**-31
        x += rest.astype(jnp.float64) * 2.0**-63
        rest = rest.astype(jnp.uint64)
        signs = rest << 63, (rest >> 1) << 63
    # The angle is pi / 4 (1 + x) in the first quadrant, and two bits tell the quadrant. There
    # sqrt(2) cos and sqrt(2) sin are c - s and c + s, and the root of 2 is in the radius.
    square, radius = x * x, jnp.sqrt(minus_log)
    c, s = _polynomial(_COS[dtype], square), x * _polynomial(_SIN[dtype], square)
    return _signed(radius * (c - s), signs[0]), _signed(radius * (c + s), signs[1])


def _polynomial(coefficients: Sequence[float], x: jax.Array) -> jax.Array:
    total: Any = jnp.asarray(coefficients[-1], x.dtype)
    for coefficient in coefficients[-2::-1]:
        total = total * x + jnp.asarray(coefficient, x.dtype)
    return total


def _signed(x: jax.Array, sign: jax.Array) -> jax.Array:
    """Flip the sign where the highest bit of `sign` is set."""
    bits = jax.lax.bitcast_convert_type(x, sign.dtype)
    return jax.lax.bitcast_convert_type(bits ^ sign, x.dtype)


def _minus_log32(x: jax.Array) -> jax.Array:
    """Give the negative logarithm of ``x / 2^32``; `x` is positive."""
    low = np.float32(_ROOT_HALF).view(np.uint32)
    one = np.float32(1.0).view(np.uint32)
    # Bits of x, moved so that the exponent rounds at the root of a half.
    bits = jax.lax.bitcast_convert_type(x, jnp.uint32) + (one - low)
    exponent = (bits >> 23).astype(jnp.int32).astype(jnp.float32)
    mantissa = jax.lax.bitcast_convert_type((bits & np.uint32(0x7FFFFF)) + low, jnp.float32)
    f = mantissa - 1
    log2 = np.float32(np.log(2.0))
    return (np.float32(127 + 32) - exponent) * log2 - f * _polynomial(_LOG32, f)


def _minus_log64(x: jax.Array) -> jax.Array:
    """Give the negative logarithm of ``x / 2^32``; `x` is positive."""
    low = np.float64(_ROOT_HALF).view(np.uint64)
    one = np.float64(1.0).view(np.uint64)
    bits = jax.lax.bitcast_convert_type(x, jnp.uint64) + (one - low)
    # The exponent as the last bits of 2^52, which needs no conversion of integers.
    shifted = (bits >> 52) | np.float64(2.0**52).view(np.uint64)
    exponent = jax.lax.bitcast_convert_type(shifted, jnp.float64) - 2.0**52
    mask = np.uint64(0xFFFFFFFFFFFFF)
    f = jax.lax.bitcast_convert_type((bits & mask) + low, jnp.float64) - 1
    s = f / (2 + f)
    return (1023 + 32 - exponent) * np.log(2.0) - s * _polynomial(_ATANH, s * s)
