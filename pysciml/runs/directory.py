"""The directory of a run: what was run, on which data, how far it came."""

from __future__ import annotations

import contextlib
import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pysciml.errors import RunError
from pysciml.runs.atomic import sweep, unwritable, write_json
from pysciml.runs.checkpoint import read_checkpoint, save_checkpoint
from pysciml.runs.data import hash_data, read_data, write_data
from pysciml.runs.history import read_history, write_history
from pysciml.runs.lock import hold
from pysciml.runs.provenance import fingerprint, first_difference, plain, versions

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RunDirectory"]

FORMAT = "pysciml-run"
SCHEMA = 1

_RECORD = "run.json"
_LOCK = ".lock"
_DATA = "data.nc"
# What a study puts in before its run begins, so that a kill at any moment leaves enough to go on.
_COMPANIONS = ("study.toml", "series.nc")

Which = Literal["checkpoint", "best"]


@dataclass(frozen=True)
class RunDirectory:
    """A directory that holds one run; made by `create`, found again by `open`.

    It holds ``run.json`` (what was run; written once), ``data.nc`` (the data it was given),
    ``history.csv``, ``checkpoint.safetensors`` (the last state, from which it resumes) and
    ``best.safetensors``. Each is replaced as a whole, so a process that is killed leaves the
    last complete version behind.

    Parameters
    ----------
    path : pathlib.Path
        Where it is.
    kind : str
        What sort of run it is, such as ``"goku"``.
    settings : dict
        All that decides its numbers, as JSON knows it.
    fingerprint : str
        SHA-256 of kind, settings and data: two runs with the same one are the same study.
    hashes : dict of str to str
        SHA-256 of each array of data.
    created : str
        When it was made, in UTC, as ISO 8601.
    versions : dict of str to str
        Of the programs that made it.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as place:
    ...     run = RunDirectory.create(f"{place}/lv", "demo", {"epochs": 2})
    ...     with run.lock():
    ...         run.save_checkpoint({"w": np.zeros(3)}, {"epoch": 1})
    ...         run.write_history({"loss": [0.5]})
    ...     arrays, header = RunDirectory.open(f"{place}/lv").read_checkpoint()
    >>> header["epoch"]
    1
    """

    path: Path
    kind: str
    settings: dict[str, Any]
    fingerprint: str
    hashes: dict[str, str]
    created: str
    versions: dict[str, str]

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        kind: str,
        settings: Mapping[str, Any],
        data: Mapping[str, xr.DataArray] | None = None,
        *,
        exist_ok: bool = False,
    ) -> Self:
        """Make a run directory, with its data; ``run.json`` comes last and makes it complete.

        Parameters
        ----------
        path : path
            Where to make it: a place that does not exist, or a directory that is empty or holds
            no more than the files of a study.
        kind : str
            What sort of run it is.
        settings : mapping
            All that decides its numbers: numbers, texts, booleans, lists and mappings of them.
        data : mapping of str to xarray.DataArray, optional
            The data, by names of your choice such as ``train``; stored in ``data.nc``.
        exist_ok : bool, optional
            Whether to give back an existing directory of the very same study.

        Returns
        -------
        RunDirectory
            The directory made, or the existing one.

        Raises
        ------
        RunError
            If the place holds a run already, holds other files, or cannot be written to.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     RunDirectory.create(place, "demo", {"epochs": 2}).settings
        {'epochs': 2}
        """
        path = Path(path)
        known = plain(settings)
        data = {} if data is None else dict(data)
        hashes = {name: hash_data(array) for name, array in data.items()}
        run = cls(
            path=path,
            kind=kind,
            settings=known,
            fingerprint=fingerprint(kind, known, hashes),
            hashes=hashes,
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            versions=versions(),
        )
        if path.is_file():
            raise RunError(f"{path} is a file, not a directory. Choose another place for the run.")
        if (path / _RECORD).exists():
            return cls.open(path)._same_study(run, exist_ok)
        try:
            path.mkdir(parents=True, exist_ok=True)
            foreign = sorted(
                entry.name
                for entry in path.iterdir()
                if entry.name not in (_LOCK, _DATA, *_COMPANIONS) and entry.suffix != ".part"
            )
        except OSError as error:
            raise unwritable(path, error) from error
        if foreign:
            raise RunError(
                f"{path} is not empty and is not a run directory: it holds {foreign[0]!r}. "
                "Choose another directory, or empty this one."
            )
        with run.lock():
            if (path / _RECORD).exists():  # another process made it in the meantime
                return cls.open(path)._same_study(run, exist_ok)
            if data:
                write_data(path / _DATA, data)
            write_json(path / _RECORD, run._record())
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Find a run directory again. Nothing is written, so it may be read-only.

        Parameters
        ----------
        path : path
            Where it is.

        Returns
        -------
        RunDirectory
            What its ``run.json`` says.

        Raises
        ------
        RunError
            If there is none, or its ``run.json`` is truncated, changed, or of a newer version.

        Examples
        --------
        >>> RunDirectory.open("nowhere")
        Traceback (most recent call last):
            ...
        pysciml.errors.RunError: There is no run directory at nowhere. ...
        """
        path = Path(path)
        try:
            text = (path / _RECORD).read_text(encoding="utf-8")
        except NotADirectoryError as error:
            raise RunError(
                f"{path} is a file, not a run directory. Name the directory of the run."
            ) from error
        except FileNotFoundError as error:
            if not path.exists():
                raise RunError(f"There is no run directory at {path}. Check the name.") from error
            raise RunError(
                f"{path} is not a run directory: it has no {_RECORD}. "
                "Name a directory that a run was made in."
            ) from error
        except (OSError, UnicodeError) as error:
            raise RunError(f"Cannot read {path / _RECORD}: {error}.") from error
        try:
            record = json.loads(text)
        except ValueError as error:
            raise _damaged(path, f"it is truncated or is not JSON ({error})") from error
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise RunError(
                f"{path / _RECORD} was not written by pysciml: it has no 'format' {FORMAT!r}. "
                "Name a directory that a run was made in."
            )
        if not isinstance(record.get("schema"), int):
            raise _damaged(path, "it does not say its schema")
        if record["schema"] > SCHEMA:
            raise RunError(
                f"{path} was written by a newer version of pysciml: it has schema "
                f"{record['schema']}, and this version reads up to {SCHEMA}. Upgrade pysciml."
            )
        try:
            run = cls(
                path=path,
                kind=record["kind"],
                settings=record["settings"],
                fingerprint=record["fingerprint"],
                hashes=record["data"],
                created=record["created"],
                versions=record["versions"],
            )
        except KeyError as error:
            raise _damaged(path, f"it does not say {error}") from error
        if run.fingerprint != fingerprint(run.kind, run.settings, run.hashes):
            raise _damaged(path, "it was changed after the run was made")
        return run

    def _same_study(self, new: Self, exist_ok: bool) -> Self:
        """Return this run if `new` is the same study and that is wanted; else say why not."""
        if new.fingerprint == self.fingerprint:
            if exist_ok:
                return self
            raise RunError(
                f"{self.path} already holds this run. Go on with `pysciml resume {self.path}`, "
                "or choose another directory to run it anew."
            )
        difference = first_difference(
            {"kind": self.kind, "settings": self.settings, "data": self.hashes},
            {"kind": new.kind, "settings": new.settings, "data": new.hashes},
        )
        raise RunError(
            f"{self.path} belongs to another study: {difference}. Choose another directory."
        )

    def _record(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "schema": SCHEMA,
            "kind": self.kind,
            "created": self.created,
            "fingerprint": self.fingerprint,
            "settings": self.settings,
            "data": self.hashes,
            "versions": self.versions,
        }

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one who writes here while the block runs.

        The system lets the lock go when the process ends, however it ends.

        Yields
        ------
        None
            The lock is held.

        Raises
        ------
        RunError
            If another process is writing here, or if the directory is read-only.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     run = RunDirectory.create(place, "demo", {})
        ...     with run.lock():
        ...         run.write_history({"loss": [0.5]})
        """
        with hold(self.path / _LOCK):
            sweep(self.path)
            yield

    def save_checkpoint(
        self,
        arrays: Mapping[str, ArrayLike],
        header: Mapping[str, Any] | None = None,
        which: Which = "checkpoint",
    ) -> None:
        """Replace a checkpoint of this run.

        Parameters
        ----------
        arrays : mapping of str to array_like
            Named arrays.
        header : mapping, optional
            What JSON knows; the fingerprint of the run is added to it.
        which : {"checkpoint", "best"}, optional
            The last state or the best one.

        Raises
        ------
        RunError
            If the directory cannot be written to.

        Examples
        --------
        >>> import tempfile, numpy as np
        >>> with tempfile.TemporaryDirectory() as place:
        ...     run = RunDirectory.create(place, "demo", {})
        ...     run.save_checkpoint({"w": np.zeros(3)}, {"epoch": 1})
        ...     run.has_checkpoint("best")
        False
        """
        header = {**(header or {}), "fingerprint": self.fingerprint}
        save_checkpoint(self._checkpoint(which), arrays, header)

    def read_checkpoint(
        self, which: Which = "checkpoint"
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Read a checkpoint of this run.

        Parameters
        ----------
        which : {"checkpoint", "best"}, optional
            The last state or the best one.

        Returns
        -------
        arrays : dict of str to numpy.ndarray
            Named arrays.
        header : dict
            The header it was saved with.

        Raises
        ------
        RunError
            If it is missing, damaged, or the checkpoint of another run.

        Examples
        --------
        >>> import tempfile, numpy as np
        >>> with tempfile.TemporaryDirectory() as place:
        ...     run = RunDirectory.create(place, "demo", {})
        ...     run.save_checkpoint({"w": np.zeros(3)}, {"epoch": 1})
        ...     run.read_checkpoint()
        ({'w': array([0., 0., 0.])}, {'epoch': 1})
        """
        path = self._checkpoint(which)
        arrays, header = read_checkpoint(path)
        if header.pop("fingerprint", None) != self.fingerprint:
            raise RunError(
                f"{path} is a checkpoint of another run. Restore the one of this run from a copy."
            )
        return arrays, header

    def has_checkpoint(self, which: Which = "checkpoint") -> bool:
        """Tell whether a checkpoint is there.

        Parameters
        ----------
        which : {"checkpoint", "best"}, optional
            The last state or the best one.

        Returns
        -------
        bool
            Whether its file exists.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     RunDirectory.create(place, "demo", {}).has_checkpoint()
        False
        """
        return self._checkpoint(which).exists()

    def _checkpoint(self, which: Which) -> Path:
        return self.path / f"{which}.safetensors"

    def write_history(self, columns: Mapping[str, ArrayLike]) -> None:
        """Replace the history by columns of numbers of one length.

        Parameters
        ----------
        columns : mapping of str to array_like
            One number per row and column; written so that they read back exactly.

        Raises
        ------
        RunError
            If the directory cannot be written to.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     run = RunDirectory.create(place, "demo", {})
        ...     run.write_history({"epoch": [1, 2], "loss": [0.5, 0.1]})
        ...     run.read_history()
        {'epoch': array([1, 2]), 'loss': array([0.5, 0.1])}
        """
        write_history(self.path / "history.csv", columns)

    def read_history(self) -> dict[str, NDArray[Any]]:
        """Read the history.

        Returns
        -------
        dict of str to numpy.ndarray
            The columns; none where nothing was written yet.

        Raises
        ------
        RunError
            If the file is not a table of numbers.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     RunDirectory.create(place, "demo", {}).read_history()
        {}
        """
        path = self.path / "history.csv"
        return read_history(path) if path.exists() else {}

    def read_data(self) -> dict[str, xr.DataArray]:
        """Read the data that the run was made with.

        Returns
        -------
        dict of str to xarray.DataArray
            By the names given to `create`, loaded into memory.

        Raises
        ------
        RunError
            If the file is missing, damaged, or holds other data than the run was made with.

        Examples
        --------
        >>> import tempfile, numpy as np, xarray as xr
        >>> with tempfile.TemporaryDirectory() as place:
        ...     data = {"train": xr.DataArray(np.zeros((4, 2)), dims=("time", "channel"))}
        ...     RunDirectory.create(place, "demo", {}, data).read_data()["train"].sizes["time"]
        4
        """
        return read_data(self.path / _DATA, self.hashes)


def _damaged(path: Path, how: str) -> RunError:
    return RunError(
        f"{path / _RECORD} is damaged: {how}. Restore it from a copy, or start the run again."
    )
