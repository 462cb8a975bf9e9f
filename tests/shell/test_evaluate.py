"""Forecasts are judged on the test part alone, all forecasters on the same origins."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from small_study import LinearRun, as_text, write_series

from pysciml.errors import DataError, StudyError
from pysciml.study import parse_study
from pysciml.study.bands import LEVELS, coverage, observation_noise
from pysciml.study.blocks import SIZE, in_blocks
from pysciml.study.data import prepare
from pysciml.study.evaluate import error_table, origins, rivals
from pysciml.study.examples import forecast_examples, inferred


def labelled(values, step=2.0):
    """Label values (sample, time, channel) as the networks take them."""
    channels = [f"c{index}" for index in range(values.shape[2])]
    return xr.DataArray(
        values,
        dims=("sample", "time", "channel"),
        coords={"time": step * np.arange(values.shape[1]), "channel": channels},
    )


@pytest.fixture
def noise_free(study):
    """Return a study that asks for no sample paths."""
    return dataclasses.replace(study, evaluation=dataclasses.replace(study.evaluation, paths=0))


def test_every_future_lies_in_the_test_part(study_file, study):
    prepared = prepare(study)
    first = float(prepared.test["time"][0])
    cut = origins(prepared.series, first, study, length=10)
    # From the volume before the test part to the last that has a whole future.
    assert float(cut.futures["origin"][0]) == prepared.validation["time"].values[-1]
    assert cut.futures.sizes["sample"] == prepared.test.sizes["time"] - study.evaluation.horizon + 1
    for index in (0, -1):
        origin = float(cut.futures["origin"][index])
        ahead = origin + cut.futures["time"].values
        assert np.allclose(
            prepared.series.isel(sample=0).sel(time=ahead, method="nearest").values,
            cut.futures.isel(sample=index).values,
        )
        assert ahead[0] >= first


def test_standardisation_knows_the_training_part_only(study_file, study):
    prepared = prepare(study)
    assert np.allclose(prepared.train.mean("time"), 0)
    assert np.allclose(prepared.train.std("time"), 1)
    assert not np.allclose(prepared.test.mean("time"), 0)
    parts = [prepared.train, prepared.validation, prepared.test]
    assert [part.sizes["time"] for part in parts] == [72, 24, 24]
    assert np.array_equal(np.concatenate(parts, axis=1), prepared.series.values)


def test_blocks_of_volumes_are_averaged(study_file, study, tmp_path):
    halved = dataclasses.replace(study, data=dataclasses.replace(study.data, step=2))
    prepared = prepare(halved)
    assert prepared.series.sizes["time"] == 60
    assert np.allclose(np.diff(prepared.series["time"]), 4.0)


def test_the_error_is_that_of_the_definition(noise_free):
    rng = np.random.default_rng(0)
    series = labelled(rng.standard_normal((1, 60, 3)))
    cut = origins(series, first=80.0, study=noise_free, length=6)
    zero = LinearRun(decay=0.0)
    rival = {"twice": lambda histories, steps: 2 * cut.futures}
    table = error_table(zero, noise_free, cut, rival, xr.DataArray(np.zeros(3), dims="channel"))
    truth = cut.futures.values
    expected = np.sqrt(np.square(truth).mean(axis=(0, 2))) / np.abs(truth).mean()
    assert np.allclose(table["nrmse"].sel(forecaster="GOKU-UI"), expected)
    # To forecast twice the truth is as wrong as to forecast nothing.
    assert np.allclose(table["nrmse"].sel(forecaster="twice"), expected)
    assert np.allclose(table["difference"], 0)
    assert "coverage" not in table


@pytest.mark.parametrize("count", [1, 5, SIZE, SIZE + 1, 3 * SIZE - 1])
def test_blocks_of_one_size_give_what_one_call_gives(count):
    histories = labelled(np.random.default_rng(0).standard_normal((count, 6, 2)))
    run = LinearRun()
    whole = run.forecast(histories, 3).values
    run.asked.clear()
    assert np.array_equal(in_blocks(lambda block: run.forecast(block, 3), histories).values, whole)
    assert run.asked == [SIZE] * -(-count // SIZE)


def test_the_strongest_rival_comes_last(study_file, study):
    prepared = prepare(study)
    found = rivals(prepared.train, prepared.validation, 3)
    assert list(found) == ["persistence", "historical mean", "ridge VAR"]
    cut = origins(prepared.series, float(prepared.test["time"][0]), study, length=10)
    error = {
        name: float(np.square(forecast(cut.histories, 3).values - cut.futures.values).mean())
        for name, forecast in found.items()
    }
    assert error["ridge VAR"] < error["historical mean"] < error["persistence"]


def test_bands_of_the_true_law_hold_what_they_promise(study):
    """White noise, paths from the law of the data: coverage is the level itself."""
    rng = np.random.default_rng(0)
    series = labelled(rng.standard_normal((1, 260, 4)))
    asked = dataclasses.replace(study.evaluation, paths=400)
    study = dataclasses.replace(study, evaluation=asked)
    cut = origins(series, first=20.0, study=study, length=6)
    run = LinearRun(decay=0.0, spread=0.6)
    noise = xr.DataArray(np.full(4, 0.8), dims="channel")
    found = coverage(run, study, cut, noise)
    # 250 times 4 independent values each; three standard errors of a share.
    slack = 3 * np.sqrt(0.25 / 1000) + 1 / 400
    assert np.allclose(found["coverage"], np.array(LEVELS)[:, None], atol=slack)
    # Paths alone have 0.6 of the spread: a central band of 90 % holds 68 %.
    assert np.allclose(found["coverage_paths"].sel(level=0.9), 0.676, atol=slack)


def test_observation_noise_is_what_reconstructions_leave():
    series = labelled(np.zeros((2, 40, 3)) + np.arange(3))
    found = observation_noise(LinearRun(rest=0.5), series, length=6, refine=0)
    assert np.allclose(found, 0.5)


def test_examples_and_inferred_are_labelled(study):
    series = labelled(np.random.default_rng(0).standard_normal((1, 80, 3)))
    cut = origins(series, first=60.0, study=study, length=6)
    run = LinearRun()
    noise = xr.DataArray(np.ones(3), dims="channel")
    examples = forecast_examples(
        run, study, cut, noise, ("half", lambda h, s: 0.5 * cut.futures[:3])
    )
    assert examples.attrs["rival"] == "half"
    assert dict(examples.sizes) == {
        "example": 3,
        "lag": 6,
        "channel": 3,
        "horizon": 3,
        "quantile": 5,
    }
    assert (examples["band"].diff("quantile") >= 0).all()
    assert np.array_equal(examples["history"][-1], cut.histories[-1])
    found = inferred(run, study, cut)
    assert found.attrs == {"states": "x y", "parameters": "omega C"}
    assert found["omega"].attrs["units"] == "rad/s"


def several(tmp_path, tables, **data):
    """Write a study of three subjects."""
    rng = np.random.default_rng(0)
    values = xr.DataArray(
        rng.standard_normal((3, 60, 2)) * np.array([1, 2, 3])[:, None, None],
        dims=("subject", "time", "region"),
        coords={"subject": ["s1", "s2", "s3"], "time": 2.0 * np.arange(60)},
    )
    values.to_netcdf(tmp_path / "three.nc", engine="h5netcdf")
    tables["data"] = {"source": "three.nc", **data}
    return parse_study(as_text(tables), tmp_path / "three.toml")


def test_a_subject_is_left_out_whole(tmp_path, tables):
    prepared = prepare(several(tmp_path, tables, leave_out="s2"))
    assert prepared.series["sample"].values.tolist() == ["s1", "s3"]
    assert prepared.left_out is not None
    assert prepared.left_out["sample"].values.tolist() == ["s2"]
    # Its own past alone sets its scale, as for the others.
    assert np.allclose(prepared.left_out.isel(time=slice(0, 42)).std("time"), 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"leave_out": "s4"}, r"leave_out: there is no subject 's4'.*Known: s1, s2, s3"),
        ({"variable": "bold"}, "not 'bold'"),
    ],
)
def test_a_subject_or_variable_that_is_not_there(tmp_path, tables, data, words):
    with pytest.raises((DataError, StudyError), match=words):
        prepare(several(tmp_path, tables, **data))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: [rows[0].replace("time", "seconds"), *rows[1:]], "'time' first"),
        (lambda rows: [*rows[:3], rows[3] + ",1", *rows[4:]], "line 4: 5 values for 4 columns"),
        (lambda rows: [*rows[:3], "x" + rows[3], *rows[4:]], "line 4: .*no number"),
        (lambda rows: [*rows[:3], rows[3].rpartition(",")[0] + ",", *rows[4:]], "missing"),
        (lambda rows: [rows[0], rows[2], rows[1], *rows[3:]], "must increase"),
        (lambda rows: [*rows[:3], rows[2], *rows[3:]], "appears twice"),
        (lambda rows: rows[:1], "no rows"),
        (lambda rows: [], "first line"),
        (lambda rows: [rows[0], *(row.rpartition(",")[0] + ",1" for row in rows[1:])], "constant"),
        (lambda rows: rows[:6], "too short"),
    ],
)
def test_bad_data_are_refused(study_file, study, change, words):
    file = study_file.with_name("series.csv")
    rows = change(file.read_text().splitlines())
    file.write_text("\n".join(rows))
    with pytest.raises(DataError, match=words):
        prepare(study)


def test_a_missing_data_file_gets_a_suggestion(study_file, study, tmp_path):
    write_series(tmp_path / "seriess.csv")
    (tmp_path / "series.csv").unlink()
    with pytest.raises(DataError, match=r"Did you mean .*seriess\.csv"):
        prepare(study)
