"""Variable: a named quantity of a model with its value, units, bounds and labels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ModelError

if TYPE_CHECKING:
    import xarray as xr

    Value = float | Sequence[float] | np.ndarray | xr.DataArray

__all__ = ["Variable"]


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

    Raises
    ------
    ModelError
        If the value is not a finite number, does not fit its dims, or lies outside its bounds.

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
    coords: Mapping[Hashable, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        value = self.value
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
            number = np.array(value, dtype=np.float64)
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
        self._check_bounds(number)

    def _check_bounds(self, number: np.ndarray) -> None:
        if self.bounds is None:
            return
        low, high = map(float, self.bounds)
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

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value; ``()`` for a number."""
        return self.array.shape

    @property
    def size(self) -> int:
        """Count of numbers in the value."""
        return self.array.size

    def axes(self, name: str) -> tuple[str, ...]:
        """Names of the axes, for a variable called `name`.

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
        """Units and description as attributes of a labelled array.

        Returns
        -------
        dict
            ``units`` and ``long_name``, each only where known.
        """
        pairs = {"units": self.units, "long_name": self.description}
        return {key: text for key, text in pairs.items() if text}
