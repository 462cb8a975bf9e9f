"""Networks: descriptions of neural networks that models call by name.

A model holds the weights of its networks as parameters, under names such as
``missing.layers.0.weight`` (shape out x in), and its functions call the network itself:
``p.missing(x)``.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from pysciml.errors import ModelError, suggest

__all__ = ["MLP", "Activation", "Network", "bind", "flat_params", "weight_names"]

Activation = Literal["tanh", "relu", "gelu", "silu", "softplus", "sigmoid", "identity"]
_ACTIVATIONS = ("tanh", "relu", "gelu", "silu", "softplus", "sigmoid", "identity")


class Network(Protocol):
    """What a model asks of a network."""

    def initial(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw weights, by name."""
        ...

    def __call__(self, weights: Mapping[str, Any], x: Any) -> Any:
        """Evaluate the network at `x`."""
        ...


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron.

    Weights are ``layers.<i>.weight``, shape (out, in), and ``layers.<i>.bias``, shape (out,); they
    are drawn as Glorot & Bengio (2010) recommend, biases at zero.

    Parameters
    ----------
    inputs : int
        Length of its argument.
    hidden : sequence of int
        Widths of the hidden layers.
    outputs : int
        Length of its result.
    activation : str
        ``"tanh"``, ``"relu"``, ``"gelu"``, ``"silu"``, ``"softplus"``, ``"sigmoid"`` or
        ``"identity"``, after every hidden layer.
    final : str
        The same, after the last layer.

    Raises
    ------
    ModelError
        If a width is not a positive whole number, or an activation is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> net = MLP(2, [32, 32], 2, activation="tanh")
    >>> weights = net.initial(np.random.default_rng(0))
    >>> weights["layers.0.weight"].shape
    (32, 2)
    >>> net(weights, np.zeros(2)).shape
    (2,)
    """

    inputs: int
    hidden: Sequence[int]
    outputs: int
    activation: Activation = "tanh"
    final: Activation = "identity"

    def __post_init__(self) -> None:
        widths = [self.hidden] if isinstance(self.hidden, int) else list(self.hidden)
        object.__setattr__(self, "hidden", tuple(widths))
        for width in (self.inputs, *self.hidden, self.outputs):
            if not isinstance(width, int | np.integer) or isinstance(width, bool) or width < 1:
                raise ModelError(
                    f"The widths of an MLP are positive whole numbers; got {width!r} in "
                    f"MLP({self.inputs!r}, {list(self.hidden)!r}, {self.outputs!r})."
                )
        for name in (self.activation, self.final):
            if name not in _ACTIVATIONS:
                raise ModelError(
                    f"There is no activation {name!r}.{suggest(str(name), _ACTIVATIONS)}"
                )

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of all layers, the input first."""
        return (self.inputs, *self.hidden, self.outputs)

    def initial(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw weights.

        Parameters
        ----------
        rng : numpy.random.Generator
            Where they come from.

        Returns
        -------
        dict
            Arrays by name.
        """
        weights = {}
        for i, (before, after) in enumerate(itertools.pairwise(self.widths)):
            bound = math.sqrt(6 / (before + after))
            weights[f"layers.{i}.weight"] = rng.uniform(-bound, bound, (after, before))
            weights[f"layers.{i}.bias"] = np.zeros(after)
        return weights

    def __call__(self, weights: Mapping[str, Any], x: Any) -> Any:
        """Evaluate it.

        Parameters
        ----------
        weights : mapping of str to array
            As `initial` gives them.
        x : array
            Shape (..., inputs).

        Returns
        -------
        array
            Shape (..., outputs).
        """
        import jax.numpy as jnp

        x = jnp.asarray(x)
        if x.shape[-1:] != (self.inputs,):
            raise ModelError(
                f"The network takes {self.inputs} numbers along its last axis; got shape "
                f"{x.shape}. Join states with jnp.stack([u.x, u.y])."
            )
        last = len(self.widths) - 2
        for i in range(last + 1):
            x = x @ weights[f"layers.{i}.weight"].T + weights[f"layers.{i}.bias"]
            x = _activate(self.activation if i < last else self.final, x)
        return x


def _activate(name: Activation, x: Any) -> Any:
    if name == "identity":
        return x
    import jax

    functions: dict[str, Callable[[Any], Any]] = {
        "tanh": jax.numpy.tanh,
        "relu": jax.nn.relu,
        "gelu": jax.nn.gelu,
        "silu": jax.nn.silu,
        "softplus": jax.nn.softplus,
        "sigmoid": jax.nn.sigmoid,
    }
    return functions[name](x)


def weight_names(name: str, weights: Mapping[str, Any]) -> dict[str, Any]:
    """Name the weights of a network as a model holds them.

    Parameters
    ----------
    name : str
        Name of the network in its model.
    weights : mapping of str to array
        Its weights.

    Returns
    -------
    dict
        The same values under ``<name>.<weight>``.
    """
    return {f"{name}.{key}": value for key, value in weights.items()}


def flat_params(
    networks: Mapping[str, Network], params: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Write the weights of networks, given as a mapping each, among the parameters.

    Parameters
    ----------
    networks : mapping of str to Network
        The networks of a model.
    params : mapping or None
        Values by name, where that of a network is a mapping of its weights.

    Returns
    -------
    dict
        Values by the names that the model knows.
    """
    made: dict[str, Any] = {}
    for name, value in (params or {}).items():
        nested = name in networks and isinstance(value, Mapping)
        made.update(weight_names(name, value) if nested else {name: value})
    return made


def bind(network: Network, name: str, params: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Give a network its weights.

    Parameters
    ----------
    network : Network
        The network.
    name : str
        Its name in its model.
    params : mapping of str to array
        Parameters of the model.

    Returns
    -------
    callable
        ``x -> network(x)``.
    """
    start = f"{name}."
    weights = {k.removeprefix(start): v for k, v in params.items() if k.startswith(start)}
    return functools.partial(network, weights)
