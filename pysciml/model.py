"""Model: a dynamical system written once, in plain Python, and run by either engine."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.errors import ModelError
from pysciml.events import Direction, Event
from pysciml.networks import Network, weight_names
from pysciml.noise import Calculus, Kind, Noise, check_options
from pysciml.noise_algebra import category, convert
from pysciml.tracing import check_condition, check_rates, dependencies
from pysciml.variable import Variable

if TYPE_CHECKING:
    from pysciml.solvers.base import Category
    from pysciml.variable import Value

__all__ = ["Model", "Variable", "model"]

RESERVED = frozenset(
    {"time", "trajectory", "sample", "step", "source", "status", "channel", "path", "horizon"}
)


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
    networks : mapping of str to Network
        Neural networks that the functions call by name, ``p.<name>(x)``; their weights are among
        `params` as ``<name>.layers.0.weight`` and so on.
    events : tuple of Event
        What happens where conditions cross zero or at given times; see :meth:`with_event`.
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
    networks: Mapping[str, Network] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    description: str = ""
    source: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_names(self)
        _check_dims(self)
        check_rates(self, self.drift, "rate")
        if self.diffusion is not None:
            check_rates(self, self.diffusion.function, "noise amplitude")
        for event in self.events:
            if event.when is not None:
                check_condition(self, event.name, event.when)
            if event.then is not None:
                check_rates(self, event.then, "new value")

    @property
    def is_stochastic(self) -> bool:
        """Whether the model has noise."""
        return self.diffusion is not None

    @property
    def has_additive_noise(self) -> bool:
        """Whether the noise does not depend on the state, so that all calculi agree."""
        noise = self.diffusion
        return noise is not None and not any(dependencies(self, noise.function).values())

    @property
    def noise_category(self) -> Category:
        """What solvers need to know of the noise, found by tracing it and by trying it.

        ``"additive"`` where it does not depend on the state; ``"scalar"``, one source;
        ``"diagonal"``, one source for every component, whose amplitude depends on that component
        alone; ``"commutative"``, several sources that act in any order alike; else ``"general"``.
        """
        if self.diffusion is None:
            raise ModelError(f"{self.name!r} has no noise.")
        return category(self)

    @cached_property
    def size(self) -> int:
        """Count of state components, all states together."""
        return sum(variable.size for variable in self.state.values())

    def noise(
        self,
        function: Callable[..., Mapping[str, Any]] | None = None,
        *,
        kind: Kind = "diagonal",
        calculus: Calculus = "ito",
        sources: int | None = None,
    ) -> Any:
        """Make a stochastic model of this one; a decorator, with or without arguments.

        Parameters
        ----------
        function : callable, optional
            ``(t, u, p[, x]) -> {state: amplitude}``; its name becomes the name of the new model.
        kind : {"diagonal", "scalar", "general"}
            ``"diagonal"``: one Wiener process per state component. ``"scalar"``: one that drives
            all. ``"general"``: `sources` that drive all; amplitudes have a last axis of them.
        calculus : {"ito", "stratonovich"}
            How the stochastic integral is meant.
        sources : int, optional
            Count of Wiener processes of general noise.

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

        def decorate(function: Callable[..., Mapping[str, Any]]) -> Model:
            name = getattr(function, "__name__", self.name)
            noise = Noise(function, kind, calculus, sources)
            return dataclasses.replace(
                self, name=self.name if name == "<lambda>" else name, diffusion=noise, recipe={}
            )

        if function is None:
            check_options(kind, calculus, sources)
            return decorate
        return decorate(function)

    def with_event(
        self,
        name: str,
        *,
        when: Callable[..., Any] | None = None,
        then: Callable[..., Mapping[str, Any]] | None = None,
        direction: Direction = "both",
        stop: bool = False,
        every: float | None = None,
        at: float | Sequence[float] | None = None,
    ) -> Model:
        """Make a model of this one in which something happens at a condition or at given times.

        Results hold the times of an event as a variable of its name, last dim ``<name>_index``,
        NaN where a trajectory had fewer. A save time that coincides with an event shows the
        state before it. Events of one model happen in the order in which they were added; one
        whose condition another event, or a jump of an input, carries across zero happens too.

        A condition crosses zero where it comes from one side to the other: one that starts at
        zero has not crossed, nor has one that comes to rest there, as far as the tolerances can
        tell. It is looked at a few times within every step; where it crosses and comes back
        between two looks, it goes unseen, and tighter tolerances or a shorter `dt` help.

        Adaptive solvers locate a crossing to rounding on their interpolant. Fixed steps, which
        all noise needs, see it at their ends: its time is read off a straight line and the state
        changes at the end of the step, so that results are of first order in `dt`; with noise,
        crossings within a step are missed, and times are late by an error of order ``dt ** 0.5``.

        Parameters
        ----------
        name : str
            Name of the event.
        when : callable, optional
            ``(t, u, p[, x]) -> number``; the event happens where it crosses zero.
        then : callable, optional
            ``(t, u, p[, x]) -> {state: new value}``; states that it does not return stay.
        direction : {"up", "down", "both"}
            Which crossings count: from below zero, from above, or either.
        stop : bool
            Whether the trajectory ends there; it is NaN afterwards.
        every : float, optional
            In place of `when`: the time between events, the first one period after the start.
        at : float or sequence of float, optional
            In place of `when`: the times; those outside a solve do not happen.

        Returns
        -------
        Model
            The new model; this one is unchanged.

        Raises
        ------
        ModelError
            If the name is taken, an option is not usable, or a function returns the wrong thing.

        Examples
        --------
        >>> import pysciml as ps
        >>> ball = ps.model(state={"height": 1.0, "speed": 0.0})(
        ...     lambda t, u, p: {"height": u.speed, "speed": -9.81}
        ... )
        >>> ball = ball.with_event(
        ...     "bounce",
        ...     when=lambda t, u, p: u.height,
        ...     direction="down",
        ...     then=lambda t, u, p: {"speed": -0.9 * u.speed},
        ... )
        >>> [event.name for event in ball.events]
        ['bounce']
        """
        event = Event(name, when, then, direction, stop, every, at)
        return dataclasses.replace(self, events=(*self.events, event), recipe={})

    def with_calculus(self, calculus: Calculus) -> Model:
        """Return a model with the same paths whose noise is meant in the other calculus.

        The drift takes on half the derivative of the amplitudes along themselves, with its sign
        (Kloeden & Platen 1992, 4.9).

        Parameters
        ----------
        calculus : {"ito", "stratonovich"}
            The calculus of the new model.

        Returns
        -------
        Model
            The new model; this one if it is meant so already.

        Raises
        ------
        ModelError
            If the model has no noise, or the calculus is unknown.

        Examples
        --------
        >>> import pysciml as ps
        >>> growth = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": 0.1 * u.x})
        >>> growth = growth.noise(lambda t, u, p: {"x": 0.2 * u.x})
        >>> growth.with_calculus("stratonovich").diffusion.calculus
        'stratonovich'
        """
        return convert(self, calculus)

    def without_noise(self) -> Model:
        """Return the same model as an ordinary differential equation.

        Returns
        -------
        Model
            This model with its diffusion removed; the model itself if it has none.
        """
        # Without the recipe, which would build the noise again.
        return dataclasses.replace(self, diffusion=None, recipe={}) if self.is_stochastic else self

    def to_diffeqpy(
        self,
        *,
        t: tuple[float, float] = (0.0, 1.0),
        state: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Give the model as a problem object of Julia's SciML, for ``diffeqpy.de`` or juliacall.

        The object is an ``ODEProblem`` or ``SDEProblem`` in float64 whose functions, with their
        Jacobian, are the translated ones, so that no Python runs inside a solver. States are a
        flat vector ``u``, parameters and inputs a flat vector ``p``, in the order of the model;
        solutions know their names (``sol["x"]``). Events with a condition are a callback of it.

        Parameters
        ----------
        t : tuple of float
            Initial and final time.
        state, params, inputs : mapping, optional
            Values in place of the model's own, by name.

        Returns
        -------
        juliacall.AnyValue
            The problem.

        Raises
        ------
        EngineError
            If Julia does not run in this thread: import ``diffeqpy.de`` first; or if its project
            lacks PySciML.jl.
        CapabilityError
            If a function cannot be translated, or an event happens at known times.
        InputError
            If `t` or a value cannot be used.

        Notes
        -----
        A problem does not say whether its noise is Ito's or Stratonovich's; the solver decides.
        Take one of the calculus of the model: ``de.SOSRI()`` for Ito, ``de.EulerHeun()`` for
        Stratonovich.

        Examples
        --------
        >>> from diffeqpy import de  # doctest: +SKIP
        >>> problem = ps.catalog.lorenz63().to_diffeqpy(t=(0, 100))  # doctest: +SKIP
        >>> sol = de.solve(problem, de.Vern9(), reltol=1e-9)  # doctest: +SKIP
        """
        from pysciml.engines.julia.native import native_problem

        return native_problem(self, t, state, params, inputs)

    def to_lux(self, name: str, *, params: Mapping[str, Any] | None = None) -> tuple[Any, Any]:
        """Give a network of the model as layers of Julia's Lux, for juliacall.

        Parameters
        ----------
        name : str
            Of the network, a :class:`pysciml.MLP`.
        params : mapping, optional
            Values in place of the model's own, by name; those of the network among them are its
            weights.

        Returns
        -------
        tuple of juliacall.AnyValue
            The ``Lux.Chain``, and its parameters as Lux holds them.

        Raises
        ------
        EngineError
            If Julia does not run in this thread: import ``juliacall`` first; or if it has no Lux.
        ModelError
            If the model has no such network.
        CapabilityError
            If the network is not a multilayer perceptron.
        InputError
            If a value cannot be used.

        Examples
        --------
        >>> from juliacall import Main as jl  # doctest: +SKIP
        >>> chain, weights = model.to_lux("net")  # doctest: +SKIP
        >>> jl.display(chain)  # doctest: +SKIP
        """
        from pysciml.engines.julia.native import native_network

        return native_network(self, name, params)

    def __repr__(self) -> str:
        kind = "SDE" if self.is_stochastic else "ODE"
        names = {"state": self.state, "params": self.params, "inputs": self.inputs}
        names = {label: [n for n in group if "." not in n] for label, group in names.items()}
        names["networks"] = list(self.networks)
        parts = [f"{label}=({', '.join(group)})" for label, group in names.items() if group]
        return f"Model({self.name!r}, {kind}, {', '.join(parts)})"


def model(
    *,
    state: Mapping[str, Value | Variable],
    params: Mapping[str, Value | Variable] | None = None,
    inputs: Mapping[str, Value | Variable] | None = None,
    networks: Mapping[str, Network] | None = None,
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
    networks : mapping of str to Network, optional
        Neural networks that the function calls, ``p.<name>(x)``, such as :class:`pysciml.MLP`.
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
            params=_variables("params", {**(params or {}), **_weights(networks or {})}),
            inputs=_variables("inputs", inputs or {}),
            networks=MappingProxyType(dict(networks or {})),
            drift=function,
            description=inspect.getdoc(function) or "" if description is None else description,
            source=source,
            recipe=recipe or {},
        )

    return decorate


def _weights(networks: Mapping[str, Network]) -> dict[str, np.ndarray]:
    """Draw first weights for the networks, always the same ones."""
    made: dict[str, np.ndarray] = {}
    for index, (name, network) in enumerate(networks.items()):
        if not (callable(network) and hasattr(network, "initial")):
            raise ModelError(
                f"Network {name!r} must be a network such as ps.MLP(2, [32, 32], 2); got "
                f"{network!r}."
            )
        made.update(weight_names(name, network.initial(np.random.default_rng([0, index]))))
    return made


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
    weights = {name for name in made.params if name.split(".")[0] in made.networks}
    groups = {
        "state": made.state,
        "params": [name for name in made.params if name not in weights],
        "inputs": made.inputs,
        "networks": made.networks,
        "events": [event.name for event in made.events],
    }
    for group, names in groups.items():
        for name in names:
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
