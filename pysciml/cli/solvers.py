"""``pysciml solvers``: what each solver can solve."""

from __future__ import annotations

from typing import Annotated

import typer

from pysciml.cli.output import console, print_json

__all__ = ["solvers"]

_SHORT = {"ito": "Ito", "stratonovich": "Strat."}


def solvers(
    json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write docs/solvers.md, the page of them all.")
    ] = False,
) -> None:
    """List the solvers: for which equations and noise, of which order."""
    from pysciml.solvers.base import CATEGORIES
    from pysciml.solvers.table import as_markdown, capabilities

    if markdown:
        typer.echo(as_markdown(), nl=False)
        return
    if json:
        from dataclasses import asdict

        print_json([asdict(row) for row in capabilities()])
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for heading in ("solver", "steps", "ODE", "SDE", *CATEGORIES):
        table.add_column(heading, no_wrap=True)
    rows = capabilities()
    for name in dict.fromkeys(row.solver for row in rows):
        own = [row for row in rows if row.solver == name]
        ode = [f"{row.order:g}" for row in own if row.problem == "ode"]
        strong = {row.noise: f"{row.order:g}" for row in own if row.problem == "sde"}
        # For additive noise the calculi agree.
        calculi = {row.calculus for row in own if row.noise not in (None, "additive")}
        both = "either" if strong else ""
        told = _SHORT[str(calculi.pop())] if len(calculi) == 1 else both
        table.add_row(
            name,
            "rtol" if own[0].adaptive else "dt",
            "".join(ode) + (" stiff" if own[0].stiff else ""),
            told,
            *(strong.get(category, "") for category in CATEGORIES),
        )
    out = console()
    out.print(table)
    out.print(
        "\nNumbers are orders: of an ODE's solutions; of an SDE's paths, by its noise.\n"
        "Steps are of dt, or chosen by rtol and atol."
    )
