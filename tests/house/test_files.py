"""The files of the repository: their size, their messages, the version they name."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import pysciml
import pysciml.errors

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for room in ("pysciml", "tests", "benchmarks")
    for path in (ROOT / room).rglob("*.py")
)


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_has_at_most_600_lines(name):
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= 600


def messages(path):
    """Give the message of every error of ours that a file raises, with {} for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name)):
            continue
        kind = getattr(pysciml.errors, node.func.id, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            continue
        message = node.args[0]
        pieces = message.values if isinstance(message, ast.JoinedStr) else [message]
        if all(isinstance(piece, (ast.Constant, ast.FormattedValue)) for piece in pieces):
            yield "".join(
                str(piece.value) if isinstance(piece, ast.Constant) else "{}" for piece in pieces
            )


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("pysciml/")])
def test_messages_are_sentences(name):
    for message in messages(ROOT / name):
        assert message.endswith((".", "?", "{}")), message
        # Two spaces, a space before a stop, two stops, a word twice.
        assert not re.search(r"  | [,;:?]| \.(?!\.)|\.\.$|\b(\w+) \1\b", message), message


def test_messages_are_found():
    found = list(messages(ROOT / "pysciml/runs/lock.py"))
    assert found == [
        "Another process ({}) is writing to {}. Wait until it ends, or use another directory.{}"
    ]


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == pysciml.__version__
    for name, pattern in [
        ("CITATION.cff", r"^version: (\S+)$"),
        ("CHANGELOG.md", r"^## \[(\d\S*)\]"),
    ]:
        found = re.search(pattern, (ROOT / name).read_text("utf-8"), re.MULTILINE)
        assert found is not None
        assert found[1] == pysciml.__version__
