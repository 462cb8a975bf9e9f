"""Semi-amortised inference: gradient steps on what was inferred of a sample, on its data alone.

The networks stay as they are, and only the observed steps of the sample are seen. First the
codes move, as the encoder proposed them: one of the initial state per window, one of the
parameters. Before a forecast the state of every single step moves as well, tied to the one
before by the equations and the noise that they have (weak-constraint 4D-Var): a deterministic
path through a whole window would push the noise into the parameters, and the forecast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from pysciml.engines.jax.goku.network import Codes, Decoded, LatentModel

__all__ = ["refined", "smoothed"]

RATE = 0.05
# Weight of squared jumps, in units of the states' own spread, against squared errors of
# standardised data; per step of a window, since the variance of a jump grows with its length.
CONTINUITY = 10.0


def refined(
    model: LatentModel, codes: Codes, data: jax.Array, steps: int, scale: jax.Array
) -> Codes:
    """Move codes towards what explains their own sample best.

    Parameters
    ----------
    model : LatentModel
        The trained model.
    codes : Codes
        The encoder's proposal.
    data : array
        Observed steps, shape (length, batch, channel).
    steps : int
        Steps of Adam; its rate falls along a cosine.
    scale : array
        Standard deviation of every state component, shape (d,).

    Returns
    -------
    Codes
        Refined codes.
    """
    apart = model.architecture.span - 1

    def misfit(codes: Codes) -> jax.Array:
        return _misfit(model.decode(codes), data, scale, apart)

    return _descend(misfit, codes, steps)


def smoothed(
    model: LatentModel, codes: Codes, data: jax.Array, steps: int, scale: jax.Array
) -> tuple[jax.Array, jax.Array | None]:
    """Move the state of every step, and the parameters, towards what explains the sample best.

    Parameters
    ----------
    model, codes, data, steps, scale
        As in :func:`refined`.

    Returns
    -------
    tuple
        States (d, length - 1, batch) from which windows of one step start, and the parameters
        (parameters, batch).
    """
    path = model.decode(codes).states[:-1]
    spread = scale[:, None, None]

    def split(free: tuple[jax.Array, Any]) -> tuple[jax.Array, jax.Array | None]:
        states, code = free
        return spread * states, model.parameters(code)

    def misfit(free: tuple[jax.Array, Any]) -> jax.Array:
        return _misfit(model.unfold(*split(free), span=2), data, scale, 1)

    start = (path.swapaxes(0, 1) / spread, codes.params)
    return split(_descend(misfit, start, steps))


def _misfit(decoded: Decoded, data: jax.Array, scale: jax.Array, steps: int) -> jax.Array:
    jumps = (decoded.ends - decoded.starts) / scale[:, None]
    return jnp.sum((decoded.data - data) ** 2) + CONTINUITY / steps * jnp.sum(jumps**2)


def _descend(misfit: Callable[[Any], jax.Array], start: Any, steps: int) -> Any:
    optimiser = optax.adam(optax.schedules.cosine_decay_schedule(RATE, steps, 0.02))

    def step(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
        free, state = carry
        change, state = optimiser.update(jax.grad(misfit)(free), state)
        return (optax.apply_updates(free, change), state), None

    (found, _), _ = jax.lax.scan(step, (start, optimiser.init(start)), None, length=steps)
    return found
