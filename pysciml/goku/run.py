"""GokuRun: a trained latent model that infers, reconstructs, forecasts and is judged."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from pysciml.datasets.checks import check_series, uniform_step
from pysciml.datasets.standardise import Standardiser
from pysciml.errors import DataError, InputError
from pysciml.goku.labels import label_data, label_latent
from pysciml.goku.metrics import nrmse, nrmse_per_horizon
from pysciml.goku.models import LatentForecaster
from pysciml.goku.task import Forecasting, GokuTask, Inference
from pysciml.goku.training import Training
from pysciml.goku.watch import history_of
from pysciml.request import seed_of

if TYPE_CHECKING:
    from pysciml.engines.choose import Choice

__all__ = ["GokuRun"]


class GokuRun:
    """A trained latent model; made by `fit`, `ps.load` and `ps.resume`.

    Parameters
    ----------
    settings : LatentForecaster
        What was trained.
    known : mapping
        Everything that decided its numbers.
    data : mapping of str to xarray.DataArray
        What it was trained on.
    arrays : mapping of str to numpy.ndarray
        State of the run.
    chosen : Choice
        The engine, and why.
    directory : pathlib.Path or None
        Where the run is kept.

    Examples
    --------
    Two waves, a small network and two epochs, to see what comes out:

    >>> import numpy as np
    >>> import pysciml as ps
    >>> import xarray as xr
    >>> time = np.arange(60.0)
    >>> waves = np.stack([np.sin(0.3 * time), np.cos(0.3 * time)], axis=-1)
    >>> data = xr.DataArray(waves[None], {"time": time}, ("sample", "time", "channel"))
    >>> small = ps.LatentODE(
    ...     channels=2, length=11, hidden=4, features=4, recurrent=4, latent_state=4, state=2
    ... )
    >>> run = small.fit(data, epochs=2, batch=4, rng=0, progress=False)
    >>> run.finished, run.history.sizes["epoch"]
    (True, 2)
    >>> run.forecast(data, steps=3).time.values
    array([60., 61., 62.])
    >>> run.reconstruct(data).sizes["time"]
    11
    >>> run.infer(data)["z"].dims
    ('sample', 'time', 'state')
    >>> run.evaluate(data, steps=3)["forecast_per_horizon"].horizon.values
    array([1., 2., 3.])
    """

    def __init__(
        self,
        settings: LatentForecaster,
        known: Mapping[str, Any],
        data: Mapping[str, xr.DataArray],
        arrays: Mapping[str, np.ndarray],
        chosen: Choice,
        directory: Path | None,
    ) -> None:
        self.settings, self.directory = settings, directory
        self.training = Training(**known["training"])
        self.seed: int = known["seed"]
        self._known, self._chosen, self._arrays = known, chosen, arrays
        self._scale = Standardiser.fit(data["train"])
        self._train = data["train"]
        self._step = uniform_step(data["train"]["time"])

    @functools.cached_property
    def history(self) -> xr.Dataset:
        """Losses per epoch: ``loss`` and its terms, ``validation``, ``learning_rate``."""
        columns = history_of(self._arrays)
        epoch = columns.pop("epoch")
        named = {name: ("epoch", values) for name, values in columns.items()}
        return xr.Dataset(named, {"epoch": epoch})

    @property
    def finished(self) -> bool:
        """Whether training reached its end."""
        done = self.history.sizes["epoch"] >= self.training.epochs
        patience, since = self.training.patience, int(self._arrays["run/counts"][0])
        return done or (patience > 0 and since >= patience)

    @property
    def parameters(self) -> int:
        """Count of trainable numbers."""
        return sum(a.size for n, a in self._arrays.items() if n.startswith("weights/"))

    @functools.cached_property
    def _forecaster(self) -> Forecasting:
        task = GokuTask(
            self.settings.architecture, self.settings.core, self.training, self._step, self.seed
        )
        mark = "best/"
        weights = {k.removeprefix(mark): v for k, v in self._arrays.items() if k.startswith(mark)}
        return self._chosen.engine.forecaster(task, weights)

    def reconstruct(self, data: xr.DataArray, refine: int = 0) -> xr.DataArray:
        """Reconstruct the first `length` steps of data from their latent codes.

        Parameters
        ----------
        data : xarray.DataArray
            Dims (sample, time, channel), at least `length` steps.
        refine : int
            Steps of semi-amortised inference: of gradient descent on each sample's own codes,
            from the encoder's proposal, on its observed steps alone; 0 for the encoder's word.

        Returns
        -------
        xarray.DataArray
            Dims (sample, time, channel), without noise.

        Raises
        ------
        DataError
            If the data are not usable.
        """
        length = self.settings.architecture.length
        seen = self._checked(data, length).isel(time=slice(0, length))
        found = self._infer(seen, 0, refine)
        return label_data(found, seen, self._scale, 0, self._step).isel(path=0)

    def forecast(
        self,
        data: xr.DataArray,
        steps: int,
        refine: int = 0,
        paths: int | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> xr.DataArray:
        """Forecast what follows data, from the last window of their last `length` steps.

        Parameters
        ----------
        data : xarray.DataArray
            Dims (sample, time, channel), at least `length` steps.
        steps : int
            Steps to forecast.
        refine : int
            As in :meth:`reconstruct`.
        paths : int, optional
            Count of paths of the core's noise. Without it the core is solved free of noise,
            which is the better point forecast; with it the spread of the paths is the forecast's
            own uncertainty, free of observation noise.
        rng : int or numpy.random.Generator, optional
            Seed of the paths.

        Returns
        -------
        xarray.DataArray
            Dims (sample, time, channel), or (sample, path, time, channel); times continue
            those of `data`.

        Raises
        ------
        DataError
            If the data are not usable.
        InputError
            If `steps`, `refine` or `paths` is not a whole number in range.
        """
        _whole("steps", steps, 1)
        length = self.settings.architecture.length
        seen = self._checked(data, length).isel(time=slice(-length, None))
        found = self._infer(seen, steps, refine, paths, rng)
        made = label_data(found, seen, self._scale, steps, self._step)
        return made if paths is not None else made.isel(path=0)

    def infer(self, data: xr.DataArray, refine: int = 0) -> xr.Dataset:
        """Infer latent states and parameters of the first `length` steps of data.

        Parameters
        ----------
        data : xarray.DataArray
            Dims (sample, time, channel), at least `length` steps.
        refine : int
            As in :meth:`reconstruct`.

        Returns
        -------
        xarray.Dataset
            States of the core (sample, time, ...) and inferred parameters (sample, ...), by
            their names in the Model.

        Raises
        ------
        DataError
            If the data are not usable.
        """
        length = self.settings.architecture.length
        seen = self._checked(data, length).isel(time=slice(0, length))
        return label_latent(self._infer(seen, 0, refine), seen, self.settings)

    def evaluate(self, data: xr.DataArray, steps: int = 20, refine: int = 0) -> xr.Dataset:
        """Reconstruct the first `length` steps of data, forecast the next, and judge both.

        Parameters
        ----------
        data : xarray.DataArray
            Dims (sample, time, channel), at least `length` + `steps` steps.
        steps : int
            Steps to forecast.
        refine : int
            As in :meth:`reconstruct`.

        Returns
        -------
        xarray.Dataset
            NRMSE: ``reconstruction`` (sample), ``forecast`` (sample) and
            ``forecast_per_horizon`` (horizon), its coordinate in units of time.

        Raises
        ------
        DataError
            If the data are not usable.
        """
        _whole("steps", steps, 1)
        length = self.settings.architecture.length
        checked = self._checked(data, length + steps)
        seen = checked.isel(time=slice(0, length))
        future = checked.isel(time=slice(length, length + steps))
        both = self.reconstruct(seen, refine)
        after = self.forecast(seen, steps, refine).assign_coords(time=future["time"])
        origin = float(seen["time"][-1])
        return xr.Dataset(
            {
                "reconstruction": nrmse(seen, both),
                "forecast": nrmse(future, after),
                "forecast_per_horizon": nrmse_per_horizon(future, after, origin),
            },
            attrs={"refine": refine, "steps": steps, "metric": "NRMSE"},
        )

    def __repr__(self) -> str:
        kind = type(self.settings).__name__
        epochs = f"{self.history.sizes['epoch']}/{self.training.epochs} epochs"
        return f"GokuRun({kind}, {epochs}, {self.parameters} parameters, {self.directory})"

    def _checked(self, data: xr.DataArray, steps: int) -> xr.DataArray:
        made = check_series(data, ("sample", "time", "channel"))
        if made.sizes["time"] < steps:
            raise DataError(
                f"data has {made.sizes['time']} time steps, but {steps} are needed; give longer "
                "series."
            )
        if made.sizes["channel"] != self.settings.architecture.channels:
            raise DataError(
                f"data has {made.sizes['channel']} channels, but the model was trained on "
                f"{self.settings.architecture.channels}."
            )
        step = uniform_step(made["time"])
        if not np.isclose(step, self._step, rtol=1e-6):
            raise DataError(
                f"The time step of data is {step:.6g}, but the model was trained on "
                f"{self._step:.6g}; resample the data."
            )
        return made

    def _infer(
        self,
        seen: xr.DataArray,
        steps: int,
        refine: int,
        paths: int | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> Inference:
        _whole("refine", refine, 0)
        if paths is not None:
            _whole("paths", paths, 1)
        values = self._scale.apply(seen).values.astype(np.float32)
        return self._forecaster.infer(
            values, steps=steps, refine=refine, paths=paths, seed=seed_of(rng) if paths else 0
        )


def _whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise InputError(f"{name} must be a whole number of at least {least}; got {value!r}.")
