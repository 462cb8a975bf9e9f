"""Known systems, one file each, with units, parameter ranges and source."""

from pysciml.catalog.cox_ingersoll_ross import cox_ingersoll_ross
from pysciml.catalog.double_well import double_well
from pysciml.catalog.fitzhugh_nagumo import fitzhugh_nagumo
from pysciml.catalog.geometric_brownian_motion import geometric_brownian_motion
from pysciml.catalog.hodgkin_huxley import hodgkin_huxley
from pysciml.catalog.jansen_rit import jansen_rit
from pysciml.catalog.kuramoto import kuramoto
from pysciml.catalog.leaky_integrate_and_fire import leaky_integrate_and_fire
from pysciml.catalog.lorenz63 import lorenz63
from pysciml.catalog.lorenz96 import lorenz96
from pysciml.catalog.lotka_volterra import lotka_volterra
from pysciml.catalog.nakl import nakl
from pysciml.catalog.ornstein_uhlenbeck import ornstein_uhlenbeck
from pysciml.catalog.pendulum import pendulum
from pysciml.catalog.registry import build, names
from pysciml.catalog.robertson import robertson
from pysciml.catalog.stuart_landau import stuart_landau
from pysciml.catalog.van_der_pol import van_der_pol
from pysciml.catalog.wilson_cowan import wilson_cowan

__all__ = [
    "build",
    "cox_ingersoll_ross",
    "double_well",
    "fitzhugh_nagumo",
    "geometric_brownian_motion",
    "hodgkin_huxley",
    "jansen_rit",
    "kuramoto",
    "leaky_integrate_and_fire",
    "lorenz63",
    "lorenz96",
    "lotka_volterra",
    "nakl",
    "names",
    "ornstein_uhlenbeck",
    "pendulum",
    "robertson",
    "stuart_landau",
    "van_der_pol",
    "wilson_cowan",
]
