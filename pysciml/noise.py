"""Noise: what drives a stochastic model, and in which sense it is integrated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pysciml.errors import ModelError, suggest

__all__ = ["Calculus", "Kind", "Noise", "check_options"]

Kind = Literal["diagonal", "scalar", "general"]
Calculus = Literal["ito", "stratonovich"]


@dataclass(frozen=True)
class Noise:
    """The noise of a stochastic model.

    Parameters
    ----------
    function : callable
        ``(t, u, p[, x]) -> {state: amplitude}``.
    kind : {"diagonal", "scalar", "general"}
        ``"diagonal"``: every state component has a Wiener process of its own, and an amplitude
        has the shape of its state. ``"scalar"``: one process drives all of them. ``"general"``:
        `sources` processes drive all of them, and an amplitude has a last axis of `sources`.
    calculus : {"ito", "stratonovich"}
        How the stochastic integral is meant.
    sources : int, optional
        Count of Wiener processes of general noise.

    Raises
    ------
    ModelError
        If an option is unknown, or `sources` is missing or has no meaning.

    Examples
    --------
    >>> Noise(lambda t, u, p: {"x": 0.1 * u.x}).kind
    'diagonal'
    """

    function: Callable[..., Mapping[str, Any]]
    kind: Kind = "diagonal"
    calculus: Calculus = "ito"
    sources: int | None = None

    def __post_init__(self) -> None:
        check_options(self.kind, self.calculus, self.sources)

    def count(self, size: int) -> int:
        """Count the Wiener processes.

        Parameters
        ----------
        size : int
            Count of state components.

        Returns
        -------
        int
            Their number.
        """
        return {"diagonal": size, "scalar": 1}.get(self.kind, self.sources or 0)

    def amplitude_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Give the shape of the amplitude of a state.

        Parameters
        ----------
        shape : tuple of int
            Shape of the state.

        Returns
        -------
        tuple of int
            The same, with a last axis of the sources where the noise is general.
        """
        return (*shape, self.sources) if self.kind == "general" and self.sources else shape


def check_options(kind: str, calculus: str, sources: int | None) -> None:
    """Refuse options of noise that are unknown or do not fit each other.

    Parameters
    ----------
    kind, calculus, sources
        As in `Noise`.

    Raises
    ------
    ModelError
        With what is expected.
    """
    kinds, calculi = ("diagonal", "scalar", "general"), ("ito", "stratonovich")
    if kind not in kinds:
        raise ModelError(f"noise kind {kind!r} is unknown.{suggest(kind, kinds)}")
    if calculus not in calculi:
        raise ModelError(f"calculus {calculus!r} is unknown.{suggest(calculus, calculi)}")
    if kind != "general":
        if sources is not None:
            raise ModelError(
                f"sources={sources!r} has no meaning for {kind} noise, whose count "
                "of Wiener processes is known; leave it out, or use kind='general'."
            )
    elif not isinstance(sources, int) or isinstance(sources, bool) or sources < 1:
        raise ModelError(
            "kind='general' needs sources=, the count of Wiener processes, a positive whole "
            f"number; got {sources!r}."
        )
