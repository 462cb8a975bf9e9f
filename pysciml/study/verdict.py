"""What the table of forecast errors means, in words made from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

__all__ = ["marks", "verdict"]

_NOTICEABLE = 0.01  # a gain over the historical mean below this is called none
_COUNTS = ("no", "one", "two", "three", "four", "five", "six")


def marks(table: xr.Dataset) -> list[str]:
    """Judge the model against the strongest rival at each horizon.

    Parameters
    ----------
    table : Dataset
        ``difference``, ``low``, ``high`` over (other, horizon); the rival is an attribute of
        ``difference``.

    Returns
    -------
    list of str
        ``"better"`` or ``"worse"`` where the 90 % interval of the difference excludes zero,
        else ``"level"``.
    """
    against = table.sel(other=table["difference"].attrs["rival"])
    return [
        "better" if high < 0 else "worse" if low > 0 else "level"
        for low, high in zip(against["low"].values, against["high"].values, strict=True)
    ]


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
    change = table["difference"].sel(other=rival).values
    return [
        _headline(model, rival, horizon, np.array(marks(table))),
        _extremes(rival, horizon, change),
        _among_all(table, model, horizon),
        *_limit(table, horizon),
    ]


def _headline(model: str, rival: str, horizon: np.ndarray, mark: np.ndarray) -> str:
    every = f"at every horizon, {_span(horizon)} ahead"
    where = {
        name: every if (mark == name).all() else _ranges(horizon, mark == name)
        for name in ("better", "level", "worse")
        if (mark == name).any()
    }
    level = f"level with {{}} {where.get('level')} (the difference may be chance)"
    if "better" not in where:
        text = f"{model} does not beat the {rival}: it is "
        parts = [level.format("it")] if "level" in where else []
        parts += [f"worse {where['worse']}"] if "worse" in where else []
        return text + " and ".join(parts) + "."
    text = f"{model} forecasts better than the {rival} {where['better']}"
    if len(where) == 1:
        return text + "."
    parts = [level.format("it")] if "level" in where else []
    parts += [f"worse {where['worse']}"] if "worse" in where else []
    return f"{text}; it is {' and '.join(parts)}."


def _extremes(rival: str, horizon: np.ndarray, change: np.ndarray) -> str:
    low, high = int(np.argmin(change)), int(np.argmax(change))

    def say(index: int) -> str:
        word = "lower" if change[index] < 0 else "higher"
        return f"{abs(100 * change[index]):.1f} % {word} at {_time(horizon[index])} s"

    if low == high:
        return f"Its error is {say(low)} than that of the {rival}."
    return f"Against the {rival}, its error is at best {say(low)}, at worst {say(high)}."


def _among_all(table: xr.Dataset, model: str, horizon: np.ndarray) -> str:
    names = table["forecaster"].values
    best = names[table["nrmse"].argmin("forecaster").values]
    count = len(names)
    text = _COUNTS[count] if count < len(_COUNTS) else str(count)
    own = best == model
    if own.all():
        return f"It has the lowest error of all {text} forecasters at every horizon."
    rest = ", ".join(
        f"of the {name} {_ranges(horizon, best == name)}"
        for name in dict.fromkeys(best[~own].tolist())
    )
    if not own.any():
        return f"Of all {text} forecasters, the lowest error is that {rest}."
    return (
        f"It has the lowest error of all {text} forecasters {_ranges(horizon, own)}; elsewhere the "
        f"lowest is that {rest}."
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
        f"From {_time(horizon[first])} s on, no forecaster is noticeably (1 %) better than the "
        "historical mean: there is little left to forecast."
    ]


def _time(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:.0f}"


def _span(horizon: np.ndarray) -> str:
    if len(horizon) == 1:
        return f"{_time(horizon[0])} s"
    return f"{_time(horizon[0])} to {_time(horizon[-1])} s"


def _ranges(horizon: np.ndarray, chosen: Sequence[bool] | np.ndarray) -> str:
    """Name the chosen horizons: ``at 1.9 s and from 5.7 to 9.5 s``."""
    parts, start = [], None
    for index, mark in enumerate([*np.asarray(chosen).tolist(), False]):
        if mark and start is None:
            start = index
        elif not mark and start is not None:
            run = horizon[start:index]
            parts.append(f"{'at' if len(run) == 1 else 'from'} {_span(run)}")
            start = None
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
