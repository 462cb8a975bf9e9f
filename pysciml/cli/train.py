"""``pysciml train`` and ``pysciml resume``: run a study to its report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysciml.cli.output import console, print_json

if TYPE_CHECKING:
    from pysciml.study import StudyResult

__all__ = ["resume", "train"]

Json = Annotated[bool, typer.Option("--json", help="Write the final table as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


def train(
    study: Annotated[Path, typer.Argument(help="A study file (TOML).", metavar="STUDY.toml")],
    run: Annotated[Path | None, typer.Option(help="Another run directory.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Other epochs.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed.", min=0)] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Put a run that is there aside and start anew.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train what a study file describes, judge it against simple forecasts, and report.

    Ctrl-C stops at the end of a step and saves; `pysciml resume` continues.
    """
    from pysciml.study import read_study, run_study, set_aside

    asked = read_study(study)
    overrides = {"epochs": epochs, "seed": seed}
    asked = asked.with_training(**{k: v for k, v in overrides.items() if v is not None})
    asked = dataclasses.replace(
        asked, run=dataclasses.replace(asked.run, directory=str(run or asked.directory))
    )
    if restart and (other := set_aside(asked.directory)):
        console(error=True).print(f"The run that was in {asked.directory} is now in {other}.")
    _conclude(asked.directory, lambda *told: run_study(asked, *told), quiet, json)


def resume(
    directory: Annotated[Path, typer.Argument(help="The run directory, such as runs/fmri.")],
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Finish a training that was stopped, then judge it and report as `train` does."""
    from pysciml.study import resume_study

    _conclude(directory, lambda *told: resume_study(directory, *told), quiet, json)


def _conclude(folder: Path, work: Callable[..., StudyResult], quiet: bool, as_json: bool) -> None:
    """Run a study with a progress display, write its report, and show its result."""
    from pysciml.cli.progress import Display

    aside = console(error=True)
    try:
        with Display(aside, quiet=quiet) as display:
            result = work(display.progress, display.announce)
            display.announce("writing the report")
            from pysciml.report import write_report

            path = write_report(result.path)
    except KeyboardInterrupt:
        if not (folder / "run.json").exists():
            aside.print("Stopped before training began; nothing was saved.")
        else:
            aside.print(f"Stopped. Continue with `pysciml resume {folder}`.")
        raise typer.Exit(130) from None
    if as_json:
        print_json(_result(result) | {"report": path.resolve()})
        return
    from pysciml.cli.tables import show_result

    show_result(console(), result)
    console().print(f"\nReport: {path}", soft_wrap=True)


def _result(result: StudyResult) -> dict[str, Any]:
    from pysciml.study.verdict import verdict

    found: dict[str, Any] = {"study": result.study.name, "run": result.path.resolve()}
    for name in ("table", "left_out"):
        table = getattr(result, name)
        if table is not None:
            found[name] = {
                "horizon_seconds": table["horizon"].values,
                "nrmse": {
                    str(label): table["nrmse"].sel(forecaster=label).values
                    for label in table["forecaster"].values
                },
                "difference": {
                    str(label): {
                        key: table[key].sel(other=label).values
                        for key in ("difference", "low", "high")
                    }
                    for label in table["other"].values
                },
                "verdict": " ".join(verdict(table, result.study.label)),
            }
    return found | {"facts": result.facts}
