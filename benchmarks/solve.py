"""pysciml beside its peers: solving, warm, interleaved in one run, the minimum of the repeats.

Compilation is left out of the times; the column "first s" has it. The error of every answer
against a reference stands beside its time. Peers come with the extra `bench`; those that are not
installed are skipped. The last line is one JSON object, milliseconds by workload and entry.

    python benchmarks/solve.py [--workloads lorenz robertson ...] [--entries pysciml diffrax ...]
                               [--repeats 9] [--budget 20] [--slow]

On a busy machine set OMP_NUM_THREADS=1, without which the threads of torch wait for each other.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from importlib import import_module

# Workload -> module and arguments of its function `workload`.
WORKLOADS = {
    "lorenz": ("lorenz", ()),
    "robertson": ("stiff", ("robertson",)),
    "van_der_pol": ("stiff", ("van_der_pol",)),
    "ensemble_float64": ("ensemble", ("float64",)),
    "ensemble_float32": ("ensemble", ("float32",)),
    "gradient_float64": ("gradient", ("float64",)),
    "gradient_float32": ("gradient", ("float32",)),
    "gbm_float64": ("noise", ("gbm", "float64")),
    "gbm_float32": ("noise", ("gbm", "float32")),
    "noisy_lorenz_float64": ("noise", ("noisy_lorenz", "float64")),
    "noisy_lorenz_float32": ("noise", ("noisy_lorenz", "float32")),
    "oscillators_float64": ("noise", ("oscillators", "float64")),
    "oscillators_float32": ("noise", ("oscillators", "float32")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", nargs="*", default=list(WORKLOADS), metavar="NAME")
    parser.add_argument("--entries", nargs="*", default=[""], help="how their names begin")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--budget", type=float, default=20.0, help="seconds per entry, then stop")
    parser.add_argument("--slow", action="store_true", help="also entries that take minutes")
    options = parser.parse_args()
    unknown = [w for w in options.workloads if not any(name.startswith(w) for name in WORKLOADS)]
    if unknown:
        parser.error(f"no workload begins with {', '.join(unknown)}; there are {list(WORKLOADS)}")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")

    from solving.race import race

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    found: dict[str, dict[str, float]] = {}
    for name, (module, arguments) in WORKLOADS.items():
        if not any(name.startswith(wanted) for wanted in options.workloads):
            continue
        workload = import_module(f"solving.{module}").workload(*arguments)
        entries = [
            entry
            for entry in workload.entries
            if any(entry.name.startswith(wanted) for wanted in options.entries)
            and (options.slow or not entry.slow)
        ]
        lanes = race(workload, entries, options.repeats, options.budget)
        found[name] = {lane.entry.name: round(lane.milliseconds, 4) for lane in lanes}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
