"""The command ``pysciml``: one app, errors as sentences, exit codes a script can trust."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer

from pysciml.cli import catalog, doctor, julia, process, report, solve, solvers, train
from pysciml.errors import EngineError, PySciMLError, SolveError, suggest

__all__ = ["app", "main", "run"]

# Typer carries its own copy of click in newer versions; both have this class as an ancestor.
UsageError: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="pysciml",
    help="Dynamical models that learn from data: solve, train, forecast, report.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("doctor")(doctor.doctor)
app.command("catalog")(catalog.catalog)
app.command("solve")(solve.solve)
app.command("solvers")(solvers.solvers)
app.command("train")(train.train)
app.command("resume")(train.resume)
app.command("report")(report.report)
app.add_typer(julia.app)


def _version(wanted: bool) -> None:
    if wanted:
        import pysciml

        typer.echo(f"pysciml {pysciml.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line of this process and end it with the right code."""
    process.prepare()
    process.keep_memory()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str
        What was typed after ``pysciml``.

    Returns
    -------
    int
        0 if all is well; 2 for wrong arguments, files or keys; 1 where a solve or a training
        failed; 130 after Ctrl-C. Whatever is wrong is one sentence on the error stream.
    """
    command = typer.main.get_command(app)
    try:
        code = command.main(list(arguments), prog_name="pysciml", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            return 0
        return _say(_usage(error, command), 2)
    except (SolveError, EngineError) as error:
        return _say(str(error), 1)
    except PySciMLError as error:
        return _say(str(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        return _say("Stopped.", 130)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _say(sentence: str, code: int) -> int:
    print(f"pysciml: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def _usage(error: Any, command: Any) -> str:
    """Turn an error of the argument parser into a sentence with a suggestion."""
    context = error.ctx
    here = context.command if context else command
    path = context.command_path if context else "pysciml"
    text = error.format_message().rstrip(".")
    if type(error).__name__ == "NoSuchOption":
        options = [name for option in here.params for name in option.opts]
        return (
            f"{path} has no option {error.option_name}."
            f"{suggest(error.option_name, [*options, '--help'])} `{path} --help` lists them."
        )
    if text.startswith("No such command"):
        name = text.split("'")[1]
        return f"There is no command {name!r}.{suggest(name, list(here.commands))}"
    return f"{text}. `{path} --help` shows how to call it."


if __name__ == "__main__":
    main()
