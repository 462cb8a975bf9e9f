"""The data of a run: labelled arrays in one netCDF file, each known by its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.errors import DataError, RunError
from pysciml.runs.atomic import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import xarray as xr

__all__ = ["hash_data", "read_data", "write_data"]


def hash_data(array: xr.DataArray) -> str:
    """Return the SHA-256 of an array: of its values, type, dims and coordinates.

    Parameters
    ----------
    array : xarray.DataArray
        The data. Its name and attributes are not part of the hash.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    DataError
        If it holds something else than numbers and texts.

    Examples
    --------
    >>> import xarray as xr
    >>> hash_data(xr.DataArray([1, 2], dims="time")) == hash_data(xr.DataArray([1, 2], dims="x"))
    False
    """
    digest = hashlib.sha256()
    parts: list[tuple[str, Any]] = [("", array)]
    parts += sorted((str(name), coord) for name, coord in array.coords.items())
    for name, part in parts:
        values = np.asarray(part.values)
        digest.update(repr((name, part.dims, values.shape)).encode())
        if values.dtype.kind in "biuf":
            little = values.astype(values.dtype.newbyteorder("<"), copy=False)
            digest.update(little.dtype.str.encode() + little.tobytes())
        elif values.dtype.kind in "UO" and all(isinstance(text, str) for text in values.flat):
            digest.update(repr([str(text) for text in values.flat]).encode())
        else:
            place = f"The coordinate {name!r} of the data" if name else "The data"
            raise DataError(
                f"{place} cannot be stored in a run: it is of type {values.dtype}. "
                "Expected real numbers or texts; give times as numbers of seconds."
            )
    return digest.hexdigest()


def write_data(path: str | os.PathLike[str], data: Mapping[str, xr.DataArray]) -> None:
    """Write labelled arrays as groups of one netCDF file, whole or not at all.

    Parameters
    ----------
    path : path
        The file to write; its directory must exist.
    data : mapping of str to xarray.DataArray
        The arrays; each becomes the variable ``data`` of the group of its name.

    Raises
    ------
    DataError
        If an array, or something among its attributes, is not known to netCDF.
    RunError
        If the place cannot be written to.

    Examples
    --------
    >>> import tempfile, xarray as xr
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_data(f"{place}/data.nc", {"train": xr.DataArray([1.5, 2.5], dims="time")})
    ...     xr.open_dataset(f"{place}/data.nc", group="train")["data"].values
    array([1.5, 2.5])
    """
    with replacing(path) as part:
        part.unlink()  # netCDF makes it anew
        for name, array in data.items():
            try:
                array.drop_encoding().to_dataset(name="data").to_netcdf(
                    part, mode="a", group=name, engine="h5netcdf"
                )
            except (TypeError, ValueError, NotImplementedError) as error:
                raise DataError(
                    f"The data {name!r} cannot be stored as netCDF: {error}."
                ) from error


def read_data(path: str | os.PathLike[str], hashes: Mapping[str, str]) -> dict[str, xr.DataArray]:
    """Read labelled arrays, and see that they are the ones that were written.

    Parameters
    ----------
    path : path
        A file that `write_data` wrote.
    hashes : mapping of str to str
        The hash of each array, by its name.

    Returns
    -------
    dict of str to xarray.DataArray
        Loaded into memory.

    Raises
    ------
    RunError
        If the file is missing, cannot be read, or holds other data.

    Examples
    --------
    >>> import tempfile, xarray as xr
    >>> train = xr.DataArray([1.5, 2.5], dims="time")
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_data(f"{place}/data.nc", {"train": train})
    ...     read_data(f"{place}/data.nc", {"train": hash_data(train)})["train"].values
    array([1.5, 2.5])
    """
    import xarray as xr

    path = Path(path)
    data = {}
    for name, expected in hashes.items():
        try:
            # A time stays the number it is, whatever its units are called.
            with xr.open_dataset(
                path, group=name, engine="h5netcdf", decode_timedelta=False
            ) as stored:
                array = stored["data"].load().drop_encoding().rename(name)
        except FileNotFoundError as error:
            raise RunError(f"There is no {path}, the data of the run.") from error
        except (OSError, KeyError, ValueError) as error:
            raise RunError(f"Cannot read the data {name!r} of {path}: {error}.") from error
        if hash_data(array) != expected:
            raise RunError(
                f"{path} does not hold the data {name!r} that the run was made with. "
                "Restore it from a copy, or start the run again."
            )
        data[name] = array
    return data
