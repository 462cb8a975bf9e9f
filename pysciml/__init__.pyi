from . import catalog as catalog
from . import datasets as datasets
from .compare import compare as compare
from .errors import PySciMLError as PySciMLError
from .flow import flow as flow
from .forcing import Forcing as Forcing
from .goku import GokuNet as GokuNet
from .goku import GokuRun as GokuRun
from .goku import GokuUI as GokuUI
from .goku import LatentODE as LatentODE
from .goku import LSTMForecaster as LSTMForecaster
from .goku import load as load
from .goku import resume as resume
from .model import Model as Model
from .model import Variable as Variable
from .model import model as model
from .networks import MLP as MLP
from .sensitivities import sensitivities as sensitivities
from .solve import solve as solve
from .solvers import RK4 as RK4
from .solvers import SOSRA as SOSRA
from .solvers import SOSRI as SOSRI
from .solvers import SRA1 as SRA1
from .solvers import SRIW1 as SRIW1
from .solvers import AdaptiveSRIW1 as AdaptiveSRIW1
from .solvers import Dopri5 as Dopri5
from .solvers import Dopri8 as Dopri8
from .solvers import Euler as Euler
from .solvers import EulerHeun as EulerHeun
from .solvers import EulerMaruyama as EulerMaruyama
from .solvers import Heun as Heun
from .solvers import Kvaerno5 as Kvaerno5
from .solvers import Milstein as Milstein
from .solvers import Native as Native
from .solvers import Rodas4 as Rodas4
from .solvers import Rodas5P as Rodas5P
from .solvers import ShARK as ShARK
from .solvers import SKenCarp as SKenCarp
from .solvers import SPaRK as SPaRK
from .solvers import StormerVerlet as StormerVerlet
from .solvers import Tsit5 as Tsit5
from .solvers import capabilities as capabilities

__version__: str
__all__ = [
    "MLP",
    "RK4",
    "SOSRA",
    "SOSRI",
    "SRA1",
    "SRIW1",
    "AdaptiveSRIW1",
    "Dopri5",
    "Dopri8",
    "Euler",
    "EulerHeun",
    "EulerMaruyama",
    "Forcing",
    "GokuNet",
    "GokuRun",
    "GokuUI",
    "Heun",
    "Kvaerno5",
    "LSTMForecaster",
    "LatentODE",
    "Milstein",
    "Model",
    "PySciMLError",
    "Rodas4",
    "Rodas5P",
    "SKenCarp",
    "SPaRK",
    "ShARK",
    "StormerVerlet",
    "Tsit5",
    "Variable",
    "capabilities",
    "catalog",
    "compare",
    "datasets",
    "flow",
    "load",
    "model",
    "resume",
    "sensitivities",
    "solve",
]
