"""``dataset.sciml``: what one does with a result, as an accessor of `xarray.Dataset`.

xarray takes a third of a second to import, so `import pysciml` does not load it: the accessor is
registered at once where xarray is there already, and otherwise at the moment it is imported.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from pysciml.plotting import SolutionPlots

__all__ = ["SciML", "attach"]


class SciML:
    """What one does with a result of `pysciml.solve`: ``result.sciml``.

    Parameters
    ----------
    dataset : xarray.Dataset
        States over time, as `solve` returns them or as a file gives them back.

    Examples
    --------
    >>> sol = ps.solve(ps.catalog.lotka_volterra(), t=(0, 10), save=0.1)
    >>> sol.sciml.plot.time().get_xlabel()
    'time'
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    @property
    def plot(self) -> SolutionPlots:
        """Figures: ``plot.time()``, ``plot.phase("x", "y")``, ``plot.raster("spike")``."""
        from pysciml.plotting import SolutionPlots

        return SolutionPlots(self._dataset)


class _WhenImported:
    """A finder of modules that registers the accessor once xarray has been imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "xarray":
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: Any) -> None:
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _register(module)

        spec.loader.exec_module = execute_and_register  # of this one loader, not of its class
        return spec


def attach() -> None:
    """Register the accessor, now or as soon as xarray is imported."""
    if "xarray" in sys.modules:
        _register(sys.modules["xarray"])
    else:
        sys.meta_path.insert(0, _WhenImported())


def _register(xarray: Any) -> None:
    if getattr(xarray.Dataset, "sciml", None) is not SciML:
        xarray.register_dataset_accessor("sciml")(SciML)
