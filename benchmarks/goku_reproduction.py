"""GOKU-UI on 75 trajectories against its relatives on 1,200: the claim of the paper in small.

Three stochastic Stuart-Landau oscillators seen through 64 channels; 46 steps are encoded, the
next 20 forecast (Abrevaya et al. 2024, TMLR). Every model gets the same number of updates, the
same augmentation (crops, sign flips), forecasting loss and weight averaging. Its learning rate is
chosen on validation data among three, each tried with one seed and a third of the updates; then
it is trained anew with every seed. Errors are NRMSE on 500 test trajectories: mean over
trajectories, median over seeds. Equations and observation are odd, so every model is asked for a
trajectory and for its mirror image, and answers with the mean of the two. A trial that fails is
printed with its reason and left out; what was done before an interruption is shown all the same.
The last line is one JSON object.

    python benchmarks/goku_reproduction.py [--updates 1530] [--seeds 3] [--models goku_ui ...]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

LENGTH, WINDOW, HORIZON, CHANNELS = 46, 10, 20, 64
WIDTHS = {"hidden": 48, "features": 24, "recurrent": 24, "latent_state": 24}
RATES = (2e-3, 5e-3, 1e-2)
SEARCH = 1 / 3  # part of the updates that is spent on every rate before one is chosen
UPDATES = 1530  # a multiple of the updates per epoch of both sizes, 11 and 170, or nearly so
REFINE = 100
SAMPLES = {"goku_ui": 75, "goku_net": 1200, "latent_ode": 1200, "lstm": 1200}
TRAINING = {
    "batch": 64,
    "forecast_steps": HORIZON,
    "forecast_weight": 0.2,
    "flip": True,
    "stochastic": False,
    "progress": False,
}
FLOORS = {  # predictors that know the truth, on this generator (1,000 trajectories)
    "mean of the 46 steps": (1.21, 1.22),
    "persistence": (None, 1.70),
    "true starts of all windows, no noise": (0.069, 0.118),
}


def settings(kind: str) -> Any:
    import pysciml as ps

    core = ps.catalog.stuart_landau(3)
    common = {"channels": CHANNELS, "length": LENGTH, **WIDTHS}
    if kind == "goku_ui":
        return ps.GokuUI(core, window=WINDOW, latent_params=48, **common)
    if kind == "goku_net":
        return ps.GokuNet(core, latent_params=48, **common)
    if kind == "latent_ode":
        return ps.LatentODE(state=8, **common)
    return ps.LSTMForecaster(state=42, **common)


def generate(folder: Path) -> None:
    """Simulate the parts of the data, each with a seed of its own."""
    from pysciml.datasets import stuart_landau_benchmark

    parts = {"train": (max(SAMPLES.values()), 600), "validation": (128, 200), "test": (500, 200)}
    for seed, (name, (samples, steps)) in enumerate(parts.items(), start=11):
        data = stuart_landau_benchmark(samples, steps=steps, channels=CHANNELS, rng=seed)
        np.save(folder / f"{name}.npy", data["x"].values)


def load(folder: Path, name: str, samples: int | None = None) -> Any:
    import xarray as xr

    values = np.load(folder / f"{name}.npy", mmap_mode="r")[:samples]
    return xr.DataArray(
        values, dims=("sample", "time", "channel"), coords={"time": np.arange(values.shape[1])}
    )


def trial(
    folder: Path, kind: str, rate: float, seed: int, updates: int, judged: bool
) -> dict[str, Any]:
    """Train one model and judge it on the test part; where training fails, say why."""
    from pysciml.errors import SolveError

    made: dict[str, Any] = {"kind": kind, "rate": rate, "seed": seed, "updates": updates}
    began = time.process_time()
    try:
        run = trained(folder, kind, rate, seed, updates)
    except SolveError as error:
        made["failed"] = str(error)
    else:
        made["validation"] = float(run.history["validation"].min())
        made["parameters"] = run.parameters
        if judged:
            made.update(errors(run, folder))
    made["cpu_seconds"] = round(time.process_time() - began, 1)
    return made


def trained(folder: Path, kind: str, rate: float, seed: int, updates: int) -> Any:
    """Train one model."""
    train = load(folder, "train", SAMPLES[kind])
    crops = train.sizes["sample"] * train.sizes["time"] / (LENGTH + HORIZON)
    per_epoch = max(1, round(crops / TRAINING["batch"]))
    return settings(kind).fit(
        train,
        validation=load(folder, "validation"),
        epochs=round(updates / per_epoch),
        validate_every=max(1, 50 // per_epoch),
        rng=seed,
        learning_rate=rate,
        **TRAINING,
    )


def errors(run: Any, folder: Path) -> dict[str, Any]:
    """Judge a trained model on the test part, as its encoder says and refined."""
    from pysciml.goku.metrics import nrmse

    test = load(folder, "test")
    seen = test.isel(time=slice(0, LENGTH))
    future = test.isel(time=slice(LENGTH, LENGTH + HORIZON))
    made = {}
    for name, refine in (("encoder", 0), ("refined", REFINE)):
        both = sum(sign * run.reconstruct(sign * seen, refine) for sign in (1, -1)) / 2
        after = sum(sign * run.forecast(sign * seen, HORIZON, refine) for sign in (1, -1)) / 2
        ahead = nrmse(future, after.assign_coords(time=future["time"]))
        made[name] = {
            "reconstruction": float(nrmse(seen, both).mean()),
            "forecast": float(ahead.mean()),
            "forecast_median": float(ahead.median()),
        }
    return made


def timing() -> dict[str, float]:
    """Time of one update of GOKU-UI, and of the solve and its gradient within it."""
    import jax
    import jax.numpy as jnp

    from pysciml.engines.jax.goku.network import LatentModel
    from pysciml.engines.jax.goku.update import Updater
    from pysciml.goku.training import Training

    made = settings("goku_ui")
    model = LatentModel(made.architecture, made.model, 1.0, np.random.default_rng(0))
    updater = Updater(model, Training(stochastic=True), 1000)
    series = jax.random.normal(jax.random.key(1), (75, 600, CHANNELS))
    key = jax.random.key(2)
    windows, span = made.architecture.windows, made.architecture.span
    starts = 0.3 * jnp.ones((6, 64 * windows))
    params = 0.1 * jnp.ones((15, 64 * windows))

    def solved(starts: Any, params: Any) -> Any:
        return jnp.mean(model.core.path(starts, params, span, key) ** 2)

    solve = jax.jit(jax.value_and_grad(solved, argnums=(0, 1)))
    state = updater.start()

    def best(call: Any) -> float:
        call()
        times = []
        for _ in range(30):
            began = time.perf_counter()
            jax.block_until_ready(call())
            times.append(time.perf_counter() - began)
        return 1e3 * min(times)

    return {
        "update_ms": best(lambda: updater.step(state, series, key)),
        "solve_ms": best(lambda: solve(starts, params)),
    }


def table(title: str, results: dict[str, dict[str, float]]) -> None:
    print(f"\n{title}\n{'':24s}{'reconstruction':>16s}{'forecast':>12s}")
    for name, errors in results.items():
        print(f"{name:24s}{errors['reconstruction']:16.3f}{errors['forecast']:12.3f}")


def median(trials: list[dict[str, Any]], which: str) -> dict[str, float]:
    keys = trials[0][which]
    return {key: round(float(np.median([t[which][key] for t in trials])), 4) for key in keys}


def process() -> None:
    """Set a worker up: one core and one thread, and no longer than its parent lives.

    Small operations lose more than they gain by a second thread.
    """
    from pysciml.cli.process import keep_memory

    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    os.environ["OMP_NUM_THREADS"] = "1"
    keep_memory()
    cores = sorted(os.sched_getaffinity(0))
    number = multiprocessing.current_process()._identity[0]
    os.sched_setaffinity(0, {cores[(number - 1) % len(cores)]})

    def follow() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextlib.contextmanager
def workers(count: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool whose processes end with it, also in the middle of a trial."""
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, spawn, initializer=process)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()


