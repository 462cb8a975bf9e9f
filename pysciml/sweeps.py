"""Sweeps: labelled values spread over one batch axis, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from pysciml.errors import InputError, suggest
from pysciml.forcing import Forcing, Series, check_times
from pysciml.model import Model
from pysciml.networks import flat_params
from pysciml.variable import Variable, numbers

__all__ = ["Sweep", "spread"]

_STEADY = (
    "{name!r} in {group} cannot vary in time; make it an input of the model, or write the time "
    "course into the model as a function of t."
)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Values of a batch, with the labels of the batch.

    The ensemble's own dim, ``trajectory``, comes first, so that the noise of a trajectory does
    not depend on how many there are.

    Parameters
    ----------
    state, params, inputs : mapping of str to array
        Each of its own shape, or with a last axis of the batch where it is swept; an input that
        varies in time is a `Series`.
    dims : tuple of str
        Dims of the batch, outermost first.
    sizes : tuple of int
        Their sizes.
    coords : mapping
        Their coordinates, where known, and the swept parameters and inputs, as (dims, values).
    """

    state: Mapping[str, np.ndarray]
    params: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray | Series]
    dims: tuple[str, ...]
    sizes: tuple[int, ...]
    coords: Mapping[str, Any]

    @property
    def batch(self) -> int:
        """Count of trajectories."""
        return int(np.prod(self.sizes, dtype=int))

    @property
    def trajectories(self) -> int:
        """Size of the ensemble at every value of a sweep; 1 where there is none."""
        return dict(zip(self.dims, self.sizes, strict=True)).get("trajectory", 1)


def spread(
    model: Model,
    state: Mapping[str, Any],
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    trajectories: int | None,
) -> Sweep:
    """Check given values against the model and spread them over one batch axis.

    Parameters
    ----------
    model : Model
        The model.
    state, params, inputs : mapping
        Values in place of the model's own.
    trajectories : int or None
        Size of the ensemble.

    Returns
    -------
    Sweep
        The batch.

    Raises
    ------
    InputError
        If a name is unknown or a value has the wrong shape, is not finite, or its labels differ
        from those of another one.
    """
    params = flat_params(model.networks, params) if isinstance(params, Mapping) else params
    groups = [("state", model.state, state), ("params", model.params, params)]
    groups.append(("inputs", model.inputs, inputs))
    arrays: dict[tuple[str, str], xr.DataArray] = {}
    forced: dict[str, Any] = {}
    for group, variables, given in groups:
        if not isinstance(given, Mapping):
            raise InputError(f"{group} must be a mapping of names to values; got {given!r}.")
        for name in given:
            if name not in variables:
                raise InputError(
                    f"{model.name!r} has no {name!r} in {group}.{suggest(str(name), variables)}"
                )
        for name, variable in variables.items():
            value = given.get(name, variable.array)
            if group == "inputs" and isinstance(value, Forcing):
                forced[name] = value.interpolation
                value = value.series
            elif group == "inputs" and "time" in getattr(value, "dims", ()):
                forced[name] = "linear"
            elif isinstance(value, Forcing):
                raise InputError(_STEADY.format(name=name, group=group))
            arrays[group, name] = _labelled(group, name, variable, value)
    sizes: dict[str, int] = {}
    coords: dict[str, Any] = {}
    owned = {axis for _, variables, _ in groups for n, v in variables.items() for axis in v.axes(n)}
    taken = owned | {"time", "status", *model.state}
    taken |= {name for event in model.events for name in (event.name, f"{event.name}_index")}
    names = {*taken, *model.params, *model.inputs}
    for (group, name), array in arrays.items():
        own = getattr(model, group)[name].axes(name)
        for dim in map(str, array.dims):
            if dim in own or (dim == "time" and name in forced):
                continue
            if dim in taken:
                raise InputError(
                    f"{name!r} in {group} cannot be swept over {dim!r}, which is a name of the "
                    "result already; rename the dim."
                )
            _merge(sizes, coords, array, dim, name)
            _keep_further_labels(coords, array, dim, name, names)
    if trajectories is not None:
        if sizes.setdefault("trajectory", trajectories) != trajectories:
            raise InputError(
                f"trajectories={trajectories}, but the dim 'trajectory' of a value has "
                f"{sizes['trajectory']}; leave one of the two out, or rename the dim."
            )
        coords.setdefault("trajectory", np.arange(trajectories))
    dims = tuple(sorted(sizes, key=lambda dim: dim != "trajectory"))
    sizes = {dim: sizes[dim] for dim in dims}
    for (group, name), array in arrays.items():
        swept = any(dim in sizes for dim in array.dims)
        if group != "state" and name not in forced and name not in sizes and swept:
            coords[name] = (array.dims, array.values)
    made: dict[str, dict[str, Any]] = {"state": {}, "params": {}, "inputs": {}}
    for (group, name), array in arrays.items():
        axes = getattr(model, group)[name].axes(name)
        if name in forced:
            times = check_times(name, array)
            values = _flat(array, ("time", *axes), sizes)
            made[group][name] = Series(times, values, forced[name])
        else:
            made[group][name] = _flat(array, axes, sizes)
    return Sweep(**made, dims=dims, sizes=tuple(sizes.values()), coords=coords)


