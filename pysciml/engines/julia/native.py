"""Models as problem objects of SciML, for those who call Julia themselves."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from pysciml.errors import CapabilityError, EngineError, InputError, suggest
from pysciml.model import Model

__all__ = ["native_problem"]


def native_problem(
    model: Model,
    t: tuple[float, float],
    state: Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    inputs: Mapping[str, Any] | None,
) -> Any:
    """Make the problem in the Julia that juliacall runs; see :meth:`Model.to_diffeqpy`.

    Parameters
    ----------
    model : Model
        The model.
    t : tuple of float
        Initial and final time.
    state, params, inputs : mapping or None
        Values in place of the model's own.

    Returns
    -------
    juliacall.AnyValue
        The problem.

    Raises
    ------
    EngineError
        If Julia does not run in this thread, or cannot load PySciML.jl.
    CapabilityError
        If the model has events at known times, or a function that cannot be translated.
    InputError
        If `t` or a value cannot be used.
    """
    from pysciml.engines.julia.source import source

    juliacall = _bridge()
    if timed := [event.name for event in model.events if event.when is None]:
        raise CapabilityError(
            f"The event {timed[0]!r} of model {model.name!r} happens at known times, which a "
            "problem object does not hold; solve the model with ps.solve, or leave the event out "
            "and add a PresetTimeCallback in Julia."
        )
    span = np.asarray(t, float)
    if span.shape != (2,) or not np.all(np.isfinite(span)) or span[0] == span[1]:
        raise InputError(f"t must be the initial and the final time, two numbers; got {t!r}.")
    made, noise = source(model), model.diffusion
    given = {**model.params, **model.inputs}
    u0 = _flat(model, "state", model.state, state)
    p = _flat(model, "params", given, {**(params or {}), **(inputs or {})})
    home = juliacall.Main.seval("Module(:pysciml_native)")
    try:
        package = home.seval(
            'Base.require(Base.PkgId(Base.UUID("5f0d3c1e-8a57-4b52-9d0e-2c7c4f3b6a91"), "PySciML"))'
        )
    except juliacall.JuliaError as error:
        raise EngineError(
            "The Julia that runs here cannot load PySciML.jl, which holds the translated model: "
            f"its project is {juliacall.Main.seval('Base.active_project()')}. Add the package "
            "there, or start Python anew after `pysciml julia install`, which adds it to the "
            "project that juliacall and diffeqpy share."
        ) from error
    sparsity, symbol = made.sparsity, juliacall.Main.Symbol
    system = package.System(
        made.text,
        name=model.name,
        states=model.size,
        params=p.size,
        styles=tuple(made.functions.items()),
        caches=tuple(sorted(made.caches)),
        noise=symbol("none" if noise is None else noise.kind),
        calculus=symbol("ito" if noise is None else noise.calculus),
        sources=0 if noise is None else noise.count(model.size),
        events=tuple((e.name, _SIGNS[e.direction], e.stop) for e in model.events),
        sparsity=None if sparsity is None else (sparsity.starts, sparsity.rows),
    )
    names = [tuple(_elements(variables)) for variables in (model.state, given)]
    return package.native_problem(system, u0, tuple(span.tolist()), p, *names)


_SIGNS = {"up": 1, "down": -1, "both": 0}


def _bridge() -> Any:
    """Give juliacall, where it runs in the thread of the caller."""
    juliacall = sys.modules.get("juliacall")
    if juliacall is None or not juliacall.CONFIG.get("inited"):
        raise EngineError(
            "Julia does not run in this process. A problem object lives in the Julia of diffeqpy: "
            "start it with `from diffeqpy import de` (or `import juliacall`) before "
            "to_diffeqpy(). Its first import downloads Julia packages."
        )
    ours = sys.modules.get("pysciml.engines.julia.start")
    running = None if ours is None else ours.started()
    if running is not None and not running.shared:
        raise EngineError(
            "pysciml has started Julia in a thread of its own, where diffeqpy cannot call it. "
            "In a new process import diffeqpy before the first use of the julia engine, which "
            "then shares its Julia."
        )
    return juliacall


def _flat(
    model: Model, group: str, variables: Mapping[str, Any], given: Mapping[str, Any] | None
) -> np.ndarray:
    """Lay values out one after the other, those given in place of the model's own."""
    values = dict(given or {})
    if unknown := [name for name in values if name not in variables]:
        raise InputError(
            f"Model {model.name!r} has no {unknown[0]!r} in {group}."
            f"{suggest(str(unknown[0]), variables)}"
        )
    pieces = [np.zeros(0)]
    for name, variable in variables.items():
        value = np.asarray(values.get(name, variable.array), float)
        if value.shape not in (variable.shape, ()):
            raise InputError(
                f"{name!r} of model {model.name!r} has shape {variable.shape}; got {value.shape}. "
                "A problem object is one trajectory: for sweeps make one of each."
            )
        pieces.append(np.broadcast_to(value, variable.shape).ravel())
    return np.concatenate(pieces)


def _elements(variables: Mapping[str, Any]) -> list[str]:
    """Name every element as Julia users would: ``x``, or ``x[1]``, ``x[2]``."""
    names = []
    for name, variable in variables.items():
        for index in np.ndindex(*variable.shape):
            place = ",".join(str(k + 1) for k in index)
            names.append(f"{name}[{place}]" if index else name)
    return names
