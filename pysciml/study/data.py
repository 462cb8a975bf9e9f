"""From the table ``[data]`` of a study to standardised series and their split in time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pysciml.errors import DataError, suggest

if TYPE_CHECKING:
    import xarray as xr

    from pysciml.study.file import Study

__all__ = ["Prepared", "load_series", "prepare", "split"]


@dataclass(frozen=True)
class Prepared:
    """Series of a study, standardised and split.

    Parameters
    ----------
    series : DataArray
        Dims (sample, time, channel): the subjects that are trained on, over the whole time, in
        units of the standard deviation of the training part.
    train, validation, test : DataArray
        Contiguous parts of `series` in this order; `validation` may have no time steps.
    left_out : DataArray, optional
        The series of the subject that is left out of training, of the same dims.
    """

    series: xr.DataArray
    train: xr.DataArray
    validation: xr.DataArray
    test: xr.DataArray
    left_out: xr.DataArray | None = None


def prepare(study: Study) -> Prepared:
    """Load, average, split and standardise the data of a study.

    The mean and standard deviation of each region and subject come from the training part of
    that subject; of a subject left out, from the same part of its own past.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    Prepared
        The parts.

    Raises
    ------
    DataError
        If the data cannot be read or split, or a region is constant.
    """
    series = load_series(study)
    if study.data.step > 1:
        series = series.coarsen(time=study.data.step, boundary="trim").mean(keep_attrs=True)
    name = study.data.leave_out
    if name is None:
        return split(_standardise(series, study), study)
    if "subject" not in series.dims:
        raise study.place("data").error(
            "leave_out", "the data hold one subject only; leave it out."
        )
    subjects = [str(value) for value in series["subject"].values]
    if name not in subjects or len(subjects) < 2:
        problem = f"there is no subject {name!r} that could be left out."
        raise study.place("data").error("leave_out", problem + suggest(name, subjects))
    index = subjects.index(name)
    kept = series.isel(subject=[i for i in range(len(subjects)) if i != index])
    left_out = _standardise(series.isel(subject=[index]), study)
    return split(_standardise(kept, study), study, left_out)


def split(series: xr.DataArray, study: Study, left_out: xr.DataArray | None = None) -> Prepared:
    """Cut standardised series into their parts in time."""
    from pysciml import datasets

    parts = datasets.split_time(series, study.data.train, study.data.validation)
    return Prepared(series, *parts, left_out=left_out)


def load_series(study: Study) -> xr.DataArray:
    """Return the series of a study as they are.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    DataArray
        Dims (time, region) or (subject, time, region).

    Raises
    ------
    DataError
        If the file cannot be read or does not hold proper series.
    """
    from pysciml import datasets

    data = study.data
    if data.source == "resting_fmri":
        return datasets.resting_fmri()
    if data.source == "hcp":
        path = None if data.path is None else study.path.parent / data.path
        return datasets.hcp(path, cortical=data.cortical)
    series = _from_file(study.path.parent / data.source, data.variable)
    dims = ("subject", "time", "region") if series.ndim == 3 else ("time", "region")
    return datasets.check_series(series, dims, name=data.source)


def _standardise(series: xr.DataArray, study: Study) -> xr.DataArray:
    """Standardise each region of each subject by its own training part, and name dims anew."""
    from pysciml import datasets

    train, _, _ = datasets.split_time(series, study.data.train, study.data.validation)
    scaled = datasets.Standardiser.fit(train).apply(series)
    if "subject" not in scaled.dims:
        scaled = scaled.expand_dims("subject")
    names = {"subject": "sample", "region": "channel"}
    scaled = scaled.rename({old: new for old, new in names.items() if old in scaled.dims})
    if "channel" not in scaled.coords:
        labels = [f"region {index + 1}" for index in range(scaled.sizes["channel"])]
        scaled = scaled.assign_coords(channel=labels)
    return scaled.transpose("sample", "time", "channel")


def _from_file(path: Path, variable: str | None) -> xr.DataArray:
    import xarray as xr

    if not path.is_file():
        near = [str(file) for file in path.parent.glob(f"*{path.suffix}")]
        raise DataError(f"There is no data file {path}.{suggest(str(path), near)}")
    if path.suffix == ".csv":
        return _from_csv(path)
    try:
        dataset = xr.load_dataset(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a netCDF file: {error}") from error
    names = [str(name) for name in dataset.data_vars]
    if variable is None and len(names) == 1:
        variable = names[0]
    if variable is None or variable not in names:
        problem = "say which with [data] variable" if variable is None else f"not {variable!r}"
        known = suggest(variable or "", names)
        raise DataError(f"{path} holds {len(names)} variables; {problem}.{known}")
    return dataset[variable]


def _from_csv(path: Path) -> xr.DataArray:
    """Read a table whose header names the columns: time (in seconds), then one per region."""
    import numpy as np
    import xarray as xr

    lines = path.read_text(encoding="utf-8-sig").splitlines()
    header = [cell.strip().strip('"') for cell in lines[0].split(",")] if lines else []
    if len(header) < 2 or header[0].lower() not in ("time", "t"):
        raise DataError(
            f"{path}: the first line must name the columns, 'time' first and then one per region."
        )
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != len(header):
            raise DataError(
                f"{path}, line {number}: {len(cells)} values for {len(header)} columns."
            )
        try:
            rows.append([float(cell) if cell.strip() else np.nan for cell in cells])
        except ValueError:
            raise DataError(f"{path}, line {number}: there is a value that is no number.") from None
    if not rows:
        raise DataError(f"{path}: there are no rows below the header.")
    table = np.array(rows)
    return xr.DataArray(
        table[:, 1:],
        dims=("time", "region"),
        coords={"time": ("time", table[:, 0], {"units": "s"}), "region": header[1:]},
        name=path.stem,
    )
