"""Known systems, one file each, with units, parameter ranges and source."""

from .lorenz63 import lorenz63
from .lotka_volterra import lotka_volterra
from .ornstein_uhlenbeck import ornstein_uhlenbeck
from .registry import build, names
from .stuart_landau import stuart_landau
from .van_der_pol import van_der_pol

__all__ = [
    "build",
    "lorenz63",
    "lotka_volterra",
    "names",
    "ornstein_uhlenbeck",
    "stuart_landau",
    "van_der_pol",
]
