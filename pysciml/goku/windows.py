"""Windows of multiple shooting: neighbours share one step, so n windows span n (w - 1) + 1 steps.

Window k covers steps k (w - 1) to k (w - 1) + w - 1. Works on NumPy and JAX arrays alike.
"""

from __future__ import annotations

from typing import Any

from pysciml.errors import InputError

__all__ = ["count", "cut", "join", "snap"]


def snap(length: int, window: int | None) -> int:
    """Nearest length that whole windows span.

    Parameters
    ----------
    length : int
        Steps asked for.
    window : int or None
        Steps of a window; None for single shooting, where every length will do.

    Returns
    -------
    int
        n (window - 1) + 1 for the n that comes closest; the shorter of two that are as close.

    Raises
    ------
    InputError
        If the window has fewer than 2 steps or more than `length`.

    Examples
    --------
    >>> snap(50, 10), snap(46, 10)
    (46, 46)
    """
    if window is None:
        return length
    if window < 2:
        raise InputError(f"window must have at least 2 steps; got {window}.")
    if length < window:
        raise InputError(
            f"length {length} is shorter than one window of {window} steps; give a longer "
            "length or a shorter window."
        )
    lower = (length - 1) // (window - 1)
    spans = [n * (window - 1) + 1 for n in (lower, lower + 1)]
    return min(spans, key=lambda span: abs(span - length))


def count(length: int, window: int | None) -> int:
    """Count of windows that span `length` steps.

    Parameters
    ----------
    length : int
        Steps, as :func:`snap` returns them.
    window : int or None
        Steps of a window; None for single shooting.

    Returns
    -------
    int
        1 for single shooting.
    """
    return 1 if window is None else (length - 1) // (window - 1)


def cut(series: Any, window: int | None, xp: Any) -> Any:
    """Cut a series into its windows.

    Parameters
    ----------
    series : array
        Shape (time, ...), its time as :func:`snap` returns it.
    window : int or None
        Steps of a window; None for single shooting.
    xp : module
        ``numpy`` or ``jax.numpy``.

    Returns
    -------
    array
        Shape (window step, window, ...).
    """
    # By reshaping, whose gradient costs nothing, rather than by a slice for every window.
    span = series.shape[0] if window is None else window
    body = series[:-1].reshape(-1, span - 1, *series.shape[1:])
    ends = xp.concatenate([body[1:, 0], series[-1:]])
    return xp.concatenate([body, ends[:, None]], axis=1).swapaxes(0, 1)


def join(pieces: Any, xp: Any) -> Any:
    """Join windows to a series; the shared step is taken from the later window.

    Parameters
    ----------
    pieces : array
        Shape (window step, window, ...).
    xp : module
        ``numpy`` or ``jax.numpy``.

    Returns
    -------
    array
        Shape (time, ...).
    """
    body = pieces[:-1].swapaxes(0, 1)
    return xp.concatenate([body.reshape(-1, *pieces.shape[2:]), pieces[-1:, -1]])
