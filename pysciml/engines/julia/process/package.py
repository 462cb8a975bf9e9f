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
        ``pysciml/julia``; in a checkout it is a link to ``julia``.
    """
    return Path(pysciml.__file__).parent / "julia"
