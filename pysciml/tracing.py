"""Calling a model's functions: attribute access to named values, and the checks of what returns."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pysciml.errors import ModelError, suggest
from pysciml.networks import bind

if TYPE_CHECKING:
    from pysciml.model import Model
    from pysciml.networks import Network

__all__ = ["Names", "call", "check_condition", "check_rates", "dependencies"]


class Names:
    """Named values with attribute access, as model functions receive them.

    Parameters
    ----------
    values : mapping
        The values by name.
    group : str
        What they are: ``"state"``, ``"params"`` or ``"inputs"``; used in errors.
    networks : mapping of str to Network, optional
        Networks whose weights are among the values.
    """

    __slots__ = ("_group", "_networks", "_values")

    def __init__(
        self,
        values: Mapping[str, Any],
        group: str,
        networks: Mapping[str, Network] | None = None,
    ) -> None:
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "_networks", networks or {})
        object.__setattr__(self, "_group", group)

    def __getattr__(self, name: str) -> Any:
        if name in self._networks:
            return bind(self._networks[name], name, self._values)
        try:
            return self._values[name]
        except KeyError:
            if name.startswith("__"):  # a protocol that numpy or JAX asks for
                raise AttributeError(name) from None
            raise ModelError(
                f"The model has no {name!r} in {self._group}.{suggest(name, self._values)}"
            ) from None

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise ModelError(
            f"A model function may not change its arguments (it assigned {name!r} in "
            f"{self._group}); return the rates instead."
        )

    def __iter__(self) -> Any:
        return iter(self._values)


def call(
    function: Callable[..., Mapping[str, Any]],
    t: Any,
    state: Mapping[str, Any],
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    networks: Mapping[str, Network] | None = None,
) -> Mapping[str, Any]:
    """Call a model function with named values; inputs only where it takes them.

    Parameters
    ----------
    function : callable
        ``(t, u, p)`` or ``(t, u, p, x)``.
    t : scalar
        Time.
    state, params, inputs : mapping
        The values by name.
    networks : mapping of str to Network, optional
        Networks of the model, whose weights are among `params`.

    Returns
    -------
    mapping
        What the function returns.
    """
    named = Names(params, "params", networks)
    arguments = [t, Names(state, "state"), named, Names(inputs, "inputs")]
    return function(*arguments[: _arity(function)])


def _arity(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 3
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 4
    positional = [
        p
        for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    if len(positional) not in (3, 4):
        raise ModelError(
            f"A model function takes (t, u, p) or (t, u, p, x); {function!r} takes "
            f"{len(positional)} arguments."
        )
    return len(positional)


def check_rates(model: Model, function: Callable[..., Any], what: str) -> None:
    """Trace `function` and refuse what is missing, unknown, wrongly shaped or not the same twice.

    Parameters
    ----------
    model : Model
        The model whose states, parameters and inputs the function receives.
    function : callable
        The drift, the diffusion, or what an event does.
    what : str
        ``"rate"``, ``"noise amplitude"`` or ``"new value"``; used in errors. An event may leave
        states out; a noise amplitude has an axis of the sources where the noise is general.

    Raises
    ------
    ModelError
        With the state and the shapes, or with the reason why the function cannot be traced.
    """
    import jax

    def rates(*arguments: Any) -> dict[str, Any]:
        returned = call(function, *arguments, networks=model.networks)
        if not isinstance(returned, Mapping):
            raise ModelError(
                f"Model {model.name!r}: the function must return a mapping of state names to "
                f"{what}s; got {type(returned).__name__}. Return {{"
                + ", ".join(f"{name!r}: ..." for name in model.state)
                + "}."
            )
        _check_names(model, returned, what)
        return {name: jax.numpy.asarray(value) for name, value in returned.items()}

    traced = _trace(model, rates)
    for name, variable in model.state.items():
        if name not in traced:
            continue
        shape, hint = variable.shape, f"Return one {what} per component."
        if what == "noise amplitude" and model.diffusion is not None:
            shape = model.diffusion.amplitude_shape(shape)
            if model.diffusion.kind == "general":
                hint = f"General noise has a last axis of its {model.diffusion.sources} sources."
        if traced[name].shape != shape:
            raise ModelError(
                f"Model {model.name!r}: the {what} of {name!r} has shape {traced[name].shape}; "
                f"its state has shape {variable.shape}. {hint}"
            )
        if jax.numpy.issubdtype(traced[name].dtype, jax.numpy.complexfloating):
            raise ModelError(
                f"Model {model.name!r}: the {what} of {name!r} is complex; states are real. Give "
                "the real and the imaginary part a state each."
            )


def check_condition(model: Model, event: str, function: Callable[..., Any]) -> None:
    """Trace the condition of an event once and refuse one that is not a real number.

    Parameters
    ----------
    model : Model
        The model whose states, parameters and inputs the function receives.
    event : str
        Name of the event.
    function : callable
        ``(t, u, p[, x]) -> number``.

    Raises
    ------
    ModelError
        If it returns an array or a truth value, or cannot be traced.
    """
    import jax

    traced = _trace(
        model,
        lambda *arguments: jax.numpy.asarray(call(function, *arguments, networks=model.networks)),
    )
    if traced.shape != () or not jax.numpy.issubdtype(traced.dtype, jax.numpy.floating):
        raise ModelError(
            f"Model {model.name!r}: the condition of event {event!r} must be one real number that "
            f"crosses zero; got shape {traced.shape} of {traced.dtype}. For 'v reaches 1' return "
            "u.v - 1, not u.v > 1."
        )


def _trace(model: Model, function: Callable[..., Any]) -> Any:
    """Give the shapes that `function` returns, or say why it cannot be traced or trusted."""
    import jax

    def shapes(group: Mapping[str, Any]) -> dict[str, Any]:
        return {k: jax.ShapeDtypeStruct(v.shape, "float64") for k, v in group.items()}

    not_concrete = (
        jax.errors.ConcretizationTypeError,
        jax.errors.TracerArrayConversionError,
        jax.errors.TracerIntegerConversionError,
    )
    try:
        with jax.enable_x64(True):  # as solve() does, so that float64 in a model is no surprise
            scalar = jax.ShapeDtypeStruct((), "float64")
            groups = (model.state, model.params, model.inputs)
            once, again = (_operations(function, scalar, *map(shapes, groups)) for _ in range(2))
    except ModelError:
        raise
    except not_concrete as error:
        raise ModelError(
            f"Model {model.name!r}: its function uses a value where Python needs a number "
            "(an `if`, a `while`, `float()` or numpy on a state or parameter). Use jax.numpy, "
            "for example jnp.where(condition, a, b)."
        ) from error
    except Exception as error:
        raise ModelError(
            f"Model {model.name!r}: its function failed when it was traced: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not once.like(again):
        raise ModelError(
            f"Model {model.name!r}: its function, called again with the same arguments, does "
            "something else, as one does that counts its calls or draws random numbers. Let "
            "everything that varies be a state, a parameter or an input, and give random numbers "
            "as noise, with @model.noise."
        )
    return once.shapes


class _Operations(NamedTuple):
    """What a function does to its arguments: text, arrays that it brings along, and shapes."""

    text: str
    arrays: list[Any]
    shapes: Any

    def like(self, other: _Operations) -> bool:
        return self.text == other.text and all(
            a is b or np.array_equal(a, b, equal_nan=True)
            for a, b in zip(self.arrays, other.arrays, strict=True)
        )


def _operations(function: Callable[..., Any], *arguments: Any) -> _Operations:
    import jax

    def fresh(*arguments: Any) -> Any:  # JAX remembers the trace of a function that it knows
        return function(*arguments)

    made, shapes = jax.make_jaxpr(fresh, return_shape=True)(*arguments)
    return _Operations(re.sub(r"0x[0-9a-f]+", "", str(made)), made.consts, shapes)


def _check_names(model: Model, returned: Mapping[str, Any], what: str) -> None:
    missing = [name for name in model.state if name not in returned]
    unknown = [name for name in returned if name not in model.state]
    if unknown:
        raise ModelError(
            f"Model {model.name!r} returned a {what} for {unknown[0]!r}, which is not a state."
            + suggest(str(unknown[0]), model.state)
        )
    if missing and what != "new value":
        raise ModelError(
            f"Model {model.name!r} returned no {what} for {missing[0]!r}; expected one for each "
            f"of: {', '.join(model.state)}."
        )


def dependencies(model: Model, function: Callable[..., Any]) -> dict[str, frozenset[str]]:
    """Find on which states that which `function` returns may depend.

    Parameters
    ----------
    model : Model
        The model whose states, parameters and inputs the function receives.
    function : callable
        Its drift or diffusion.

    Returns
    -------
    dict
        For every state the names of those from which a chain of operations leads to its rate.
    """
    import jax

    groups = (model.state, model.params, model.inputs)

    def rates(t: Any, *values: Any) -> list[Any]:
        remaining = iter(values)
        named = [{name: next(remaining) for name in group} for group in groups]
        returned = call(function, t, *named, networks=model.networks)
        return [jax.numpy.asarray(returned[name]) for name in model.state]

    with jax.enable_x64(True):
        shapes = [jax.ShapeDtypeStruct(v.shape, "float64") for g in groups for v in g.values()]
        jaxpr = jax.make_jaxpr(rates)(jax.ShapeDtypeStruct((), "float64"), *shapes).jaxpr
    reached: dict[int, frozenset[str]] = {
        id(variable): frozenset([name])
        for variable, name in zip(jaxpr.invars[1:], model.state, strict=False)
    }
    for equation in jaxpr.eqns:
        found = frozenset().union(*(reached.get(id(atom), ()) for atom in equation.invars))
        reached.update((id(variable), found) for variable in equation.outvars)
    outputs = (reached.get(id(atom), frozenset()) for atom in jaxpr.outvars)
    return dict(zip(model.state, outputs, strict=True))
