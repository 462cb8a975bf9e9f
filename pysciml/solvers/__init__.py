"""Solvers as settings objects, and the table of what each one can solve."""

from pysciml.solvers.base import CATEGORIES, Category, Solver
from pysciml.solvers.choose import SOLVERS, fallback, resolve
from pysciml.solvers.native import Native
from pysciml.solvers.ordinary import RK4, Dopri5, Dopri8, Euler, StormerVerlet, Tsit5
from pysciml.solvers.sciml import (
    SOSRA,
    SOSRI,
    AdaptiveSRIW1,
    SKenCarp,
)
from pysciml.solvers.stiff import Kvaerno5, Rodas4, Rodas5P
from pysciml.solvers.stochastic import (
    SRA1,
    SRIW1,
    EulerHeun,
    EulerMaruyama,
    Heun,
    Milstein,
    ShARK,
    SPaRK,
)
from pysciml.solvers.table import CALCULI, Capability, as_markdown, capabilities

__all__ = [
    "CALCULI",
    "CATEGORIES",
    "RK4",
    "SOLVERS",
    "SOSRA",
    "SOSRI",
    "SRA1",
    "SRIW1",
    "AdaptiveSRIW1",
    "Capability",
    "Category",
    "Dopri5",
    "Dopri8",
    "Euler",
    "EulerHeun",
    "EulerMaruyama",
    "Heun",
    "Kvaerno5",
    "Milstein",
    "Native",
    "Rodas4",
    "Rodas5P",
    "SKenCarp",
    "SPaRK",
    "ShARK",
    "Solver",
    "StormerVerlet",
    "Tsit5",
    "as_markdown",
    "capabilities",
    "fallback",
    "resolve",
]
