"""Solvers as settings objects, and the table of what each one can solve."""

from pysciml.solvers.base import CATEGORIES, Category, Solver
from pysciml.solvers.choose import SOLVERS, fallback, resolve
from pysciml.solvers.ordinary import RK4, Dopri5, Dopri8, Euler, StormerVerlet, Tsit5
from pysciml.solvers.stiff import Kvaerno5, Rodas4, Rodas5P
from pysciml.solvers.stochastic import SRA1, SRIW1, EulerHeun, EulerMaruyama, Heun, Milstein

__all__ = [
    "CATEGORIES",
    "RK4",
    "SOLVERS",
    "SRA1",
    "SRIW1",
    "Category",
    "Dopri5",
    "Dopri8",
    "Euler",
    "EulerHeun",
    "EulerMaruyama",
    "Heun",
    "Kvaerno5",
    "Milstein",
    "Rodas4",
    "Rodas5P",
    "Solver",
    "StormerVerlet",
    "Tsit5",
    "fallback",
    "resolve",
]
