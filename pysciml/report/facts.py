"""What was run, in rows of words, from the run directory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pysciml.study import StudyResult

__all__ = ["facts", "reproduce", "summary"]


def facts(result: StudyResult) -> list[tuple[str, str]]:
    """Return label and text of each fact.

    Parameters
    ----------
    result : StudyResult
        As `load_result` gives it.

    Returns
    -------
    list of tuple of str
        In the order of the page.
    """
    rows = [
        ("data", _data(result)),
        ("split in time", _split(result)),
        ("dynamical core", _core(result)),
        ("network", _network(result)),
        ("training", _training(result)),
        ("engine", str(result.facts.get("engine", ""))),
        ("run", f"{result.path.resolve()}, begun {_date(result.directory.created)}"),
        ("versions", ", ".join(f"{k} {v}" for k, v in result.directory.versions.items())),
    ]
    return [(label, text) for label, text in rows if text]


def summary(result: StudyResult) -> list[str]:
    """Return what was run in a few words, for the head of the page."""
    known = result.facts
    data = result.study.data.source
    if "regions" in known:
        size = f"{known['regions']} regions, {_volumes(known)} volumes of {known['step']:g} s"
        data = f"{data}, {size}"
    parts = [data]
    if result.study.model is not None:
        parts.append(result.study.model.system.replace("_", "-"))
    if count := known.get("parameters"):
        parts.append(f"{count:,} parameters")
    if duration := _duration(known.get("seconds")):
        parts.append(f"trained in {duration}")
    if engine := known.get("engine"):
        parts.append(f"engine {str(engine).split(':')[0]}")
    return parts


def reproduce(result: StudyResult) -> str:
    """Return the commands that give the same numbers again."""
    version = result.directory.versions.get("pysciml", "")
    return (
        f"# with pysciml {version}, and the study file below saved as study.toml\n"
        "pysciml train study.toml"
    )


def _data(result: StudyResult) -> str:
    data, known = result.study.data, result.facts
    parts = [str(known.get("source") or data.source)]
    if "regions" in known:
        subjects = known["subjects"]
        who = f"{subjects} subjects, " if subjects > 1 else ""
        parts.append(f"{who}{known['regions']} regions, one volume every {known['step']:.3g} s")
    if data.leave_out:
        parts.append(f"subject {data.leave_out} left out of training")
    if licence := known.get("licence"):
        parts.append(str(licence))
    return "; ".join(parts)


def _split(result: StudyResult) -> str:
    known = result.facts
    if "train_steps" not in known:
        return ""
    counts = [known[f"{part}_steps"] for part in ("train", "validation", "test")]
    seconds = [f"{count * known['step']:.0f} s" for count in counts]
    return (
        f"first {counts[0]} volumes ({seconds[0]}) for training, next {counts[1]} ({seconds[1]}) "
        f"for validation, last {counts[2]} ({seconds[2]}) for the test. Mean and standard "
        "deviation come from the training part; nothing is filtered across the parts. "
        f"{known['origins']} forecasts start in the test part, each from the "
        f"{known['length']} volumes before it."
    )


def _core(result: StudyResult) -> str:
    model = result.study.model
    return "" if model is None else f"{model.system}{_options(model.options)}"


def _network(result: StudyResult) -> str:
    network = result.study.network
    count = result.facts.get("parameters")
    size = f"; {count:,} trained parameters" if count else ""
    return f"{result.study.label}{_options(network.options)}{size}"


def _training(result: StudyResult) -> str:
    known = result.facts
    options = result.study.training
    parts = []
    if "epochs" in known:
        parts.append(f"{known['epochs']} epochs")
    if duration := _duration(known.get("seconds")):
        parts.append(duration)
    if "seed" in known:
        parts.append(f"seed {known['seed']}")
    parts += [f"{name} {value}" for name, value in options.items() if name not in _TOLD]
    return ", ".join(parts)


def _volumes(known: dict[str, Any]) -> int:
    return sum(known[f"{part}_steps"] for part in ("train", "validation", "test"))


def _duration(seconds: float | None) -> str:
    if seconds is None or not math.isfinite(seconds):
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


_TOLD = ("epochs", "seed")


def _options(options: Any) -> str:
    if not options:
        return ""
    return " (" + ", ".join(f"{name} {value}" for name, value in options.items()) + ")"


def _date(text: str) -> str:
    return text.replace("T", " ").removesuffix("+00:00") + " UTC"
