"""Models as problem objects of SciML, and networks as Lux layers, for callers of Julia."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from pysciml.engines.julia.networks import describe
from pysciml.errors import CapabilityError, EngineError, InputError, suggest
from pysciml.model import Model

__all__ = ["native_network", "native_problem"]


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
    _check_bridge()
    if timed := [event.name for event in model.events if event.when is None]:
        raise CapabilityError(
            f"The event {timed[0]!r} of model {model.name!r} happens at known times, which a "
            "problem object does not hold; solve the model with ps.solve, or leave the event out "
            "and add a PresetTimeCallback in Julia."
        )
    span = np.asarray(t, float)
    if span.shape != (2,) or not np.all(np.isfinite(span)) or span[0] == span[1]:
        raise InputError(f"t must be the initial and the final time, two numbers; got {t!r}.")
    given = {**model.params, **model.inputs}
    u0 = _flat(model, "state", model.state, state)
    p = _flat(model, "params", given, {**(params or {}), **(inputs or {})})
    names = [tuple(_elements(variables)) for variables in (model.state, given)]

    from pysciml.engines.julia.convert import system
    from pysciml.engines.julia.process.start import julia

    made = system(model, "float64")
    problem = julia().call("native_problem", made, u0, tuple(span.tolist()), p, *names)
    return problem.value


def native_network(model: Model, name: str, params: Mapping[str, Any] | None) -> tuple[Any, Any]:
    """Make Lux layers in the Julia that juliacall runs; see :meth:`Model.to_lux`.

    Parameters
    ----------
    model : Model
        The model.
    name : str
        Of the network.
    params : mapping or None
        Values in place of the model's own.

    Returns
    -------
    tuple of juliacall.AnyValue
        The chain and its parameters.

    Raises
    ------
    EngineError
        If Julia does not run in this thread, or has no Lux.
    ModelError
        If the model has no such network.
    CapabilityError
        If the network is not a multilayer perceptron.
    InputError
        If a value cannot be used.
    """
    found = describe(model, name)
    weights = _flat(model, "params", model.params, params)[found.place]
    _check_bridge()
    from pysciml.engines.julia.process.start import julia

    chain, parameters = julia().call("lux_layers", weights, **found.keywords())
    return chain, parameters


def _check_bridge() -> None:
    """Refuse a Julia that does not run, or not for callers of juliacall."""
    juliacall = sys.modules.get("juliacall")
    if juliacall is None or not juliacall.CONFIG.get("inited"):
        raise EngineError(
            "Julia does not run in this process. A problem object lives in the Julia of diffeqpy: "
            "start it with `from diffeqpy import de` (or `import juliacall`) before "
            "to_diffeqpy(). Its first import downloads Julia packages."
        )
    ours = sys.modules.get("pysciml.engines.julia.process.start")
    running = None if ours is None else ours.started()
    if running is not None and not running.shared:
        raise EngineError(
            "pysciml has started Julia in a thread of its own, where diffeqpy cannot call it. "
            "In a new process import diffeqpy before the first use of the julia engine, which "
            "then shares its Julia."
        )


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
