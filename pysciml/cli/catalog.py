"""``pysciml catalog``: the known systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysciml.cli.output import console, print_json

if TYPE_CHECKING:
    from pysciml import Model, Variable

__all__ = ["catalog", "system_names"]


def system_names(incomplete: str) -> list[str]:
    """Names of systems for tab completion, from the file names: no library is loaded."""
    from importlib.resources import files

    stems = [entry.name.removesuffix(".py") for entry in files("pysciml.catalog").iterdir()]
    return sorted(
        stem
        for stem in stems
        if stem.startswith(incomplete) and not stem.startswith("_") and stem != "registry"
    )


def catalog(
    system: Annotated[
        str | None,
        typer.Argument(help="Show this one in detail.", autocompletion=system_names),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """List the known systems, or show one with its units, ranges and source."""
    from pysciml import catalog as systems

    if system is not None:
        model = systems.build(system)
        if json:
            print_json(_entry(model))
        else:
            _show(model)
        return
    models = [systems.build(name) for name in systems.names()]
    if json:
        print_json([_entry(model) for model in models])
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("system", "kind", "states", "parameters", ""):
        table.add_column(heading, no_wrap=heading == "system", overflow="fold")
    for model in models:
        table.add_row(
            model.name,
            "SDE" if model.is_stochastic else "ODE",
            ", ".join(model.state),
            ", ".join(model.params),
            _first_line(model.description),
        )
    out = console()
    out.print(table)
    out.print("\n[dim]`pysciml catalog NAME` shows units, ranges and source.[/dim]")


def _show(model: Model) -> None:
    from rich.markup import escape
    from rich.table import Table

    out = console()
    kind = "stochastic differential equation" if model.is_stochastic else "differential equation"
    out.print(f"[bold]{model.name}[/bold]  {kind}")
    out.print(escape(" ".join(model.description.split())))
    out.print(f"[dim]{escape(model.source)}[/dim]\n")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("", "name", "shape", "default", "units", "range", "what it is"):
        table.add_column(heading, overflow="fold")
    for group, variables in _groups(model).items():
        for index, (name, variable) in enumerate(variables.items()):
            about = _variable(variable)
            bounds = about["bounds"]
            table.add_row(
                group if index == 0 else "",
                f"[bold]{name}[/bold]",
                " x ".join(map(str, about["shape"])),
                about["default"],
                escape(about["units"]),
                f"{bounds[0]:g} to {bounds[1]:g}" if bounds else "",
                escape(about["description"]),
            )
    out.print(table)


def _groups(model: Model) -> dict[str, Any]:
    return {"state": model.state, "parameter": model.params, "input": model.inputs}


def _variable(variable: Variable) -> dict[str, Any]:
    import numpy as np

    values = np.unique(variable.array)
    return {
        "shape": list(variable.shape),
        "default": f"{values[0]:g}" if values.size == 1 else f"{values[0]:g} to {values[-1]:g}",
        "units": variable.units,
        "bounds": None if variable.bounds is None else list(variable.bounds),
        "description": variable.description,
    }


def _entry(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "stochastic": model.is_stochastic,
        "description": " ".join(model.description.split()),
        "source": model.source,
    } | {
        group: {
            name: _variable(variable) | {"default": variable.array}
            for name, variable in variables.items()
        }
        for group, variables in _groups(model).items()
    }


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""
