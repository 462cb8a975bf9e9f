"""GOKU-UI and its relatives as settings; `fit` trains them."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.errors import InputError, suggest
from pysciml.goku.architecture import Architecture, Encoder, Noise
from pysciml.model import Model

if TYPE_CHECKING:
    import xarray as xr

    from pysciml.goku.run import GokuRun

__all__ = ["GokuNet", "GokuUI", "LSTMForecaster", "LatentForecaster", "LatentODE"]


class LatentForecaster(abc.ABC):
    """What all latent models share: an architecture, and `fit`."""

    @property
    @abc.abstractmethod
    def architecture(self) -> Architecture:
        """Sizes and choices, engine-neutral."""

    @property
    def core(self) -> Model | None:
        """The Model at the core; None where a network takes its place."""
        return None

    def fit(
        self,
        train: xr.DataArray,
        *,
        validation: xr.DataArray | None = None,
        epochs: int = 200,
        rng: int | np.random.Generator | None = None,
        run: str | None = None,
        progress: Any = True,
        engine: str = "auto",
        **training: Any,
    ) -> GokuRun:
        """Train on labelled series.

        Parameters
        ----------
        train : xarray.DataArray
            Dims (sample, time, channel), evenly spaced in time; the unit of time is that of the
            model. Standardised per channel on the way in, and back on the way out.
        validation : xarray.DataArray, optional
            Of the same channels; its error chooses the weights that are kept.
        epochs : int
            Epochs; in each, every time step is seen once on average.
        rng : int or numpy.random.Generator, optional
            Seed of weights, crops and noise.
        run : path, optional
            Directory in which the run is kept, so that a killed run can be resumed.
        progress : bool or callable
            Whether to show a progress bar, or what hears of every update.
        engine : {"auto", "jax", "julia"}
            The engine that runs it.
        **training
            Settings of :class:`pysciml.goku.Training`.

        Returns
        -------
        GokuRun
            The trained model. After Ctrl-C it is what was reached, with ``finished`` False.

        Raises
        ------
        DataError
            If the data are not usable: NaN, uneven times, a constant channel, too short.
        InputError
            If a setting is unknown or out of range.
        RunError
            If the run directory cannot be used.
        SolveError
            If the loss stays NaN in spite of lower learning rates.
        """
        from pysciml.goku.fit import fit

        return fit(
            self,
            train,
            validation=validation,
            rng=rng,
            run=run,
            progress=progress,
            engine=engine,
            training={"epochs": epochs, **training},
        )


def _inferred(model: Model, infer: tuple[str, ...] | None) -> tuple[str, ...]:
    bounded = [
        name
        for name, variable in model.params.items()
        if variable.bounds is not None and np.all(np.isfinite(variable.bounds))
    ]
    if infer is None:
        return tuple(bounded)
    for name in infer:
        if name not in model.params:
            raise InputError(
                f"{model.name!r} has no parameter {name!r} to infer.{suggest(name, model.params)}"
            )
        if name not in bounded:
            raise InputError(
                f"{name!r} of {model.name!r} has no finite bounds to infer it within; give it "
                "bounds with ps.Variable(value, bounds=(low, high))."
            )
    return tuple(name for name in model.params if name in infer)


def _physical(settings: Any, encoder: Encoder) -> Architecture:
    """Architecture of a model with equations at its core."""
    model = settings.model
    if not isinstance(model, Model):
        raise InputError(
            f"model must be a Model, such as ps.catalog.stuart_landau(3); got {model!r}."
        )
    if model.inputs:
        raise InputError(
            f"{model.name!r} has inputs ({', '.join(model.inputs)}), which GOKU-UI cannot give "
            "it; write them into the model as parameters."
        )
    noisy = model.is_stochastic and settings.noise != "off"
    if settings.noise == "learned" and not model.is_stochastic:
        raise InputError(f"{model.name!r} has no noise to learn; use its stochastic form.")
    if noisy and not model.has_additive_noise:
        calculus = model.diffusion.calculus if model.diffusion else "ito"
        solver = "Euler" if calculus == "ito" else "EulerHeun"
    else:
        solver = "Heun"
    return Architecture(
        core="model",
        encoder=encoder,
        channels=settings.channels,
        length=settings.length,
        window=settings.window,
        hidden=settings.hidden,
        features=settings.features,
        recurrent=settings.recurrent,
        latent_state=settings.latent_state,
        latent_params=settings.latent_params,
        state=model.size,
        infer=_inferred(model, settings.infer),
        variational=settings.variational,
        noise=settings.noise,
        carry=settings.carry,
        solver=solver,
        substeps=settings.substeps,
    )


def _network(settings: Any, core: Any, solver: str) -> Architecture:
    """Architecture of a model with a network at its core."""
    return Architecture(
        core=core,
        encoder="attention",
        channels=settings.channels,
        length=settings.length,
        window=settings.window,
        hidden=settings.hidden,
        features=settings.features,
        recurrent=settings.recurrent,
        latent_state=settings.latent_state,
        latent_params=1,
        state=settings.state,
        variational=settings.variational,
        carry=settings.carry,
        solver=solver,
        substeps=1,
    )


@dataclass(frozen=True)
class GokuUI(LatentForecaster):
    """GOKU-UI: attention over time and multiple shooting (Abrevaya et al. 2024).

    An encoder infers the initial state of every window and the parameters of known equations,
    which are solved, and read out step by step.

    Parameters
    ----------
    model : Model
        The equations at the core, deterministic or stochastic.
    channels : int
        Observed channels.
    length : int
        Time steps that are encoded; snapped to the nearest one that whole windows span.
    window : int or None
        Steps of a window; neighbours share one step. None for single shooting.
    hidden, features, recurrent : int
        Widths of the residual networks, of the features per step, of the recurrences.
    latent_state, latent_params : int
        Sizes of the codes.
    infer : tuple of str, optional
        Parameters that are inferred, within their bounds; all that have finite ones if None.
    noise : {"model", "learned", "off"}
        Noise of the core: as the model says, scaled by factors that are learned from the jumps
        between windows, or none.
    variational : bool
        Whether codes are drawn from a Gaussian posterior with a KL penalty.
    carry : bool
        Whether what the reconstruction leaves of the last observed step is carried into the
        forecast, fading by a factor per step and channel that is learned from the forecasting
        loss: observation noise with memory (AR(1)), as in slow signals such as fMRI.
    substeps : int
        Steps of the solver per step of the data.

    References
    ----------
    Abrevaya et al. (2024), "Effective latent differential equation models via attention and
    multiple shooting", TMLR; Linial et al. (2021), "Generative ODE modeling with known
    unknowns", arXiv:2003.10775.

    Examples
    --------
    >>> import pysciml as ps
    >>> goku = ps.GokuUI(ps.catalog.stuart_landau(3), channels=28, length=50, window=10)
    >>> goku.architecture.length, goku.architecture.windows
    (46, 5)
    """

    model: Model
    channels: int
    length: int
    window: int | None = 10
    hidden: int = 64
    features: int = 32
    recurrent: int = 32
    latent_state: int = 32
    latent_params: int = 64
    infer: tuple[str, ...] | None = None
    noise: Noise = "model"
    variational: bool = False
    carry: bool = False
    substeps: int = 2

    def __post_init__(self) -> None:
        _tuple(self)
        _ = self.architecture  # refuses what is wrong at once

    @property
    def architecture(self) -> Architecture:
        """Sizes and choices, engine-neutral."""
        return _physical(self, "attention")

    @property
    def core(self) -> Model | None:
        """The Model at the core."""
        return self.model


@dataclass(frozen=True)
class GokuNet(LatentForecaster):
    """GOKU-net: known equations, a plain encoder, single shooting (Linial et al. 2021).

    Parameters
    ----------
    model, channels, length, window, hidden, features, recurrent, latent_state, latent_params
        As in :class:`GokuUI`; the default `window` is None.
    infer, noise, variational, carry, substeps
        As in :class:`GokuUI`.

    References
    ----------
    Linial et al. (2021), "Generative ODE modeling with known unknowns", arXiv:2003.10775.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.GokuNet(ps.catalog.stuart_landau(3), channels=28, length=46).architecture.windows
    1
    """

    model: Model
    channels: int
    length: int
    window: int | None = None
    hidden: int = 64
    features: int = 32
    recurrent: int = 32
    latent_state: int = 32
    latent_params: int = 64
    infer: tuple[str, ...] | None = None
    noise: Noise = "model"
    variational: bool = False
    carry: bool = False
    substeps: int = 2

    def __post_init__(self) -> None:
        _tuple(self)
        _ = self.architecture

    @property
    def architecture(self) -> Architecture:
        """Sizes and choices, engine-neutral."""
        return _physical(self, "basic")

    @property
    def core(self) -> Model | None:
        """The Model at the core."""
        return self.model


@dataclass(frozen=True)
class LatentODE(LatentForecaster):
    """Latent ODE: a network as vector field (Chen et al. 2018; Rubanova et al. 2019).

    Parameters
    ----------
    channels, length, window, hidden, features, recurrent, latent_state
        As in :class:`GokuUI`; the default `window` is None.
    state : int
        Size of the latent state.
    variational, carry
        As in :class:`GokuUI`.

    References
    ----------
    Chen et al. (2018), "Neural ordinary differential equations", arXiv:1806.07366.

    Examples
    --------
    >>> LatentODE(channels=28, length=46).architecture.core
    'neural_ode'
    """

    channels: int
    length: int
    window: int | None = None
    hidden: int = 64
    features: int = 32
    recurrent: int = 32
    latent_state: int = 32
    state: int = 8
    variational: bool = False
    carry: bool = False

    def __post_init__(self) -> None:
        _ = self.architecture

    @property
    def architecture(self) -> Architecture:
        """Sizes and choices, engine-neutral."""
        return _network(self, "neural_ode", "Heun")


@dataclass(frozen=True)
class LSTMForecaster(LatentForecaster):
    """LSTM autoencoder: a recurrence fed its own output moves the latent state.

    Parameters
    ----------
    channels, length, window, hidden, features, recurrent, latent_state
        As in :class:`GokuUI`; the default `window` is None.
    state : int
        Size of the latent state.
    variational, carry
        As in :class:`GokuUI`.

    References
    ----------
    Abrevaya et al. (2024), TMLR, where it is a baseline.

    Examples
    --------
    >>> LSTMForecaster(channels=28, length=46).architecture.core
    'lstm'
    """

    channels: int
    length: int
    window: int | None = None
    hidden: int = 64
    features: int = 32
    recurrent: int = 32
    latent_state: int = 32
    state: int = 42
    variational: bool = False
    carry: bool = False

    def __post_init__(self) -> None:
        _ = self.architecture

    @property
    def architecture(self) -> Architecture:
        """Sizes and choices, engine-neutral."""
        return _network(self, "lstm", "Heun")


def _tuple(settings: Any) -> None:
    """Take the list of a study file for a tuple."""
    if isinstance(settings.infer, list):
        object.__setattr__(settings, "infer", tuple(settings.infer))


KINDS: dict[str, Callable[..., LatentForecaster]] = {
    kind.__name__: kind for kind in (GokuUI, GokuNet, LatentODE, LSTMForecaster)
}


def plain(settings: LatentForecaster) -> dict[str, Any]:
    """Give the settings without the model, as JSON knows them.

    Parameters
    ----------
    settings : LatentForecaster
        Any kind.

    Returns
    -------
    dict
        Its fields by name.
    """
    made: Any = settings
    fields = [f.name for f in dataclasses.fields(made) if f.name != "model"]
    values = {name: getattr(settings, name) for name in fields}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
