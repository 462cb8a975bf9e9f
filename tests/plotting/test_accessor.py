"""The accessor is there, whichever of pysciml and xarray is imported first."""

import subprocess
import sys

import pytest


def run(program):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "imports",
    [
        "import pysciml; import xarray as xr",
        "import xarray as xr; import pysciml",
        # Somebody asks whether xarray could be imported, and does not do it yet.
        "import pysciml; from importlib.util import find_spec; find_spec('xarray'); "
        "import xarray as xr",
        "import pysciml; import xarray as xr; from importlib import reload; reload(pysciml)",
    ],
)
def test_the_accessor_is_there(imports):
    run(
        f"import sys; before = list(sys.meta_path); {imports}; "
        "assert xr.Dataset().sciml.__class__.__module__ == 'pysciml.accessor'; "
        "assert not {'jax', 'matplotlib'} & set(sys.modules); "
        "assert [finder for finder in sys.meta_path if finder not in before] == []"
    )