def _labelled(group: str, name: str, variable: Variable, value: Any) -> xr.DataArray:
    axes = variable.axes(name)
    raw = value.values if isinstance(value, xr.DataArray) else value
    try:
        plain = numbers(raw)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name!r} in {group} must be a number or an array of numbers; got {raw!r}."
        ) from error
    if isinstance(value, xr.DataArray):
        value = value.copy(data=plain)
    else:
        if plain.shape != variable.shape:
            raise InputError(
                f"{name!r} in {group} must have shape {variable.shape}; got {plain.shape}. For a "
                "sweep give a DataArray with a dim of its own."
            )
        value = xr.DataArray(plain, dims=axes)
    missing = [axis for axis in axes if axis not in value.dims]
    if missing:
        raise InputError(
            f"{name!r} in {group} needs the dims ({', '.join(axes)}); it has "
            f"({', '.join(map(str, value.dims))})."
        )
    shape = tuple(value.sizes[axis] for axis in axes)
    if shape != variable.shape:
        raise InputError(
            f"{name!r} in {group} must have shape {variable.shape} over ({', '.join(axes)}); "
            f"got {shape}."
        )
    for axis in axes:
        if axis in value.coords and axis in variable.coords:
            labels = variable.coords[axis]
            if not np.array_equal(value.coords[axis].values, labels):
                raise InputError(
                    f"{name!r} in {group} has other labels along {axis!r} than the model, or in "
                    f"another order; select them in the order {np.asarray(labels).tolist()}."
                )
    if "time" in value.dims and group != "inputs":
        raise InputError(_STEADY.format(name=name, group=group))
    if not np.all(np.isfinite(value.values)):
        raise InputError(f"{name!r} in {group} must be finite; it has NaN or infinity.")
    return value


def _merge(
    sizes: dict[str, int], coords: dict[str, Any], array: xr.DataArray, dim: str, name: str
) -> None:
    if array.sizes[dim] == 0:
        raise InputError(f"The sweep dim {dim!r} of {name!r} is empty; give at least one value.")
    if sizes.setdefault(dim, array.sizes[dim]) != array.sizes[dim]:
        raise InputError(
            f"The sweep dim {dim!r} has {sizes[dim]} values, but {array.sizes[dim]} in {name!r}."
        )
    if getattr(array.indexes.get(dim), "nlevels", 1) > 1:
        return  # its levels are coordinates of their own
    if dim in array.coords:
        labels = array.coords[dim].values
    elif array.dims == (dim,) and dim == name:  # the values label themselves
        labels = array.values
    else:
        return
    if dim in coords and not np.array_equal(coords[dim], labels):
        raise InputError(f"The labels of the sweep dim {dim!r} differ between two values.")
    coords[dim] = labels


def _keep_further_labels(
    coords: dict[str, Any], array: xr.DataArray, dim: str, name: str, taken: set[str]
) -> None:
    """Keep coordinates along a sweep dim that have a name of their own, such as levels."""
    for key, coordinate in array.coords.items():
        label = str(key)
        if label == dim or coordinate.dims != (dim,) or label in taken:
            continue
        known = coords.setdefault(label, (coordinate.dims, coordinate.values))
        same = isinstance(known, tuple) and known[0] == (dim,)
        if not (same and np.array_equal(known[1], coordinate.values)):
            raise InputError(
                f"The labels {label!r} along {dim!r} of {name!r} differ from earlier ones of that "
                "name; rename one of them."
            )


def _flat(array: xr.DataArray, axes: tuple[str, ...], sizes: Mapping[str, int]) -> np.ndarray:
    swept = [dim for dim in sizes if dim in array.dims]
    if not swept:
        return array.transpose(*axes).values
    full = array.expand_dims({d: n for d, n in sizes.items() if d not in array.dims})
    values = full.transpose(*axes, *sizes).values
    return values.reshape(*values.shape[: len(axes)], -1)
