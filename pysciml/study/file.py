"""A study file: data, model, network, training, evaluation and run in one TOML file."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pysciml.errors import InputError, ModelError, StudyError, suggest
from pysciml.study import sections
from pysciml.study.check import Place, build_table, check_fields, check_keys

if TYPE_CHECKING:
    import pysciml as ps
    from pysciml.goku.models import LatentForecaster

__all__ = ["Study", "parse_study", "read_study"]

KINDS = {
    "goku_ui": ("GokuUI", "GOKU-UI"),
    "goku_net": ("GokuNet", "GOKU-net"),
    "latent_ode": ("LatentODE", "Latent ODE"),
    "lstm": ("LSTMForecaster", "LSTM"),
}
WITHOUT_EQUATIONS = ("latent_ode", "lstm")
TABLES = ("study", "data", "model", "network", "training", "evaluation", "run")
SOURCES = ("resting_fmri", "hcp")


@dataclass(frozen=True)
class Study:
    r"""A study: what is trained on what, and how it is judged.

    Parameters
    ----------
    name : str
        Title of the report; in small letters, the run directory unless one is given.
    description : str
        One or two sentences for the report.
    data, model, network : objects of pysciml.study.sections
        Tables of the file.
    training : mapping
        Options of `fit`: epochs, batch, learning_rate, seed, ...
    evaluation, run : objects of pysciml.study.sections
        Tables of the file.
    path : Path
        The file; paths of data are relative to its folder.
    text : str
        The file as written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from pysciml.study import parse_study
    >>> lines = ["[data]", "source = 'resting_fmri'", "[model]", "system = 'stuart_landau'"]
    >>> study = parse_study("\n".join([*lines, "[network]", "kind = 'goku_ui'"]), Path("a.toml"))
    >>> study.label
    'GOKU-UI'
    """

    name: str
    description: str
    data: sections.Data
    model: sections.Model | None
    network: sections.Network
    training: Mapping[str, Any]
    evaluation: sections.Evaluation
    run: sections.Run
    path: Path
    text: str

    @property
    def label(self) -> str:
        """Name of the trained forecaster in tables and figures."""
        return KINDS[self.network.kind][1]

    @property
    def directory(self) -> Path:
        """The run directory."""
        short = re.sub(r"\W+", "_", self.name.lower()).strip("_") or "study"
        return Path(self.run.directory or f"runs/{short}")

    def core(self) -> ps.Model | None:
        """Return the dynamical core, as the catalogue builds it.

        Returns
        -------
        Model or None
            The model; None for a network without equations.

        Raises
        ------
        StudyError
            If the catalogue refuses an option.
        """
        from pysciml import catalog

        if self.model is None:
            return None
        try:
            return catalog.build(self.model.system, **self.model.options)
        except (InputError, ModelError) as error:
            raise self.place("model").error(None, str(error)) from error

    def build(self, channels: int) -> LatentForecaster:
        """Return the network around its core, for data of so many channels.

        Parameters
        ----------
        channels : int
            Number of regions.

        Returns
        -------
        GokuUI, GokuNet, LatentODE or LSTMForecaster
            Settings with the verb `fit`.

        Raises
        ------
        StudyError
            If the core or the network refuses its options.
        """
        core = self.core()
        options = {**self.network.options, "channels": channels}
        if core is not None:
            options["model"] = core
        try:
            return _settings(self.network.kind)(**options)
        except InputError as error:
            raise self.place("network").error(None, str(error)) from error

    def with_training(self, **values: Any) -> Study:
        """Return the study with other training options, in its text too.

        Parameters
        ----------
        **values
            Options by name; whole numbers.

        Returns
        -------
        Study
            Checked anew.

        Raises
        ------
        StudyError
            If an option is unknown or has the wrong type.
        """
        text = self.text
        for key, value in values.items():
            text = _set_line(text, Place(self.path, "training", text).line(key), key, value)
        study = parse_study(text, self.path)
        return dataclasses.replace(study, run=self.run)

    def place(self, table: str) -> Place:
        """Return a table of the file, for messages that say where.

        Parameters
        ----------
        table : str
            Name of the table.

        Returns
        -------
        Place
            File, table and text.
        """
        return Place(self.path, table, self.text)


def read_study(path: str | Path) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : str or Path
        A TOML file.

    Returns
    -------
    Study
        The checked study.

    Raises
    ------
    StudyError
        If the file is missing or not TOML, or a table, key, type or value is wrong; the
        sentence names file, line, table and key.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise StudyError(f"{path} is not a text file in UTF-8.") from None
    except IsADirectoryError:
        raise StudyError(
            f"{path} is a directory, not a study file; `pysciml resume {path}` continues a run."
        ) from None
    except OSError as error:
        near = [
            str(file) for file in (*path.parent.glob("*.toml"), *Path("studies").glob("*.toml"))
        ]
        raise StudyError(
            f"The study file {path} cannot be read ({error.strerror}).{suggest(str(path), near)}"
        ) from None
    return parse_study(text, path)


def parse_study(text: str, path: Path) -> Study:
    """Check the text of a study file.

    Parameters
    ----------
    text : str
        The file as written.
    path : Path
        Where it was read, for messages and for the paths of data.

    Returns
    -------
    Study
        The checked study.

    Raises
    ------
    StudyError
        If a table, key, type or value is wrong.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path} is not valid TOML: {error}.") from None
    for name, table in tables.items():
        if name not in TABLES:
            known = suggest(name, TABLES)
            raise StudyError(f"{path}: there is no table or key {name!r} here.{known}")
        if not isinstance(table, dict):
            raise StudyError(f"{path}: {name!r} is a table; write [{name}] and its keys below it.")
    kind = tables.get("network", {}).get("kind")
    bare = kind in WITHOUT_EQUATIONS
    if bare and "model" in tables:
        raise StudyError(f"{path}: a network of kind {kind!r} has no equations; drop [model].")
    for name in ("data", "network") if bare else ("data", "model", "network"):
        if name not in tables:
            raise StudyError(f"{path}: the table [{name}] is missing.")

    def place(table: str) -> Place:
        return Place(path, table, text)

    head = build_table(_Head, tables.get("study", {}), place("study"))
    return Study(
        name=head.name or path.stem,
        description=head.description,
        data=_data(tables["data"], place("data")),
        model=None if bare else _model(tables["model"], place("model")),
        network=_network(tables["network"], place("network")),
        training=_training(tables.get("training", {}), place("training")),
        evaluation=build_table(
            sections.Evaluation, tables.get("evaluation", {}), place("evaluation")
        ),
        run=build_table(sections.Run, tables.get("run", {}), place("run")),
        path=path,
        text=text,
    )


