"""What the scripts of this directory wrote, as netCDF.

    python collect.py FROM TO

reads every ``.toml`` in FROM and writes a ``.nc`` of the same name to TO.
"""

import sys
import tomllib
from pathlib import Path

import numpy as np
import xarray as xr


def dataset(path: Path) -> xr.Dataset:
    """Read one file: named float64 arrays; a variable that is named as its dim is a coordinate."""
    content = tomllib.loads(path.read_text("utf-8"))
    variables = {
        name: (found["dims"], np.reshape(np.array(found["values"], float), found["shape"]))
        for name, found in content["variables"].items()
    }
    about = {key: content[key] for key in ("title", "script", "versions")}
    return xr.Dataset(variables, attrs=about)


def main(source: str, target: str) -> None:
    """Convert a directory."""
    for path in sorted(Path(source).glob("*.toml")):
        made = dataset(path)
        out = Path(target) / f"{path.stem}.nc"
        made.to_netcdf(out, engine="h5netcdf")
        print(f"{out}: {', '.join(map(str, made.variables))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
