"""Results as `ps.solve` makes them, small and known."""

import numpy as np
import xarray as xr

import pysciml  # noqa: F401  (registers the accessor)

TIME = ("time", np.linspace(0.0, 2.0, 21), {"units": "ms"})
UNITS = {"units": "mV", "long_name": "membrane potential"}


def result(dims, *sizes, states=("v", "w"), attrs=UNITS, **coords):
    """Make a result of random states over the dims."""
    rng = np.random.default_rng(0)
    shape = [21 if dim == "time" else size for dim, size in zip(dims, sizes, strict=True)]
    variables = {name: (dims, rng.standard_normal(shape), attrs) for name in states}
    return xr.Dataset(variables, {"time": TIME, **coords})


def labels(axes):
    """Return what the legend of the axes says."""
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]
