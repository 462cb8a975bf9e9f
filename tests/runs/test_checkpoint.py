"""Checkpoints come back bit for bit, and a damaged or foreign one is refused by name."""

import pickle
import tempfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pysciml.errors import InputError, RunError
from pysciml.runs import check_arrays, checkpoint, read_checkpoint, save_checkpoint

TYPES = ["?", *"bBhHiIqQ", "f2", "f4", "f8", ">f8", ">i4", "c8"]
NAMES = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda n: n != "__metadata__")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def layouts(draw):
    """Arrays of every type, in C and Fortran order, strided, empty and 0-d."""
    array = draw(
        hnp.arrays(st.sampled_from(TYPES), hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
    )
    turned = array.T if draw(st.booleans()) else array
    return turned[::-1] if turned.ndim and draw(st.booleans()) else turned


@settings(deadline=None)
@given(st.dictionaries(NAMES, layouts(), max_size=4), st.dictionaries(st.text(), JSON, max_size=3))
def test_arrays_and_header_come_back_bit_for_bit(arrays, header):
    with tempfile.TemporaryDirectory() as place:
        save_checkpoint(Path(place, "a.safetensors"), arrays, header)
        found, found_header = read_checkpoint(Path(place, "a.safetensors"))
    assert found_header == header
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        native = array.astype(array.dtype.newbyteorder("="))
        assert found[name].dtype == native.dtype
        assert found[name].shape == native.shape
        assert found[name].tobytes() == native.tobytes()
        assert found[name].flags.writeable


def test_short_floats_come_back(tmp_path):
    array = np.array([1.5, -2.0, np.inf], ml_dtypes.bfloat16)
    save_checkpoint(tmp_path / "a.safetensors", {"w": array})
    found = read_checkpoint(tmp_path / "a.safetensors")[0]["w"]
    assert found.dtype == array.dtype
    assert found.tobytes() == array.tobytes()


def test_header_takes_numpy_numbers_and_infinities(tmp_path):
    header = {"epoch": np.int64(3), "best": np.float32(0.5), "worst": float("inf"), "sizes": (1, 2)}
    save_checkpoint(tmp_path / "a.safetensors", {}, header)
    expected = {"epoch": 3, "best": 0.5, "worst": float("inf"), "sizes": [1, 2]}
    assert read_checkpoint(tmp_path / "a.safetensors")[1] == expected


def test_other_programs_read_the_arrays(tmp_path):
    save_checkpoint(tmp_path / "a.safetensors", {"w": np.arange(6.0).reshape(2, 3).T})
    with safetensors.safe_open(tmp_path / "a.safetensors", framework="np") as file:
        assert file.metadata()["format"] == "pysciml-checkpoint"
        np.testing.assert_array_equal(file.get_tensor("w"), [[0, 3], [1, 4], [2, 5]])


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([1j]), np.array([None])])
def test_types_that_the_format_lacks_are_refused(tmp_path, array):
    with pytest.raises(InputError, match=r"'w' has type .*, which a checkpoint cannot hold"):
        save_checkpoint(tmp_path / "a.safetensors", {"w": array})
    assert not list(tmp_path.iterdir())


def test_the_name_that_the_format_reserves_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be named '__metadata__'"):
        save_checkpoint(tmp_path / "a.safetensors", {"__metadata__": np.zeros(1)})


@pytest.fixture
def whole(tmp_path):
    save_checkpoint(
        tmp_path / "whole", {"a": np.arange(5.0), "b": np.array(7, np.int32)}, {"epoch": 3}
    )
    return (tmp_path / "whole").read_bytes()


def test_truncated_anywhere_is_refused(tmp_path, whole):
    path = tmp_path / "a.safetensors"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(RunError, match=r"The checkpoint .*a\.safetensors is damaged: it "):
            read_checkpoint(path)


@pytest.mark.parametrize("flip", [0x01, 0x20, 0xFF])
def test_one_wrong_byte_anywhere_is_refused(tmp_path, whole, flip):
    path = tmp_path / "a.safetensors"
    for position in range(len(whole)):
        wrong = bytearray(whole)
        wrong[position] ^= flip
        path.write_bytes(wrong)
        with pytest.raises(RunError, match=r"a\.safetensors"):
            read_checkpoint(path)


def test_bytes_too_many_are_refused(tmp_path, whole):
    (tmp_path / "a.safetensors").write_bytes(whole + b"\0")
    with pytest.raises(RunError, match=r"a\.safetensors is damaged"):
        read_checkpoint(tmp_path / "a.safetensors")


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_safetensors_of_another_program_are_refused(tmp_path, metadata):
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file({"w": np.zeros(2)}, path, metadata)
    with pytest.raises(RunError, match=r"model\.safetensors is a safetensors file of another"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content", [pickle.dumps({"w": [1.0] * 9}), b"[model]\nname = 'lorenz63'\n"]
)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(RunError, match=r"a\.bin is not a safetensors file"):
        read_checkpoint(tmp_path / "a.bin")


def test_a_newer_schema_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SCHEMA", 12)
    save_checkpoint(tmp_path / "a.safetensors", {})
    monkeypatch.undo()
    with pytest.raises(RunError, match=r"a newer version of pysciml: it has schema 12, and"):
        read_checkpoint(tmp_path / "a.safetensors")


def test_missing_and_unreadable_are_refused(tmp_path):
    with pytest.raises(RunError, match=r"There is no checkpoint at .*gone"):
        read_checkpoint(tmp_path / "gone")
    with pytest.raises(RunError, match="Cannot read the checkpoint"):
        read_checkpoint(tmp_path)


EXPECTED = {"weight": np.zeros((2, 3), np.float32), "bias": (2,)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bias": None}, r"'bias' is missing in a\.safetensors"),
        ({"weigth": np.zeros(1)}, r"'weigth' in a\.safetensors is not one .* mean 'weight'\?"),
        ({"bias": np.zeros((2, 1))}, r"'bias' in .* has shape \(2, 1\), expected \(2,\)"),
        ({"weight": np.zeros((2, 3))}, r"'weight' in .* has type float64, expected float32"),
    ],
)
def test_arrays_of_another_model_are_refused(change, message):
    arrays = {"weight": np.zeros((2, 3), np.float32), "bias": np.zeros(2)}
    check_arrays(arrays, EXPECTED, "a.safetensors")
    changed = {name: array for name, array in (arrays | change).items() if array is not None}
    with pytest.raises(RunError, match=message):
        check_arrays(changed, EXPECTED, "a.safetensors")
