"""Pytrees as named arrays: the layout of checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from pysciml.errors import RunError

__all__ = ["named", "restored"]


def named(tree: Any, prefix: str) -> dict[str, np.ndarray]:
    """Arrays of a pytree by name, such as ``weights/features.first.weight``.

    Parameters
    ----------
    tree : pytree
        Of arrays.
    prefix : str
        First part of every name.

    Returns
    -------
    dict
        NumPy copies by name.
    """
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {
        f"{prefix}/{jax.tree_util.keystr(path, simple=True, separator='.')}": np.array(leaf)
        for path, leaf in leaves
    }


def restored(tree: Any, prefix: str, arrays: Mapping[str, np.ndarray]) -> Any:
    """Put named arrays back into a pytree of the same structure.

    Parameters
    ----------
    tree : pytree
        Gives structure, shapes and dtypes.
    prefix : str
        First part of every name.
    arrays : mapping
        Arrays by name.

    Returns
    -------
    pytree
        Like `tree`, with the values of `arrays`.

    Raises
    ------
    RunError
        If a name is missing, or a shape or dtype differs.
    """
    expected = named(tree, prefix)
    for name, array in expected.items():
        if name not in arrays:
            raise RunError(
                f"The checkpoint has no array {name!r}; it belongs to another architecture."
            )
        if arrays[name].shape != array.shape or arrays[name].dtype != array.dtype:
            raise RunError(
                f"The checkpoint's {name!r} is {arrays[name].dtype} of shape "
                f"{arrays[name].shape}, but this architecture needs {array.dtype} of shape "
                f"{array.shape}; it belongs to another architecture."
            )
    leaves = [jax.numpy.asarray(arrays[name]) for name in expected]
    return jax.tree.unflatten(jax.tree.structure(tree), leaves)
