"""``pysciml julia``: Julia installed, prepared for elsewhere, tested, and compiled ahead."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pysciml.cli.output import console, print_json
from pysciml.errors import EngineError

__all__ = ["app"]

app = typer.Typer(
    name="julia",
    help="Julia for the julia engine: what is there, and how to get it.",
    no_args_is_help=True,
)


@app.command("status")
def status(
    json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """Say what is there, without starting Julia."""
    from pysciml.engines.julia.process.status import examine

    found = examine()
    if json:
        print_json(asdict(found))
    else:
        _show("Julia", found.reason)
        for name, value in found.details.items():
            _show(name, value)
    if not found.ready:
        raise typer.Exit(1)


@app.command("install")
def install() -> None:
    """Install Julia and its packages ahead of their first use, and compile them."""
    from pysciml.engines.julia.process.install import install

    _show("Julia", install())


@app.command("prepare")
def prepare(
    to: Annotated[Path, typer.Option("--to", help="A new folder.", metavar="DIR")],
    compile: Annotated[
        bool, typer.Option(help="Compile the packages in the new folder, which takes minutes.")
    ] = True,
) -> None:
    """Make a tree with Julia and all packages that runs without a network."""
    from pysciml.engines.julia.process.prepare import prepare

    tree = prepare(to, compiled=compile)
    _show("tree", str(tree))
    _show("use it with", f"source {tree / 'pysciml-julia.sh'}, or set PYSCIML_JULIA={tree}")


@app.command("test")
def test() -> None:
    """Run the tests of PySciML.jl."""
    from pysciml.engines.julia.process.package import package
    from pysciml.engines.julia.process.processes import run
    from pysciml.engines.julia.process.status import place

    code, _ = run(place(), "include(ARGS[1])", str(package() / "test" / "runtests.jl"))
    if code != 0:
        raise EngineError(f"The tests of PySciML.jl failed (exit code {code}).")
    _show("tests", "all of PySciML.jl passed")


@app.command("sysimage")
def sysimage() -> None:
    """Compile PySciML.jl into a system image, with which Julia starts from then on."""
    from pysciml.engines.julia.process.status import place
    from pysciml.engines.julia.process.sysimage import build

    image = build(place())
    _show("image", f"{image} ({image.stat().st_size / 1e6:.0f} MB); Julia starts with it now")


def _show(name: str, value: str) -> None:
    from rich.markup import escape

    console().print(f"[bold]{escape(name)}[/bold]  {escape(value)}", soft_wrap=True)
