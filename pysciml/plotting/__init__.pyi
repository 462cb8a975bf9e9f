from .carpet import plot_reconstruction as plot_reconstruction
from .coverage import plot_coverage as plot_coverage
from .forecast import plot_forecasts as plot_forecasts
from .history import plot_history as plot_history
from .horizon import plot_error_per_horizon as plot_error_per_horizon
from .latent import plot_latent as plot_latent
from .parameters import plot_couplings as plot_couplings
from .parameters import plot_parameters as plot_parameters
from .solution import SolutionPlots as SolutionPlots
from .solution import plot_solution as plot_solution

__all__ = [
    "SolutionPlots",
    "plot_couplings",
    "plot_coverage",
    "plot_error_per_horizon",
    "plot_forecasts",
    "plot_history",
    "plot_latent",
    "plot_parameters",
    "plot_reconstruction",
    "plot_solution",
]
