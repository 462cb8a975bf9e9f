"""Predictive bands from sample paths, and whether they hold what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from pysciml.study.blocks import blocks, in_blocks

if TYPE_CHECKING:
    from pysciml.goku import GokuRun
    from pysciml.study.evaluate import Origins
    from pysciml.study.file import Study

__all__ = ["LEVELS", "QUANTILES", "coverage", "observation_noise", "sample_paths"]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MOST = 256  # origins whose bands are judged


def observation_noise(run: GokuRun, series: xr.DataArray, length: int, refine: int) -> xr.DataArray:
    """Return what reconstructions leave unexplained.

    Parameters
    ----------
    run : GokuRun
        The trained model.
    series : DataArray
        Dims (sample, time, channel), none of it in the test part.
    length : int
        Volumes in a window.
    refine : int
        Steps of refinement.

    Returns
    -------
    DataArray
        Standard deviation over (channel,).
    """
    from pysciml.goku.baselines import forecast_origins

    stride = max(1, length // 2)
    # `forecast_origins` cuts windows with a future, of which one step is the least.
    windows, _ = forecast_origins(series, length, 1, stride)
    if windows.sizes["sample"] > _MOST:
        chosen = np.linspace(0, windows.sizes["sample"] - 1, _MOST).astype(int)
        windows = windows.isel(sample=chosen)
    rebuilt = in_blocks(lambda block: run.reconstruct(block, refine=refine), windows)
    rest = windows.values - rebuilt.values
    return xr.DataArray(
        np.sqrt(np.square(rest).mean(axis=(0, 1))),
        dims="channel",
        coords={"channel": windows["channel"]},
    )


def sample_paths(
    run: GokuRun, study: Study, histories: xr.DataArray, noise: xr.DataArray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw forecasts, without and with observation noise.

    Parameters
    ----------
    run : GokuRun
        The trained model.
    study : Study
        For horizon, refinement, number and seed of paths.
    histories : DataArray
        Dims (sample, time, channel).
    noise : DataArray
        Standard deviation of the observation noise over (channel,).

    Returns
    -------
    paths, observed : numpy.ndarray
        Shape (sample, path, horizon, channel).
    """
    asked = study.evaluation
    drawn = run.forecast(
        histories, asked.horizon, refine=asked.refine, paths=asked.paths, rng=asked.seed
    )
    paths = drawn.transpose("sample", "path", "time", "channel").values
    rng = np.random.default_rng(asked.seed)
    return paths, paths + noise.values * rng.standard_normal(paths.shape, dtype=np.float32)


def coverage(run: GokuRun, study: Study, cut: Origins, noise: xr.DataArray) -> xr.Dataset:
    """Count how often the future lies inside central bands.

    Parameters
    ----------
    run : GokuRun
        The trained model.
    study : Study
        The study.
    cut : Origins
        Histories and futures; of many, 256 evenly spaced ones are judged.
    noise : DataArray
        Standard deviation of the observation noise over (channel,).

    Returns
    -------
    Dataset
        ``coverage`` and, for the paths without observation noise, ``coverage_paths``, both over
        (level, horizon); empty if the study asks for no paths or the model has no noise.
    """
    if not has_paths(study):
        return xr.Dataset()
    cut = cut.spread(_MOST)
    futures = cut.futures.values[:, None]
    depths: dict[str, list[np.ndarray]] = {"coverage_paths": [], "coverage": []}
    for index, fresh in blocks(cut.histories.sizes["sample"]):
        draws = sample_paths(run, study, cut.histories.isel(sample=index), noise)
        for name, values in zip(depths, draws, strict=True):
            # Central bands follow from the rank of the truth among the paths, in 0..1.
            rank = (values < futures[index]).mean(axis=1)[:fresh]
            depths[name].append(2 * np.abs(rank - 0.5))
    levels = np.array(LEVELS)[:, None]
    return xr.Dataset(
        {
            name: (
                ("level", "horizon"),
                (np.concatenate(parts)[None] <= levels[..., None, None]).mean(axis=(1, 3)),
            )
            for name, parts in depths.items()
        },
        coords={"level": np.array(LEVELS), "horizon": cut.futures["time"].values},
    )


def has_paths(study: Study) -> bool:
    """Tell whether a study has sample paths: a stochastic core, and paths asked for."""
    core = study.core()
    silent = study.network.options.get("noise") == "off"
    return study.evaluation.paths > 0 and core is not None and core.is_stochastic and not silent
