"""Comparison of forecasters, with intervals that tell a gain from luck."""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["compare"]

_DRAWS = 1000
_LEVEL = 0.9


def compare(table: xr.Dataset, model: str) -> xr.Dataset:
    """Compare a model with every other forecaster per horizon, with an interval.

    Forecasts from neighbouring origins share most of their future, so that their errors are not
    independent. The interval comes from a block bootstrap over origins (Kuensch 1989, circular,
    within each series) that draws the same origins for both forecasters.

    Parameters
    ----------
    table : Dataset
        ``squared_error`` over (forecaster, origin, horizon), with the coordinate ``series`` of
        each origin.
    model : str
        The forecaster that is compared with the others.

    Returns
    -------
    Dataset
        Over (other, horizon): ``difference``, the relative difference of the root mean square
        errors (below 0 where the model is better), and the bounds ``low`` and ``high`` of its
        90 % interval. The attribute ``rival`` of ``difference`` is the forecaster to beat, the
        last one.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> errors = np.ones((2, 20, 1)) * np.array([0.25, 1.0])[:, None, None]
    >>> table = xr.Dataset(
    ...     {"squared_error": (("forecaster", "origin", "horizon"), errors)},
    ...     {"forecaster": ["model", "mean"], "horizon": [1.0],
    ...      "series": ("origin", np.zeros(20, dtype=int))})
    >>> found = compare(table, "model")
    >>> float(found.difference[0, 0]), float(found.low[0, 0]), float(found.high[0, 0])
    (-0.5, -0.5, -0.5)
    """
    errors = table["squared_error"].transpose("forecaster", "origin", "horizon").values
    weights = _draws(table["series"].values, errors.shape[-1])
    names = [str(name) for name in table["forecaster"].values]
    own = names.index(model)
    others = [index for index in range(len(names)) if index != own]
    rms = np.sqrt(np.einsum("ro,foh->frh", weights, errors))
    drawn = rms[own] / rms[others] - 1
    mean = np.sqrt(errors.mean(axis=1))
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=1)
    dims = ("other", "horizon")
    return xr.Dataset(
        {
            "difference": (dims, mean[own] / mean[others] - 1, {"rival": names[others[-1]]}),
            "low": (dims, low),
            "high": (dims, high),
        },
        coords={"other": [names[index] for index in others], "horizon": table["horizon"]},
    )


def _draws(series: np.ndarray, horizon: int) -> np.ndarray:
    """Weights of the origins in each draw, of shape (draw, origin); each row sums to one."""
    rng = np.random.default_rng(0)
    weights = np.zeros((_DRAWS, series.size))
    for label in np.unique(series):
        members = np.flatnonzero(series == label)
        length = min(horizon, max(1, members.size // 4))
        blocks = -(-members.size // length)
        starts = rng.integers(members.size, size=(_DRAWS, blocks, 1))
        drawn = (starts + np.arange(length)) % members.size
        drawn = drawn.reshape(_DRAWS, -1)[:, : members.size]
        rows = np.repeat(np.arange(_DRAWS), members.size)
        np.add.at(weights, (rows, members[drawn].ravel()), 1.0)
    return weights / series.size
