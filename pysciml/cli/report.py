"""``pysciml report``: one HTML page for a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pysciml.cli.output import print_json

__all__ = ["report"]


def report(
    directory: Annotated[Path, typer.Argument(help="A run directory, such as runs/fmri.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to write; report.html in the directory if left out.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write the path as JSON.")] = False,
) -> None:
    """Make the report of a run: one page with what was run, tables and figures."""
    from pysciml.report import write_report

    path = write_report(directory, out)
    if json:
        print_json({"report": path.resolve()})
    else:
        typer.echo(path)
