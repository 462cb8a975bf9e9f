"""Elementwise primitives: what each does to scalars, as XLA defines it.

Where Julia would throw (the logarithm of -1, the sine of infinity, division of whole numbers by
zero) or round another way, the function comes from `julia/src/semantics`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pysciml.engines.julia.translator.ir import JULIA_TYPES, Atom, Op, const

if TYPE_CHECKING:
    from pysciml.engines.julia.translator.emitter import Emitter

__all__ = ["ELEMENTWISE", "SPECIAL", "Rule", "combine"]

Rule = Callable[..., Atom]

SUM, PRODUCT, COMPARISON, CALL = 6, 7, 3, 9
DEAR = 10.0  # what a transcendental function costs, in additions

ADD, SUBTRACT = Op("{} + {}", SUM), Op("{} - {}", SUM)
MULTIPLY = Op("{} * {}", PRODUCT)
SELECT = Op("ifelse({}, {}, {})")
AND, OR = Op("{} & {}", PRODUCT), Op("{} | {}", SUM)
MAX, MIN = Op("max({}, {})"), Op("min({}, {})")

_ANY = {
    "add": ADD,
    "add_any": ADD,
    "sub": SUBTRACT,
    "mul": MULTIPLY,
    "neg": Op("-{}", SUM),
    "max": MAX,
    "min": MIN,
    "abs": Op("abs({})"),
    "sign": Op("sign({})"),
    "square": Op("abs2({})"),
    "and": AND,
    "or": OR,
    "xor": Op("xor({}, {})"),
    "eq": Op("{} == {}", COMPARISON),
    "ne": Op("{} != {}", COMPARISON),
    "lt": Op("{} < {}", COMPARISON),
    "le": Op("{} <= {}", COMPARISON),
    "gt": Op("{} > {}", COMPARISON),
    "ge": Op("{} >= {}", COMPARISON),
    "floor": Op("floor({})"),
    "ceil": Op("ceil({})"),
    "is_finite": Op("isfinite({})"),
    "shift_left": Op("{} << {}", 1),
    "shift_right_arithmetic": Op("xla_shift_arithmetic({}, {})"),
    "shift_right_logical": Op("{} >>> {}", 1),
}
_DEAR = {
    "exp": "exp({})",
    "exp2": "exp2({})",
    "expm1": "expm1({})",
    "log": "ieee_log({})",
    "log1p": "ieee_log1p({})",
    "sqrt": "ieee_sqrt({})",
    "rsqrt": "inv(ieee_sqrt({}))",
    "cbrt": "cbrt({})",
    "logistic": "xla_logistic({})",
    "sin": "ieee_sin({})",
    "cos": "ieee_cos({})",
    "tan": "ieee_tan({})",
    "asin": "ieee_asin({})",
    "acos": "ieee_acos({})",
    "atan": "atan({})",
    "atan2": "atan({}, {})",
    "sinh": "sinh({})",
    "cosh": "cosh({})",
    "tanh": "xla_tanh({})",
    "asinh": "asinh({})",
    "acosh": "ieee_acosh({})",
    "atanh": "ieee_atanh({})",
    "pow": "ieee_pow({}, {})",
}
# From SpecialFunctions.jl, which is loaded only where a model needs it.
SPECIAL = {
    "erf": "SpecialFunctions.erf({})",
    "erfc": "SpecialFunctions.erfc({})",
    "erf_inv": "ieee_erfinv({})",
    "lgamma": "ieee_loggamma({})",
    "digamma": "ieee_digamma({})",
    "polygamma": "xla_polygamma({}, {})",
    "zeta": "xla_zeta({}, {})",
    "igamma": "xla_igamma({}, {})",
    "igammac": "xla_igammac({}, {})",
    "regularized_incomplete_beta": "xla_betainc({}, {}, {})",
    "bessel_i0e": "xla_bessel_i0e({})",
    "bessel_i1e": "xla_bessel_i1e({})",
}


def _simple(op: Op) -> Rule:
    def rule(emitter: Emitter, equation: Any, *args: Atom) -> Atom:
        return emitter.op(op, *args, dtype=str(equation.outvars[0].aval.dtype))

    return rule


def combine(emitter: Emitter, op: Op, a: Atom, b: Atom) -> Atom:
    """Apply an operation that gives what it takes.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    op : Op
        Of two arguments.
    a, b : Atom
        The arguments.

    Returns
    -------
    Atom
        The result.
    """
    return emitter.op(op, a, b, dtype=a.dtype)


def _divide(emitter: Emitter, equation: Any, a: Atom, b: Atom) -> Atom:
    op = Op("{} / {}", PRODUCT) if "float" in a.dtype else Op("xla_div({}, {})")
    return combine(emitter, op, a, b)


def _remainder(emitter: Emitter, equation: Any, a: Atom, b: Atom) -> Atom:
    return combine(
        emitter, Op("ieee_rem({}, {})" if "float" in a.dtype else "xla_rem({}, {})"), a, b
    )


def _not(emitter: Emitter, equation: Any, a: Atom) -> Atom:
    return emitter.op(Op("!{}" if a.dtype == "bool" else "~{}", 8), a, dtype=a.dtype)


def _round(emitter: Emitter, equation: Any, a: Atom) -> Atom:
    away = int(equation.params["rounding_method"]) == 0
    return emitter.op(
        Op("round({}, RoundNearestTiesAway)" if away else "round({})"), a, dtype=a.dtype
    )


def _clamp(emitter: Emitter, equation: Any, low: Atom, x: Atom, high: Atom) -> Atom:
    return combine(emitter, MIN, combine(emitter, MAX, x, low), high)


def _select(emitter: Emitter, equation: Any, which: Atom, *cases: Atom) -> Atom:
    if which.dtype == "bool":
        return emitter.op(SELECT, which, cases[1], cases[0], dtype=cases[0].dtype)
    chosen = cases[-1]
    for i in range(len(cases) - 2, -1, -1):
        here = emitter.op(Op("{} <= {}", COMPARISON), which, const(i, which.dtype), dtype="bool")
        chosen = emitter.op(SELECT, here, cases[i], chosen, dtype=chosen.dtype)
    return chosen


def _integer_power(emitter: Emitter, equation: Any, x: Atom) -> Atom:
    power = int(equation.params["y"])
    result, square, left = None, x, abs(power)
    while left:
        if left & 1:
            result = square if result is None else combine(emitter, MULTIPLY, result, square)
        left >>= 1
        if left:
            square = combine(emitter, MULTIPLY, square, square)
    if result is None:
        return const(1, x.dtype)
    return result if power > 0 else emitter.op(Op("inv({})"), result, dtype=x.dtype)


def _convert(emitter: Emitter, equation: Any, x: Atom) -> Atom:
    return convert(emitter, x, str(equation.params["new_dtype"]))


def convert(emitter: Emitter, x: Atom, dtype: str) -> Atom:
    """Convert a scalar to a dtype, as XLA does: whole numbers wrap, floats saturate.

    Parameters
    ----------
    emitter : Emitter
        Where the code goes.
    x : Atom
        The scalar.
    dtype : str
        The new dtype.

    Returns
    -------
    Atom
        The converted scalar.
    """
    if x.dtype == dtype:
        return x
    kind = JULIA_TYPES[dtype]
    if dtype == "bool":
        text = "!iszero({})"
    elif "float" in dtype:
        text = f"xla_float({kind}, {{}})"
    else:
        text = f"xla_int({kind}, {{}})" if "float" in x.dtype else f"rem({{}}, {kind})"
    if not hasattr(x, "value"):
        return emitter.op(Op(text), x, dtype=dtype)
    import numpy as np

    value = x.value  # type: ignore[union-attr]
    if "float" in x.dtype and "int" in dtype and not abs(value) < 2**31:
        return emitter.op(Op(text), x, dtype=dtype)
    return const(np.asarray(value, x.dtype).astype(dtype)[()], dtype)


def _bits(emitter: Emitter, equation: Any, x: Atom) -> Atom:
    dtype = str(equation.params["new_dtype"])
    return emitter.op(Op(f"reinterpret({JULIA_TYPES[dtype]}, {{}})"), x, dtype=dtype)


def _count_bits(text: str) -> Rule:
    def rule(emitter: Emitter, equation: Any, x: Atom) -> Atom:
        return emitter.op(Op(f"rem({text}, {JULIA_TYPES[x.dtype]})"), x, dtype=x.dtype)

    return rule


def _reduce_precision(emitter: Emitter, equation: Any, x: Atom) -> Atom:
    bits = [int(equation.params[f"{part}_bits"]) for part in ("exponent", "mantissa")]
    return emitter.op(Op(f"xla_reduce_precision({{}}, {bits[0]}, {bits[1]})"), x, dtype=x.dtype)


def _total_order(text: str) -> Rule:
    return _simple(Op(text, 9))


def _real_power(emitter: Emitter, equation: Any, x: Atom, y: Atom) -> Atom:
    return emitter.op(Op(_DEAR["pow"]), x, y, dtype=x.dtype)


ELEMENTWISE: dict[str, tuple[Rule, float]] = {
    **{name: (_simple(op), 1.0) for name, op in _ANY.items()},
    **{name: (_simple(Op(text)), DEAR) for name, text in (_DEAR | SPECIAL).items()},
    "div": (_divide, 3.0),
    "rem": (_remainder, 5.0),
    "not": (_not, 1.0),
    "round": (_round, 1.0),
    "clamp": (_clamp, 2.0),
    "select_n": (_select, 1.0),
    "integer_pow": (_integer_power, 2.0),
    "convert_element_type": (_convert, 1.0),
    "pow": (_real_power, DEAR),
    "bitcast_convert_type": (_bits, 1.0),  # between dtypes of one size
    "population_count": (_count_bits("count_ones({})"), 1.0),
    "clz": (_count_bits("leading_zeros({})"), 1.0),
    "reduce_precision": (_reduce_precision, 5.0),
    "lt_to": (_total_order("isless({}, {})"), 2.0),
    "le_to": (_total_order("!isless({1}, {0})"), 2.0),
    "eq_to": (_total_order("isequal({}, {})"), 2.0),
}
