"""A jaxpr, equation by equation, into the small language of `ir`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from pysciml.engines.julia.translator.arrays import Array, Constant, nothing
from pysciml.engines.julia.translator.control import CONTROL
from pysciml.engines.julia.translator.convolution import CONVOLUTION
from pysciml.engines.julia.translator.elementwise import ELEMENTWISE, SPECIAL
from pysciml.engines.julia.translator.emitter import Emitter
from pysciml.engines.julia.translator.gathering import GATHERING
from pysciml.engines.julia.translator.ir import JULIA_TYPES, Atom
from pysciml.engines.julia.translator.joining import JOINING
from pysciml.engines.julia.translator.known import CALLS, HUGE, evaluate, is_known
from pysciml.engines.julia.translator.movement import MOVEMENT
from pysciml.engines.julia.translator.reductions import REDUCTIONS
from pysciml.engines.julia.translator.sequences import SEQUENCES
from pysciml.engines.julia.translator.windows import WINDOWS
from pysciml.errors import CapabilityError

__all__ = ["operations", "run", "uses_special"]

STRUCTURAL = MOVEMENT | JOINING | WINDOWS | GATHERING | REDUCTIONS | SEQUENCES | CONVOLUTION
OURS = Path(__file__).parents[3]
FOREIGN = (str(Path(jax.__file__).parent), str(OURS / "engines"), str(OURS / "tracing.py"))
CHEAP = 3.0  # what costs less is computed again rather than stored


def run(emitter: Emitter, jaxpr: Any, operands: Sequence[Array]) -> list[Array]:
    """Translate a jaxpr.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    jaxpr : Jaxpr or ClosedJaxpr
        The trace.
    operands : sequence of Array
        Its arguments.

    Returns
    -------
    list of Array
        Its results.

    Raises
    ------
    CapabilityError
        If it has a primitive or a dtype that cannot be translated.
    """
    constants = getattr(jaxpr, "consts", ())
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)
    known: dict[int, Array] = {}
    for variable, value in zip(jaxpr.constvars, constants, strict=True):
        known[id(variable)] = Constant(np.asarray(value))
    for variable, operand in zip(jaxpr.invars, operands, strict=True):
        known[id(variable)] = operand

    def read(atom: Any) -> Array:
        if hasattr(atom, "val"):  # a literal
            return Constant(np.asarray(atom.val, dtype=atom.aval.dtype))
        return known[id(atom)]

    equations, uses = _live(jaxpr)
    for equation in equations:
        results = _once(emitter, equation, [read(atom) for atom in equation.invars])
        for variable, result in zip(equation.outvars, results, strict=True):
            if uses[id(variable)] > 1 and result.cost > CHEAP:
                result = emitter.settle(result)
            known[id(variable)] = result
    return [read(atom) for atom in jaxpr.outvars]


def _live(jaxpr: Any) -> tuple[list[Any], Counter[int]]:
    """Give the equations that the results depend on, and how often each value is used."""
    uses = Counter(id(atom) for atom in jaxpr.outvars)
    kept = []
    for equation in reversed(jaxpr.eqns):
        if any(uses[id(variable)] for variable in equation.outvars):
            kept.append(equation)
            uses.update(id(atom) for atom in equation.invars)
    return kept[::-1], uses


def _once(emitter: Emitter, equation: Any, operands: list[Array]) -> list[Array]:
    """Translate an equation, or give the results of an equal one."""
    if equation.primitive.name in CONTROL:
        return _equation(emitter, equation, operands)
    key = (
        equation.primitive.name,
        str(sorted(equation.params.items())),
        str([v.aval for v in equation.outvars]),
        tuple(
            (o.values.tobytes(), o.values.strides, o.dtype, o.shape)
            if isinstance(o, Constant) and isinstance(o.values, np.ndarray)
            else id(o)
            for o in operands
        ),
    )
    block = emitter.block
    while block is not None:
        if key in block.arrays:
            return block.arrays[key][0]
        block = block.parent
    results = _equation(emitter, equation, operands)
    emitter.block.arrays[key] = results, operands  # kept, so that no other takes their id
    return results


def _equation(emitter: Emitter, equation: Any, operands: list[Array]) -> list[Array]:
    """Translate an equation; what is known, and what only JAX can compute, is computed now."""
    if not any(math.prod(variable.aval.shape) for variable in equation.outvars):
        return [nothing(variable.aval) for variable in equation.outvars]
    if equation.primitive.name not in CALLS and is_known(equation, operands):
        return evaluate(equation, operands)
    outer = emitter.location
    try:
        return _translated(emitter, equation, operands)
    except CapabilityError:
        if not is_known(equation, operands, HUGE):
            raise
        return evaluate(equation, operands)
    finally:
        emitter.location = outer


def _translated(emitter: Emitter, equation: Any, operands: list[Array]) -> list[Array]:
    name = equation.primitive.name
    for variable in equation.outvars:
        dtype = str(getattr(variable.aval, "dtype", "none"))
        if dtype not in JULIA_TYPES:
            raise CapabilityError(
                f"The julia engine has no numbers of dtype {dtype}, which {name!r} gives"
                f"{_place(emitter, equation)}. Use engine='jax' for this model."
            )
    if name in CONTROL:
        if name in CALLS:  # JAX keeps the traces of its own functions, with lines of earlier calls
            emitter.location = emitter.location or _where(equation)
        return CONTROL[name](emitter, equation, run, *operands)
    if name in ELEMENTWISE:
        return [_elementwise(emitter, equation, operands)]
    if name in STRUCTURAL:
        return STRUCTURAL[name](emitter, equation, *operands)
    raise CapabilityError(
        f"The julia engine cannot translate the JAX primitive {name!r}"
        f"{_place(emitter, equation)}. Write it with "
        "other functions of jax.numpy, or use engine='jax' for this model."
    )


def _elementwise(emitter: Emitter, equation: Any, operands: list[Array]) -> Array:
    rule, own = ELEMENTWISE[equation.primitive.name]

    def element(index: Any) -> Atom:
        atoms = [o.at(emitter, _stretched(o.shape, index)) for o in operands]
        return rule(emitter, equation, *atoms)

    cost = own + sum(operand.cost for operand in operands)
    return emitter.lazy(equation.outvars[0].aval, cost, element)


def _stretched(shape: tuple[int, ...], index: Any) -> Any:
    """Give the place in an operand: JAX stretches axes of length 1, and scalars, without saying."""
    return (
        tuple(0 if size == 1 else i for size, i in zip(shape, index, strict=True)) if shape else ()
    )


def _place(emitter: Emitter, equation: Any) -> str:
    return emitter.location or _where(equation) or emitter.home


def _where(equation: Any) -> str:
    """Say where in the user's code an equation comes from; JAX forgets it in some derivatives."""
    traceback = equation.source_info.traceback
    for frame in traceback.frames if traceback is not None else ():
        if not frame.file_name.startswith(FOREIGN):
            function = frame.function_name.rsplit(".", 1)[-1]
            return f" ({Path(frame.file_name).name}, line {frame.line_num}, in {function})"
    return ""


