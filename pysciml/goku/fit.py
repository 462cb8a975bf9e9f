"""Fitting: from labelled series to a task, through the engine, to a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.datasets.checks import check_series, uniform_step
from pysciml.datasets.standardise import Standardiser
from pysciml.engines.choose import Choice, choose
from pysciml.errors import DataError, InputError, RunError, suggest
from pysciml.goku.display import bar
from pysciml.goku.identity import identity, recover
from pysciml.goku.models import KINDS, LatentForecaster, plain
from pysciml.goku.run import GokuRun
from pysciml.goku.task import GokuTask
from pysciml.goku.training import Training
from pysciml.goku.watch import Keeper
from pysciml.model import Model
from pysciml.request import seed_of
from pysciml.runs import RunDirectory

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["fit", "load", "resume"]

DIMS = ("sample", "time", "channel")


def fit(
    settings: LatentForecaster,
    train: xr.DataArray,
    *,
    validation: xr.DataArray | None,
    rng: int | np.random.Generator | None,
    run: str | None,
    progress: Any,
    engine: str,
    training: Mapping[str, Any],
) -> GokuRun:
    """Train a latent model; :meth:`LatentForecaster.fit` says how.

    Parameters
    ----------
    settings : LatentForecaster
        What is trained.
    train, validation, rng, run, progress, engine
        As in :meth:`LatentForecaster.fit`.
    training : mapping
        Settings of :class:`Training`.

    Returns
    -------
    GokuRun
        The trained model.
    """
    chosen = choose(engine, settings)
    options = _training(training)
    series = _checked(settings, train, "train", options.forecast_steps)
    held = None
    if validation is not None:
        held = _checked(settings, validation, "validation", 0)
        _same_grid(series, held)
    data = {"train": series} | ({} if held is None else {"validation": held})
    known = {
        "kind": type(settings).__name__,
        "settings": plain(settings),
        "model": identity(settings.core),
        "training": dataclasses.asdict(options),
        "seed": seed_of(rng),
        "engine": chosen.engine.name,
        "engine_reason": chosen.reason,
    }
    directory = None if run is None else RunDirectory.create(run, "goku", known, data)
    return _train(settings, known, data, None, directory, progress, chosen)


def load(path: str | Path, *, model: Model | None = None, engine: str | None = None) -> GokuRun:
    """Load a trained model from its run directory.

    Parameters
    ----------
    path : path
        The run directory.
    model : Model, optional
        The model at its core, where that is not of the catalogue.
    engine : {"jax", "julia"}, optional
        The engine that runs it; by default the one that it was trained on.

    Returns
    -------
    GokuRun
        The model with the best weights so far.

    Raises
    ------
    RunError
        If there is no run, it has no weights yet, or a file in it is damaged or foreign.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.load("nowhere")
    Traceback (most recent call last):
        ...
    pysciml.errors.RunError: There is no run directory at nowhere. ...
    """
    directory, settings, known, data = _open(path, model)
    if not directory.has_checkpoint("checkpoint"):
        raise RunError(
            f"{path} has no weights yet: training was stopped before its first epoch ended. "
            f"ps.resume({str(path)!r}) continues it."
        )
    arrays, _ = directory.read_checkpoint("checkpoint")
    chosen = choose(engine or known["engine"])
    return GokuRun(settings, known, data, arrays, chosen, directory.path)


def resume(
    path: str | Path,
    *,
    model: Model | None = None,
    progress: Any = True,
    engine: str | None = None,
) -> GokuRun:
    """Continue a run that was stopped or killed, to the very same numbers.

    Parameters
    ----------
    path : path
        The run directory.
    model : Model, optional
        The model at its core, where that is not of the catalogue.
    progress : bool or callable
        As in :meth:`LatentForecaster.fit`.
    engine : {"jax", "julia"}, optional
        The engine that goes on; by default the one that began. Another one draws other crops and
        other noise.

    Returns
    -------
    GokuRun
        The trained model; at once where the run was finished.

    Raises
    ------
    RunError
        If there is no run, or a file in it is damaged or foreign.

    Examples
    --------
    >>> import pysciml as ps
    >>> ps.resume("nowhere")
    Traceback (most recent call last):
        ...
    pysciml.errors.RunError: There is no run directory at nowhere. ...
    """
    directory, settings, known, data = _open(path, model)
    arrays = None
    if directory.has_checkpoint("checkpoint"):
        arrays, _ = directory.read_checkpoint("checkpoint")
    chosen = choose(engine or known["engine"])
    return _train(settings, known, data, arrays, directory, progress, chosen)


def _train(
    settings: LatentForecaster,
    known: Mapping[str, Any],
    data: Mapping[str, xr.DataArray],
    arrays: Mapping[str, np.ndarray] | None,
    directory: RunDirectory | None,
    progress: Any,
    chosen: Choice,
) -> GokuRun:
    scale = Standardiser.fit(data["train"])
    values = {name: scale.apply(series).values.astype(np.float32) for name, series in data.items()}
    task = GokuTask(
        architecture=settings.architecture,
        model=settings.core,
        training=Training(**known["training"]),
        dt=uniform_step(data["train"]["time"]),
        seed=known["seed"],
        series=values["train"],
        validation=values.get("validation"),
    )
    with bar(progress) as hear, _held(directory), Keeper(directory, hear) as keeper:
        arrays = chosen.engine.train(task, arrays, keeper)
        if keeper.stop:
            keeper.keep(arrays, best=False)
    made = GokuRun(settings, known, data, arrays, chosen, directory and directory.path)
    if keeper.stop and directory is not None:
        raise KeyboardInterrupt(
            f"Stopped in epoch {len(made.history['epoch']) + 1}; all is saved. "
            f"ps.resume({str(directory.path)!r}) continues."
        )
    return made


def _held(directory: RunDirectory | None) -> Any:
    import contextlib

    return contextlib.nullcontext() if directory is None else directory.lock()


def _open(
    path: str | Path, model: Model | None
) -> tuple[RunDirectory, LatentForecaster, dict[str, Any], dict[str, xr.DataArray]]:
    directory = RunDirectory.open(path)
    if directory.kind != "goku":
        raise RunError(f"{path} holds a run of kind {directory.kind!r}, not of a latent model.")
    known = directory.settings
    if known["kind"] not in KINDS:
        raise RunError(
            f"{path} holds a {known['kind']}, which this version of pysciml does not know."
        )
    core = recover(known["model"], model)
    made = KINDS[known["kind"]]
    settings = made(**known["settings"]) if core is None else made(core, **known["settings"])
    return directory, settings, known, directory.read_data()


def _training(given: Mapping[str, Any]) -> Training:
    names = [field.name for field in dataclasses.fields(Training)]
    for name in given:
        if name not in names:
            raise InputError(f"There is no training setting {name!r}.{suggest(name, names)}")
    return Training(**given)


def _checked(
    settings: LatentForecaster, series: xr.DataArray, name: str, future: int
) -> xr.DataArray:
    made = settings.architecture
    checked = check_series(series, DIMS, name=name)
    if checked.sizes["channel"] != made.channels:
        raise DataError(
            f"{name} has {checked.sizes['channel']} channels, but the model was made for "
            f"{made.channels}; set channels={checked.sizes['channel']}."
        )
    if checked.sizes["time"] < made.length + future:
        needed = f"{made.length} encoded steps" + (f" and {future} after them" if future else "")
        raise DataError(
            f"{name} has {checked.sizes['time']} time steps, fewer than {needed}; use a shorter "
            "length or longer series."
        )
    return checked


def _same_grid(train: xr.DataArray, held: xr.DataArray) -> None:
    steps = [uniform_step(series["time"]) for series in (train, held)]
    if not np.isclose(steps[0], steps[1], rtol=1e-6):
        raise DataError(
            f"The time step of validation is {steps[1]:.6g}, but that of train is "
            f"{steps[0]:.6g}; resample one of them."
        )