@dataclass(frozen=True)
class _Head:
    name: str = ""
    description: str = ""


def _data(table: dict[str, Any], place: Place) -> sections.Data:
    data = build_table(sections.Data, table, place)
    if data.source not in SOURCES and Path(data.source).suffix not in (".nc", ".csv"):
        known = suggest(data.source, SOURCES)
        problem = f"{data.source!r} is neither a data set nor a .nc or .csv file.{known}"
        raise place.error("source", problem)
    if data.train + data.validation >= 1:
        problem = (
            f"train = {data.train} and validation = {data.validation} leave nothing for the "
            "test part; together they must be below 1."
        )
        raise place.error("train", problem)
    return data


def _model(table: dict[str, Any], place: Place) -> sections.Model:
    from pysciml import catalog

    options = dict(table)
    system = _take(options, "system", catalog.names(), place)
    return sections.Model(system, options)


def _network(table: dict[str, Any], place: Place) -> sections.Network:
    options = dict(table)
    kind = _take(options, "kind", tuple(KINDS), place)
    for key in ("model", "channels"):
        if key in options:
            source = "the table [model]" if key == "model" else "the data"
            raise place.error(key, f"this comes from {source}; leave it out.")
    return sections.Network(kind, check_fields(_settings(kind), options, place))


def _training(table: dict[str, Any], place: Place) -> dict[str, Any]:
    from pysciml.goku import Training

    return check_fields(Training, table, place, also=("epochs", "seed"))


def _take(
    options: dict[str, Any], key: str, known: tuple[str, ...] | list[str], place: Place
) -> str:
    """Take the key that names a thing out of a table, and check the name."""
    if key not in options:
        check_keys(options, [key], place)
        raise place.error(None, f"the key {key!r} is missing.{suggest('', known)}")
    value = options.pop(key)
    if not isinstance(value, str) or value not in known:
        raise place.error(key, f"{value!r} is not known.{suggest(str(value), known)}")
    return value


def _set_line(text: str, number: int | None, key: str, value: Any) -> str:
    """Set a key of the table [training] in the text of a study file; comments stay."""
    lines = text.splitlines()
    if number is not None:
        _, mark, comment = lines[number - 1].partition("#")
        lines[number - 1] = f"{key} = {value}" + (f"  {mark}{comment}" if mark else "")
    elif "[training]" in (stripped := [line.strip() for line in lines]):
        lines.insert(stripped.index("[training]") + 1, f"{key} = {value}")
    else:
        lines += ["", "[training]", f"{key} = {value}"]
    return "\n".join(lines) + "\n"


def _settings(kind: str) -> Any:
    from pysciml import goku

    cls = getattr(goku, KINDS[kind][0])
    assert dataclasses.is_dataclass(cls)
    return cls
