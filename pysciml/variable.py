"""Variable: a named quantity of a model with its value, units, bounds and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.errors import ModelError

if TYPE_CHECKING:
    import xarray as xr

    Value = float | Sequence[float] | np.ndarray | xr.DataArray

__all__ = ["Variable", "numbers"]


def numbers(value: Any) -> np.ndarray:
    """Copy a real number or an array of them into a float64 array.

    Parameters
    ----------
    value : object
        What was given.

    Returns
    -------
    numpy.ndarray
        The numbers.

    Raises
    ------
    TypeError, ValueError
        If it holds text, complex numbers, dates or objects; numpy would convert some of them.

    Examples
    --------
    >>> numbers([1, 2])
    array([1., 2.])
    """
    array = np.array(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"not real numbers: {array.dtype}")
    return array.astype(np.float64)


@dataclass(frozen=True, eq=False)
class Variable:
    """A state, parameter or input of a model.

    Parameters
    ----------
    value : float, array or xarray.DataArray
        Initial value of a state, default of a parameter or input. Dims and coordinates of a
        DataArray label every result.
    units : str, optional
        CF-style unit string, kept as the attribute ``units`` of results.
    bounds : tuple of float, optional
        Lowest and highest sensible value. Inference maps its proposals into this range.
    dims : tuple of str, optional
        Names of the axes of an array value; ``<name>_0``, ``<name>_1``, ... unless given.
    description : str, optional
        What it is, kept as the attribute ``long_name`` of results.
    coords : mapping, optional
        Labels along the dims, by dim.

    Raises
    ------
    ModelError
        If the value is not a finite number, does not fit its dims and coords, or lies outside
        its bounds.

    Examples
    --------
    >>> rate = Variable(1.3, units="1/s", bounds=(0.0, 5.0), description="growth rate")
    >>> rate.shape
    ()
    """

    value: Value
    units: str = ""
    bounds: tuple[float, float] | None = None
    dims: tuple[str, ...] | None = None
    description: str = ""
    coords: Mapping[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        value = self.value
        if isinstance(self.dims, str):
            object.__setattr__(self, "dims", (self.dims,))
        if hasattr(value, "dims") and hasattr(value, "coords"):  # a DataArray, xarray not imported
            array: Any = value
            units = self.units or str(array.attrs.get("units", ""))
            named = self.description or str(array.attrs.get("long_name", ""))
            object.__setattr__(self, "units", units)
            object.__setattr__(self, "description", named)
            object.__setattr__(self, "dims", self.dims or tuple(map(str, array.dims)))
            own = {k: v.values for k, v in array.coords.items() if v.dims == (k,)}
            object.__setattr__(self, "coords", {**own, **self.coords})
            value = array.values
        try:
            number = numbers(value)
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"A value must be a number or an array of numbers; got {value!r}."
            ) from error
        number.setflags(write=False)
        object.__setattr__(self, "value", number)
        if not np.all(np.isfinite(number)):
            raise ModelError(
                f"A value must be finite; got {number!r}. Give a number for every entry."
            )
        if self.dims is not None and len(self.dims) != number.ndim:
            raise ModelError(
                f"dims names {len(self.dims)} axes ({', '.join(self.dims)}) but the value has "
                f"{number.ndim} (shape {number.shape}). Give one name per axis."
            )
        for axis, labels in self.coords.items():
            axes = self.dims or ()
            if axis not in axes or np.shape(labels) != (number.shape[axes.index(str(axis))],):
                raise ModelError(
                    f"coords labels {axis!r} with shape {np.shape(labels)}, which does not fit the "
                    f"dims {axes} of shape {number.shape}. Give one label per entry of a dim."
                )
        self._check_bounds(number)

    def _check_bounds(self, number: np.ndarray) -> None:
        if self.bounds is None:
            return
        try:
            low, high = map(float, self.bounds)
        except (TypeError, ValueError) as error:
            raise ModelError(f"bounds must be (low, high); got {self.bounds!r}.") from error
        if not low < high:
            raise ModelError(f"bounds must be (low, high) with low < high; got ({low}, {high}).")
        if np.any(number < low) or np.any(number > high):
            raise ModelError(
                f"The value {number!r} lies outside its bounds ({low}, {high}). "
                "Change the value or widen the bounds."
            )
        object.__setattr__(self, "bounds", (low, high))

    @property
    def array(self) -> np.ndarray:
        """The value as a read-only float64 array."""
        return np.asarray(self.value)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value; ``()`` for a number."""
        return self.array.shape

    @cached_property
    def size(self) -> int:
        """Count of numbers in the value."""
        return self.array.size

    def axes(self, name: str) -> tuple[str, ...]:
        """Name the axes, for a variable called `name`.

        Parameters
        ----------
        name : str
            Name of the variable in its model.

        Returns
        -------
        tuple of str
            One name per axis.
        """
        if self.dims is not None:
            return self.dims
        return tuple(f"{name}_{axis}" for axis in range(self.array.ndim))

    def attributes(self) -> dict[str, str]:
        """Give units and description as attributes of a labelled array.

        Returns
        -------
        dict
            ``units`` and ``long_name``, each only where known.
        """
        pairs = {"units": self.units, "long_name": self.description}
        return {key: text for key, text in pairs.items() if text}
