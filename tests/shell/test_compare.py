"""The comparison of forecasters, and the words made from it."""

import numpy as np
import pytest
import xarray as xr

from pysciml.study.compare import compare
from pysciml.study.verdict import marks, verdict


def make(errors, series=None):
    """Build a table of squared errors from an array (forecaster, origin, horizon)."""
    names = ["model", "historical mean", "ridge VAR"][: len(errors)]
    origins = errors.shape[1]
    table = xr.Dataset(
        {
            "squared_error": (("forecaster", "origin", "horizon"), errors),
            "nrmse": (("forecaster", "horizon"), np.sqrt(errors.mean(axis=1))),
        },
        {
            "forecaster": names,
            "horizon": 2.0 * np.arange(1, errors.shape[2] + 1),
            "series": ("origin", np.zeros(origins, dtype=int) if series is None else series),
        },
    )
    return table.merge(compare(table, "model"))


def test_a_forecaster_is_level_with_itself():
    errors = np.random.default_rng(0).exponential(size=(1, 40, 3))
    table = make(np.repeat(errors, 3, axis=0))
    for name in ("difference", "low", "high"):
        assert np.allclose(table[name], 0)


def test_a_constant_ratio_is_found_without_doubt():
    errors = np.random.default_rng(0).exponential(size=(1, 40, 3))
    table = make(np.concatenate([0.81 * errors, errors, errors]))
    for name in ("difference", "low", "high"):
        assert np.allclose(table[name], -0.1)


def test_the_difference_has_no_unit():
    errors = np.random.default_rng(0).exponential(size=(3, 40, 3))
    for name in ("difference", "low", "high"):
        assert np.allclose(make(errors)[name], make(1e4 * errors)[name])


def test_more_series_of_the_same_kind_give_a_narrower_interval():
    errors = np.random.default_rng(0).exponential(size=(3, 30, 1))
    one = make(errors)
    four = make(np.tile(errors, (1, 4, 1)), series=np.repeat(np.arange(4), 30))
    assert np.allclose(four["difference"], one["difference"])
    width = (one["high"] - one["low"]) / (four["high"] - four["low"])
    assert (width > 2).all()  # the square root of four, and more degrees of freedom


def test_too_few_origins_leave_everything_open():
    table = make(np.random.default_rng(0).exponential(size=(3, 2, 1)))
    assert marks(table) == ["level"]


def test_equal_forecasters_are_rarely_told_apart():
    """Of 100 pairs without a difference, intervals of 90 % should call about 10 different."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(100):
        noise = rng.standard_normal((3, 120 + 3, 1))
        smooth = sum(noise[:, k : k + 120] for k in range(4)) / 2  # origins share their future
        wrong += marks(make(np.square(smooth)))[0] != "level"
    assert 1 <= wrong <= 22  # a fair interval leaves this range once in 5,000 times


def table_of(changes, halves):
    """Build a table from relative differences to the rival and half widths of intervals."""
    change, half = np.array(changes), np.array(halves)
    horizon = 1.5 * np.arange(1, change.size + 1)
    scores = np.stack([1 + change, np.full(change.size, 1.2), np.ones(change.size)])
    difference = np.stack([change, change])
    return xr.Dataset(
        {
            "nrmse": (("forecaster", "horizon"), scores),
            "difference": (("other", "horizon"), difference, {"rival": "ridge VAR"}),
            "low": (("other", "horizon"), difference - half),
            "high": (("other", "horizon"), difference + half),
        },
        {
            "forecaster": ["GOKU-UI", "historical mean", "ridge VAR"],
            "other": ["historical mean", "ridge VAR"],
            "horizon": horizon,
        },
    )


def test_marks_follow_the_interval():
    table = table_of([-0.2, -0.01, 0.01, 0.3], [0.05] * 4)
    assert marks(table) == ["better", "level", "level", "worse"]


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        (
            [-0.2, -0.2, -0.2],
            "GOKU-UI forecasts better than the ridge VAR at every horizon, 1.5 to 4.5 s ahead.",
        ),
        (
            [0.2, 0.2, 0.2],
            "GOKU-UI does not beat the ridge VAR: it is worse at every horizon, "
            "1.5 to 4.5 s ahead.",
        ),
        (
            [0.2, -0.2, -0.2, 0.0],
            "GOKU-UI forecasts better than the ridge VAR from 3.0 to 4.5 s; it is level with it "
            "at 6.0 s (the difference may be chance) and worse at 1.5 s.",
        ),
        (
            [0.01, 0.2, -0.01],
            "GOKU-UI does not beat the ridge VAR: it is level with it at 1.5 s and at 4.5 s (the "
            "difference may be chance) and worse at 3.0 s.",
        ),
    ],
)
def test_the_headline_says_where(changes, headline):
    assert verdict(table_of(changes, [0.05] * len(changes)), "GOKU-UI")[0] == headline


def test_a_defeat_is_said_plainly():
    words = " ".join(verdict(table_of([0.1, 0.3], [0.05, 0.05]), "GOKU-UI"))
    assert "does not beat the ridge VAR" in words
    assert "at worst 30.0 % higher at 3.0 s" in words
    assert "the lowest error is that of the ridge VAR from 1.5 to 3.0 s" in words


def test_the_end_of_what_can_be_forecast_is_named():
    table = table_of([-0.2, 0.2, 0.2], [0.05] * 3)
    table["nrmse"][:] = np.array([[0.5, 1.0, 1.0], [1.0, 1.0, 1.0], [0.6, 1.1, 1.1]])
    assert "From 3.0 s on, no forecaster" in verdict(table, "GOKU-UI")[-1]
