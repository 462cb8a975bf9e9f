"""Run a study: prepare, train, evaluate, keep."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pysciml.errors import RunError
from pysciml.study.result import StudyResult, read_companions, write_companions

if TYPE_CHECKING:
    from pysciml.goku import GokuRun
    from pysciml.runs import RunDirectory
    from pysciml.study.data import Prepared
    from pysciml.study.file import Study

__all__ = ["resume_study", "run_study", "set_aside"]

Announce = Callable[[str], None]


def run_study(
    study: Study, progress: Any = True, announce: Announce = lambda _: None
) -> StudyResult:
    """Train what a study describes, and judge it on the test part.

    Parameters
    ----------
    study : Study
        The study.
    progress : bool or callable
        As `fit` takes it.
    announce : callable, optional
        Is told in a few words what begins: preparing, training, evaluating.

    Returns
    -------
    StudyResult
        Saved in the run directory as well.

    Raises
    ------
    RunError
        If the run directory holds a run already, or cannot be written to.
    PySciMLError
        If data, model or network refuse what the study asks for.
    """
    from pysciml.study.data import prepare

    folder = study.directory
    if (folder / "run.json").exists():
        raise RunError(
            f"{folder} already holds a run. `pysciml resume {folder}` continues it; "
            "`--restart` puts it aside and starts anew; `--run DIR` chooses another directory."
        )
    announce("preparing the data")
    prepared = prepare(study)
    settings = study.build(prepared.series.sizes["channel"])
    options = dict(study.training)
    write_companions(study, prepared.series, prepared.left_out)
    announce("training (the first step is compiled)")
    begun = time.monotonic()
    run = settings.fit(
        prepared.train,
        validation=prepared.validation if prepared.validation.sizes["time"] else None,
        rng=options.pop("seed", None),
        run=str(folder),
        progress=progress,
        engine=study.run.engine,
        **options,
    )
    return _finish(run, study, prepared, announce, time.monotonic() - begun)


def resume_study(
    path: str | Path, progress: Any = True, announce: Announce = lambda _: None
) -> StudyResult:
    """Finish the training of a study that was stopped, and judge it.

    Parameters
    ----------
    path : str or Path
        The run directory.
    progress : bool or callable
        As `fit` takes it.
    announce : callable, optional
        Is told in a few words what begins.

    Returns
    -------
    StudyResult
        Saved in the run directory as well.

    Raises
    ------
    RunError
        If the directory cannot be continued.
    """
    from pysciml import goku
    from pysciml.runs import RunDirectory
    from pysciml.study.data import split

    directory = RunDirectory.open(path)
    study, series, left_out = read_companions(directory.path)
    announce("training (the first step is compiled)")
    run = goku.resume(directory.path, progress=progress)
    return _finish(run, study, split(series, study, left_out), announce, math.nan)


def set_aside(folder: Path) -> Path | None:
    """Rename a run directory to the first free of ``<name>-1``, ``<name>-2``, ...

    Parameters
    ----------
    folder : Path
        The run directory.

    Returns
    -------
    Path or None
        The new name; None if there was no run.
    """
    if not (folder / "run.json").exists():
        return None
    number = 1
    while (other := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    return folder.rename(other)


def _finish(
    run: GokuRun, study: Study, prepared: Prepared, announce: Announce, seconds: float
) -> StudyResult:
    from pysciml.runs import RunDirectory
    from pysciml.study.bands import observation_noise
    from pysciml.study.evaluate import error_table, origins, rivals
    from pysciml.study.examples import forecast_examples, inferred

    announce("evaluating")
    asked = study.evaluation
    length = run.settings.architecture.length
    first = float(prepared.test["time"].values[0])
    known = prepared.series.sel(time=slice(None, first - 1e-9))
    validation = prepared.validation if prepared.validation.sizes["time"] else None
    rival = rivals(prepared.train, validation, asked.horizon)
    noise = observation_noise(run, known, length, asked.refine)
    cut = origins(prepared.series, first, study, length)
    table = error_table(run, study, cut, rival, noise)
    left_out = None
    if prepared.left_out is not None:
        apart = origins(prepared.left_out, first, study, length)
        left_out = error_table(run, study, apart, rival, noise)
    directory = RunDirectory.open(study.directory)
    result = StudyResult(
        study,
        directory,
        table,
        left_out,
        forecast_examples(run, study, cut, noise, list(rival.items())[-1]),
        inferred(run, study, cut),
        {
            **_facts(run, directory, prepared),
            "origins": cut.histories.sizes["sample"],
            "seconds": seconds,
        },
    )
    announce("writing the results")
    result.save()
    return result


def _facts(run: GokuRun, directory: RunDirectory, prepared: Prepared) -> dict[str, Any]:
    """Single numbers that the report tells."""
    times = prepared.series["time"].values
    known = directory.settings
    return {
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "step": float(times[1] - times[0]),
        "subjects": prepared.series.sizes["sample"],
        "regions": prepared.series.sizes["channel"],
        "train_steps": prepared.train.sizes["time"],
        "validation_steps": prepared.validation.sizes["time"],
        "test_steps": prepared.test.sizes["time"],
        "length": int(run.settings.architecture.length),
        "epochs": int(run.history.sizes["epoch"]),
        "seed": int(run.seed),
        "parameters": int(run.parameters),
        "engine": f"{known['engine']}: {known['engine_reason']}",
        "source": str(prepared.series.attrs.get("source", "")),
        "licence": str(prepared.series.attrs.get("licence", "")),
    }
