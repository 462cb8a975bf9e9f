"""A few forecasts and what the model inferred, kept for figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from pysciml.study.bands import QUANTILES, has_paths, sample_paths
from pysciml.study.blocks import blocks, in_blocks

if TYPE_CHECKING:
    from pysciml.goku import GokuRun
    from pysciml.study.evaluate import Origins
    from pysciml.study.file import Study

__all__ = ["forecast_examples", "inferred"]

_EXAMPLES = 3
_WINDOWS = 64


def forecast_examples(
    run: GokuRun,
    study: Study,
    cut: Origins,
    noise: xr.DataArray,
    rival: tuple[str, Callable[[xr.DataArray, int], xr.DataArray]],
) -> xr.Dataset:
    """Forecast from three origins, spread evenly over the test part.

    Parameters
    ----------
    run : GokuRun
        The trained model.
    study : Study
        The study.
    cut : Origins
        All origins.
    noise : DataArray
        Standard deviation of the observation noise over (channel,).
    rival : tuple of str and callable
        Name and forecast of the strongest rival.

    Returns
    -------
    Dataset
        As `pysciml.plotting.plot_forecasts` takes it; the attribute ``rival`` is its name.
    """
    cut = cut.spread(_EXAMPLES)
    asked, seen, ahead = study.evaluation, cut.histories, cut.futures
    rebuilt = in_blocks(lambda block: run.reconstruct(block, refine=asked.refine), seen)
    predicted = in_blocks(
        lambda block: run.forecast(block, asked.horizon, refine=asked.refine), seen
    )
    past, future = ("example", "lag", "channel"), ("example", "horizon", "channel")
    name, forecast = rival
    examples = xr.Dataset(
        {
            "history": (past, seen.values),
            "reconstruction": (past, rebuilt.values),
            "future": (future, ahead.values),
            "forecast": (
                future,
                predicted.values,
            ),
            "rival": (future, forecast(seen, asked.horizon).values),
            "title": ("example", _titles(seen)),
        },
        coords={
            "lag": seen["time"].values,
            "horizon": ahead["time"].values,
            "channel": seen["channel"].values,
        },
        attrs={"rival": name},
    )
    if has_paths(study):
        index, fresh = next(blocks(seen.sizes["sample"]))
        _, observed = sample_paths(run, study, seen.isel(sample=index), noise)
        examples["band"] = (
            ("quantile", *future),
            np.quantile(observed[:fresh], QUANTILES, axis=1),
        )
        examples = examples.assign_coords(quantile=list(QUANTILES))
    return examples


def _titles(seen: xr.DataArray) -> list[str]:
    origins = [f"from {value:.0f} s" for value in seen["origin"].values]
    if "series" not in seen.coords or np.unique(seen["series"].values).size == 1:
        return origins
    return [f"{who}, {when}" for who, when in zip(seen["series"].values, origins, strict=True)]


def inferred(run: GokuRun, study: Study, cut: Origins) -> xr.Dataset:
    """Infer states and parameters from at most 64 windows of the test part.

    Parameters
    ----------
    run : GokuRun
        The trained model.
    study : Study
        The study.
    cut : Origins
        All origins.

    Returns
    -------
    Dataset
        States over (sample, time, ...) and parameters over (sample, ...) by the names of the
        model; the attributes ``states`` and ``parameters`` list them with spaces between. Empty
        for a network without a mechanistic core.
    """
    core = study.core()
    if core is None:
        return xr.Dataset(attrs={"states": "", "parameters": ""})
    refine = study.evaluation.refine
    found = in_blocks(lambda block: run.infer(block, refine=refine), cut.spread(_WINDOWS).histories)
    known = {**core.state, **core.params}
    for name, values in found.data_vars.items():
        if name in known:
            values.attrs.update(known[str(name)].attributes())
    states = [name for name in core.state if name in found]
    parameters = [name for name in core.params if name in found]
    return found[[*states, *parameters]].assign_attrs(
        states=" ".join(states), parameters=" ".join(parameters)
    )
