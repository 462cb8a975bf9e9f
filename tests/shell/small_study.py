"""A study in few words, and a model that needs no training."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from pysciml.study import parse_study

TABLES = {
    "study": {"name": "tiny"},
    "data": {"source": "series.csv", "train": 0.6, "validation": 0.2},
    "model": {"system": "stuart_landau", "oscillators": 2},
    "network": {
        "kind": "goku_ui",
        "length": 10,
        "window": 4,
        "hidden": 8,
        "features": 8,
        "recurrent": 8,
        "substeps": 1,
    },
    "training": {"epochs": 2, "batch": 4, "seed": 0},
    "evaluation": {"horizon": 3, "paths": 8},
}


def as_text(tables):
    """Write tables as TOML."""
    import tomli_w

    return tomli_w.dumps(tables)


@pytest.fixture
def tables():
    """Return the tables of a small study, to be changed at will."""
    return {name: dict(table) for name, table in TABLES.items()}


@pytest.fixture
def study(tables, tmp_path):
    """Return a small study in a folder of its own."""
    return parse_study(as_text(tables), tmp_path / "tiny.toml")


@pytest.fixture
def study_file(tables, tmp_path, monkeypatch):
    """Return the file of a small study, with its data beside it."""
    monkeypatch.chdir(tmp_path)
    write_series(tmp_path / "series.csv")
    file = tmp_path / "tiny.toml"
    file.write_text(as_text(tables))
    return file


def write_series(path: Path, times: int = 120, step: float = 2.0) -> None:
    """Write three noisy oscillations as a table."""
    rng = np.random.default_rng(0)
    time = step * np.arange(times)
    waves = np.sin(0.25 * time[:, None] + np.arange(3)) + 0.3 * rng.standard_normal((times, 3))
    table = np.column_stack([time, waves])
    np.savetxt(path, table, delimiter=",", header="time,left,right,middle", comments="")


@dataclass
class LinearRun:
    """Forecasts `decay ** h` times the last value; paths add independent noise of given sd."""

    decay: float = 0.8
    spread: float = 1.0
    rest: float = 0.0
    length: int = 6
    asked: list[int] = field(default_factory=list)

    @property
    def settings(self) -> Any:
        return SimpleNamespace(length=self.length)

    @property
    def history(self) -> xr.Dataset:
        return xr.Dataset({"seconds": ("epoch", [1.0, 2.0])}, {"epoch": [1, 2]})

    def reconstruct(self, data, refine=0):
        sign = np.where(np.arange(data.sizes["time"]) % 2, 1.0, -1.0)
        return data + self.rest * xr.DataArray(sign, dims="time")

    def forecast(self, data, steps, refine=0, paths=None, rng=None):
        self.asked.append(data.sizes["sample"])
        factor = self.decay ** np.arange(1, steps + 1)
        point = data.values[:, -1:] * factor[None, :, None]
        if paths is None:
            return xr.DataArray(point, dims=("sample", "time", "channel"))
        shape = (point.shape[0], paths, *point.shape[1:])
        noise = self.spread * np.random.default_rng(rng).standard_normal(shape)
        dims = ("sample", "path", "time", "channel")
        return xr.DataArray(point[:, None] + noise, dims=dims)

    def infer(self, data, refine=0):
        samples, times = data.sizes["sample"], data.sizes["time"]
        rng = np.random.default_rng(0)
        wave = np.sin(np.arange(times)[:, None] + np.arange(3))
        return xr.Dataset(
            {
                "x": (("sample", "time", "oscillator"), np.broadcast_to(wave, (samples, times, 3))),
                "y": (("sample", "time", "oscillator"), np.broadcast_to(wave, (samples, times, 3))),
                "omega": (("sample", "oscillator"), rng.uniform(0, 1, (samples, 3))),
                "C": (
                    ("sample", "oscillator_from", "oscillator"),
                    rng.uniform(0, 0.2, (samples, 3, 3)),
                ),
            },
            {"time": data["time"]},
        )
