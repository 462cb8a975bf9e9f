"""Two labelled arrays on the labels that they share."""

from __future__ import annotations

from typing import Any

import numpy as np

from pysciml.errors import InputError

__all__ = ["aligned"]

SAME = 1e-9  # labels that differ by less, relative to the largest, are the same


def aligned(name: str, one: Any, two: Any, law: bool) -> tuple[Any, Any]:
    """Give two arrays on the labels that they share, with their dims in one order.

    Parameters
    ----------
    name : str
        Of the variable; used in errors.
    one, two : xarray.DataArray
        The arrays.
    law : bool
        Whether ``trajectory`` is left as it is in each.

    Returns
    -------
    tuple of xarray.DataArray
        Both with the labels of the first.

    Raises
    ------
    InputError
        If dims, units or sizes differ, or no label is shared.
    """
    if set(one.dims) != set(two.dims):
        shapes = " and ".join(f"({', '.join(map(str, v.dims))})" for v in (one, two))
        raise InputError(
            f"{name!r} has dims {shapes} in the two results. Select or average what one has more, "
            'such as result.mean("trajectory"), or rename its dims.'
        )
    units = [v.attrs.get("units") for v in (one, two)]  # NumPy and Julia results have none
    if None not in units and units[0] != units[1]:
        raise InputError(
            f"{name!r} is in {units[0]!r} in the first result and in {units[1]!r} in the second; "
            "convert one of them."
        )
    for dim in one.dims:
        if law and dim == "trajectory":
            continue
        labelled = [dim in v.coords for v in (one, two)]
        if all(labelled):
            places = _places(name, str(dim), one[dim].values, two[dim].values)
            one, two = one.isel({dim: places[0]}), two.isel({dim: places[1]})
            two = two.assign_coords({dim: one[dim]})
        elif one.sizes[dim] != two.sizes[dim]:
            raise InputError(
                f"{name!r} has {one.sizes[dim]} elements along {dim!r} in the first result and "
                f"{two.sizes[dim]} in the second, and not both have labels there to align them "
                "by. Give them with assign_coords."
            )
        else:
            one, two = (v.drop_vars(dim, errors="ignore") for v in (one, two))
    extra = [[c for c in v.coords if c not in v.dims] for v in (one, two)]
    one, two = (v.drop_vars(names) for v, names in zip((one, two), extra, strict=True))
    return one, two.transpose(*one.dims)


def _places(name: str, dim: str, one: np.ndarray, two: np.ndarray) -> tuple[Any, Any]:
    """Find equal labels: their places in the first and in the second, in the order of the first."""
    if not all(np.issubdtype(labels.dtype, np.number) for labels in (one, two)):
        known = {label: k for k, label in enumerate(two.tolist())}
        found = [(k, known[label]) for k, label in enumerate(one.tolist()) if label in known]
        first, second = np.array(found, int).reshape(-1, 2).T
    else:
        order = np.argsort(two)
        right = np.clip(np.searchsorted(two[order], one), 1, max(two.size - 1, 1))
        near = np.clip(np.stack([right - 1, right]), 0, two.size - 1)
        gaps = np.abs(two[order][near] - one)
        best = near[np.argmin(gaps, axis=0), np.arange(one.size)]
        scale = max(float(np.max(np.abs(one), initial=0)), float(np.max(np.abs(two), initial=0)))
        first = np.flatnonzero(gaps.min(axis=0) <= SAME * scale)
        second = order[best[first]]
    if first.size == 0:
        spans = [f"{labels.min()} to {labels.max()}" for labels in (one, two) if labels.size]
        raise InputError(
            f"The two results share no label along {dim!r} of {name!r}: they have "
            f"{' and '.join(spans)}. Solve both with the same save=, or interpolate one "
            f"with result.interp({dim}=...)."
        )
    return first, second
