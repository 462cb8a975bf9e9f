"""The resting-state recording that comes with the package."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import xarray as xr

__all__ = ["resting_fmri"]

TR = 1.89


def resting_fmri() -> xr.DataArray:
    """Return 28 regional BOLD series of one person at rest.

    One subject fixated a cross for 250 volumes, 7.9 minutes. The series are averages over regions
    of interest, 14 in each hemisphere, already centred on their means; nothing is filtered here.
    Names are those of the original file: L and R for the hemisphere (``APHG`` is by its place the
    left counterpart of ``RAntPHG``). Its three nuisance columns (white matter, ventricles, whole
    brain) are left out.

    Returns
    -------
    xarray.DataArray
        Dims (time, region), shape (250, 28), float64; times in seconds, 1.89 s apart; values in
        the arbitrary units of the scanner.

    Notes
    -----
    Source: ``fmri_timeseries.csv`` of the package nitime (https://nipy.org/nitime), contributed to
    it by Beth Mormino; BSD 3-clause licence, copyright 2006-2011 NIPY developers, shipped beside
    the data as ``LICENSE.nitime``. The repetition time is the one of nitime's examples.

    Examples
    --------
    >>> from pysciml.datasets import resting_fmri
    >>> data = resting_fmri()
    >>> dict(data.sizes)
    {'time': 250, 'region': 28}
    """
    text = files("pysciml.datasets").joinpath("files/resting_fmri.csv").read_text("utf-8")
    header, *rows = text.splitlines()
    values = np.loadtxt(rows, delimiter=",")
    time = xr.DataArray(TR * np.arange(len(values)), dims="time", attrs={"units": "s"})
    return xr.DataArray(
        values,
        dims=("time", "region"),
        coords={"time": time, "region": header.split(",")},
        name="bold",
        attrs={
            "long_name": "BOLD signal",
            "units": "arbitrary",
            "TR": TR,
            "source": "nitime 0.12.1, fmri_timeseries.csv, without the columns WM, Vent and Brain",
            "licence": "BSD-3-Clause, copyright 2006-2011 NIPY developers",
        },
    )