def operations(jaxpr: Any) -> float:
    """Count the scalar operations of a jaxpr, about.

    Parameters
    ----------
    jaxpr : Jaxpr or ClosedJaxpr
        The trace.

    Returns
    -------
    float
        Their count; loops of unknown length count once.
    """
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)
    total = 0.0
    for equation in _live(jaxpr)[0]:
        size = sum(math.prod(v.aval.shape) for v in equation.outvars)
        name, params = equation.primitive.name, equation.params
        inner = [
            params[k] for k in ("jaxpr", "call_jaxpr", "body_jaxpr", "cond_jaxpr") if k in params
        ]
        if inner or "branches" in params:
            parts = sum(map(operations, [*inner, *params.get("branches", ())]))
            total += parts * (params["length"] if name == "scan" else 1)
        elif name == "dot_general":
            (axes, _), _ = params["dimension_numbers"]
            total += size * math.prod(equation.invars[0].aval.shape[a] for a in axes)
        elif name == "conv_general_dilated":
            kernel, spec = equation.invars[1].aval.shape, params["dimension_numbers"].rhs_spec
            total += size * math.prod(kernel) // kernel[spec[0]]
        elif name.startswith(("reduce", "arg", "cum")):
            total += math.prod(equation.invars[0].aval.shape)
        elif name == "sort":
            total += size * max(equation.invars[0].aval.shape)
        elif name.startswith("scatter"):
            total += size * 2
        elif name in ELEMENTWISE:
            total += size
    return total


def uses_special(jaxpr: Any) -> bool:
    """Whether a jaxpr needs special functions.

    Parameters
    ----------
    jaxpr : Jaxpr or ClosedJaxpr
        The trace.

    Returns
    -------
    bool
        True if SpecialFunctions.jl is to be loaded.
    """
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)
    for equation in jaxpr.eqns:
        if equation.primitive.name in SPECIAL:
            return True
        inner = [v for v in equation.params.values() if hasattr(v, "eqns") or hasattr(v, "jaxpr")]
        if any(map(uses_special, [*inner, *equation.params.get("branches", ())])):
            return True
    return False
