"""Model: a dynamical system written once, in plain Python, and run by either engine."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pysciml.errors import ModelError, suggest
from pysciml.tracing import check_rates, depends_on_state
from pysciml.variable import Variable

if TYPE_CHECKING:
    from pysciml.variable import Value

__all__ = ["Model", "Noise", "Variable", "model"]

RESERVED = frozenset(
    {"time", "trajectory", "sample", "step", "source", "status", "channel", "path", "horizon"}
)


@dataclass(frozen=True)
class Noise:
    """The noise of a stochastic model.

    Parameters
    ----------
    function : callable
        ``(t, u, p[, x]) -> {state: amplitude}``.
    kind : {"diagonal"}
        ``"diagonal"``: every state component has a Wiener process of its own.
    calculus : {"ito", "stratonovich"}
        How the stochastic integral is meant.
    """

    function: Callable[..., Mapping[str, Any]]
    kind: Literal["diagonal"] = "diagonal"
    calculus: Literal["ito", "stratonovich"] = "ito"


@dataclass(frozen=True, eq=False)
class Model:
    """A dynamical system with named states, parameters and inputs.

    Made by :func:`model`; never changed afterwards. Its functions are traced with JAX, so they
    must be pure and written with ``jax.numpy`` where they need mathematics.

    Parameters
    ----------
    name : str
        Name of the system.
    state, params, inputs : mapping of str to Variable
        The named quantities, in the order in which they were given.
    drift : callable
        ``(t, u, p[, x]) -> {state: rate}``.
    diffusion : Noise, optional
        The noise of a stochastic differential equation.
    description, source : str, optional
        What the system is and where it comes from.
    recipe : mapping, optional
        How the catalogue built it, so that a run directory can build it again.

    Raises
    ------
    ModelError
        If a name is used twice or reserved, a dim means two things, or a rate is missing, unknown
        or wrongly shaped.

    Examples
    --------
    >>> import pysciml as ps
    >>> system = ps.catalog.ornstein_uhlenbeck()
    >>> system.is_stochastic, system.has_additive_noise, system.size
    (True, True, 1)
    >>> system.without_noise().is_stochastic
    False
    """

    name: str
    state: Mapping[str, Variable]
    params: Mapping[str, Variable]
    inputs: Mapping[str, Variable]
    drift: Callable[..., Mapping[str, Any]]
    diffusion: Noise | None = None
    description: str = ""
    source: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_names(self)
        _check_dims(self)
        check_rates(self, self.drift, "rate")
        if self.diffusion is not None:
            check_rates(self, self.diffusion.function, "noise amplitude")

    @property
    def is_stochastic(self) -> bool:
        """Whether the model has noise."""
        return self.diffusion is not None

    @property
    def has_additive_noise(self) -> bool:
        """Whether the noise does not depend on the state, so that all calculi agree."""
        return self.diffusion is not None and not depends_on_state(self, self.diffusion.function)

    @property
    def size(self) -> int:
        """Count of state components, all states together."""
        return sum(variable.size for variable in self.state.values())

    def noise(
        self,
        function: Callable[..., Mapping[str, Any]] | None = None,
        *,
        kind: Literal["diagonal"] = "diagonal",
        calculus: Literal["ito", "stratonovich"] = "ito",
    ) -> Any:
        """Make a stochastic model of this one; a decorator, with or without arguments.

        Parameters
        ----------
        function : callable, optional
            ``(t, u, p[, x]) -> {state: amplitude}``; its name becomes the name of the new model.
        kind : {"diagonal"}
            ``"diagonal"``: one Wiener process per state component.
        calculus : {"ito", "stratonovich"}
            How the stochastic integral is meant.

        Returns
        -------
        Model or callable
            The new model; this one is unchanged.

        Raises
        ------
        ModelError
            If an amplitude is missing, unknown or wrongly shaped, or an option is unknown.

        Examples
        --------
        >>> import pysciml as ps
        >>> @ps.catalog.lotka_volterra().noise
        ... def noisy(t, u, p):
        ...     return {"x": 0.1 * u.x, "y": 0.1 * u.y}
        >>> noisy.name, noisy.is_stochastic
        ('noisy', True)
        """
        if kind != "diagonal":
            raise ModelError(f"noise kind {kind!r} is not supported; use kind='diagonal'.")
        if calculus not in ("ito", "stratonovich"):
            raise ModelError(
                f"calculus {calculus!r} is unknown.{suggest(calculus, ['ito', 'stratonovich'])}"
            )

        def decorate(function: Callable[..., Mapping[str, Any]]) -> Model:
            name = getattr(function, "__name__", self.name)
            noise = Noise(function, kind, calculus)
            return dataclasses.replace(
                self, name=self.name if name == "<lambda>" else name, diffusion=noise, recipe={}
            )

        return decorate if function is None else decorate(function)

    def without_noise(self) -> Model:
        """Return the same model as an ordinary differential equation.

        Returns
        -------
        Model
            This model with its diffusion removed; the model itself if it has none.
        """
        # Without the recipe, which would build the noise again.
        return dataclasses.replace(self, diffusion=None, recipe={}) if self.is_stochastic else self

    def __repr__(self) -> str:
        kind = "SDE" if self.is_stochastic else "ODE"
        names = {"state": self.state, "params": self.params, "inputs": self.inputs}
        parts = [f"{label}=({', '.join(group)})" for label, group in names.items() if group]
        return f"Model({self.name!r}, {kind}, {', '.join(parts)})"


def model(
    *,
    state: Mapping[str, Value | Variable],
    params: Mapping[str, Value | Variable] | None = None,
    inputs: Mapping[str, Value | Variable] | None = None,
    name: str | None = None,
    description: str | None = None,
    source: str = "",
    recipe: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Mapping[str, Any]]], Model]:
    """Make a :class:`Model` of a function that returns the rates of its states.

    Parameters
    ----------
    state : mapping
        Initial value of each state: a number, an array, a DataArray or a :class:`Variable`.
    params, inputs : mapping, optional
        Default value of each parameter and of each input, in the same forms.
    name, description, source : str, optional
        Name of the system (that of the function unless given), what it is, where it comes from.
    recipe : mapping, optional
        How the catalogue built it.

    Returns
    -------
    callable
        A decorator for ``(t, u, p) -> {state: rate}``, or ``(t, u, p, x)`` with inputs.

    Raises
    ------
    ModelError
        If a name is used twice, or a rate is missing, unknown or wrongly shaped.

    Examples
    --------
    >>> import pysciml as ps
    >>> @ps.model(state={"x": 1.0, "y": 1.0}, params={"a": 1.3, "b": 0.9, "c": 0.8, "d": 1.8})
    ... def lotka_volterra(t, u, p):
    ...     return {"x": p.a * u.x - p.b * u.x * u.y, "y": p.c * u.x * u.y - p.d * u.y}
    >>> lotka_volterra
    Model('lotka_volterra', ODE, state=(x, y), params=(a, b, c, d))
    """

    def decorate(function: Callable[..., Mapping[str, Any]]) -> Model:
        return Model(
            name=name or function.__name__,
            state=_variables("state", state),
            params=_variables("params", params or {}),
            inputs=_variables("inputs", inputs or {}),
            drift=function,
            description=inspect.getdoc(function) or "" if description is None else description,
            source=source,
            recipe=recipe or {},
        )

    return decorate


def _variables(group: str, values: Mapping[str, Value | Variable]) -> Mapping[str, Variable]:
    if not isinstance(values, Mapping):
        raise ModelError(
            f"{group} must be a mapping of names to values; got {type(values).__name__}."
        )
    made: dict[str, Variable] = {}
    for name, value in values.items():
        try:
            made[name] = value if isinstance(value, Variable) else Variable(value)
        except ModelError as error:
            raise ModelError(f"In {group}, {name!r}: {error}") from error
    return MappingProxyType(made)


def _check_names(made: Model) -> None:
    if not made.state:
        raise ModelError(f"Model {made.name!r} has no state; give at least one.")
    seen: dict[str, str] = {}
    for group in ("state", "params", "inputs"):
        for name in getattr(made, group):
            if not (isinstance(name, str) and name.isidentifier()) or name.startswith("_"):
                raise ModelError(
                    f"Model {made.name!r}: {name!r} in {group} is not usable as a name; use "
                    "letters, digits and underscores, starting with a letter."
                )
            if name in RESERVED:
                raise ModelError(
                    f"Model {made.name!r}: {name!r} in {group} is the name of a dimension of "
                    "results; choose another."
                )
            if name in seen:
                raise ModelError(
                    f"Model {made.name!r}: {name!r} is in {seen[name]} and in {group}; results "
                    "are labelled by name, so each name may be used once. Rename one of them."
                )
            seen[name] = group


def _check_dims(made: Model) -> None:
    sizes: dict[str, int] = {}
    labels: dict[str, Any] = {}
    for group in (made.state, made.params, made.inputs):
        for name, variable in group.items():
            axes = variable.axes(name)
            for axis, size in zip(axes, variable.shape, strict=True):
                if axis in RESERVED or axis in made.state or axes.count(axis) > 1:
                    raise ModelError(
                        f"Model {made.name!r}: {name!r} cannot have the dims ({', '.join(axes)}): "
                        f"{axis!r} is there twice, or is the name of a state or of a dimension of "
                        "results. Rename it."
                    )
                known = labels.setdefault(axis, variable.coords.get(axis))
                given = variable.coords.get(axis, known)
                if sizes.setdefault(axis, size) != size or not (
                    known is None or np.array_equal(known, given)
                ):
                    raise ModelError(
                        f"Model {made.name!r}: the dim {axis!r} of {name!r} differs in size or "
                        "labels from that of an earlier variable. Give both the same, or rename it."
                    )
                labels[axis] = given
