"""``pysciml solve``: solve a known system, write the result, draw it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysciml.cli.catalog import system_names
from pysciml.cli.output import console, print_json
from pysciml.cli.values import literal, numbers, pairs
from pysciml.errors import InputError, suggest

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["solve"]

_OUT = (".nc", ".csv")
_PLOT = (".png", ".svg", ".pdf")


def solve(
    system: Annotated[
        str, typer.Argument(help="Name in the catalogue.", autocompletion=system_names)
    ],
    t: Annotated[tuple[float, float], typer.Option(help="First and last time.")],
    save: Annotated[
        str | None,
        typer.Option(help="Step between saved times, or 'steps' for those of the solver."),
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="A parameter, name=value or name=value,value,...")
    ] = None,
    state: Annotated[list[str] | None, typer.Option(help="An initial state, name=value.")] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", help="An input, such as current=10.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the system, such as oscillators=5.")
    ] = None,
    trajectories: Annotated[int | None, typer.Option(help="Sample paths of an SDE.")] = None,
    rng: Annotated[int | None, typer.Option(help="Seed of the noise.")] = None,
    solver: Annotated[str, typer.Option(help="Name of the solver.")] = "auto",
    dt: Annotated[float | None, typer.Option(help="Step of a fixed-step solver.")] = None,
    rtol: Annotated[float | None, typer.Option(help="Relative tolerance.")] = None,
    atol: Annotated[float | None, typer.Option(help="Absolute tolerance.")] = None,
    engine: Annotated[str, typer.Option(help="auto, jax or julia.")] = "auto",
    out: Annotated[Path | None, typer.Option(help="Write the result: .nc or .csv.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the result: .png, .svg or .pdf.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Write the summary as JSON.")] = False,
) -> None:
    """Solve a system of the catalogue.

    Example: pysciml solve lorenz63 --t 0 100 --save 0.1 --out lorenz.nc --plot lorenz.png
    """
    _check_file(out, _OUT, "--out")
    _check_file(plot, _PLOT, "--plot")
    import pysciml as ps

    model = ps.catalog.build(system, **pairs(option or [], "--option", literal))
    solution = ps.solve(
        model,
        t=t,
        save=_save(save),
        state=pairs(state or [], "--state", numbers) or None,
        params=pairs(param or [], "--param", numbers) or None,
        inputs=pairs(inputs or [], "--input", numbers) or None,
        trajectories=trajectories,
        rng=rng,
        solver=solver,
        dt=dt,
        rtol=rtol,
        atol=atol,
        engine=engine,
    )
    if out is not None:
        _write(solution, out)
    if plot is not None:
        from pysciml.plotting import plot_solution

        plot_solution(solution).savefig(plot, dpi=150, facecolor="white")
    summary = _summary(solution)
    if json:
        print_json(summary | {"out": out, "plot": plot})
    else:
        _show(summary, [path for path in (out, plot) if path is not None])


def _check_file(path: Path | None, known: tuple[str, ...], option: str) -> None:
    if path is None:
        return
    if path.suffix not in known:
        raise InputError(
            f"{option} {path}: the name must end in one of {', '.join(known)}."
            f"{suggest(path.suffix, known) if path.suffix else ''}"
        )
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: there is no directory {path.parent}.")


def _save(text: str | None) -> Any:
    if text is None or text == "steps":
        return text
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--save expects a step such as 0.1, or 'steps'; got {text!r}.") from None


def _write(solution: xr.Dataset, path: Path) -> None:
    from pysciml.runs import replacing, write_atomic

    if path.suffix == ".csv":
        write_atomic(path, solution.to_dataframe().to_csv())
        return
    with replacing(path) as part:
        solution.to_netcdf(part, engine="h5netcdf")


def _summary(solution: xr.Dataset) -> dict[str, Any]:
    states = {}
    for name, values in solution.data_vars.items():
        if "time" in values.dims:
            last = values.isel(time=-1)
            states[str(name)] = {
                "lowest": float(values.min()),
                "highest": float(values.max()),
                "mean": float(values.mean()),
                "last": float(last) if last.ndim == 0 else last.values,
                "units": values.attrs.get("units", ""),
            }
    attributes = {str(key): value for key, value in solution.attrs.items()}
    return {"sizes": dict(solution.sizes), "states": states, "attributes": attributes}


def _show(summary: dict[str, Any], files: list[Path]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("state")
    for heading in ("lowest", "mean", "highest", "last"):
        table.add_column(heading, justify="right")
    table.add_column("units")
    for name, about in summary["states"].items():
        last = about["last"]
        cells = [f"{about[key]:.5g}" for key in ("lowest", "mean", "highest")]
        table.add_row(
            name, *cells, f"{last:.5g}" if isinstance(last, float) else "", about["units"]
        )
    out = console()
    out.print(table)
    sizes = ", ".join(f"{count} {name}" for name, count in summary["sizes"].items())
    facts = [f"{key} {value}" for key, value in summary["attributes"].items() if value != ""]
    out.print(f"\n[dim]{escape(sizes)}. {escape('; '.join(facts))}[/dim]")
    for path in files:
        out.print(f"Wrote {escape(str(path))}")
