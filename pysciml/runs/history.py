"""The history of a run: a table of numbers as CSV, read back to the last bit."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.errors import InputError, RunError
from pysciml.runs.atomic import write_atomic

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["read_history", "write_history"]


def write_history(path: str | os.PathLike[str], columns: Mapping[str, ArrayLike]) -> None:
    """Write columns of numbers as CSV, whole or not at all.

    Parameters
    ----------
    path : path
        The file to write; its directory must exist.
    columns : mapping of str to array_like
        Columns of one length, of integers or of real numbers. Each number is written with the
        digits that give it back exactly; NaN and infinities are allowed.

    Raises
    ------
    InputError
        If a column is not 1-d, not of numbers, or of another length than the first.
    RunError
        If the place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_history(f"{place}/history.csv", {"epoch": [1, 2], "loss": [0.5, 0.1]})
    ...     print(Path(place, "history.csv").read_text())
    epoch,loss
    1,0.5
    2,0.1
    <BLANKLINE>
    """
    table = {name: np.asarray(column) for name, column in columns.items()}
    rows = next((len(column) for column in table.values() if column.ndim), 0)
    for name, column in table.items():
        if column.shape != (rows,):
            raise InputError(
                f"The column {name!r} of a history has shape {column.shape}, expected {(rows,)}. "
                "Give one number per row to each column."
            )
        if column.dtype.kind not in "iuf" or column.dtype.itemsize > 8:
            raise InputError(
                f"The column {name!r} of a history has type {column.dtype}, "
                "expected integers or real numbers of at most 64 bits."
            )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    # tolist widens to Python numbers, whose repr is the shortest text that reads back the same.
    cells = [[repr(cell) for cell in column.tolist()] for column in table.values()]
    writer.writerows(zip(*cells, strict=True))
    write_atomic(path, text.getvalue())


def read_history(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read the columns that `write_history` wrote.

    Parameters
    ----------
    path : path
        The file to read.

    Returns
    -------
    dict of str to numpy.ndarray
        Columns in the order they were given: 64-bit integers where every number is an integer,
        else float64.

    Raises
    ------
    RunError
        If the file is missing or is not such a table.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_history(f"{place}/history.csv", {"loss": [0.1, float("nan")]})
    ...     read_history(f"{place}/history.csv")["loss"]
    array([0.1, nan])
    """
    path = Path(path)
    try:
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode())))
    except FileNotFoundError as error:
        raise RunError(f"There is no history at {path}.") from error
    except (OSError, UnicodeError, csv.Error) as error:
        raise RunError(f"Cannot read the history {path}: {error}.") from error
    if not rows:
        return {}
    names, *cells = rows
    for line, row in enumerate(cells, start=2):
        if len(row) != len(names):
            raise RunError(
                f"Line {line} of {path} has {len(row)} numbers, expected {len(names)}. "
                "Restore the file from a copy, or start the run again."
            )
    return {name: _column(path, name, [row[k] for row in cells]) for k, name in enumerate(names)}


def _column(path: Path, name: str, texts: list[str]) -> NDArray[Any]:
    if texts and all(text.removeprefix("-").isdecimal() for text in texts):
        return np.array([int(text) for text in texts])
    try:
        return np.array([float(text) for text in texts], dtype=np.float64)
    except ValueError as error:
        raise RunError(f"The column {name!r} of {path} is not of numbers: {error}.") from error