class Trials:
    """The trials of a run, as they come in.

    Parameters
    ----------
    pool : ProcessPoolExecutor
        Runs them.
    folder : Path
        Where the data are.
    """

    def __init__(self, pool: ProcessPoolExecutor, folder: Path) -> None:
        self.pool, self.folder = pool, folder
        self.rates: dict[str, float] = {}
        self.done: dict[str, list[dict[str, Any]]] = {}
        self.cpu_seconds = 0.0

    def start(self, kind: str, rate: float, seed: int, updates: int, judged: bool) -> Any:
        """Queue a trial."""
        return self.pool.submit(trial, self.folder, kind, rate, seed, updates, judged)

    def collect(self, future: Any) -> dict[str, Any] | None:
        """Print what came of a trial; None, and the reason, where it failed."""
        made = future.result()
        self.cpu_seconds += made["cpu_seconds"]
        print(json.dumps(made), flush=True)
        return None if "failed" in made else made

    def run(self, kinds: list[str], updates: int, seeds: int) -> None:
        """Choose the rate of every model, then train it with every seed."""
        short = round(updates * SEARCH)
        tried = {
            kind: [self.start(kind, rate, 0, short, False) for rate in RATES] for kind in kinds
        }
        chosen: dict[str, list[Any]] = {}
        for kind, futures in tried.items():
            found = [made for made in map(self.collect, futures) if made is not None]
            if not found:
                print(f"{kind}: no learning rate could be trained with", flush=True)
                continue
            rate = min(found, key=lambda made: made["validation"])["rate"]
            self.rates[kind] = rate
            chosen[kind] = [self.start(kind, rate, seed, updates, True) for seed in range(seeds)]
        for kind, futures in chosen.items():
            for future in futures:
                made = self.collect(future)
                if made is not None:
                    self.done.setdefault(kind, []).append(made)


