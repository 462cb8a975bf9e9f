"""A history reads back to the last bit."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pysciml.errors import InputError, RunError
from pysciml.runs.history import read_history, write_history

COLUMNS = st.integers(0, 4).flatmap(
    lambda rows: st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=6),
        st.lists(st.floats(), min_size=rows, max_size=rows),
        min_size=1,
        max_size=3,
    )
)


@settings(deadline=None)
@given(COLUMNS, st.sampled_from([np.float64, np.float32, np.float16]))
def test_real_numbers_come_back_exactly(columns, dtype):
    with np.errstate(over="ignore"):
        table = {name: np.array(column, dtype) for name, column in columns.items()}
    with tempfile.TemporaryDirectory() as place:
        write_history(Path(place, "history.csv"), table)
        found = read_history(Path(place, "history.csv"))
    assert list(found) == list(table)
    for name, column in table.items():
        assert found[name].dtype == np.float64
        np.testing.assert_array_equal(found[name], column.astype(np.float64))
        zeros = column == 0
        np.testing.assert_array_equal(np.signbit(found[name][zeros]), np.signbit(column[zeros]))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_integers_come_back_as_integers(values):
    with tempfile.TemporaryDirectory() as place:
        write_history(Path(place, "history.csv"), {"epoch": np.array(values)})
        found = read_history(Path(place, "history.csv"))["epoch"]
    assert found.dtype == np.int64
    assert found.tolist() == values


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0, 2.0, 3.0], r"'b' of a history has shape \(3,\), expected \(2,\)"),
        ([[1.0], [2.0]], r"'b' of a history has shape \(2, 1\), expected \(2,\)"),
        (["x", "y"], r"'b' of a history has type <U1, expected integers or real numbers"),
        ([1j, 2j], r"'b' of a history has type complex128"),
    ],
)
def test_what_is_not_a_column_of_numbers_is_refused(tmp_path, column, message):
    with pytest.raises(InputError, match=message):
        write_history(tmp_path / "history.csv", {"a": [1.0, 2.0], "b": column})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch,loss\n1,0.5\n2\n", r"Line 3 of .*history\.csv has 1 numbers, expected 2"),
        ("epoch,loss\n1,fast\n", r"The column 'loss' of .*history\.csv is not of numbers"),
    ],
)
def test_other_tables_are_refused(tmp_path, text, message):
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(RunError, match=message):
        read_history(tmp_path / "history.csv")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"There is no history at .*history\.csv"):
        read_history(tmp_path / "history.csv")
