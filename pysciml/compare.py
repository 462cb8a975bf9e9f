"""``pysciml.compare``: how far two results are apart, by label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.aligning import aligned
from pysciml.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["compare"]

SUMMARY = ("max_abs", "max_rel", "max_sigma", "at", "parted", "missing")


def compare(
    first: xr.Dataset,
    second: xr.Dataset,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    sigmas: float = 5.0,
    in_law: bool | None = None,
) -> xr.Dataset:
    """Compare two results: of two engines, two solvers, or one of pysciml and one of your own.

    What both have is aligned by label, so the order of labels and what only one has do not
    matter; times count as equal within a relative 1e-9. Two ensembles on noise of their own have
    no path in common, so their means and standard deviations are compared, with the standard
    errors of these differences.

    Parameters
    ----------
    first, second : xarray.Dataset
        Results of `solve`, or any variables over labelled dims. The second is the reference.
    rtol, atol : float
        Paths have parted where they differ by more than ``atol + rtol |second|``.
    sigmas : float
        Moments of ensembles have parted where they differ by more standard errors than this.
    in_law : bool, optional
        Whether to compare moments over ``trajectory`` rather than paths. By default moments are
        compared where both results have that dim, unless both name the same given increments.

    Returns
    -------
    xarray.Dataset
        For every variable its difference, first less second, over its own dims; of ensembles
        over ``moment`` (``"mean"``, ``"sd"``) in place of ``trajectory``, with the standard error
        as ``<name>_error``. Over the dim ``variable``: ``max_abs``, the largest absolute
        difference; ``max_rel``, the same by the largest absolute value in the second; ``at``, the
        time of the largest difference; ``parted``, the first time at which they have parted, NaN
        if they never do; ``missing``, how many values only one of them has; and, of ensembles,
        ``max_sigma``, the largest difference in standard errors. Attributes say what was compared.

    Raises
    ------
    InputError
        If the two have no variable or no label in common, or a variable has other dims, another
        size or another unit in one than in the other.

    Notes
    -----
    The standard error of a standard deviation s of n numbers with fourth central moment m is
    sqrt((m - s^4) / (4 s^2 n)) (Kenney & Keeping, 1951, section 7.8), for large n.

    Examples
    --------
    >>> model = ps.catalog.lotka_volterra()
    >>> coarse = ps.solve(model, t=(0, 10), save=0.5, rtol=1e-4)
    >>> fine = ps.solve(model, t=(0, 10), save=0.5, rtol=1e-9, atol=1e-10)
    >>> found = ps.compare(coarse, fine, rtol=1e-2)
    >>> bool(found.max_rel.max() < 1e-2), float(found.parted.sel(variable="x"))
    (True, nan)

    A result of other software is compared once it has labels:

    >>> own = xr.Dataset({"x": ("time", np.exp(-fine.time.values))}, {"time": fine.time.values})
    >>> ps.compare(own, fine).attrs["variables"]
    'x, which both have; only in the second: y'
    """
    import xarray as xr

    pair = [_variables(data, which) for data, which in ((first, "first"), (second, "second"))]
    shared = [name for name in pair[0] if name in pair[1]]
    if not shared:
        known = [", ".join(names) or "none" for names in pair]
        raise InputError(
            f"The two results have no variable in common: the first has {known[0]}, the second "
            f"{known[1]}. Give them the same names with first.rename(...)."
        )
    if clash := [name for name in shared if name in SUMMARY]:
        raise InputError(
            f"The variable {clash[0]!r} has the name of a column of the comparison; rename it."
        )
    law = _in_law(first, second) if in_law is None else in_law
    made: dict[str, Any] = {}
    rows = []
    for name in shared:
        one, two = aligned(name, first[name], second[name], law)
        if law and "trajectory" in one.dims:
            difference, error = _moments(one, two)
            made[name], made[f"{name}_error"] = difference, error
            rows.append(_row_of_moments(difference, error, two, sigmas))
        else:
            made[name] = one - two
            rows.append(_row_of_paths(made[name], one, two, rtol, atol))
    table = {
        key: ("variable", [row[key] for row in rows])
        for key in SUMMARY
        if any(key in row for row in rows)
    }
    result = xr.Dataset({**made, **table}, {"variable": shared})
    result.attrs = {
        "first": _provenance(first),
        "second": _provenance(second),
        "variables": _names(pair, shared),
        "compared": "moments over trajectories" if law else "paths",
    }
    return result


def _variables(data: Any, which: str) -> list[str]:
    import xarray as xr

    if not isinstance(data, xr.Dataset):
        raise InputError(
            f"The {which} result is a {type(data).__name__}; expected an xarray.Dataset, as solve "
            'returns it. Make one with xr.Dataset({"x": ("time", values)}, {"time": times}).'
        )
    return [
        str(name)
        for name, variable in data.data_vars.items()
        if np.issubdtype(variable.dtype, np.number) and name != "status"
    ]


def _names(pair: Sequence[Sequence[str]], shared: Sequence[str]) -> str:
    text = f"{', '.join(shared)}, which both have"
    for names, which in zip(pair, ("first", "second"), strict=True):
        if rest := [name for name in names if name not in shared]:
            text += f"; only in the {which}: {', '.join(rest)}"
    return text


def _provenance(data: xr.Dataset) -> str:
    told = [str(data.attrs[key]) for key in ("model", "engine", "solver") if key in data.attrs]
    told += [f"{key} {data.attrs[key]}" for key in ("rtol", "atol", "dt") if key in data.attrs]
    return ", ".join(told) or str(data.attrs.get("title", "unnamed"))


def _in_law(first: xr.Dataset, second: xr.Dataset) -> bool:
    if not all("trajectory" in data.dims for data in (first, second)):
        return False
    return not all(data.attrs.get("seed") == "given increments" for data in (first, second))


def _moments(one: Any, two: Any) -> tuple[Any, Any]:
    """Give the differences of mean and standard deviation, and their standard errors."""
    import xarray as xr

    moments, errors = [], []
    for v in (one, two):
        n = v.count("trajectory")
        mean, sd = v.mean("trajectory"), v.std("trajectory", ddof=1)
        fourth = ((v - mean) ** 4).mean("trajectory")
        spread = np.maximum(fourth - sd**4, 0) / (4 * sd**2 * n)
        moments.append([mean, sd])
        errors.append([sd**2 / n, xr.where(sd > 0, spread, 0.0)])
    label = xr.Variable("moment", ["mean", "sd"])
    parts = [moments[0][k] - moments[1][k] for k in range(2)]
    widths = [np.sqrt(errors[0][k] + errors[1][k]) for k in range(2)]
    return xr.concat(parts, label), xr.concat(widths, label)


def _row_of_moments(difference: Any, error: Any, two: Any, sigmas: float) -> dict[str, Any]:
    size = np.abs(difference)
    ratio = (size / error).where(error > 0, np.where(size > 0, np.inf, 0.0))
    row = _row(size, ratio > sigmas, two)
    return {**row, "max_sigma": float(ratio.max()), "missing": 0}


def _row_of_paths(difference: Any, one: Any, two: Any, rtol: float, atol: float) -> dict[str, Any]:
    alone = one.isnull() != two.isnull()
    size = np.abs(difference)
    apart = (size > atol + rtol * np.abs(two)) | alone
    return {**_row(size, apart, two), "max_sigma": np.nan, "missing": int(alone.sum())}


def _row(size: Any, apart: Any, two: Any) -> dict[str, float]:
    largest = float(size.max()) if size.notnull().any() else np.nan
    scale = float(np.abs(two).max())
    row = {"max_abs": largest, "max_rel": largest / scale if scale > 0 else np.nan}
    if "time" not in size.dims:
        return {**row, "at": np.nan, "parted": np.nan}
    others = [dim for dim in size.dims if dim != "time"]
    over_time, parted = size.max(others), apart.any(others)
    at = over_time["time"][int(over_time.argmax("time"))] if over_time.notnull().any() else np.nan
    first = parted["time"][int(parted.argmax("time"))] if bool(parted.any()) else np.nan
    return {**row, "at": float(at), "parted": float(first)}
