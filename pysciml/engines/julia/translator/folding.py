"""What is known when the code is written: operations on literals, and neutral elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pysciml.engines.julia.translator.ir import Atom, Const, Op, const

__all__ = ["fold"]

NEGATE = Op("-{}", 6)

LITERALS: dict[str, Callable[..., Any]] = {
    "{} + {}": np.add,
    "{} - {}": np.subtract,
    "{} * {}": np.multiply,
    "-{}": np.negative,
    "{} & {}": np.bitwise_and,
    "{} | {}": np.bitwise_or,
    "!{}": np.logical_not,
    "{} == {}": np.equal,
    "{} != {}": np.not_equal,
    "{} < {}": np.less,
    "{} <= {}": np.less_equal,
    "{} > {}": np.greater,
    "{} >= {}": np.greater_equal,
}


def fold(text: str, args: tuple[Any, ...], dtype: str, zeros: bool) -> Atom | tuple[Op, Any] | None:
    """Simplify an operation without changing its value.

    Parameters
    ----------
    text : str
        The operation.
    args : tuple
        Its arguments.
    dtype : str
        Dtype of its result.
    zeros : bool
        Whether zeros are structural: then 0 x is 0 even where x is not finite.

    Returns
    -------
    Atom, (Op, Atom) or None
        What it is equal to, or a simpler operation; None if there is nothing to simplify.
    """
    if text in LITERALS and all(isinstance(a, Const) for a in args):
        with np.errstate(all="ignore"):
            values = [np.dtype(a.dtype).type(a.value) for a in args]
            return const(LITERALS[text](*values), dtype)
    if len(args) == 3:
        return _fold_three(text, args, dtype, zeros)
    if len(args) != 2:
        return None
    a, b = args
    whole = "int" in dtype
    match text:
        case "{} + {}" if zeros or whole:
            return b if _is(a, 0) else a if _is(b, 0) else None
        case "{} - {}":  # x - 0.0 is x whatever its sign
            if zeros and _is(a, 0):
                return NEGATE, b
            return a if _is(b, 0) and not _negative_zero(b) else None
        case "{} * {}":
            if _is(a, 1) or _is(b, 1):
                return b if _is(a, 1) else a
            if _is(a, -1) or _is(b, -1):
                return NEGATE, b if _is(a, -1) else a
            if zeros and (_is(a, 0) or _is(b, 0)):
                return const(0, dtype)
        case "{} / {}":
            if _is(b, 1):
                return a
            if zeros and _is(a, 0):
                return const(0, dtype)
        case "{} & {}":
            for one, other in ((a, b), (b, a)):
                if isinstance(one, Const) and dtype == "bool":
                    return other if one.value else one
    return None


def _fold_three(text: str, args: tuple[Any, ...], dtype: str, zeros: bool) -> Atom | None:
    a, b, c = args
    if text == "ifelse({}, {}, {})":
        if isinstance(a, Const):
            return b if a.value else c
        return b if b == c else None
    if text == "muladd({}, {}, {})" and zeros and (_is(a, 0) or _is(b, 0)):
        return c
    return None


def _is(atom: Any, value: int) -> bool:
    return isinstance(atom, Const) and atom.value == value


def _negative_zero(atom: Any) -> bool:
    return isinstance(atom, Const) and atom.text.startswith("-0")
