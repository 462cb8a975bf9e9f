from .benchmark import stuart_landau_benchmark as stuart_landau_benchmark
from .checks import check_series as check_series
from .checks import uniform_step as uniform_step
from .connectome import hcp as hcp
from .resting import resting_fmri as resting_fmri
from .splits import Split as Split
from .splits import split_time as split_time
from .standardise import Standardiser as Standardiser

__all__ = [
    "Split",
    "Standardiser",
    "check_series",
    "hcp",
    "resting_fmri",
    "split_time",
    "stuart_landau_benchmark",
    "uniform_step",
]
