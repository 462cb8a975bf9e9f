"""Many histories in blocks of one size, so that each program is compiled once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import xarray as xr

__all__ = ["SIZE", "blocks", "in_blocks"]

Labelled = TypeVar("Labelled", xr.DataArray, xr.Dataset)

SIZE = 32  # histories at once; bounds memory where each has many sample paths


def blocks(count: int) -> Iterator[tuple[np.ndarray, int]]:
    """Yield indices of blocks of one size, and how many of each count.

    The last block is filled up from the front: a block of another size would be compiled anew,
    which takes longer than to run it.

    Parameters
    ----------
    count : int
        Number of histories.

    Yields
    ------
    numpy.ndarray
        Indices of a block.
    int
        How many of them, from the first, have not been there before.

    Examples
    --------
    >>> [(int(index[-1]), fresh) for index, fresh in blocks(40)]
    [(31, 32), (23, 8)]
    """
    for start in range(0, count, SIZE):
        yield np.arange(start, start + SIZE) % count, min(SIZE, count - start)


def in_blocks(function: Callable[[xr.DataArray], Labelled], histories: xr.DataArray) -> Labelled:
    """Apply a function of histories to many of them.

    Parameters
    ----------
    function : callable
        From histories (sample, time, channel) to something with the dim ``sample``.
    histories : DataArray
        Dims (sample, time, channel).

    Returns
    -------
    DataArray or Dataset
        What the function gives for all of them.
    """
    parts = [
        function(histories.isel(sample=index)).isel(sample=slice(fresh))
        for index, fresh in blocks(histories.sizes["sample"])
    ]
    if len(parts) == 1:
        return parts[0]
    # All blocks have the same labels but for those of the samples.
    joined: Any = xr.concat(
        list[Any](parts), "sample", coords="minimal", compat="override", join="override"
    )
    return joined