def report(trials: Trials, updates: int) -> dict[str, Any]:
    """Print the tables of what is done; give the medians."""
    names = [kind for kind in SAMPLES if kind in trials.done]
    plain = {kind: median(trials.done[kind], "encoder") for kind in names}
    refined = {kind: median(trials.done[kind], "refined") for kind in names}
    print(f"\n{updates} updates; per model its learning rate and the seeds that count:")
    for kind in names:
        seeds = ", ".join(str(made["seed"]) for made in trials.done[kind])
        print(f"{kind:24s}{trials.rates[kind]:10g}   {seeds}")
    table("As the encoder says", plain)
    table(f"After {REFINE} steps of refinement", refined)
    print("\nFloors")
    for name, (reconstruction, forecast) in FLOORS.items():
        known = "" if reconstruction is None else f"{reconstruction:.3f}"
        print(f"{name:40s}{known:>8s}{forecast:12.3f}")
    return {**plain, **{f"{kind}_refined": refined[kind] for kind in names}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=list(SAMPLES), choices=list(SAMPLES))
    asked = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place, workers(2) as pool:
        folder = Path(place)
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder / "compiled"))
        pool.submit(generate, folder).result()
        trials = Trials(pool, folder)
        last: dict[str, Any] = {}
        try:
            # The slowest first, so that both processes stay busy to the end.
            order = ("goku_net", "goku_ui", "lstm", "latent_ode")
            trials.run([k for k in order if k in asked.models], asked.updates, asked.seeds)
            figures = pool.submit(timing).result()
            share = figures["solve_ms"] / figures["update_ms"]
            print(
                f"\nOne update of GOKU-UI: {figures['update_ms']:.1f} ms, of which the solve and "
                f"its gradient {figures['solve_ms']:.1f} ms ({share:.0%})"
            )
            last.update(figures)
        finally:  # what is done is shown, whatever happened to the rest
            last = {**report(trials, asked.updates), **last}
            last["seconds"] = round(time.perf_counter() - began, 1)
            last["cpu_seconds"] = round(trials.cpu_seconds, 1)
            print(json.dumps(last))


if __name__ == "__main__":
    main()
