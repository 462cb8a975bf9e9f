"""The table of forecast errors that ends a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pysciml.study.verdict import marks, verdict

if TYPE_CHECKING:
    import xarray as xr
    from rich.console import Console

    from pysciml.study import StudyResult

__all__ = ["error_table", "show_result"]

_STYLES = {"better": "green", "level": "", "worse": "red"}


def show_result(out: Console, result: StudyResult) -> None:
    """Print the tables of a result and what they mean."""
    titles = {"table": "Forecast error on the test part"}
    if result.left_out is not None:
        titles["left_out"] = f"Subject {result.study.data.leave_out}, left out of training"
    for name, title in titles.items():
        table = getattr(result, name)
        out.print(f"\n[bold]{escape(title)}[/bold] (NRMSE, lower is better; lowest of each row: *)")
        out.print(error_table(table, result.study.label))
        for sentence in verdict(table, result.study.label):
            out.print(escape(sentence))


def error_table(table: xr.Dataset, model: str) -> Table:
    """Return the errors as a table: one row per horizon, the best marked.

    Parameters
    ----------
    table : Dataset
        ``nrmse`` (forecaster, horizon), ``difference``, ``low``, ``high`` (other, horizon).
    model : str
        The forecaster that is judged.

    Returns
    -------
    rich.table.Table
        To be printed.
    """
    rival = str(table["difference"].attrs["rival"])
    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    shown.add_column("s ahead", justify="right")
    for name in table["forecaster"].values:
        shown.add_column(str(name), justify="right")
    shown.add_column(f"{model} against {rival}", justify="left")
    changes = 100 * table["difference"].sel(other=rival).values
    best = table["nrmse"].argmin("forecaster").values
    for index, mark in enumerate(marks(table)):
        cells = [
            Text(f"{score:.3f}*", style="bold green") if k == best[index] else f"{score:.3f} "
            for k, score in enumerate(table["nrmse"].isel(horizon=index).values)
        ]
        word = Text(f"{changes[index]:+5.1f} % {mark}", style=_STYLES[mark])
        shown.add_row(f"{table['horizon'].values[index]:.2f}", *cells, word)
    return shown
