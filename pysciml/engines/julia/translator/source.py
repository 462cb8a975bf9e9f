"""A model as the text of a Julia module."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pysciml.engines.julia.process.package import package
from pysciml.engines.julia.translator.printing import text_of
from pysciml.engines.julia.translator.program import Function, emit
from pysciml.engines.julia.translator.refusing import refusing
from pysciml.engines.julia.translator.sparsity import Pattern
from pysciml.engines.julia.translator.trace import Layout, functions
from pysciml.engines.julia.translator.translate import operations, uses_special
from pysciml.model import Model

__all__ = ["Source", "Style", "Translation", "semantics", "source", "written"]

Style = Literal["auto", "scalar", "loops"]
SMALL = 600  # scalar operations up to which a function is unrolled into scalar variables
FEW = 128  # results up to which it is


@dataclass(frozen=True)
class Translation:
    """Functions in Julia.

    Parameters
    ----------
    text : str
        The functions; they need those of :func:`semantics`.
    functions : mapping of str to str
        For every function its style, ``"scalar"`` or ``"loops"``. One in scalar style has two
        methods, in place (``drift!``) and out of place (``drift``); one in loops is in place, and
        takes a cache last where ``caches`` names one. Results may not share memory with arguments.
    caches : frozenset of str
        Functions that need a cache, made by ``DriftCache(Float64)`` for ``drift!``.
    special : bool
        Whether they need SpecialFunctions.jl.
    """

    text: str
    functions: dict[str, str]
    caches: frozenset[str]
    special: bool

    @property
    def forward_only(self) -> tuple[str, ...]:
        """Functions with tangents (``_jvp``) but no cotangents (``_vjp``), as JAX has none."""
        names = [name.removesuffix("_jvp") for name in self.functions if name.endswith("_jvp")]
        differentiable = (name for name in names if not name.startswith("condition_"))
        return tuple(name for name in differentiable if f"{name}_vjp" not in self.functions)


@dataclass(frozen=True)
class Source(Translation):
    """A model in Julia.

    Parameters
    ----------
    layout : Layout
        Where each quantity is in ``u`` and ``p``.
    sparsity : Pattern, optional
        Of the Jacobian of the drift, where ``drift_jac!`` gives only its elements that can differ
        from zero, column by column.

    Examples
    --------
    >>> made = source(ps.catalog.lorenz63())
    >>> made.functions["drift"], "du[1] = p[1] * (x1 - x2)" in made.text
    ('scalar', True)
    """

    layout: Layout
    sparsity: Pattern | None = None


def source(model: Model, dtype: str = "float64", style: Style = "auto") -> Source:
    """Translate a model, with its derivatives and events, to Julia.

    Parameters
    ----------
    model : Model
        The model.
    dtype : {"float64", "float32"}
        Of its numbers.
    style : {"auto", "scalar", "loops"}
        How arrays are written; by the count of operations if ``"auto"``.

    Returns
    -------
    Source
        The text, and what is in it.

    Raises
    ------
    CapabilityError
        If a function uses what cannot be traced or translated; with its line.
    """
    with refusing(f"the model {model.name!r}"):
        traced = list(functions(model, dtype))
        text = written(traced, style)
    sparsity = next((f.pattern for f in traced if f.pattern is not None), None)
    return Source(**vars(text), layout=Layout.of(model), sparsity=sparsity)


def written(traced: Iterable[Function], style: Style = "auto") -> Translation:
    """Translate traced functions.

    Parameters
    ----------
    traced : iterable of Function
        The functions.
    style : {"auto", "scalar", "loops"}
        How arrays are written.

    Returns
    -------
    Translation
        The text, and what is in it.
    """
    text: list[str] = []
    styles: dict[str, str] = {}
    caches, special = set(), False
    for function in traced:
        scalar = style == "scalar" or (style == "auto" and _is_small(function))
        special |= uses_special(function.jaxpr)
        lines = _both(function) if scalar else _loops(function)
        text += lines
        styles[function.name] = "scalar" if scalar else "loops"
        if any("cache::" in line for line in lines):
            caches.add(function.name)
    return Translation(text_of(text), styles, frozenset(caches), special)


def _is_small(function: Function) -> bool:
    written = sum(math.prod(slot.shape) for slot in function.outputs)
    return written <= FEW and operations(function.jaxpr) <= SMALL


def _both(function: Function) -> list[str]:
    value = function.outputs[0].offset is None
    in_place = [] if value else emit(function, scalar=True)
    return [*in_place, *emit(function, scalar=True, in_place=False)]


def _loops(function: Function) -> list[str]:
    if function.outputs[0].offset is None:
        outputs = tuple(dataclasses.replace(s, offset=0) for s in function.outputs)
        sizes = {**function.sizes, function.outputs[0].argument: 1}
        function = dataclasses.replace(function, outputs=outputs, sizes=sizes)
    return emit(function, scalar=False)


def semantics(special: bool = False) -> str:
    """Give the Julia functions that translated code is written in.

    Parameters
    ----------
    special : bool
        Whether those that need SpecialFunctions.jl are wanted too.

    Returns
    -------
    str
        Julia source.
    """
    names = ["elementary.jl", "tanh.jl", *(["special.jl"] if special else [])]
    home = package() / "src" / "semantics"
    return "\n".join((home / name).read_text("utf-8") for name in names)
