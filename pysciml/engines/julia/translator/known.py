"""Equations of a trace that depend on no argument: computed while translating."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from pysciml.engines.julia.translator.arrays import Array, Constant

__all__ = ["CALLS", "HUGE", "called", "evaluate", "is_known"]

LARGE = 4096  # results above this size are computed by the generated code, where it can
HUGE = 1 << 20  # what it cannot compute is computed up to this size
APART = {"broadcast_in_dim", "empty", "empty2", "platform_index"}  # have rules that cost nothing

CALLS = (
    "jit",
    "pjit",
    "closed_call",
    "core_call",
    "remat",
    "remat2",
    "checkpoint",
    "custom_jvp_call",
    "custom_vjp_call",
    "custom_vjp_call_jaxpr",
)

# The frequent ones, which numpy does at once; JAX would compile a program for each.
DIRECT: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "neg": np.negative,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "not": np.invert,
    "max": np.maximum,
    "min": np.minimum,
}


def is_known(equation: Any, operands: Sequence[Array], most: int = LARGE) -> bool:
    """Whether an equation depends on literals only, and gives not too much.

    Parameters
    ----------
    equation : JaxprEqn
        The equation.
    operands : sequence of Array
        Its operands.
    most : int
        Largest size of its results.

    Returns
    -------
    bool
        True if `evaluate` should compute it.
    """
    if equation.effects or equation.primitive.name in APART:
        return False
    size = sum(math.prod(variable.aval.shape) for variable in equation.outvars)
    return size <= most and all(isinstance(operand, Constant) for operand in operands)


def evaluate(equation: Any, operands: Sequence[Array]) -> list[Array]:
    """Compute an equation.

    Parameters
    ----------
    equation : JaxprEqn
        The equation.
    operands : sequence of Constant
        Its operands.

    Returns
    -------
    list of Constant
        Its results.
    """
    values = [operand.values for operand in operands if isinstance(operand, Constant)]
    name, params, out = equation.primitive.name, equation.params, equation.outvars[0].aval
    if name in DIRECT:
        with np.errstate(all="ignore"):
            return [Constant(np.asarray(DIRECT[name](*values), out.dtype))]
    match name:
        case "iota":
            shape = [1] * len(out.shape)
            shape[params["dimension"]] = -1
            line = np.arange(out.shape[params["dimension"]], dtype=out.dtype).reshape(shape)
            return [Constant(np.broadcast_to(line, out.shape))]
        case "convert_element_type" if out.dtype.kind == "f" or values[0].dtype.kind in "bui":
            return [Constant(values[0].astype(out.dtype))]
        case "select_n" if values[0].dtype == bool:
            return [Constant(np.where(values[0], values[2], values[1]))]
        case "squeeze" | "reshape":
            return [Constant(values[0].reshape(out.shape))]
        case "concatenate":
            return [Constant(np.concatenate(values, axis=params["dimension"]))]
        case "slice":
            strides = params["strides"] or (1,) * values[0].ndim
            bounds = zip(params["start_indices"], params["limit_indices"], strides, strict=True)
            return [Constant(values[0][tuple(slice(*map(int, b)) for b in bounds)])]
        case _:
            return [Constant(value) for value in _by_jax(equation, values)]


def _by_jax(equation: Any, values: Sequence[Any]) -> Sequence[Any]:
    given = [jax.numpy.asarray(value) for value in values]
    if equation.primitive.name in CALLS:
        inner = called(equation.params)
        closed = inner if isinstance(inner, ClosedJaxpr) else ClosedJaxpr(inner, ())
        return jaxpr_as_fun(closed)(*given)
    found = equation.primitive.bind(*given, **equation.params)
    return found if equation.primitive.multiple_results else [found]


def called(params: Any) -> Any:
    """Give the trace that an equation calls.

    Parameters
    ----------
    params : mapping
        Of the equation, one of `CALLS`.

    Returns
    -------
    Jaxpr or ClosedJaxpr
        The trace.
    """
    return next(params[k] for k in ("jaxpr", "call_jaxpr", "fun_jaxpr") if k in params)
