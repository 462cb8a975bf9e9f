"""10,000 trajectories of Lorenz 63 from different starts: t = 0 to 10, end value, Tsit5 at 1e-6."""

from __future__ import annotations

from typing import Any

import numpy as np

import pysciml as ps
from solving import ours
from solving.lorenz import PARAMS, rates
from solving.race import Entry, Run, Workload

COUNT, END, TOLERANCE, COMPARED = 10_000, 10.0, 1e-6, 40


def starts() -> np.ndarray:
    return np.random.default_rng(0).normal((1.0, 1.0, 20.0), 1.0, (COUNT, 3))


def workload(dtype: str) -> Workload:
    import xarray as xr
    from scipy.integrate import solve_ivp

    options = {"args": PARAMS, "rtol": 1e-12, "atol": 1e-12}
    exact = np.stack(
        [solve_ivp(rates, (0, END), y, "DOP853", **options).y[:, -1] for y in starts()[:COMPARED]]
    )

    def error(ends: Any) -> float:
        # The flow amplifies errors by very different factors: the median says how good steps are.
        return np.median(np.max(np.abs(np.asarray(ends)[:COMPARED] - exact), axis=1))

    @ps.model(
        state={"x": 1.0, "y": 1.0, "z": 20.0},
        params=dict(zip(("sigma", "rho", "beta"), PARAMS, strict=True)),
    )
    def lorenz(t: Any, u: Any, p: Any) -> dict[str, Any]:
        dx, dy, dz = rates(t, (u.x, u.y, u.z), p.sigma, p.rho, p.beta)
        return {"x": dx, "y": dy, "z": dz}

    def ends(states: Any) -> Any:
        return np.stack([states[name][-1] for name in "xyz"], axis=-1)

    state = {name: xr.DataArray(starts()[:, i], dims="member") for i, name in enumerate("xyz")}
    common = {"t": (0, END), "save": [END], "state": state, "rtol": TOLERANCE, "atol": TOLERANCE}
    entries = [
        *ours.entries("pysciml", lorenz, ends, "Tsit5", solver="Tsit5", dtype=dtype, **common),
        Entry("lean_kernel", lambda: lean(dtype)),
        Entry("diffrax_vmap", lambda: diffrax(dtype, shared=False), note="as usual"),
        Entry("diffrax_shared_step", lambda: diffrax(dtype, shared=True), note="one batched state"),
        Entry("torchdiffeq", lambda: torchdiffeq(dtype), note="one batched state", slow=True),
    ]
    if dtype == "float64":
        entries.append(Entry("numbalsoda_dop853", numbalsoda, note="one by one, in a numba loop"))
    title = f"10,000 x Lorenz 63, t = 0..10, end value, 1e-6, {dtype}"
    return Workload(f"ensemble_{dtype}", title, entries, error, "median")


def lean(dtype: str) -> Run:
    import jax

    from pysciml.engines.jax.compile import Kernel
    from solving.lean import tsit5_ends

    block = 1000 if dtype == "float32" else 100
    solve = tsit5_ends(lambda y: rates(0.0, y, *PARAMS), END, TOLERANCE, block)
    kernel = Kernel(solve, small_loops=True)

    def run() -> Any:
        with jax.enable_x64(dtype == "float64"):
            return np.stack(kernel(tuple(starts().T.astype(dtype))), axis=-1)

    return run


def diffrax(dtype: str, shared: bool) -> Run:
    import diffrax as dx
    import jax
    import jax.numpy as jnp

    def field(t: Any, y: Any, args: Any) -> Any:
        return jnp.stack(rates(t, y, *args))

    def end(y0: Any) -> Any:
        return dx.diffeqsolve(
            dx.ODETerm(field),
            dx.Tsit5(),
            t0=0.0,
            t1=END,
            dt0=None,
            y0=y0,
            args=PARAMS,
            stepsize_controller=dx.PIDController(rtol=TOLERANCE, atol=TOLERANCE),
        ).ys[0]

    solve = jax.jit((lambda y: end(y.T).T) if shared else jax.vmap(end))

    def run() -> Any:
        with jax.enable_x64(dtype == "float64"):
            return np.asarray(solve(starts().astype(dtype)))

    return run


def torchdiffeq(dtype: str) -> Run:
    import torch
    from torchdiffeq import odeint

    times = torch.tensor([0.0, END], dtype=torch.float64)

    def right(t: Any, y: Any) -> Any:
        return torch.stack(rates(t, y, *PARAMS))

    def run() -> Any:
        start = torch.tensor(starts().T.astype(dtype))
        return odeint(right, start, times, rtol=TOLERANCE, atol=TOLERANCE)[-1].numpy().T

    return run


def numbalsoda() -> Run:
    from numba import cfunc, njit
    from numbalsoda import dop853, lsoda_sig

    @cfunc(lsoda_sig)
    def right(t: Any, u: Any, du: Any, p: Any) -> None:
        du[0] = p[0] * (u[1] - u[0])
        du[1] = u[0] * (p[1] - u[2]) - u[1]
        du[2] = u[0] * u[1] - p[2] * u[2]

    address, params, times = right.address, np.array(PARAMS), np.array([0.0, END])

    @njit
    def solve(starts: Any) -> Any:
        ends = np.empty_like(starts)
        for i in range(len(starts)):
            path, _ = dop853(address, starts[i], times, params, TOLERANCE, TOLERANCE)
            ends[i] = path[-1]
        return ends

    return lambda: solve(starts())
