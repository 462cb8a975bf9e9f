"""Value and gradient through an SDE: 3 oscillators, batch 256, 50 steps of Euler-Maruyama.

The loss is of the end states, the gradient with respect to all parameters. Everybody draws noise
of its own, so the error is that of the value and of its slopes, in standard errors of one draw.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import pysciml as ps
from solving import systems
from solving.race import Entry, Run, Workload

BATCH, STEPS, DT = 256, 50, 0.01
END = STEPS * DT
PARAMS = {
    "a": systems.GROWTH,
    "omega": systems.FREQUENCY,
    "C": systems.COUPLING,
    "sigma": np.array(systems.SIGMA),
}


def values(dtype: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Give parameters, and a batch of starts by state, shape (batch, 3)."""
    rng = np.random.default_rng(0)
    start = {name: rng.normal(0, 0.5, (BATCH, 3)).astype(dtype) for name in "xy"}
    return {name: value.astype(dtype) for name, value in PARAMS.items()}, start


def workload(dtype: str) -> Workload:
    samples = np.array([_sample(seed) for seed in range(30)])
    mean, deviation = samples.mean(axis=0), samples.std(axis=0)

    def error(answer: Any) -> float:
        """Largest deviation of the value, and of its slopes in `a`, in standard errors."""
        value, gradient = answer
        return np.max(np.abs(np.array([value, *gradient["a"]]) - mean) / deviation)

    entries = [
        Entry("pysciml", lambda: ours(dtype, own=False), note="jax.jit of ps.flow"),
        Entry("pysciml_kernel", lambda: ours(dtype, own=True), note="the same as a kernel"),
        Entry("lean_kernel", lambda: lean(dtype)),
        Entry("torchsde", lambda: torchsde(dtype, "sdeint")),
        Entry("torchsde_adjoint", lambda: torchsde(dtype, "sdeint_adjoint")),
        Entry("diffrax_direct", lambda: diffrax(dtype, "DirectAdjoint")),
        Entry("diffrax_checkpoint", lambda: diffrax(dtype, "RecursiveCheckpointAdjoint")),
    ]
    title = f"value and gradient, 3 oscillators, batch {BATCH}, {STEPS} steps, {dtype}"
    return Workload(f"gradient_{dtype}", title, entries, error, "std errors")


def _sample(seed: int) -> list[float]:
    """Give the value of one draw, and its central differences with respect to `a`."""
    h, moved = 1e-4, []
    for i in range(3):
        up, down = (_value(seed, systems.GROWTH + sign * h * np.eye(3)[i]) for sign in (1, -1))
        moved.append((up - down) / (2 * h))
    return [_value(seed, systems.GROWTH), *moved]


def _value(seed: int, growth: np.ndarray) -> float:
    rng = np.random.default_rng(1000 + seed)
    _, start = values("float64")
    x, y = start["x"], start["y"]
    for _ in range(STEPS):
        pull = growth - x**2 - y**2 - systems.COUPLING.sum(axis=0)
        rate_x = pull * x - systems.FREQUENCY * y + x @ systems.COUPLING
        rate_y = pull * y + systems.FREQUENCY * x + y @ systems.COUPLING
        noise = DT**0.5 * systems.SIGMA * rng.standard_normal((2, *x.shape))
        x, y = x + DT * rate_x + noise[0], y + DT * rate_y + noise[1]
    return float(_loss(x, y))


def _loss(x: Any, y: Any) -> Any:
    """Give the loss of the end states, shape (batch, 3) each."""
    return (x**2).mean(0).sum() + y.mean(0).sum()


def _jax_run(loss: Any, dtype: str, own: bool) -> Run:
    import jax

    from pysciml.engines.jax.compile import Kernel

    both = jax.value_and_grad(loss)
    run = Kernel(both, small_loops=True, wide=True) if own else jax.jit(both)
    params, start = values(dtype)
    with jax.enable_x64(dtype == "float64"):
        key = jax.random.key(0)

    def call() -> Any:
        with jax.enable_x64(dtype == "float64"):
            value, gradient = jax.block_until_ready(run(params, start, key))
            return value, gradient

    return call


