"""Where the bundled Julia package is."""

from __future__ import annotations

from pathlib import Path

import pysciml

__all__ = ["package"]


def package() -> Path:
    """Give the directory of PySciML.jl.

    Returns
    -------
    pathlib.Path
        ``pysciml/julia`` of a wheel, ``julia`` of a checkout.
    """
    home = Path(pysciml.__file__).parent
    shipped = home / "julia"
    return shipped if shipped.is_dir() else home.parent / "julia"
