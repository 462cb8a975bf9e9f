"""The page: words, tables and figures put into the template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from pysciml.study.verdict import marks, verdict

if TYPE_CHECKING:
    from pysciml.study import StudyResult

__all__ = ["render", "write_report"]


@dataclass(frozen=True)
class Cell:
    """A score in a table, and whether it is the best of its row."""

    text: str
    best: bool


@dataclass(frozen=True)
class Row:
    """One horizon: scores of all forecasters, and the difference to the rival in words."""

    horizon: str
    cells: list[Cell]
    change: str
    interval: str
    mark: str


@dataclass(frozen=True)
class ErrorTable:
    """Forecast errors of one test set, with what they mean and their figure."""

    title: str
    names: list[str]
    rival: str
    rows: list[Row]
    words: list[str]
    svg: str


def write_report(directory: str | Path, out: str | Path | None = None) -> Path:
    """Write the report of a run as one HTML file that needs nothing else.

    Parameters
    ----------
    directory : str or Path
        Run directory of a study.
    out : str or Path, optional
        Where to write; ``report.html`` in the run directory if left out.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    RunError
        If the directory is not that of a study, or the file cannot be written.
    """
    from pysciml.runs import write_atomic
    from pysciml.study import load_result

    result = load_result(directory)
    path = Path(out) if out is not None else result.path / "report.html"
    write_atomic(path, render(result))
    return path


def render(result: StudyResult) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    result : StudyResult
        As `load_result` gives it; a run that has not been evaluated gives a shorter page.

    Returns
    -------
    str
        A whole document.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from pysciml.report.facts import facts, reproduce, summary
    from pysciml.report.figures import sections

    environment = Environment(
        loader=PackageLoader("pysciml.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = Markup  # our own SVG; everything else is escaped
    tables = _tables(result)
    return environment.get_template("report.html.j2").render(
        study=result.study,
        headline=tables[0].words[0] if tables else None,
        tables=tables,
        sections=sections(result),
        summary=summary(result),
        facts=facts(result),
        reproduce=reproduce(result),
        version=result.directory.versions.get("pysciml", ""),
        finished=str(result.facts.get("finished", ""))[:10],
        path=str(result.path),
    )


def _tables(result: StudyResult) -> list[ErrorTable]:
    tables = []
    if result.table is not None:
        tables.append(_error_table(result.table, result, "Forecast error on the test part", "test"))
    if result.left_out is not None:
        title = f"Subject {result.study.data.leave_out}, left out of training"
        tables.append(_error_table(result.left_out, result, title, "left-out"))
    return tables


def _error_table(table: xr.Dataset, result: StudyResult, title: str, key: str) -> ErrorTable:
    from pysciml.plotting import plot_error_per_horizon
    from pysciml.report.svg import inline_svg

    model = result.study.label
    rival = str(table["difference"].attrs["rival"])
    against = table.sel(other=rival)
    rows = []
    for index, mark in enumerate(marks(table)):
        scores = table["nrmse"].isel(horizon=index).values
        change, low, high = (
            _signed(100 * float(against[name].isel(horizon=index)))
            for name in ("difference", "low", "high")
        )
        cells = [Cell(f"{score:.3f}", score == scores.min()) for score in scores]
        horizon = f"{table['horizon'].values[index]:.2f}"
        rows.append(Row(horizon, cells, f"{change} %", f"{low} to {high} %", mark))
    words = verdict(table, model)
    figure = inline_svg(plot_error_per_horizon(table, model), key, f"{title}. {words[0]}")
    names = [str(name) for name in table["forecaster"].values]
    return ErrorTable(title, names, rival, rows, words, figure)


def _signed(number: float) -> str:
    digits = 1 if abs(number) < 9.95 else 0
    return f"{number:+.{digits}f}".replace("-", "−")  # noqa: RUF001 (a minus sign, as print wants it)
