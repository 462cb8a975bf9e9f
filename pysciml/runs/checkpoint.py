"""Checkpoints: named arrays and a header in one safetensors file with a checksum.

The format is plain safetensors, which any of its readers opens. Its metadata holds four texts:
`format` and `schema` say what it is, `header` is the header as JSON, and `checksum` is the
SHA-256 of the whole file with 64 zeros in the checksum's own place.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pysciml.errors import InputError, RunError, suggest
from pysciml.runs.atomic import write_atomic
from pysciml.runs.provenance import plain

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["SCHEMA", "check_arrays", "read_checkpoint", "save_checkpoint"]

FORMAT = "pysciml-checkpoint"
SCHEMA = 1

_BLANK = "0" * 64
# The names that safetensors gives to the types of numpy, and of ml_dtypes for the short floats.
_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}


def save_checkpoint(
    path: str | os.PathLike[str],
    arrays: Mapping[str, ArrayLike],
    header: Mapping[str, Any] | None = None,
) -> None:
    """Write named arrays and a header, whole or not at all.

    Parameters
    ----------
    path : path
        The file to write; its directory must exist.
    arrays : mapping of str to array_like
        Arrays of any shape, 0-d and empty ones included, and of any type that safetensors knows.
        They are copied to the host and stored in C order.
    header : mapping, optional
        What JSON knows: numbers, texts, booleans, lists and mappings of them.

    Raises
    ------
    InputError
        If an array has a type that safetensors does not know, such as text or objects.
    RunError
        If the place cannot be written to.

    See Also
    --------
    read_checkpoint : The way back.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as place:
    ...     save_checkpoint(f"{place}/a.safetensors", {"w": np.eye(2)}, {"epoch": 3})
    ...     arrays, header = read_checkpoint(f"{place}/a.safetensors")
    >>> arrays["w"].shape, header["epoch"]
    ((2, 2), 3)
    """
    from safetensors.numpy import save

    # In memory order, because safetensors copies the buffer as it lies; asarray keeps 0-d arrays.
    stored = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in stored.items():
        if name == "__metadata__":
            raise InputError("An array of a checkpoint cannot be named '__metadata__'; rename it.")
        if array.dtype.name not in _DTYPES.values():
            raise InputError(
                f"The array {name!r} has type {array.dtype}, which a checkpoint cannot hold. "
                f"Convert it to one of {', '.join(_DTYPES.values())}."
            )
    metadata = {
        "format": FORMAT,
        "schema": str(SCHEMA),
        "header": json.dumps(plain(header or {})),
        "checksum": _BLANK,
    }
    blank = save(stored, metadata)
    digest = hashlib.sha256(blank).hexdigest()
    write_atomic(path, blank.replace(_mark(_BLANK), _mark(digest), 1))


def _mark(digest: str) -> bytes:
    """Return the checksum as it stands in the file; inside a text the quotes would be escaped."""
    return f'"checksum":"{digest}"'.encode()


def read_checkpoint(
    path: str | os.PathLike[str],
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the arrays and the header of a checkpoint.

    Parameters
    ----------
    path : path
        A file that `save_checkpoint` wrote.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
        By the names and with the types and shapes they were given.
    header : dict
        The header.

    Raises
    ------
    RunError
        If the file is missing, truncated, damaged, from another program, or from a newer version.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as place:
    ...     save_checkpoint(f"{place}/a.safetensors", {"step": np.array(7)})
    ...     read_checkpoint(f"{place}/a.safetensors")
    ({'step': array(7)}, {})
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise RunError(f"There is no checkpoint at {path}.") from error
    except OSError as error:
        raise RunError(f"Cannot read the checkpoint {path}: {error.strerror}.") from error

    metadata = _metadata(path, content)
    if metadata.get("format") != FORMAT:
        raise RunError(
            f"{path} is a safetensors file of another program, not a checkpoint of pysciml: "
            f"expected format {FORMAT!r}, got {metadata.get('format')!r}."
        )
    schema = metadata.get("schema", "")
    if schema.isdecimal() and int(schema) > SCHEMA:
        raise RunError(
            f"{path} was written by a newer version of pysciml: it has schema {schema}, "
            f"and this version reads up to {SCHEMA}. Upgrade pysciml to read it."
        )
    digest = metadata.get("checksum", "")
    blank = content.replace(_mark(digest), _mark(_BLANK), 1)
    if hashlib.sha256(blank).hexdigest() != digest:
        raise _damaged(path, "its content does not agree with its checksum")
    return _arrays(path, content), json.loads(metadata["header"])


def _metadata(path: Path, content: bytes) -> dict[str, str]:
    """Read the texts of a safetensors file: a length of eight bytes, JSON, and the arrays."""
    length = int.from_bytes(content[:8], "little")
    if content[8:9] not in (b"{", b""):
        raise RunError(
            f"{path} is not a safetensors file, so not a checkpoint of pysciml. "
            "Name a file that a run of pysciml wrote."
        )
    if len(content) < 8 + max(length, 2):
        raise _damaged(path, f"it ends after {len(content)} bytes, inside its own header")
    try:
        entries = json.loads(content[8 : 8 + length])
        metadata = entries.pop("__metadata__", {})
        end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _damaged(path, "its header cannot be read") from error
    if isinstance(end, int) and len(content) < 8 + length + end:
        raise _damaged(
            path, f"it is truncated: expected {8 + length + end} bytes, got {len(content)}"
        )
    if not isinstance(metadata, dict):
        raise _damaged(path, "its header cannot be read")
    return {key: str(text) for key, text in metadata.items()}


def _damaged(path: Path, how: str) -> RunError:
    return RunError(
        f"The checkpoint {path} is damaged: {how}. Restore it from a copy, or start the run again."
    )


def _arrays(path: Path, content: bytes) -> dict[str, NDArray[Any]]:
    import ml_dtypes  # noqa: F401 (teaches numpy the names of the short floats)
    from safetensors import SafetensorError, deserialize

    try:
        return {
            name: np.frombuffer(bytearray(view["data"]), np.dtype(_DTYPES[view["dtype"]])).reshape(
                view["shape"]
            )
            for name, view in sorted(deserialize(content))
        }
    except (SafetensorError, KeyError) as error:
        raise _damaged(path, f"safetensors cannot read it ({error})") from error


def check_arrays(
    arrays: Mapping[str, NDArray[Any]], expected: Mapping[str, Any], where: str | os.PathLike[str]
) -> None:
    """Refuse arrays whose names, shapes or types are not the expected ones.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
        What was read.
    expected : mapping of str to array or tuple of int
        For each name an object with `shape` and `dtype`, or a shape alone.
    where : path
        The file they came from, for the message.

    Raises
    ------
    RunError
        It names the first array that is missing, unknown, or of another shape or type.

    Examples
    --------
    >>> import numpy as np
    >>> check_arrays({"w": np.zeros((2, 3))}, {"w": (2, 3)}, "a.safetensors")
    >>> check_arrays({"w": np.zeros((2, 3))}, {"w": (3, 2)}, "a.safetensors")
    Traceback (most recent call last):
        ...
    pysciml.errors.RunError: The array 'w' in a.safetensors has shape (2, 3), expected (3, 2). ...
    """
    remedy = "The checkpoint belongs to a model with other settings; use those of its own run."
    for name in expected:
        if name not in arrays:
            raise RunError(f"The array {name!r} is missing in {where}. {remedy}")
    for name, array in arrays.items():
        if name not in expected:
            raise RunError(
                f"The array {name!r} in {where} is not one of this model."
                f"{suggest(name, expected)} {remedy}"
            )
        wanted = expected[name]
        shape = tuple(getattr(wanted, "shape", wanted))
        if array.shape != shape:
            raise RunError(
                f"The array {name!r} in {where} has shape {array.shape}, expected {shape}. {remedy}"
            )
        dtype = getattr(wanted, "dtype", array.dtype)
        if array.dtype != dtype:
            raise RunError(
                f"The array {name!r} in {where} has type {array.dtype}, expected {dtype}. {remedy}"
            )
