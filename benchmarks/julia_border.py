"""What the border between Python and Julia costs, with native Julia beside it in one process.

Times are the least of the repeats, after a first call that compiles. "inside" is the time within
Julia of the call that a solve makes, taken by Julia's clock in the same repeat; the border is the
rest: checks aside, everything that Python and the hand-over add. Most of it is the way to Julia's
thread and back, so the same between two threads of Python is given too. Native Julia is the same
equations written by hand for SciML, in its fastest form (static arrays). The last line is one JSON
object.

    python benchmarks/julia_border.py [--repeats 200] [--trajectories 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import statistics
import threading
import time
from collections.abc import Callable

import numpy as np
import xarray as xr

import pysciml as ps
from pysciml.engines.julia.engine import JuliaEngine
from pysciml.engines.julia.process.start import Julia, julia
from pysciml.request import make_request

NATIVE = """
begin
    using OrdinaryDiffEqTsit5, StaticArrays
    lorenz(u, p, t) = SVector(
        p[1] * (u[2] - u[1]), u[1] * (p[2] - u[3]) - u[2], u[1] * u[2] - p[3] * u[3])
    function native(u0, p, stop, tolerance, saveat, repeats)
        problem = ODEProblem(lorenz, SVector{3}(u0), (0.0, stop), SVector{3}(p))
        least = Inf
        local found
        for _ in 1:repeats
            began = time_ns()
            found = solve(problem, Tsit5(); reltol=tolerance, abstol=tolerance, saveat)
            least = min(least, time_ns() - began)
        end
        return least / 1e6, Tuple(found.u[end])
    end
end
"""
TIMED = """
begin
    const INSIDE = Ref(0.0)
    function timed(f, args...; keywords...)
        began = time_ns()
        result = f(args...; keywords...)
        INSIDE[] += (time_ns() - began) / 1e6
        return result
    end
    taken() = (found = INSIDE[]; INSIDE[] = 0.0; found)
end
"""


def least(call: Callable[[], object], repeats: int) -> float:
    """Give the least time of a call in milliseconds."""
    call()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - began))
    return min(taken)


def there_and_back() -> Callable[[], None]:
    """Give a call that another thread of Python answers: what this machine's threads cost."""
    asked: queue.SimpleQueue[threading.Lock] = queue.SimpleQueue()

    def serve() -> None:
        while True:
            asked.get().release()

    def ask() -> None:
        answer = threading.Lock()
        answer.acquire()
        asked.put(answer)
        answer.acquire()

    threading.Thread(target=serve, daemon=True).start()
    return ask


def split(call: Callable[[], object], repeats: int) -> dict[str, float]:
    """Give the least time of a call, and what of it is spent outside Julia."""
    jl, original = julia(), Julia.call
    timed, taken = jl.seval("timed"), jl.seval("taken")

    def timing(self: Julia, function: object, *args: object, **keywords: object) -> object:
        function = getattr(self.PySciML, function) if isinstance(function, str) else function
        return original(self, timed, function, *args, **keywords)

    Julia.call = timing
    try:
        call()
        rows = []
        for _ in range(repeats):
            original(jl, taken)
            began = time.perf_counter()
            call()
            whole = 1e3 * (time.perf_counter() - began)
            rows.append((whole, whole - original(jl, taken)))
    finally:
        Julia.call = original
    return {
        "whole": min(row[0] for row in rows),
        "border": min(row[1] for row in rows),
        "border_median": statistics.median(row[1] for row in rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--trajectories", type=int, default=10_000)
    options = parser.parse_args()
    jl = julia()
    jl.seval(NATIVE)
    jl.seval(TIMED)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"Julia {jl.report['version']}, {jl.report['threads']} threads, load {load:.1f}")
    found: dict[str, float] = {}

    nothing, arrays = jl.seval("() -> nothing"), [np.zeros(3) for _ in range(10)]
    ignore = jl.seval("(arrays...) -> nothing")
    found["call"] = least(lambda: jl.call(nothing), 10 * options.repeats)
    found["threads"] = least(there_and_back(), 10 * options.repeats)
    found["call_10_arrays"] = least(lambda: jl.call(ignore, *arrays), 10 * options.repeats)

    model, engine = ps.catalog.lorenz63(), JuliaEngine()
    stop, tolerance = 60.0, 1e-8
    given = {"t": (0, stop), "save": 0.5, "solver": ps.Tsit5()}
    task = make_request(model, **given, rtol=tolerance, atol=tolerance, engine="julia").task
    start = np.concatenate([np.ravel(v.array) for v in model.state.values()])
    params = np.concatenate([np.ravel(v.array) for v in model.params.values()])
    native = jl.seval("native")
    jl.call(native, start, params, stop, tolerance, 0.5, 1)
    found["native"], last = jl.call(native, start, params, stop, tolerance, 0.5, options.repeats)
    parts = split(lambda: engine.solve(task), options.repeats)
    found |= {f"solve_{name}": value for name, value in parts.items()}
    found["ps_solve"] = least(
        lambda: ps.solve(model, **given, rtol=tolerance, atol=tolerance, engine="julia"),
        options.repeats,
    )
    ours = np.array([values[-1, 0] for values in engine.solve(task).state.values()])
    found["difference"] = float(np.abs(ours - last).max())  # chaos: of the order of the attractor

    spread = np.random.default_rng(0).normal(1.0, 0.1, options.trajectories)
    many = make_request(
        model,
        t=(0, 20.0),
        save=1.0,
        solver=ps.Tsit5(),
        state={"x": xr.DataArray(spread, dims="draw")},
        rtol=1e-6,
        atol=1e-6,
        engine="julia",
    ).task
    parts = split(lambda: engine.solve(many), max(3, options.repeats // 40))
    found |= {f"ensemble_{name}": value for name, value in parts.items()}

    report(found, options.trajectories)
    print(json.dumps({name: round(value, 5) for name, value in found.items()}))


def report(found: dict[str, float], trajectories: int) -> None:
    print(f"{'a thread of Python and back':38} {1e3 * found['threads']:10.1f} us")
    print(f"{'a call that does nothing':38} {1e3 * found['call']:10.1f} us")
    print(f"{'the same with 10 arrays':38} {1e3 * found['call_10_arrays']:10.1f} us")
    print(f"{'Lorenz, native Julia':38} {found['native']:10.3f} ms")
    for name, title in (("solve", "Lorenz, pysciml"), ("ensemble", f"{trajectories} of them")):
        whole, border = found[f"{name}_whole"], found[f"{name}_border"]
        share = 100 * border / (whole - border)
        print(f"{title:38} {whole:10.3f} ms, of which border {border:.3f} ms ({share:.1f} %)")
    print(f"{'Lorenz, ps.solve with labels':38} {found['ps_solve']:10.3f} ms")


if __name__ == "__main__":
    main()
