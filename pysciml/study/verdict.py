"""What the table of forecast errors means, in words made from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

__all__ = ["verdict"]

_NOTICEABLE = 0.01  # a gain over the historical mean below this is called none
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def verdict(table: xr.Dataset, model: str) -> list[str]:
    """Say where a model forecasts better than its rivals, and where it does not.

    Parameters
    ----------
    table : Dataset
        ``nrmse`` (forecaster, horizon), ``difference``, ``low``, ``high`` (other, horizon).
    model : str
        The forecaster that is judged.

    Returns
    -------
    list of str
        Sentences, the most important one first.
    """
    horizon = table["horizon"].values
    rival = str(table["difference"].attrs["rival"])
    against = table.sel(other=rival)
    change = against["difference"].values
    better = change < 0
    sure = (against["high"].values < 0) & better
    worse = against["low"].values > 0
    return [
        _headline(model, rival, horizon, better),
        *_certainty(horizon, change, sure, worse, better),
        _among_all(table, model, horizon),
        *_limit(table, horizon),
    ]


def _headline(model: str, rival: str, horizon: np.ndarray, better: np.ndarray) -> str:
    if better.all():
        return (
            f"{model} forecasts better than the {rival} at every horizon, {_when(horizon)} ahead."
        )
    if not better.any():
        return f"{model} does not beat the {rival} at any horizon, {_when(horizon)} ahead."
    return (
        f"{model} forecasts better than the {rival} {_ranges(horizon, better)} ahead, "
        f"and does not beat it {_ranges(horizon, ~better)} ahead."
    )


def _certainty(
    horizon: np.ndarray, change: np.ndarray, sure: np.ndarray, worse: np.ndarray, better: np.ndarray
) -> list[str]:
    sentences = []
    if better.any():
        best = int(np.argmin(change))
        sentences.append(
            f"The largest gain is {-100 * change[best]:.0f} % at {horizon[best]:.3g} s."
        )
        if sure.all():
            sentences.append("No gain is explained by chance (90 % intervals exclude zero).")
        elif sure.any():
            sentences.append(
                f"The gain is more than chance {_ranges(horizon, sure)} (90 % interval below "
                "zero); elsewhere it may be luck."
            )
        else:
            sentences.append("No gain is more than chance could explain (90 % intervals).")
    if worse.any():
        sentences.append(f"It is worse by more than chance {_ranges(horizon, worse)}.")
    return sentences


def _among_all(table: xr.Dataset, model: str, horizon: np.ndarray) -> str:
    names = table["forecaster"].values
    best = names[table["nrmse"].argmin("forecaster").values]
    count = len(names)
    text = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    own = best == model
    if own.all():
        return f"It is the best of all {text} forecasters at every horizon."
    rest = ", ".join(
        f"the {name} is best {_ranges(horizon, best == name)}"
        for name in dict.fromkeys(best[~own].tolist())
    )
    if not own.any():
        return f"It is the best of all {text} forecasters at no horizon: {rest}."
    return (
        f"It is the best of all {text} forecasters at {int(own.sum())} of {len(horizon)} horizons; "
        f"{rest}."
    )


def _limit(table: xr.Dataset, horizon: np.ndarray) -> list[str]:
    """Say from when on there is nothing left to forecast."""
    if "historical mean" not in table["forecaster"].values:
        return []
    mean = table["nrmse"].sel(forecaster="historical mean").values
    others = table["nrmse"].drop_sel(forecaster="historical mean").min("forecaster").values
    useful = others < (1 - _NOTICEABLE) * mean
    if useful[-1]:
        return []
    if not useful.any():
        return ["No forecaster is noticeably better than the historical mean at any horizon."]
    first = len(useful) - int(np.argmax(useful[::-1]))
    return [
        f"From {horizon[first]:.3g} s on, no forecaster is noticeably (1 %) better than the "
        "historical mean: what can be forecast has been forecast by then."
    ]


def _when(horizon: np.ndarray) -> str:
    if len(horizon) == 1:
        return f"{horizon[0]:.3g} s"
    return f"{horizon[0]:.3g} to {horizon[-1]:.3g} s"


def _ranges(horizon: np.ndarray, chosen: Sequence[bool] | np.ndarray) -> str:
    """Name the chosen horizons: ``at 1.9 s and from 5.7 to 9.5 s``."""
    parts, start = [], None
    marks = [*np.asarray(chosen).tolist(), False]
    for index, mark in enumerate(marks):
        if mark and start is None:
            start = index
        elif not mark and start is not None:
            if start == index - 1:
                parts.append(f"at {horizon[start]:.3g} s")
            else:
                parts.append(f"from {horizon[start]:.3g} to {horizon[index - 1]:.3g} s")
            start = None
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
