from .fit import load as load
from .fit import resume as resume
from .models import GokuNet as GokuNet
from .models import GokuUI as GokuUI
from .models import LatentODE as LatentODE
from .models import LSTMForecaster as LSTMForecaster
from .run import GokuRun as GokuRun
from .training import Training as Training

__all__ = [
    "GokuNet",
    "GokuRun",
    "GokuUI",
    "LSTMForecaster",
    "LatentODE",
    "Training",
    "load",
    "resume",
]
