"""The objective: reconstruction, continuity at the joints, KL divergence, forecast."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pysciml.engines.jax.goku.network import Codes, Decoded, LatentModel, Posterior

__all__ = ["Terms", "continuity", "divergence", "draw", "objective"]


class Terms(NamedTuple):
    """The terms of the objective, each a scalar."""

    loss: jax.Array
    reconstruction: jax.Array
    continuity: jax.Array
    kl: jax.Array
    forecast: jax.Array


def continuity(decoded: Decoded) -> jax.Array:
    """Mean squared jump of the latent state at the joints; 0 for single shooting.

    Parameters
    ----------
    decoded : Decoded
        What the codes decode to.

    Returns
    -------
    array
        Scalar.
    """
    if decoded.ends.shape[0] == 0:
        return jnp.zeros(())
    return jnp.mean((decoded.ends - decoded.starts) ** 2)


def divergence(posterior: Posterior) -> jax.Array:
    """KL divergence of the codes from N(0, 1), per sample.

    The code of the parameters counts once; those of the windows count by their mean, so that
    the weight of the prior does not depend on how many windows a sample is cut into.

    Parameters
    ----------
    posterior : Posterior
        Means and log-variances.

    Returns
    -------
    array
        Scalar: mean over the batch.
    """

    def kl(mean: jax.Array, log_variance: jax.Array) -> jax.Array:
        terms = jnp.exp(log_variance) + mean**2 - log_variance - 1
        return jnp.mean(jnp.sum(terms, axis=-1)) / 2

    total = kl(posterior.mean.state, posterior.log_variance.state)
    if posterior.mean.params is not None and posterior.log_variance.params is not None:
        total = total + kl(posterior.mean.params, posterior.log_variance.params)
    return total


def draw(posterior: Posterior, key: jax.Array) -> Codes:
    """Draw codes from their posterior (reparametrised).

    Parameters
    ----------
    posterior : Posterior
        Means and log-variances.
    key : array
        JAX key.

    Returns
    -------
    Codes
        One draw.
    """
    leaves, tree = jax.tree.flatten(posterior.mean)
    widths = jax.tree.leaves(posterior.log_variance)
    keys = jax.random.split(key, len(leaves))
    drawn = [
        mean + jnp.exp(width / 2) * jax.random.normal(k, mean.shape, mean.dtype)
        for mean, width, k in zip(leaves, widths, keys, strict=True)
    ]
    return jax.tree.unflatten(tree, drawn)


def objective(
    model: LatentModel,
    data: jax.Array,
    key: jax.Array,
    *,
    continuity_weight: float,
    kl_weight: jax.Array,
    forecast_weight: float,
    stochastic: bool,
    jitter: float = 0.0,
) -> tuple[jax.Array, Terms]:
    """Objective of a batch.

    Squared errors are divided by the mean absolute value of the batch, as the paper does; the
    KL divergence is counted per observed number.

    Parameters
    ----------
    model : LatentModel
        The model.
    data : array
        Shape (length + future, batch, channel): the model sees the first `length` steps.
    key : array
        JAX key, for noise and codes.
    continuity_weight, forecast_weight : float
        Weights of these terms.
    kl_weight : scalar
        Weight of the KL divergence; unused in a deterministic model.
    stochastic : bool
        Whether the core is solved with its noise.
    jitter : float
        Standard deviation of noise added to what the encoder sees.

    Returns
    -------
    tuple
        The loss and its terms.
    """
    made = model.architecture
    seen, future = data[: made.length], data[made.length :]
    noise_key, code_key, jitter_key = jax.random.split(key, 3)
    shaken = seen + jitter * jax.random.normal(jitter_key, seen.shape) if jitter else seen
    posterior = model.encode(shaken)
    codes = draw(posterior, code_key) if made.variational else posterior.mean
    decoded = model.decode(codes, noise_key if stochastic else None, future.shape[0])
    scale = jnp.mean(jnp.abs(seen))
    error = (data - model.carried(decoded, seen[-1])) ** 2
    reconstruction = jnp.mean(error[: made.length]) / scale
    jump = continuity(decoded)
    kl = divergence(posterior) / (made.length * made.channels)
    forecast = jnp.mean(error[made.length :]) / scale if future.shape[0] else jnp.zeros(())
    loss = reconstruction + continuity_weight * jump + forecast_weight * forecast
    if made.variational:
        loss = loss + kl_weight * kl
    if getattr(model.core, "log_noise", None) is not None:
        loss = loss + _noise_likelihood(model, decoded)
    return loss, Terms(loss, reconstruction, jump, kl, forecast)


def _noise_likelihood(model: LatentModel, decoded: Decoded) -> jax.Array:
    """Fit the noise to the jumps at the joints, and nothing else to the noise.

    A jump is what the noise did over one window, plus what inference got wrong: the maximum of
    this Gaussian likelihood is the noise that explains the forecasts' own errors.
    """
    steps = model.architecture.span - 1
    params = None if decoded.params is None else jax.lax.stop_gradient(decoded.params)
    scale = model.core.jump_scale(params, steps)  # pyright: ignore[reportAttributeAccessIssue]
    if scale is None or decoded.ends.shape[0] == 0:
        return jnp.zeros(())
    jumps = jax.lax.stop_gradient(decoded.ends - decoded.starts)
    return jnp.mean(jumps**2 / (2 * scale**2) + jnp.log(scale))
