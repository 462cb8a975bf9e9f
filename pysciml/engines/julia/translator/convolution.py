"""Convolutions, as those of `jax.numpy.convolve`: each element is a sum over a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from jax import ShapeDtypeStruct

from pysciml.engines.julia.translator.arrays import Array, Position
from pysciml.engines.julia.translator.elementwise import convert
from pysciml.engines.julia.translator.ir import Atom, Const, const
from pysciml.engines.julia.translator.reductions import MULADD, reduce
from pysciml.engines.julia.translator.windows import padded
from pysciml.errors import CapabilityError

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["CONVOLUTION"]

Outputs = list[Array]


def _convolve(emitter: Emitter, equation: Any, signal: Array, kernel: Array) -> Outputs:
    params, out = equation.params, equation.outvars[0].aval
    if params["feature_group_count"] != 1 or params["batch_group_count"] != 1:
        raise CapabilityError(
            "The julia engine has convolutions without groups of features or batches only. "
            "Use engine='jax' for this model."
        )
    numbers, dtype = params["dimension_numbers"], str(out.dtype)
    batch, channel, *places = numbers.lhs_spec
    out_channel, in_channel, *offsets = numbers.rhs_spec
    out_batch, out_feature, *results = numbers.out_spec
    config = [(0, 0, 0)] * len(signal.shape)
    dilations = zip(params["padding"], params["lhs_dilation"], strict=True)
    for axis, ((low, high), dilation) in zip(places, dilations, strict=True):
        config[axis] = (int(low), int(high), int(dilation) - 1)
    around = _around(emitter, signal, config)
    kernel = emitter.settle(kernel)
    steps = [*zip(params["window_strides"], params["rhs_dilation"], strict=True)]

    def term(index: Position, inner: Position) -> tuple[Atom, ...]:
        at: list[Any] = [0] * len(signal.shape)
        by: list[Any] = [0] * len(kernel.shape)
        at[batch], at[channel] = index[out_batch], inner[0]
        by[out_channel], by[in_channel] = index[out_feature], inner[0]
        for place, offset, result, k, (step, dilation) in zip(
            places, offsets, results, inner[1:], steps, strict=True
        ):
            at[place] = index[result] * int(step) + k * int(dilation)
            by[offset] = k
        x, y = around.at(emitter, at), kernel.at(emitter, by)
        if emitter.scalar and isinstance(x, Const) and x.value == 0:
            return ()  # outside of the signal
        return convert(emitter, x, dtype), convert(emitter, y, dtype)

    counts = [kernel.shape[axis] for axis in (in_channel, *offsets)]
    return [reduce(emitter, out, counts, MULADD, const(0, dtype), term)]


def _around(emitter: Emitter, signal: Array, config: list[tuple[int, int, int]]) -> Array:
    """Put zeros around a signal."""
    if not any(map(any, config)):
        return emitter.settle(signal)
    shape = [
        low + high + n + max(n - 1, 0) * between
        for n, (low, high, between) in zip(signal.shape, config, strict=True)
    ]
    out = ShapeDtypeStruct(shape, np.dtype(signal.dtype))
    return emitter.settle(padded(emitter, out, signal, const(0, signal.dtype), config))


CONVOLUTION: dict[str, Callable[..., Outputs]] = {"conv_general_dilated": _convolve}
