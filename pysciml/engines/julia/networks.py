"""Named networks of a model as the Julia package builds them of Lux layers."""

from __future__ import annotations

from typing import Any, NamedTuple

from pysciml.engines.julia.translator.trace import Layout
from pysciml.errors import CapabilityError, ModelError, suggest
from pysciml.model import Model
from pysciml.networks import MLP

__all__ = ["Description", "describe"]


class Description(NamedTuple):
    """What ``PySciML.lux`` asks for.

    Parameters
    ----------
    place : slice
        Where the weights are in ``p``, counted from 0.
    widths : tuple of int
        Of all layers, the input first.
    activation, final : str
        After hidden layers, and after the last one.
    """

    place: slice
    widths: tuple[int, ...]
    activation: str
    final: str

    def keywords(self) -> dict[str, Any]:
        """Give the keywords of ``PySciML.lux``.

        Returns
        -------
        dict
            All but the place.
        """
        return {"widths": self.widths, "activation": self.activation, "final": self.final}


def describe(model: Model, name: str) -> Description:
    """Describe a network of a model.

    Parameters
    ----------
    model : Model
        The model.
    name : str
        The network's name in it.

    Returns
    -------
    Description
        Its place in ``p``, its widths and its activations.

    Raises
    ------
    ModelError
        If the model has no such network.
    CapabilityError
        If the network is not a multilayer perceptron.

    Examples
    --------
    >>> @ps.model(state={"x": 1.0}, params={"a": 1.0}, networks={"net": ps.MLP(1, [3], 1)})
    ... def hybrid(t, u, p):
    ...     return {"x": p.a * u.x + p.net(u.x[None])[0]}
    >>> describe(hybrid, "net")
    Description(place=slice(1, 11, None), widths=(1, 3, 1), activation='tanh', final='identity')
    """
    if name not in model.networks:
        raise ModelError(
            f"Model {model.name!r} has no network {name!r}.{suggest(name, model.networks)}"
        )
    network = model.networks[name]
    if not isinstance(network, MLP):
        raise CapabilityError(
            f"The network {name!r} of model {model.name!r} is a {type(network).__name__}; only "
            "ps.MLP has Lux layers. Its translated form runs in Julia all the same."
        )
    layout = Layout.of(model).params
    places = [place for key, place in layout.items() if key.startswith(f"{name}.")]
    place = slice(places[0].start, places[-1].stop)
    return Description(place, network.widths, network.activation, network.final)
