"""Training: how a latent model is fitted, for any engine."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from pysciml.errors import InputError

__all__ = ["Training"]


@dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of a training run.

    An epoch draws as many random crops as it takes to see every time step of the training data
    once on average, and at least one batch.

    Parameters
    ----------
    epochs : int
        Epochs.
    batch : int
        Crops per update.
    learning_rate : float
        Highest rate of AdamW; reached after `warmup` updates, then lowered along a cosine to a
        hundredth.
    warmup : int
        Updates of linear warm-up.
    weight_decay : float
        Decoupled weight decay.
    clip : float
        Largest norm of a gradient; longer ones are shortened to it.
    continuity : float
        Weight of the squared jumps of the latent state between windows.
    kl : float
        Final weight of the KL divergence (variational models only).
    kl_cycles : int
        Cycles of annealing: in each the weight rises from 0 over nine tenths of the cycle.
    forecast_steps : int
        Steps after the encoded ones that training also predicts; 0 for reconstruction alone.
    forecast_weight : float
        Weight of their error.
    stochastic : bool
        Whether a stochastic core is solved with its noise in training.
    flip : bool
        Whether crops are turned upside down at random; right for systems that are odd, as
        oscillators around zero are.
    jitter : float
        Standard deviation of noise added to what the encoder sees, in units of the data's.
    average : float
        Decay of the running mean of the weights that is used for evaluation; 0 for none.
    validate_every : int
        Epochs between validations; the best weights by validation are kept.
    patience : int
        Validations without a new best after which training stops; 0 for never.
    retries : int
        How often an epoch whose loss or gradient is not finite is tried again from its start
        with the learning rate halved. One crop whose path is not finite is enough for that: it
        is never left out, since the batch would then avoid what the model cannot do.

    Raises
    ------
    InputError
        For a value of the wrong type or out of range.

    Examples
    --------
    >>> from pysciml.goku import Training
    >>> Training(epochs=50, forecast_steps=4).learning_rate
    0.005
    """

    epochs: int = 200
    batch: int = 64
    learning_rate: float = 5e-3
    warmup: int = 50
    weight_decay: float = 1e-4
    clip: float = 1.0
    continuity: float = 2.0
    kl: float = 1.0
    kl_cycles: int = 4
    forecast_steps: int = 0
    forecast_weight: float = 1.0
    stochastic: bool = True
    flip: bool = False
    jitter: float = 0.0
    average: float = 0.99
    validate_every: int = 1
    patience: int = 0
    retries: int = 2

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            expected = type(field.default)
            if expected is float and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
                object.__setattr__(self, field.name, value)
            if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
                raise InputError(
                    f"{field.name} must be of type {expected.__name__}; got {value!r}."
                )
            if expected is not bool and not value >= 0:
                raise InputError(f"{field.name} must not be negative; got {value!r}.")
        for name in ("epochs", "batch", "learning_rate", "clip", "validate_every", "kl_cycles"):
            if getattr(self, name) == 0:
                raise InputError(f"{name} must be greater than 0; got 0.")
        if self.average >= 1:
            raise InputError(f"average must be less than 1; got {self.average}.")
