"""Synthetic data of GOKU-UI's paper: noisy oscillators seen through a random linear map."""

from __future__ import annotations

import numpy as np
import xarray as xr

from pysciml.catalog import stuart_landau
from pysciml.errors import InputError
from pysciml.solve import solve

__all__ = ["stuart_landau_benchmark"]

SUBSTEPS = 4  # of stochastic Heun per second; the noise floor hides a finer step


def stuart_landau_benchmark(
    trajectories: int,
    *,
    steps: int = 600,
    channels: int = 64,
    oscillators: int = 3,
    drop: int = 100,
    rng: int = 0,
    observation_rng: int = 1,
) -> xr.Dataset:
    """Simulate coupled stochastic Stuart-Landau oscillators, each trajectory with its own values.

    Growth a is uniform in [-0.2, 0.2] 1/s, angular frequency omega in [0.08 pi, 0.14 pi] rad/s
    (0.04 to 0.07 Hz), coupling C in [0, 0.2], the initial state in [0.3, 0.4]; G = 0.1 1/s and
    the noise is 0.02 / sqrt(20) per square root of a second. Channels are a fixed linear map of
    the states with entries uniform in [-1, 1], without observation noise.

    Parameters
    ----------
    trajectories : int
        Samples.
    steps : int
        Time steps of 1 s that are kept.
    channels : int
        Observed channels.
    oscillators : int
        Oscillators, N.
    drop : int
        Steps dropped before those that are kept.
    rng : int
        Seed of values, initial states and noise; use another one for every part of the data, so
        that test parameters are not those of training.
    observation_rng : int
        Seed of the linear map; the same for all parts.

    Returns
    -------
    xarray.Dataset
        ``x`` (sample, time, channel), float32; the truth behind it: ``z`` (sample, time,
        state), with the real parts first, ``a``, ``omega``, ``C``; and ``map`` (channel, state).

    Raises
    ------
    InputError
        If a count is not a positive whole number.

    References
    ----------
    Abrevaya et al. (2024), "Effective latent differential equation models via attention and
    multiple shooting", TMLR, section on synthetic data, and the code published with it.

    Examples
    --------
    >>> data = stuart_landau_benchmark(2, steps=46, channels=8)
    >>> data.x.dims, data.x.shape
    (('sample', 'time', 'channel'), (2, 46, 8))
    """
    counts = {"trajectories": trajectories, "steps": steps, "channels": channels}
    for name, count in counts.items():
        if not isinstance(count, int) or count < 1:
            raise InputError(f"{name} must be a positive whole number; got {count!r}.")
    random = np.random.default_rng(rng)
    model = stuart_landau(oscillators, frequency=(0.0, 1.0))
    samples, n = trajectories, oscillators

    def uniform(low: float, high: float, *dims: str) -> xr.DataArray:
        shape = (samples, *(n for _ in dims))
        return xr.DataArray(random.uniform(low, high, shape), dims=("sample", *dims))

    params = {
        "a": uniform(-0.2, 0.2, "oscillator"),
        "omega": uniform(0.08 * np.pi, 0.14 * np.pi, "oscillator"),
        "C": uniform(0.0, 0.2, "oscillator_from", "oscillator"),
    }
    state = {name: uniform(0.3, 0.4, "oscillator") for name in model.state}
    total = drop + steps
    times = np.arange(drop, total, dtype=np.float64)
    solution = solve(
        model,
        t=(0.0, float(max(total - 1, 1))),
        save=1.0,
        state=state,
        params=params,
        solver="Heun",
        dt=1.0 / SUBSTEPS,
        rng=int(random.integers(2**31)),
        dtype="float32",
    )
    kept = solution.isel(time=slice(drop, total))
    z = np.concatenate([kept[name].values for name in model.state], axis=-1)
    mapping = np.random.default_rng(observation_rng).uniform(-1.0, 1.0, (channels, 2 * n))
    x = z @ mapping.T.astype(np.float32)
    return xr.Dataset(
        {
            "x": (("sample", "time", "channel"), x),
            "z": (("sample", "time", "state"), z),
            "map": (("channel", "state"), mapping),
            **params,
        },
        {"time": ("time", times - drop, {"units": "s"})},
        {"source": "Stuart-Landau benchmark of Abrevaya et al. (2024), TMLR", "seed": rng},
    )
