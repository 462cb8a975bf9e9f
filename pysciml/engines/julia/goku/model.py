"""A latent model as Lux layers, and its weights in one vector."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pysciml.engines.julia.convert import layout, system
from pysciml.engines.julia.process.start import JuliaObject, julia
from pysciml.engines.julia.refusals import of_noise
from pysciml.errors import CapabilityError, RunError
from pysciml.goku.architecture import Architecture
from pysciml.goku.task import GokuTask
from pysciml.model import Model

__all__ = ["Layout", "goku", "initial_weights", "latent_model"]


@functools.cache
def goku(name: str) -> JuliaObject:
    """Give a function of ``PySciML.Goku``.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    JuliaObject
        The function.
    """
    return julia().seval(f"PySciML.Goku.{name}")


@functools.lru_cache(maxsize=16)
def latent_model(made: Architecture, model: Model | None, dt: float, dtype: str) -> JuliaObject:
    """Build the latent model of an architecture.

    Parameters
    ----------
    made : Architecture
        Sizes and choices.
    model : Model or None
        The model at the core.
    dt : float
        Time between two samples of the data.
    dtype : {"float32", "float64"}
        Of all numbers.

    Returns
    -------
    JuliaObject
        A ``PySciML.Goku.LatentModel``.

    Raises
    ------
    CapabilityError
        If the noise of the model is not diagonal.
    """
    julia_system, core = None, {}
    if made.core == "model":
        assert model is not None
        core = _core(made, model)
        kept = model if made.noise != "off" else model.without_noise()
        julia_system = system(kept, dtype)
    return julia().call(
        goku("latent_model"),
        julia_system,
        dtype=dtype,
        core=made.core,
        dt=dt,
        scheme=made.solver,
        substeps=made.substeps,
        learned=made.noise == "learned",
        encoder=made.encoder,
        channels=made.channels,
        length=made.length,
        span=made.span,
        hidden=made.hidden,
        features=made.features,
        recurrent=made.recurrent,
        latent_state=made.latent_state,
        latent_params=made.latent_params,
        state=made.state,
        variational=made.variational,
        carry=made.carry,
        **core,
    )


def _core(made: Architecture, model: Model) -> dict[str, np.ndarray]:
    """Say which parameters are inferred, within which bounds, and what the others are."""
    from pysciml.engines.jax.goku.cores import parameter_bounds

    why = of_noise(model, made.noise)
    if why is not None:
        raise CapabilityError(f"The julia engine does not take this: {why}.")
    places = layout(model).params
    inferred = [np.arange(places[n].start, places[n].stop) + 1 for n in made.infer]
    values = [np.ravel(variable.array) for variable in model.params.values()]
    return {
        "infer": np.concatenate([*inferred, np.zeros(0, np.int64)]).astype(np.int64),
        "defaults": np.concatenate([*values, np.zeros(0)]).astype(np.float64),
        "bounds": parameter_bounds(model, made.infer).astype(np.float64),
    }


@dataclass(frozen=True)
class Layout:
    """Where every array of weights is in the one vector of all.

    In that vector of Julia arrays are stored column by column; in that of the jax engine, to which
    the checkpoint's state of the optimiser belongs, row by row.

    Parameters
    ----------
    shapes : mapping of str to tuple
        Shape of every array by name, in order.
    """

    shapes: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, model: JuliaObject) -> Layout:
        """Ask a latent model.

        Parameters
        ----------
        model : JuliaObject
            The model.

        Returns
        -------
        Layout
            Its layout.
        """
        lines = [line.split() for line in julia().call(goku("parameter_table"), model).splitlines()]
        return cls({name: tuple(map(int, sizes)) for name, *sizes in lines})

    @property
    def count(self) -> int:
        """Count of all numbers."""
        return sum(map(math.prod, self.shapes.values()))

    def vector(self, prefix: str, arrays: Mapping[str, np.ndarray], dtype: Any) -> np.ndarray:
        """Join named arrays to a vector of Julia.

        Parameters
        ----------
        prefix : str
            First part of every name; may be empty.
        arrays : mapping
            Arrays by name.
        dtype : dtype
            Of the vector.

        Returns
        -------
        array
            Shape (count,).

        Raises
        ------
        RunError
            If a name is missing, or a shape differs.
        """
        parts = []
        for name, shape in self.shapes.items():
            array = arrays.get(prefix + name)
            if array is None:
                raise RunError(
                    f"The checkpoint has no array {prefix + name!r}; it belongs to another "
                    "architecture."
                )
            if array.shape != shape:
                raise RunError(
                    f"The checkpoint's {prefix + name!r} has shape {array.shape}, but this "
                    f"architecture needs {shape}; it belongs to another architecture."
                )
            parts.append(array.ravel(order="F"))
        return np.concatenate(parts).astype(dtype)

    def named(self, prefix: str, vector: np.ndarray) -> dict[str, np.ndarray]:
        """Split a vector of Julia into named arrays; the inverse of :meth:`vector`.

        Parameters
        ----------
        prefix : str
            First part of every name.
        vector : array
            Shape (count,).

        Returns
        -------
        dict
            Arrays by name.
        """
        made, start = {}, 0
        for name, shape in self.shapes.items():
            part = vector[start : start + math.prod(shape)]
            made[prefix + name] = np.ascontiguousarray(part.reshape(shape, order="F"))
            start += part.size
        return made

    def by_row(self, vector: np.ndarray) -> np.ndarray:
        """Turn a vector of Julia into one of the jax engine.

        Parameters
        ----------
        vector : array
            Shape (count,).

        Returns
        -------
        array
            Likewise.
        """
        return np.concatenate([a.ravel() for a in self.named("", vector).values()])

    def by_column(self, vector: np.ndarray) -> np.ndarray:
        """Turn a vector of the jax engine into one of Julia.

        Parameters
        ----------
        vector : array
            Shape (count,).

        Returns
        -------
        array
            Likewise.
        """
        parts, start = [], 0
        for shape in self.shapes.values():
            part = vector[start : start + math.prod(shape)]
            parts.append(part.reshape(shape).ravel(order="F"))
            start += part.size
        return np.concatenate(parts)


def initial_weights(task: GokuTask) -> dict[str, np.ndarray]:
    """Draw the weights that training starts from: those of the jax engine for the same seed.

    Parameters
    ----------
    task : GokuTask
        What is trained.

    Returns
    -------
    dict
        Weights by name.
    """
    import equinox as eqx

    from pysciml.engines.jax.goku.arrays import named
    from pysciml.engines.jax.goku.network import LatentModel

    rng = np.random.default_rng(task.seed)
    fresh = LatentModel(task.architecture, task.model, task.dt, rng)
    arrays = named(eqx.partition(fresh, eqx.is_array)[0], "weights")
    return {name.removeprefix("weights/"): array for name, array in arrays.items()}
