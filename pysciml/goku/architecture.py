"""Architecture: what a latent differential-equation model is made of, for any engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pysciml.errors import InputError, suggest
from pysciml.goku import windows

__all__ = ["Architecture", "Encoder", "Noise"]

Encoder = Literal["attention", "basic"]
Noise = Literal["model", "learned", "off"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Sizes and choices of a latent model; engine-neutral and free of weights.

    Parameters
    ----------
    core : {"model", "neural_ode", "lstm"}
        What moves the latent state: a Model, a network as vector field, or a recurrence.
    encoder : {"attention", "basic"}
        LSTMs with channel-wise attention (GOKU-UI), or stacked recurrences whose last states
        are read (GOKU-net).
    channels : int
        Observed channels.
    length : int
        Time steps that are encoded; with windows, a length that whole windows span.
    window : int or None
        Steps of a window of multiple shooting; None for single shooting.
    hidden, features, recurrent : int
        Widths of the residual networks, of the features per step, of the recurrences.
    latent_state, latent_params : int
        Sizes of the codes of the initial state and of the parameters.
    state : int
        Size of the latent state; that of the Model for ``core="model"``.
    infer : tuple of str
        Parameters of the Model that are inferred per sample, within their bounds.
    variational : bool
        Whether codes are drawn from their posterior in training.
    noise : {"model", "learned", "off"}
        Noise of a stochastic Model: as it says, scaled by learned factors, or none.
    carry : bool
        Whether what the last observed step leaves unexplained is carried into the forecast.
    solver : str
        Name of the fixed-step solver.
    substeps : int
        Steps of the solver per step of the data.
    """

    core: Literal["model", "neural_ode", "lstm"]
    encoder: Encoder
    channels: int
    length: int
    window: int | None
    hidden: int
    features: int
    recurrent: int
    latent_state: int
    latent_params: int
    state: int
    infer: tuple[str, ...] = ()
    variational: bool = False
    noise: Noise = "model"
    carry: bool = False
    solver: str = "Heun"
    substeps: int = 2

    def __post_init__(self) -> None:
        sizes = "channels hidden features recurrent latent_state latent_params state substeps"
        for name in sizes.split():
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be a positive whole number; got {value!r}.")
        if self.length < 2:
            raise InputError(f"length must be at least 2 time steps; got {self.length}.")
        snapped = windows.snap(self.length, self.window)
        object.__setattr__(self, "length", snapped)
        for name, known in (
            ("encoder", ("attention", "basic")),
            ("noise", ("model", "learned", "off")),
            ("solver", ("Euler", "EulerHeun", "Heun", "RK4")),
        ):
            value = getattr(self, name)
            if value not in known:
                raise InputError(f"{name} {value!r} is unknown.{suggest(str(value), known)}")

    @property
    def windows(self) -> int:
        """Count of windows of multiple shooting; 1 for single shooting."""
        return windows.count(self.length, self.window)

    @property
    def span(self) -> int:
        """Steps of one window; the whole length for single shooting."""
        return self.length if self.window is None else self.window