def ours(dtype: str, own: bool) -> Run:
    """Differentiate `ps.flow`, with one state per component and the batch on the last axis."""
    flow = ps.flow(
        systems.separate_oscillators(), t=(0, END), save=[END], solver="EulerMaruyama", dt=DT
    )

    def loss(params: Any, start: Any, key: Any) -> Any:
        state = {f"{name}{i}": start[name][:, i] for name in "xy" for i in range(3)}
        end = flow(state, params, noise=key)
        squares = sum((end[f"x{i}"][-1] ** 2).mean() for i in range(3))
        return squares + sum(end[f"y{i}"][-1].mean() for i in range(3))

    return _jax_run(loss, dtype, own)


def lean(dtype: str) -> Run:
    from solving.lean import oscillator_loss

    return _jax_run(oscillator_loss(STEPS, DT), dtype, own=True)


def diffrax(dtype: str, adjoint: str) -> Run:
    import diffrax as dx
    import jax
    import jax.numpy as jnp
    import lineax

    def drift(t: Any, state: Any, p: Any) -> Any:
        x, y = state[:3], state[3:]
        pull = p["a"] - x**2 - y**2 - p["C"].sum(0)
        return jnp.concatenate(
            [pull * x - p["omega"] * y + x @ p["C"], pull * y + p["omega"] * x + y @ p["C"]]
        )

    def diffusion(t: Any, state: Any, p: Any) -> Any:
        return lineax.DiagonalLinearOperator(p["sigma"] * jnp.ones(6, state.dtype))

    def end(params: Any, state: Any, key: Any) -> Any:
        shape = jax.ShapeDtypeStruct((6,), state.dtype)
        noise = dx.VirtualBrownianTree(0.0, END, tol=DT / 2, shape=shape, key=key)
        return dx.diffeqsolve(
            dx.MultiTerm(dx.ODETerm(drift), dx.ControlTerm(diffusion, noise)),
            dx.Euler(),
            t0=0.0,
            t1=END,
            dt0=DT,
            y0=state,
            args=params,
            adjoint=getattr(dx, adjoint)(),
            max_steps=STEPS + 8,
        ).ys[0]

    def loss(params: Any, start: Any, key: Any) -> Any:
        states = jnp.concatenate([start["x"], start["y"]], axis=1)
        ends = jax.vmap(end, (None, 0, 0))(params, states, jax.random.split(key, BATCH))
        return _loss(ends[:, :3], ends[:, 3:])

    return _jax_run(loss, dtype, own=False)


def torchsde(dtype: str, function: str) -> Run:
    import torch
    import torchsde as library

    class Equations(torch.nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def __init__(self) -> None:
            super().__init__()
            for name, value in params.items():
                setattr(self, name, torch.nn.Parameter(torch.tensor(value)))

        def f(self, t: Any, state: Any) -> Any:
            x, y = state[:, :3], state[:, 3:]
            pull = self.a - x**2 - y**2 - self.C.sum(0)
            along_x = pull * x - self.omega * y + x @ self.C
            return torch.cat([along_x, pull * y + self.omega * x + y @ self.C], dim=1)

        def g(self, t: Any, state: Any) -> Any:
            return self.sigma * torch.ones_like(state)

    params, start = values(dtype)
    equations = Equations()
    states = torch.tensor(np.concatenate([start["x"], start["y"]], axis=1))
    times = torch.tensor([0.0, END], dtype=states.dtype)
    solve = getattr(library, function)

    def run() -> Any:
        equations.zero_grad()
        ends = solve(equations, states, times, method="euler", dt=DT)[-1]
        value = _loss(ends[:, :3], ends[:, 3:])
        value.backward()
        return value.item(), {n: p.grad.numpy() for n, p in equations.named_parameters()}

    return run
