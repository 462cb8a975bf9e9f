"""The fixtures of this folder."""

from small_result import result

__all__ = ["result"]
