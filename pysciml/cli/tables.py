"""The table of forecast errors that ends a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import xarray as xr
    from rich.console import Console

    from pysciml.study import StudyResult

__all__ = ["error_table", "show_result"]


def show_result(out: Console, result: StudyResult) -> None:
    """Print the tables of a result and what they mean."""
    from pysciml.study.verdict import verdict

    titles = {"table": "Forecast error on the test part"}
    if result.left_out is not None:
        titles["left_out"] = f"Subject {result.study.data.leave_out}, left out of training"
    for name, title in titles.items():
        table = getattr(result, name)
        out.print(f"\n[bold]{escape(title)}[/bold] (NRMSE, lower is better; best in each row: *)")
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
    names = [str(name) for name in table["forecaster"].values]
    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    shown.add_column("seconds ahead", justify="right")
    for name in names:
        shown.add_column(name, justify="right")
    shown.add_column(f"{model} against {rival}", justify="left")
    best = table["nrmse"].argmin("forecaster").values
    against = table.sel(other=rival)
    for index, horizon in enumerate(table["horizon"].values):
        scores = table["nrmse"].isel(horizon=index).values
        cells = [
            Text(
                f"{score:.3f}*" if k == best[index] else f"{score:.3f} ",
                style="bold green" if k == best[index] else "",
            )
            for k, score in enumerate(scores)
        ]
        change, low, high = (
            float(against[key].isel(horizon=index)) for key in ("difference", "low", "high")
        )
        word = "better" if change < 0 else "NOT better"
        sure = "" if high < 0 or low > 0 else ", may be chance"
        style = "green" if high < 0 else "red" if change >= 0 else ""
        shown.add_row(
            f"{horizon:.2f}", *cells, Text(f"{100 * change:+.1f} % {word}{sure}", style=style)
        )
    return shown
