"""What a study leaves in its run directory, and how it is read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from pysciml.errors import RunError
from pysciml.study.file import Study, parse_study

if TYPE_CHECKING:
    from pysciml.runs import RunDirectory

__all__ = ["StudyResult", "load_result", "read_companions", "write_companions"]

STUDY = "study.toml"
SERIES = "series.nc"
EVALUATION = "evaluation.nc"


@dataclass(frozen=True)
class StudyResult:
    """A study that was run: its numbers, for the report and for further work.

    Parameters
    ----------
    study : Study
        The study.
    directory : RunDirectory
        Where it was run; settings, versions and history are read from it.
    table : Dataset, optional
        Forecast errors on the test part: ``nrmse`` over (forecaster, horizon) and more, see
        `pysciml.study.evaluate.error_table`. None if training has not ended.
    left_out : Dataset, optional
        The same for the subject that was left out of training.
    examples, inferred : Dataset, optional
        Some forecasts, and inferred states and parameters.
    facts : dict
        Single numbers: times, counts of parameters, sizes of the parts.
    """

    study: Study
    directory: RunDirectory
    table: xr.Dataset | None = None
    left_out: xr.Dataset | None = None
    examples: xr.Dataset | None = None
    inferred: xr.Dataset | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.directory.path

    @property
    def history(self) -> xr.Dataset:
        """The training history over ``epoch``."""
        columns = self.directory.read_history()
        epoch = columns.pop("epoch", None)
        return xr.Dataset(
            {name: ("epoch", values) for name, values in columns.items()},
            coords=None if epoch is None else {"epoch": epoch},
        )

    def save(self) -> None:
        """Write ``evaluation.nc`` into the run directory, whole or not at all."""
        from pysciml.runs import replacing

        groups = {name: getattr(self, name) for name in _GROUPS}
        tree = xr.DataTree.from_dict(
            {"/": xr.Dataset(attrs=self.facts)}
            | {f"/{name}": group for name, group in groups.items() if group is not None}
        )
        with replacing(self.path / EVALUATION) as part:
            tree.to_netcdf(part, engine="h5netcdf")


_GROUPS = ("table", "left_out", "examples", "inferred")


def load_result(path: str | Path) -> StudyResult:
    """Read a study that was run, from its run directory alone.

    Parameters
    ----------
    path : str or Path
        The run directory.

    Returns
    -------
    StudyResult
        Without tables if training has not ended.

    Raises
    ------
    RunError
        If it is not a run directory, was not made by a study, or is damaged.
    """
    from pysciml.runs import RunDirectory

    directory = RunDirectory.open(path)
    study = _read_study(directory.path)
    file = directory.path / EVALUATION
    if not file.exists():
        return StudyResult(study, directory)
    try:
        with xr.open_datatree(file, engine="h5netcdf") as tree:
            groups = {name: tree[name].to_dataset().load() for name in _GROUPS if name in tree}
            facts = {str(name): _plain(value) for name, value in tree.attrs.items()}
    except (OSError, KeyError, ValueError) as error:
        raise RunError(
            f"{file} is damaged ({error}); `pysciml resume {path}` makes it anew."
        ) from error
    return StudyResult(study, directory, **groups, facts=facts)


def write_companions(study: Study, series: xr.DataArray, left_out: xr.DataArray | None) -> None:
    """Put the study file and its prepared series into the run directory.

    With them a run can be finished and reported on where the sources are out of reach. A place
    that holds something else is left alone; the run refuses it when it begins.
    """
    from pysciml.runs import replacing, write_atomic
    from pysciml.runs.atomic import unwritable

    folder = study.directory
    try:
        if folder.is_file() or (folder.is_dir() and not _ours(folder)):
            return
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    dataset = series.rename("series").to_dataset()
    if left_out is not None:
        dataset["left_out"] = left_out.rename(sample="out").drop_vars("out", errors="ignore")
    for variable in dataset.variables.values():
        variable.encoding.clear()
    with replacing(folder / SERIES) as part:
        dataset.to_netcdf(part, engine="h5netcdf")
    write_atomic(folder / STUDY, study.text)


def read_companions(path: Path) -> tuple[Study, xr.DataArray, xr.DataArray | None]:
    """Read back what `write_companions` wrote."""
    study = _read_study(path)
    try:
        dataset = xr.load_dataset(path / SERIES, engine="h5netcdf")
        series, left_out = dataset["series"], dataset.get("left_out")
    except (OSError, KeyError, ValueError) as error:
        raise RunError(f"{path / SERIES} is missing or damaged ({error}).") from error
    return study, series, None if left_out is None else left_out.rename(out="sample")


def _read_study(path: Path) -> Study:
    file = path / STUDY
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise RunError(
            f"{path} was not made by `pysciml train`: it has no {STUDY}. "
            "Use pysciml.load and pysciml.resume for it."
        ) from error
    import dataclasses

    study = parse_study(text, file)
    return dataclasses.replace(study, run=dataclasses.replace(study.run, directory=str(path)))


def _ours(folder: Path) -> bool:
    known = (STUDY, SERIES, ".lock", "data.nc")
    return all(entry.name in known or entry.suffix == ".part" for entry in folder.iterdir())


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
