"""Values typed on the command line."""

import pytest

from pysciml.cli.values import literal, numbers, pairs
from pysciml.errors import InputError


def test_numbers_and_lists():
    assert pairs(["a=1.5", " b = -2e3 ", "c=1,2"], "--param", numbers) == {
        "a": 1.5,
        "b": -2000.0,
        "c": [1.0, 2.0],
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("true", True), ("False", False), ("ito", "ito"), ("1,2", [1, 2])],
)
def test_literals(text, value):
    assert literal(text) == value
    assert type(literal(text)) is type(value)


@pytest.mark.parametrize("text", ["a", "a=", "=1", "a=one"])
def test_what_is_no_pair_is_quoted(text):
    with pytest.raises(InputError, match="--param"):
        pairs([text], "--param", numbers)
