"""sensitivities(): labelled derivatives of a solution by parameters, initial states and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pysciml.engines.base import SolveTask
from pysciml.errors import CapabilityError, InputError, SolveError, suggest
from pysciml.flow import check_differentiable
from pysciml.forcing import Series
from pysciml.model import Model
from pysciml.request import make_request
from pysciml.result import failure, is_failure, label
from pysciml.solvers import Solver

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sensitivities"]


def sensitivities(
    model: Model,
    *,
    wrt: str | Sequence[str],
    t: tuple[float, float],
    save: Any = None,
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
) -> xr.Dataset:
    """Differentiate a solution, forwards in time along with it.

    Of a stochastic model the paths are differentiated, with their noise held fixed.

    Parameters
    ----------
    model : Model
        The system.
    wrt : str or sequence of str
        Parameters, inputs, or states; a state stands for its initial value.
    t, save, state, params, inputs, trajectories, rng, solver, rtol, atol, dt, increments
        As in :func:`pysciml.solve`. ``"auto"`` does not change the solver where equations turn
        out to be stiff; ask for one such as ``ps.Rodas5P()``.
    engine, device, dtype
        As in :func:`pysciml.solve`.

    Returns
    -------
    xarray.Dataset
        A variable ``d<state>_d<name>`` for every pair, with the dims of the solution of the state
        and then those of the parameter; attributes as those of the solution, with the route of
        the derivatives and the reason for it.

    Raises
    ------
    InputError
        If a name is unknown or an argument is not usable.
    CapabilityError
        If solutions of the solver cannot be differentiated.
    SolveError
        If a trajectory does not reach the end.

    Notes
    -----
    Adaptive steps are as short as the derivatives need, not the solution alone: the local error
    of a step is the largest among those of the solution and of its derivative by every component,
    each in units of the tolerances. So derivatives are accurate where a state rests, too.

    Examples
    --------
    >>> import pysciml as ps
    >>> sens = ps.sensitivities(ps.catalog.lotka_volterra(), wrt="a", t=(0, 1), save=0.5)
    >>> sorted(sens.data_vars), sens["dx_da"].dims
    (['dx_da', 'dy_da'], ('time',))
    """
    names = (wrt,) if isinstance(wrt, str) else wrt if isinstance(wrt, Sequence) else ()
    names = tuple(names)
    if not names or "" in names:
        raise InputError(
            "wrt must name what to differentiate by, such as wrt='a' or wrt=['a', 'b']; got "
            f"{wrt!r}."
        )
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
    known = {**model.state, **model.params, **model.inputs}
    for name in names:
        if name not in known:
            raise InputError(f"{model.name!r} has no {name!r}.{suggest(str(name), known)}")
        if isinstance(request.task.inputs.get(name), Series):
            raise CapabilityError(
                f"Input {name!r} varies in time, and a derivative by every value of its series is "
                "large; use ps.flow, whose gradient reaches the values."
            )
    check_differentiable(model, request.task.solver)
    derivatives, solution = request.chosen.engine.sensitivities(request.task, names)
    if np.any(is_failure(solution.status)):
        hint = "or its derivatives did, as those of the square root do at zero"
        raise SolveError(failure(request.task, solution, request.sweep, hint))
    made = _labelled(request, label(request, solution, status=False), derivatives)
    return made.assign_attrs(_route(request.task, names))


def _route(task: SolveTask, names: tuple[str, ...]) -> dict[str, str]:
    known = {**task.model.state, **task.model.params, **task.model.inputs}
    count = sum(known[name].size for name in names)
    steps = "whose lengths they help to choose" if task.solver.adaptive else "of fixed length"
    reason = (
        f"every state at every time is differentiated by {count} numbers, so {count} tangents are "
        f"carried forward with the solution, in its steps, {steps}"
    )
    return {"gradient_route": "tangents", "gradient_reason": reason}


def _labelled(request: Any, solved: xr.Dataset, derivatives: Mapping[Any, np.ndarray]) -> Any:
    import xarray as xr

    model, made = request.task.model, {}
    known = {**model.state, **model.params, **model.inputs}
    coords: dict[Any, Any] = dict(solved.coords)
    for (state, name), raw in derivatives.items():
        by = known[name]
        axes = by.axes(name)
        own = model.state[state].axes(state)
        # An axis that state and parameter share would be there twice.
        named = tuple(f"{axis}_of_{name}" if axis in own else axis for axis in axes)
        moved = np.moveaxis(raw[request.grid.keep], -1, 0)
        moved = moved.reshape(*request.sweep.sizes, *moved.shape[1:])
        attributes = {"long_name": f"derivative of {state} by {name}"}
        units = (model.state[state].units, by.units)
        if all(units):
            attributes["units"] = f"({units[0]})/({units[1]})"
        made[f"d{state}_d{name}"] = ((*solved[state].dims, *named), moved, attributes)
        for axis, given in zip(axes, named, strict=True):
            if axis in by.coords:
                coords[given] = (given, np.asarray(by.coords[axis]))
    return xr.Dataset(made, coords, solved.attrs)
