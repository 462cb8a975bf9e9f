"""Robertson and van der Pol with mu = 1000, to equal measured error.

pysciml solves at the tolerances of the title; every peer starts there, and its tolerances are
tightened tenfold until its error is no larger.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import pysciml as ps
from solving import ours
from solving.race import Entry, Run, Workload

MU, DECADES = 1000.0, 8


def robertson(t: float, y: Any) -> tuple[Any, ...]:
    forth, on, back = 0.04 * y[0], 3e7 * y[1] * y[1], 1e4 * y[1] * y[2]
    return (back - forth, forth - on - back, on)


def van_der_pol(t: float, y: Any) -> tuple[Any, ...]:
    return (y[1], MU * (1 - y[0] * y[0]) * y[1] - y[0])


# Rates, start, save times, tolerances.
PROBLEMS: dict[str, Any] = {
    "robertson": (
        robertson,
        (1.0, 0.0, 0.0),
        np.concatenate([[0.0], 10.0 ** np.arange(-5, 12)]),
        (1e-6, 1e-10),
    ),
    "van_der_pol": (van_der_pol, (2.0, 0.0), np.linspace(0, 2000, 41), (1e-6, 1e-8)),
}


def workload(name: str) -> Workload:
    from scipy.integrate import solve_ivp

    rates, start, times, (rtol, atol) = PROBLEMS[name]
    span = (0.0, times[-1])
    exact = solve_ivp(rates, span, start, "Radau", times, rtol=1e-12, atol=1e-17).y.T
    scale = np.max(np.abs(exact), axis=0)

    def error(path: Any) -> float:
        return np.max(np.abs(np.asarray(path) - exact) / scale)

    names = ("a", "b", "c")[: len(start)]

    @ps.model(state=dict(zip(names, start, strict=True)), params={"one": 1.0})
    def model(t: Any, u: Any, p: Any) -> dict[str, Any]:
        return dict(zip(names, rates(t, [getattr(u, n) for n in names]), strict=True))

    def path(states: Any) -> Any:
        return np.stack([states[n].reshape(len(times), -1)[:, 0] for n in names], axis=1)

    own = {"t": span, "save": times, "rtol": rtol, "atol": atol}

    @functools.cache
    def target() -> float:
        solution = ps.solve(model, solver="Rodas5P", **own)
        return error(np.stack([solution[n].values for n in names], axis=1))

    def matched(name: str, make: Callable[..., Callable[[float, float], Any]]) -> Entry:
        def prepare() -> Run:
            solve = make(rates, start, times)
            for decade in range(DECADES + 1):
                tight = (max(rtol / 10**decade, 2.3e-14), atol / 10**decade)
                if error(solve(*tight)) <= target():
                    break
            else:
                entry.note = "does not reach this error; "
            entry.note += f"rtol {tight[0]:.0e}, atol {tight[1]:.0e}"
            return lambda: solve(*tight)

        entry = Entry(name, prepare)
        return entry

    entries = [
        *ours.entries("pysciml", model, path, "Rodas5P", solver="Rodas5P", **own),
        # Its kernel is that of Tsit5 up to where the equations turn out to be stiff.
        ours.entries("pysciml_auto", model, path, **own)[0],
        matched("numbalsoda_lsoda", numbalsoda),
        matched("scipy_odeint_numba", odeint),
        matched("scipy_radau", radau),
        matched("diffrax_kvaerno5", functools.partial(diffrax, "Kvaerno5")),
        matched("diffrax_kvaerno3", functools.partial(diffrax, "Kvaerno3")),
    ]
    title = f"t = 0..{times[-1]:g}, {len(times)} times, rtol {rtol:g}, atol {atol:g}"
    return Workload(name, title, entries, error, "of range")


def numbalsoda(rates: Any, start: Any, times: Any) -> Any:
    from numba import cfunc, njit
    from numbalsoda import lsoda, lsoda_sig

    inner, size, y0 = njit(rates), len(start), np.array(start)

    @cfunc(lsoda_sig)
    def right(t: Any, u: Any, du: Any, p: Any) -> None:
        values = inner(t, u)
        for i in range(size):
            du[i] = values[i]

    return lambda rtol, atol: lsoda(right.address, y0, times, rtol=rtol, atol=atol)[0]


def odeint(rates: Any, start: Any, times: Any) -> Any:
    from numba import njit
    from scipy.integrate import odeint

    inner = njit(rates)

    @njit
    def right(t: Any, y: Any) -> Any:
        return np.array(inner(t, y))

    def solve(rtol: float, atol: float) -> Any:
        return odeint(right, start, times, tfirst=True, rtol=rtol, atol=atol, mxstep=100_000)

    return solve


def radau(rates: Any, start: Any, times: Any) -> Any:
    from scipy.integrate import solve_ivp

    span = (0.0, times[-1])
    return lambda rtol, atol: (
        solve_ivp(rates, span, start, "Radau", times, rtol=rtol, atol=atol).y.T
    )


def diffrax(solver: str, rates: Any, start: Any, times: Any) -> Any:
    import diffrax as dx
    import jax
    import jax.numpy as jnp

    @jax.jit
    def solve(y0: Any, rtol: Any, atol: Any) -> Any:
        return dx.diffeqsolve(
            dx.ODETerm(lambda t, y, _: jnp.stack(rates(t, y))),
            getattr(dx, solver)(),
            t0=0.0,
            t1=times[-1],
            dt0=None,
            y0=y0,
            saveat=dx.SaveAt(ts=jnp.asarray(times)),
            stepsize_controller=dx.PIDController(rtol=rtol, atol=atol),
            max_steps=1_000_000,
        ).ys

    def run(rtol: float, atol: float) -> Any:
        with jax.enable_x64(True):
            return np.asarray(solve(np.array(start), rtol, atol))

    return run
