"""A study file is read whole, and what is wrong in it is said in one sentence."""

import dataclasses

import pytest
from small_study import as_text

from pysciml.errors import StudyError
from pysciml.study import parse_study, read_study
from pysciml.study.check import Place, build_table, check_fields


def test_a_study_is_what_was_written(study):
    assert study.name == "tiny"
    assert study.label == "GOKU-UI"
    assert (study.data.train, study.data.validation, study.data.step) == (0.6, 0.2, 1)
    assert study.model.options == {"oscillators": 2}
    assert study.network.options["length"] == 10
    assert study.training == {"epochs": 2, "batch": 4, "seed": 0}
    assert study.evaluation.horizon == 3
    assert study.directory.as_posix() == "runs/tiny"


def test_the_text_gives_the_study_again(study):
    assert parse_study(study.text, study.path) == study


@pytest.mark.parametrize(
    ("table", "key", "value", "words"),
    [
        ("training", "epoch", 3, ["[training] epoch", "Did you mean 'epochs'?"]),
        ("training", "epochs", "3", ["epochs", "a whole number", "the text '3'"]),
        ("training", "epochs", 2.5, ["epochs", "a whole number", "2.5"]),
        ("training", "epochs", True, ["epochs", "a whole number", "truth value true"]),
        ("data", "train", "most", ["[data] train", "a number", "'most'"]),
        ("data", "train", 1.5, ["[data] train", "between 0.05 and 0.95"]),
        ("data", "train", 0.9, ["[data] train", "leave nothing for the test part"]),
        ("data", "source", "resting_fmir", ["[data] source", "Did you mean 'resting_fmri'?"]),
        ("data", "sorce", "x.csv", ["[data] sorce", "Did you mean 'source'?"]),
        ("model", "system", "stuart_landua", ["[model] system", "Did you mean 'stuart_landau'?"]),
        ("network", "kind", "goku", ["[network] kind", "Did you mean 'goku_ui'?"]),
        ("network", "lenght", 46, ["[network] lenght", "Did you mean 'length'?"]),
        ("network", "channels", 3, ["[network] channels", "comes from the data"]),
        ("evaluation", "horizon", 0, ["[evaluation] horizon", "at least 1"]),
        ("run", "engine", "jaxx", ["[run] engine", "Did you mean 'jax'?"]),
        ("study", "nam", "x", ["[study] nam", "Did you mean 'name'?"]),
    ],
)
def test_a_wrong_key_is_named_with_its_place(tables, tmp_path, table, key, value, words):
    tables.setdefault(table, {})[key] = value
    text = as_text(tables)
    with pytest.raises(StudyError) as caught:
        parse_study(text, tmp_path / "tiny.toml")
    message = str(caught.value)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith(f"{key} ="))
    for part in [str(tmp_path / "tiny.toml"), f"line {line}", *words]:
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize(("option", "value"), [("oscillator", 3), ("oscillators", 0)])
def test_options_that_the_catalogue_refuses_are_those_of_the_file(tables, tmp_path, option, value):
    tables["model"] = {"system": "stuart_landau", option: value}
    study = parse_study(as_text(tables), tmp_path / "tiny.toml")
    with pytest.raises(StudyError, match=r"tiny\.toml, \[model\]: .*oscillator"):
        study.core()


@pytest.mark.parametrize("name", ["data", "model", "network"])
def test_a_missing_table_is_named(tables, tmp_path, name):
    del tables[name]
    with pytest.raises(StudyError, match=rf"the table \[{name}\] is missing"):
        parse_study(as_text(tables), tmp_path / "tiny.toml")


def test_an_unknown_table_gets_a_suggestion(tables, tmp_path):
    tables["trainig"] = {}
    with pytest.raises(StudyError, match=r"'trainig' here. Did you mean 'training'"):
        parse_study(as_text(tables), tmp_path / "tiny.toml")


def test_broken_toml_says_where(tmp_path):
    file = tmp_path / "broken.toml"
    file.write_text("[data]\nsource = \n")
    with pytest.raises(StudyError, match=r"broken\.toml is not valid TOML: .*line 2"):
        read_study(file)


def test_a_missing_file_gets_a_suggestion(study_file):
    with pytest.raises(StudyError, match=r"Did you mean .*tiny"):
        read_study(study_file.with_name("tniy.toml"))


def test_a_run_directory_is_not_a_study_file(tmp_path):
    with pytest.raises(StudyError, match="pysciml resume"):
        read_study(tmp_path)


def test_a_binary_file_is_not_a_study_file(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(StudyError, match="not a text file"):
        read_study(tmp_path / "x.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[training]\nepochs = 2 # few\n",
        "[training]\nbatch = 3\n",
        "  [training]\n",
        "",
    ],
)
def test_an_option_is_changed_in_the_text_too(text, tmp_path):
    head = (
        '[data]\nsource = "resting_fmri"\n[model]\nsystem = "lorenz63"\n'
        '[network]\nkind = "goku_ui"\n'
    )
    changed = parse_study(head + text, tmp_path / "a.toml").with_training(epochs=7)
    assert changed.training["epochs"] == 7
    assert changed.text.count("epochs") == 1
    assert ("# few" in changed.text) == ("# few" in text)
    assert parse_study(changed.text, changed.path) == changed


@dataclasses.dataclass(frozen=True)
class Example:
    count: int
    rate: float = 0.5
    names: tuple[str, ...] = ()
    mode: str | None = None


def test_a_table_becomes_its_dataclass(tmp_path):
    place = Place(tmp_path, "example")
    made = build_table(Example, {"count": 2, "rate": 1, "names": ["a", "b"]}, place)
    assert made == Example(2, 1.0, ("a", "b"))
    assert isinstance(made.rate, float)


def test_a_table_without_a_required_key_is_refused(tmp_path):
    with pytest.raises(StudyError, match="'count' is missing"):
        build_table(Example, {}, Place(tmp_path, "example"))


def test_keys_of_other_owners_pass(tmp_path):
    place = Place(tmp_path, "example")
    assert check_fields(Example, {"seed": 1}, place, also=["seed"]) == {"seed": 1}
