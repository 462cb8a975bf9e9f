"""A result with every part that a report can show, made of numbers alone."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

from pysciml.runs import RunDirectory
from pysciml.study import StudyResult, parse_study
from pysciml.study.compare import compare

TEXT = """\
[study]
name = "Two <oscillators> & more"
description = "A study <b>with</b> marks."
[data]
source = "resting_fmri"
[model]
system = "stuart_landau"
[network]
kind = "goku_ui"
[training]
epochs = 3
seed = 1
"""


def make_table():
    """Return errors of four forecasters, the first the best at the first horizon only."""
    rng = np.random.default_rng(0)
    size = np.array([[0.5, 1.4], [1.0, 2.0], [1.2, 1.2], [0.8, 1.2]])
    errors = size[:, None] * rng.uniform(0.8, 1.2, (4, 40, 2))
    names = ["GOKU-UI", "persistence", "historical mean", "ridge VAR"]
    table = xr.Dataset(
        {
            "squared_error": (("forecaster", "origin", "horizon"), errors),
            "nrmse": (("forecaster", "horizon"), np.sqrt(errors.mean(axis=1))),
            "coverage": (("level", "horizon"), [[0.5, 0.4], [0.8, 0.7]]),
            "coverage_paths": (("level", "horizon"), [[0.3, 0.2], [0.6, 0.5]]),
        },
        {
            "forecaster": names,
            "horizon": [1.89, 3.78],
            "level": [0.5, 0.9],
            "series": ("origin", np.zeros(40, dtype=int)),
        },
    )
    return table.merge(compare(table, "GOKU-UI"))


def make_examples():
    """Return three forecasts of five regions."""
    rng = np.random.default_rng(1)
    past, future = ("example", "lag", "channel"), ("example", "horizon", "channel")
    quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]
    band = np.array(quantiles)[:, None, None, None] + np.zeros((5, 3, 2, 5))
    return xr.Dataset(
        {
            "history": (past, rng.standard_normal((3, 6, 5))),
            "reconstruction": (past, rng.standard_normal((3, 6, 5))),
            "future": (future, rng.standard_normal((3, 2, 5))),
            "forecast": (future, rng.standard_normal((3, 2, 5))),
            "rival": (future, rng.standard_normal((3, 2, 5))),
            "band": (("quantile", *future), band),
            "title": ("example", ["from 10 s", "from 20 s", "from 30 s"]),
        },
        {
            "lag": -1.89 * np.arange(5, -1, -1),
            "horizon": [1.89, 3.78],
            "channel": ["LCau", "LPut", "L<Thal>", "RCau", "R&Put"],
            "quantile": quantiles,
        },
        {"rival": "ridge VAR"},
    )


def make_inferred(oscillators=3):
    """Return states and parameters of ten windows."""
    rng = np.random.default_rng(2)
    state = ("sample", "time", "oscillator")
    units = {"units": "rad/s", "long_name": "angular frequency"}
    return xr.Dataset(
        {
            "x": (state, rng.standard_normal((10, 6, oscillators))),
            "y": (state, rng.standard_normal((10, 6, oscillators))),
            "omega": (("sample", "oscillator"), rng.uniform(0, 1, (10, oscillators)), units),
            "C": (
                ("sample", "oscillator_from", "oscillator"),
                rng.uniform(0, 1, (10, oscillators, oscillators)),
            ),
            "G": ("sample", np.full(10, 0.1)),
        },
        {"time": -1.89 * np.arange(5, -1, -1)},
        {"states": "x y", "parameters": "omega C G"},
    )


@pytest.fixture
def result(tmp_path):
    """Return a result in a run directory of its own."""
    return make_result(tmp_path)


def make_result(tmp_path):
    """Return a result in a run directory that has a history."""
    study = parse_study(TEXT, tmp_path / "two.toml")
    directory = RunDirectory.create(tmp_path / "run", "goku", {"seed": 1})
    with directory.lock():
        directory.write_history(
            {
                "epoch": [1, 2, 3],
                "loss": [3.0, 2.0, 1.0],
                "validation": [3.0, 1.5, 2.0],
                "continuity": [0.1, 0.01, 0.02],
                "seconds": [1.0, 2.0, 3.0],
            }
        )
    facts = {
        "finished": "2026-11-22T10:00:00+00:00",
        "step": 1.89,
        "subjects": 1,
        "regions": 5,
        "train_steps": 100,
        "validation_steps": 20,
        "test_steps": 50,
        "origins": 40,
        "length": 6,
        "seconds": 61.0,
        "epochs": 3,
        "seed": 1,
        "parameters": 12345,
        "engine": "jax, because it is the only one",
    }
    result = StudyResult(
        dataclasses.replace(
            study, run=dataclasses.replace(study.run, directory=str(directory.path))
        ),
        directory,
        make_table(),
        None,
        make_examples(),
        make_inferred(),
        facts,
    )
    (directory.path / "study.toml").write_text(TEXT)
    return result
