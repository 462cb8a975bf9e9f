"""What Python adds to an ensemble that Julia solves: the same lanes, called from both, timed.

10,000 Lorenz 63 trajectories from t = 0 to 10 (Tsit5, 1e-6) and 10,000 paths of geometric Brownian
motion over 1,000 steps, their ends alone: `ps.solve` with engine="julia" and engine="jax", the
engine without labels, and Julia alone. The least processor time of interleaved repeats, in ms,
which other programs on the machine disturb less; the last line is JSON. `julia_ensembles.jl` has
native SciML beside the lanes.

    python benchmarks/julia_ensembles.py [repeats]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

import pysciml as ps
from pysciml.engines.julia.batch import outputs
from pysciml.engines.julia.convert import initial, packed, system
from pysciml.engines.julia.engine import JuliaEngine
from pysciml.engines.julia.process.start import julia
from pysciml.request import make_request

BATCH = 10_000


def cases() -> dict[str, tuple[Any, dict[str, Any], tuple[Any, ...]]]:
    lorenz = ps.catalog.lorenz63()
    starts = xr.DataArray(np.linspace(-1, 1, BATCH), dims="start")
    state = {next(iter(lorenz.state)): starts}
    growth = ps.model(state={"x": 1.0}, params={"a": 0.5, "b": 0.2})
    gbm = growth(lambda t, u, p: {"x": p.a * u.x}).noise(lambda t, u, p: {"x": p.b * u.x})
    ode = {"t": (0, 10), "save": 10.0, "state": state, "rtol": 1e-6, "atol": 1e-6}
    sde = {"t": (0, 1), "save": 1.0, "dt": 1e-3, "trajectories": BATCH, "rng": 1}
    none = np.zeros((0, 0))
    return {
        "lorenz": (lorenz, {**ode, "solver": "Tsit5"}, ("lanes_tsit5!", "cpu", 1e-6, 1e-6, False)),
        "gbm": (gbm, sde, ("lanes_fixed!", "cpu", "EulerMaruyama", 1000, ("threefry", 1, 0, none))),
    }


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    found = {}
    for name, (model, options, (function, *more)) in cases().items():
        task = make_request(model, engine="julia", **options).task
        given = packed(task)
        arguments = (
            (*outputs(task), np.zeros(1, np.int8)),
            system(model, "float64"),
            initial(task),
            (given.p, given.places, given.values),
            task.times,
            *more,
        )
        runs: dict[str, Callable[[], Any]] = {
            "ps.solve, julia": lambda m=model, o=options: ps.solve(m, engine="julia", **o),
            "ps.solve, jax": lambda m=model, o=options: ps.solve(m, engine="jax", **o),
            "the engine, julia": lambda t=task: JuliaEngine().solve(t),
            "Julia alone": lambda f=function, a=arguments: julia().call(f, *a),
        }
        best = dict.fromkeys(runs, np.inf)
        for _ in range(repeats + 1):
            for label, run in runs.items():
                start = time.process_time()
                run()
                best[label] = min(best[label], 1e3 * (time.process_time() - start))
        for label, value in best.items():
            print(f"{name:8}{label:20}{value:10.1f} ms")
            found[f"{name} {label}"] = round(value, 2)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
