"""Ensembles of stochastic paths by Euler-Maruyama, in both precisions."""

from __future__ import annotations

from typing import Any

import numpy as np

import pysciml as ps
from solving import ours, systems
from solving.race import Entry, Run, Workload
from solving.systems import System


def workload(name: str, dtype: str) -> Workload:
    system: System = getattr(systems, name)()
    runs = [moments(reference(system, "float64", seed)()) for seed in range(100, 104)]
    mean, deviation = np.mean([r[0] for r in runs], axis=0), runs[0][1]

    def error(paths: Any) -> float:
        """Largest difference of a mean at the end from the reference, in standard errors."""
        found, _ = moments(paths)
        return np.max(
            np.abs(found - mean) / (deviation * np.sqrt((1 + 1 / len(runs)) / system.paths))
        )

    def answer(states: Any) -> Any:
        rows = [s.reshape(len(s), -1, s.shape[-1]) for s in states.values()]
        return np.concatenate([r if system.every else r[-1:] for r in rows], axis=1)

    end = system.steps * system.dt
    common = {
        "t": (0, end),
        "save": system.dt if system.every else [end],
        "dt": system.dt,
        "trajectories": system.paths,
        "rng": 0,
        "dtype": dtype,
    }
    entries = []
    for label, stream in (("pysciml", "threefry"), ("pysciml_xoshiro", "xoshiro")):
        solver = ps.EulerMaruyama(stream=stream)
        entries += ours.entries(label, system.model, answer, solver=solver, **common)
    entries += [
        Entry("diffrax_unsafe", lambda: diffrax(system, dtype, tree=False), note="vmap"),
        Entry("diffrax_tree", lambda: diffrax(system, dtype, tree=True), note="vmap", slow=True),
        Entry("torchsde_euler", lambda: torchsde(system, dtype)),
        Entry("torch_eager", lambda: torch_eager(system, dtype), note="hand-written"),
        Entry("numpy", lambda: reference(system, dtype, seed=0), note="hand-written, SFC64"),
    ]
    saved = "every step saved" if system.every else "end value"
    title = f"{system.title}, {system.paths:,} x {system.steps:,} steps, {saved}, {dtype}"
    return Workload(f"{name}_{dtype}", title, entries, error, "std errors")


def moments(paths: Any) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and deviation at the end of every component and of its square."""
    ends = np.asarray(paths)[-1].astype(np.float64)
    both = np.concatenate([ends, ends**2])
    return both.mean(axis=1), both.std(axis=1)


def reference(system: System, dtype: str, seed: int) -> Run:
    def run() -> Any:
        rng = np.random.Generator(np.random.SFC64(seed))
        y = np.repeat(system.start[:, None], system.paths, axis=1).astype(dtype)
        dt, root = np.dtype(dtype).type(system.dt), np.dtype(dtype).type(system.dt**0.5)
        path = [y]
        for _ in range(system.steps):
            dw = root * rng.standard_normal(y.shape, dtype)
            y = y + dt * system.drift(y, np.stack) + system.diffusion(y, np.stack) * dw
            path = [*path, y] if system.every else [y]
        return np.stack(path)

    return run


def diffrax(system: System, dtype: str, tree: bool) -> Run:
    import diffrax as dx
    import jax
    import jax.numpy as jnp

    end, size = system.steps * system.dt, len(system.start)

    def path(key: Any, start: Any) -> Any:
        shape = jax.ShapeDtypeStruct((size,), start.dtype)
        noise = (
            dx.VirtualBrownianTree(0.0, end, tol=system.dt / 2, shape=shape, key=key)
            if tree
            else dx.UnsafeBrownianPath(shape=shape, key=key)
        )
        diagonal = dx.ControlTerm(
            lambda t, y, _: dx_diagonal(system.diffusion(y, jnp.stack)), noise
        )
        terms = dx.MultiTerm(dx.ODETerm(lambda t, y, _: system.drift(y, jnp.stack)), diagonal)
        times = jnp.linspace(0, end, system.steps + 1) if system.every else jnp.array([end])
        return dx.diffeqsolve(
            terms,
            dx.Euler(),
            t0=0.0,
            t1=end,
            dt0=system.dt,
            y0=start,
            saveat=dx.SaveAt(ts=times),
            adjoint=dx.RecursiveCheckpointAdjoint() if tree else dx.DirectAdjoint(),
            max_steps=system.steps + 8,
        ).ys

    def dx_diagonal(amplitude: Any) -> Any:
        import lineax

        return lineax.DiagonalLinearOperator(amplitude)

    @jax.jit
    def solve(key: Any, start: Any) -> Any:
        paths = jax.vmap(path, (0, None))(jax.random.split(key, system.paths), start)
        return jnp.moveaxis(paths, 0, -1)

    def run() -> Any:
        with jax.enable_x64(dtype == "float64"):
            return np.asarray(solve(jax.random.key(0), system.start.astype(dtype)))

    return run


def torchsde(system: System, dtype: str) -> Run:
    import torch
    from torchsde import sdeint

    class Equations(torch.nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def f(self, t: Any, y: Any) -> Any:
            return system.drift(y.T, torch.stack).T

        def g(self, t: Any, y: Any) -> Any:
            return system.diffusion(y.T, torch.stack).T

    equations = Equations()
    end = system.steps * system.dt
    times = torch.linspace(0, end, system.steps + 1) if system.every else torch.tensor([0.0, end])
    start = torch.tensor(np.repeat(system.start[None], system.paths, axis=0).astype(dtype))
    times = times.to(start.dtype)

    def run() -> Any:
        with torch.no_grad():
            paths = sdeint(equations, start, times, method="euler", dt=system.dt)
        return paths.numpy().transpose(0, 2, 1)

    return run


def torch_eager(system: System, dtype: str) -> Run:
    import torch

    start = torch.tensor(np.repeat(system.start[:, None], system.paths, axis=1).astype(dtype))

    def run() -> Any:
        y, path = start, [start]
        for _ in range(system.steps):
            dw = system.dt**0.5 * torch.randn(y.shape, dtype=y.dtype)
            rate, amplitude = system.drift(y, torch.stack), system.diffusion(y, torch.stack)
            y = y + system.dt * rate + amplitude * dw
            path = [*path, y] if system.every else [y]
        return torch.stack(path).numpy()

    return run
