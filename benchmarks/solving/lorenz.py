"""One trajectory of Lorenz 63: t = 0 to 100, saved every 0.1, tolerances 1e-8."""

from __future__ import annotations

from typing import Any

import numpy as np

import pysciml as ps
from solving import ours
from solving.race import Entry, Run, Workload

END, SAVE, TOLERANCE = 100.0, 0.1, 1e-8
START, PARAMS = (1.0, 1.0, 1.0), (10.0, 28.0, 8 / 3)
TIMES = np.linspace(0.0, END, 1001)
COMPARED = 101  # save times up to t = 10; later the flow has amplified every error


def rates(t: float, y: Any, sigma: float, rho: float, beta: float) -> tuple[float, float, float]:
    return (sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2])


def workload() -> Workload:
    from scipy.integrate import solve_ivp

    exact = solve_ivp(
        rates,
        (0, 10),
        START,
        "DOP853",
        TIMES[:COMPARED],
        args=PARAMS,
        rtol=2.3e-14,
        atol=1e-14,
    ).y.T

    def error(path: Any) -> float:
        return np.max(np.abs(np.asarray(path)[:COMPARED] - exact))

    @ps.model(
        state=dict(zip("xyz", START, strict=True)),
        params=dict(zip(("sigma", "rho", "beta"), PARAMS, strict=True)),
    )
    def lorenz(t: Any, u: Any, p: Any) -> dict[str, Any]:
        dx, dy, dz = rates(t, (u.x, u.y, u.z), p.sigma, p.rho, p.beta)
        return {"x": dx, "y": dy, "z": dz}

    def path(states: Any) -> Any:
        return np.stack([states[name].reshape(len(TIMES), -1)[:, 0] for name in "xyz"], axis=1)

    common = {"t": (0, END), "save": SAVE, "rtol": TOLERANCE, "atol": TOLERANCE}
    entries = [
        *ours.entries("pysciml", lorenz, path, **common),
        *ours.entries("pysciml_dopri8", lorenz, path, solver="Dopri8", **common),
        Entry("numbalsoda_dop853", numbalsoda),
        Entry("diffrax_tsit5", lambda: diffrax("Tsit5"), note="as shipped"),
        Entry("diffrax_dopri8", lambda: diffrax("Dopri8"), note="as shipped"),
        Entry("scipy_odeint_numba", odeint),
        Entry("scipy_dop853_numba", dop853),
        Entry("torchdiffeq_dopri5", torchdiffeq, scale=10, note="t = 0..10, times 10"),
    ]
    title = "Lorenz 63, t = 0..100, saved every 0.1, tolerances 1e-8"
    return Workload("lorenz", title, entries, error, "max to 10")


def numbalsoda() -> Run:
    from numba import cfunc
    from numbalsoda import dop853, lsoda_sig

    @cfunc(lsoda_sig)
    def right(t: Any, u: Any, du: Any, p: Any) -> None:
        du[0] = p[0] * (u[1] - u[0])
        du[1] = u[0] * (p[1] - u[2]) - u[1]
        du[2] = u[0] * u[1] - p[2] * u[2]

    start, params = np.array(START), np.array(PARAMS)
    return lambda: dop853(right.address, start, TIMES, params, rtol=TOLERANCE, atol=TOLERANCE)[0]


def numba_rates() -> Any:
    from numba import njit

    @njit
    def right(t: Any, y: Any, sigma: Any, rho: Any, beta: Any) -> Any:
        out = np.empty(3)
        out[0] = sigma * (y[1] - y[0])
        out[1] = y[0] * (rho - y[2]) - y[1]
        out[2] = y[0] * y[1] - beta * y[2]
        return out

    return right


def odeint() -> Run:
    from scipy.integrate import odeint

    right = numba_rates()
    tolerances = {"rtol": TOLERANCE, "atol": TOLERANCE}
    return lambda: odeint(right, START, TIMES, args=PARAMS, tfirst=True, **tolerances)


def dop853() -> Run:
    from scipy.integrate import solve_ivp

    right = numba_rates()
    options = {"method": "DOP853", "rtol": TOLERANCE, "atol": TOLERANCE, "args": PARAMS}
    return lambda: solve_ivp(right, (0, END), START, t_eval=TIMES, **options).y.T


def diffrax(solver: str) -> Run:
    import diffrax as dx
    import jax
    import jax.numpy as jnp

    def field(t: Any, y: Any, args: Any) -> Any:
        return jnp.stack(rates(t, y, *args))

    @jax.jit
    def solve(y0: Any, args: Any) -> Any:
        return dx.diffeqsolve(
            dx.ODETerm(field),
            getattr(dx, solver)(),
            t0=0.0,
            t1=END,
            dt0=None,
            y0=y0,
            args=args,
            saveat=dx.SaveAt(ts=jnp.asarray(TIMES)),
            stepsize_controller=dx.PIDController(rtol=TOLERANCE, atol=TOLERANCE),
            max_steps=100_000,
        ).ys

    def run() -> Any:
        with jax.enable_x64(True):
            return np.asarray(solve(np.array(START), np.array(PARAMS)))

    return run


def torchdiffeq() -> Run:
    import torch
    from torchdiffeq import odeint

    sigma, rho, beta = PARAMS

    def right(t: Any, y: Any) -> Any:
        return torch.stack(rates(t, y, sigma, rho, beta))

    start = torch.tensor(START, dtype=torch.float64)
    times = torch.tensor(TIMES[:COMPARED])
    options = {"rtol": TOLERANCE, "atol": TOLERANCE, "method": "dopri5"}
    return lambda: odeint(right, start, times, **options).numpy()
