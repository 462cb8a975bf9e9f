"""solve(): the one verb of simulation; ensembles and sweeps are arguments of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pysciml.blocks import run
from pysciml.engines.base import Solution
from pysciml.errors import Interrupted, SolveError
from pysciml.model import Model
from pysciml.request import check_choice, make_request
from pysciml.result import failure, is_failure, label
from pysciml.solvers import Solver

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["solve"]


def solve(
    model: Model,
    *,
    t: tuple[float, float],
    save: float | Any | Literal["steps"] | None = None,
    state: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    trajectories: int | None = None,
    rng: int | np.random.Generator | None = None,
    solver: str | Solver = "auto",
    rtol: float | None = None,
    atol: float | None = None,
    dt: float | None = None,
    increments: Any = None,
    engine: str = "auto",
    device: str = "cpu",
    dtype: Literal["float64", "float32"] = "float64",
    on_error: Literal["raise", "return"] = "raise",
    progress: bool = False,
    client: Any = None,
) -> xr.Dataset:
    """Solve a model; one trajectory, an ensemble, or a sweep over labelled values.

    Parameters
    ----------
    model : Model
        The system.
    t : tuple of float
        Initial and final time, in the model's unit of time.
    save : float, array or "steps", optional
        Step between save times, the first of which is the initial time; the save times
        themselves; or every step of a fixed-step solver. A thousandth of the span unless given.
    state, params, inputs : mapping, optional
        Values in place of the model's own. A DataArray with dims that the variable does not
        have is a sweep: its dims become dims of the result.
    trajectories : int, optional
        Size of an ensemble; the result has a dim ``trajectory``.
    rng : int or numpy.random.Generator, optional
        Seed of the noise. Trajectory i of a seed is the same whatever the size of the ensemble.
    solver : Solver or str
        Settings object or its name; see :func:`pysciml.solvers.resolve` for ``"auto"``.
    rtol, atol : float, optional
        Tolerances of an adaptive solver; 1e-6 and 1e-9 unless given.
    dt : float, optional
        Largest step of a fixed-step solver; shortened so that steps end on save times. The
        shorter of the step between save times and a thousandth of the span unless given.
    increments : array, optional
        Brownian increments in place of `rng`: (step, source) or (trajectory, step, source).
        They are the same for all values of a sweep.
    engine : {"auto", "julia", "jax"}
        The engine that runs it. ``"auto"`` is julia where Julia is ready without a download and
        takes the model, else jax; the attribute ``engine_reason`` of the result says why.
    device : {"cpu", "gpu"}
        Where it runs.
    dtype : {"float64", "float32"}
        In which precision.
    on_error : {"raise", "return"}
        Whether a failed trajectory raises, or is NaN from where it failed. With ``"return"`` the
        result has the variable ``status``, 0 where a trajectory reached the end.
    progress : bool
        Whether to show a bar where a large ensemble is solved in several blocks.
    client : dask.distributed.Client, optional
        Where to solve the blocks, in place of this process; the numbers are the same.

    Returns
    -------
    xarray.Dataset
        One variable per state with dims (trajectory, sweep dims, time, own dims); attributes
        record engine, versions, solver, tolerances, seed, status and counts.

    Raises
    ------
    InputError
        If an argument is not usable; the message says how to mend it.
    CapabilityError
        If the solver cannot solve the model.
    SolveError
        If a trajectory does not reach the end; names trajectory, variable and time.
    Interrupted
        After Ctrl-C on the julia engine; a KeyboardInterrupt whose ``partial`` is the Dataset of
        what was solved until then.

    Examples
    --------
    >>> import pysciml as ps
    >>> sol = ps.solve(ps.catalog.lotka_volterra(), t=(0, 10), save=0.1)
    >>> sol.x.dims, sol.sizes["time"]
    (('time',), 101)
    """
    check_choice("on_error", on_error, ("raise", "return"))
    request = make_request(
        model,
        t=t,
        save=save,
        state=state,
        params=params,
        inputs=inputs,
        trajectories=trajectories,
        rng=rng,
        solver=solver,
        rtol=rtol,
        atol=atol,
        dt=dt,
        increments=increments,
        engine=engine,
        device=device,
        dtype=dtype,
    )
    try:
        solution = run(request.task, request.chosen.engine, client=client, progress=progress)
    except Interrupted as error:
        if not isinstance(error.partial, Solution):
            raise
        raise Interrupted(str(error), label(request, error.partial, status=True)) from error
    if on_error == "raise" and np.any(is_failure(solution.status)):
        raise SolveError(failure(request.task, solution, request.sweep))
    return label(request, solution, status=on_error == "return")
