"""Solvers of stiff ordinary differential equations."""

from __future__ import annotations

__all__: list[str] = []
