"""Labels on what a latent model infers: data by channel, states and parameters by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from pysciml.datasets.standardise import Standardiser
from pysciml.goku.models import LatentForecaster
from pysciml.goku.task import Inference

__all__ = ["label_data", "label_latent"]


def label_data(
    found: Inference, seen: xr.DataArray, scale: Standardiser, steps: int, step: float
) -> xr.DataArray:
    """Label a reconstruction, or a forecast where `steps` is not 0.

    Parameters
    ----------
    found : Inference
        What the engine returned.
    seen : xarray.DataArray
        The encoded steps, dims (sample, time, channel).
    scale : Standardiser
        Undone here.
    steps : int
        Steps that were forecast.
    step : float
        Time step.

    Returns
    -------
    xarray.DataArray
        Dims (sample, path, time, channel).
    """
    length = seen.sizes["time"]
    part = found.data[:, :, length : length + steps] if steps else found.data[:, :, :length]
    times = seen["time"].values
    if steps:
        times = times[-1] + step * np.arange(1, steps + 1)
    coords: dict[str, Any] = {
        str(name): coord for name, coord in seen.coords.items() if "time" not in coord.dims
    }
    coords["time"] = ("time", times, seen["time"].attrs)
    made = xr.DataArray(
        np.moveaxis(part, 0, 1).astype(np.float64),
        dims=("sample", "path", "time", "channel"),
        coords=coords,
        attrs=seen.attrs,
        name=seen.name,
    )
    return scale.invert(made)


def label_latent(found: Inference, seen: xr.DataArray, settings: LatentForecaster) -> xr.Dataset:
    """Label latent states and parameters.

    Parameters
    ----------
    found : Inference
        What the engine returned.
    seen : xarray.DataArray
        The encoded steps, dims (sample, time, channel).
    settings : LatentForecaster
        Names them.

    Returns
    -------
    xarray.Dataset
        States (sample, time, ...) and parameters (sample, ...).
    """
    model = settings.core
    states = found.states[0, :, : seen.sizes["time"]].astype(np.float64)
    coords: dict[str, Any] = {"time": seen["time"]}
    if "sample" in seen.coords:
        coords["sample"] = seen["sample"]
    variables: dict[str, Any] = {}
    if model is None:
        variables["z"] = (("sample", "time", "state"), states)
        return xr.Dataset(variables, coords)
    parts = (
        (model.state, list(model.state), states, ("sample", "time")),
        (model.params, list(settings.architecture.infer), found.params, ("sample",)),
    )
    for group, names, values, lead in parts:
        start = 0
        for name in names:
            variable = group[name]
            piece = values[..., start : start + variable.size]
            start += variable.size
            shaped = piece.reshape(*piece.shape[:-1], *variable.shape).astype(np.float64)
            dims = (*lead, *variable.axes(name))
            variables[name] = (dims, shaped, variable.attributes())
            coords.update({k: v for k, v in variable.coords.items() if k in dims})
    return xr.Dataset(variables, coords)
