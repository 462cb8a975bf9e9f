"""The figures of a report, each with its title and a caption that says how to read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from pysciml import plotting
from pysciml.report.svg import inline_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pysciml.study import StudyResult

__all__ = ["Section", "sections"]

_REGIONS = 4


@dataclass(frozen=True)
class Section:
    """A figure with its words.

    Parameters
    ----------
    key : str
        Anchor in the page.
    title, caption : str
        Words above and below.
    svg : str
        The figure.
    """

    key: str
    title: str
    caption: str
    svg: str


def sections(result: StudyResult) -> list[Section]:
    """Draw what a result has.

    Parameters
    ----------
    result : StudyResult
        As `load_result` gives it; what it lacks is left out.

    Returns
    -------
    list of Section
        In the order of the page.
    """
    return [
        Section(key, title, caption, inline_svg(figure, key, f"{title}. {caption}"))
        for key, title, caption, figure in _all(result)
    ]


def _all(result: StudyResult) -> Iterator[tuple[str, str, str, Figure]]:
    if result.examples is not None:
        yield _forecasts(result, result.examples)
    if result.table is not None and "coverage" in result.table:
        yield _coverage(result, result.table)
    if result.examples is not None:
        yield _reconstruction(result.examples)
    if result.inferred is not None:
        yield from _inferred(result.inferred)
    if result.history.sizes.get("epoch", 0) > 1:
        yield (
            "training",
            "Training",
            "Per epoch, logarithmic. The weights that had the least error on the validation part "
            "are the ones that forecast; loss and error are on scales of their own.",
            plotting.plot_history(result.history),
        )


def _forecasts(result: StudyResult, examples: xr.Dataset) -> tuple[str, str, str, Figure]:
    regions = _typical_regions(examples)
    names = " to ".join((regions[0], regions[-1])) if len(regions) > 1 else regions[0]
    text = (
        f"Regions by rank of forecast error, from among the best to among the worst forecast "
        f"({names}); origins evenly spread over the test part; none chosen by hand. Left of the "
        "line is what the model has seen and how it reconstructs it, right of it the future and "
        "the forecast, in standard deviations of the training part."
    )
    if "band" in examples:
        text += (
            f" Bands are quantiles of {result.study.evaluation.paths} sample paths of the latent "
            "dynamics with the observation noise that the reconstructions leave."
        )
    figure = plotting.plot_forecasts(
        examples, regions, result.study.label, examples.attrs.get("rival")
    )
    return "forecasts", "Forecasts", text, figure


def _typical_regions(examples: xr.Dataset) -> list[str]:
    """Regions at evenly spaced ranks of forecast error."""
    error = ((examples["future"] - examples["forecast"]) ** 2).mean(("example", "horizon"))
    order = np.argsort(error.values)
    count = min(_REGIONS, order.size)
    ranks = ((np.arange(count) + 0.5) / count * order.size).astype(int)
    return [str(name) for name in examples["channel"].values[order[ranks]]]


def _coverage(result: StudyResult, table: xr.Dataset) -> tuple[str, str, str, Figure]:
    level = float(table["level"].sel(level=0.9, method="nearest"))
    held = 100 * float(table["coverage"].sel(level=level).mean())
    alone = 100 * float(table["coverage_paths"].sel(level=level).mean())
    promise = 100 * level
    word = (
        "close to what they promise"
        if abs(held - promise) <= 4
        else "too narrow"
        if held < promise
        else "too wide"
    )
    text = (
        f"How often the future lies inside the central bands. The {promise:.0f} % band holds "
        f"{held:.0f} % of all future values: the bands are {word}. The sample paths alone, without "
        f"observation noise, would hold {alone:.0f} %: they describe the latent dynamics, not the "
        "measurement."
    )
    return "coverage", "Are the bands honest?", text, plotting.plot_coverage(table)


def _reconstruction(examples: xr.Dataset) -> tuple[str, str, str, Figure]:
    past = examples[["history", "reconstruction"]]
    rest = float(((past["history"] - past["reconstruction"]) ** 2).mean())
    share = 100 * (1 - rest / float(past["history"].var()))
    text = (
        "The window of the first origin above, all regions by time, on one colour scale. Over the "
        f"windows shown, the reconstruction explains {share:.0f} % of the variance; what is left "
        "over is what the latent oscillators do not carry."
    )
    return "reconstruction", "Reconstruction", text, plotting.plot_reconstruction(examples)


def _inferred(inferred: xr.Dataset) -> Iterator[tuple[str, str, str, Figure]]:
    states = str(inferred.attrs.get("states", "")).split()
    names = str(inferred.attrs.get("parameters", "")).split()
    count = inferred.sizes.get("sample", 0)
    if states:
        yield (
            "latent",
            "Latent trajectories",
            "The states of the model that the network infers behind the first window. Their scale "
            "is that of the equation; the network maps them to the regions. Of many components the "
            "six of largest amplitude are shown. Jumps are where two "
            "windows of multiple shooting meet.",
            plotting.plot_latent(inferred, states),
        )
    varying = {name: inferred[name] for name in names if _varies(inferred[name])}
    square = [name for name, values in varying.items() if _is_square(values)]
    if vectors := {name: values for name, values in varying.items() if name not in square}:
        shown, labels = _in_hertz(vectors)
        yield (
            "parameters",
            "Inferred parameters",
            f"Each of {count} windows of the test part gives one faint dot per component; the bar "
            "spans the middle half of the windows, the large dot is their median. A wide bar is a "
            "parameter that changes over time, or one that the data do not pin down.",
            plotting.plot_parameters(shown, labels),
        )
    for name in square:
        yield (
            f"couplings-{name}",
            "Inferred couplings",
            f"Coupling {name} between the components, median over {count} windows of the test "
            "part, and the spread of each entry. Entries whose bars overlap cannot be told apart.",
            plotting.plot_couplings(varying[name]),
        )


def _varies(values: xr.DataArray) -> bool:
    return "sample" in values.dims and bool(np.ptp(values.values) > 0)


def _is_square(values: xr.DataArray) -> bool:
    return values.ndim == 3 and values.shape[1] == values.shape[2] > 1


def _in_hertz(
    parameters: dict[str, xr.DataArray],
) -> tuple[dict[str, xr.DataArray], dict[str, str]]:
    """Turn angular frequencies into frequencies, and name each axis with its unit."""
    shown, labels = {}, {}
    for name, values in parameters.items():
        units, what = values.attrs.get("units", ""), values.attrs.get("long_name", name)
        if units == "rad/s":
            values, units, what = values / (2 * np.pi), "Hz", "frequency"
        shown[name] = values
        labels[name] = f"{what}, {units}" if units and units != "1" else what
    return shown, labels
