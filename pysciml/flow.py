"""flow(): the solution map of a model as a pure JAX function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pysciml.errors import CapabilityError
from pysciml.model import Model
from pysciml.request import make_request
from pysciml.solvers import Solver

__all__ = ["flow"]


def flow(
    model: Model,
    *,
    t: tuple[float, float],
    save: Any = None,
    solver: str | Solver = "auto",
    rtol: float | None = None,
    atol: float | None = None,
    dt: float | None = None,
    max_steps: int = 4096,
    max_events: int = 64,
) -> Callable[..., dict[str, Any]]:
    """Make the solution map of a model: a pure function for jax.jit, vmap, grad and jacfwd.

    What is differentiated is the sequence of steps that was taken (a discrete adjoint): steps
    of `dt`, or those that the error estimate chose, whose lengths count as constants. Times of
    events move as the implicit function theorem says. In the choice of adaptive steps two
    derivatives take part, one along a direction in which all initial states move and one in which
    all parameters and inputs do, so that derivatives are accurate also where a state rests; the
    steps are therefore not quite those of :func:`pysciml.solve`.

    Memory, where a gradient is taken backwards: steps between two save times are taken again,
    so that fixed steps need room for the states at the save times, for the steps of one interval
    and for the increments of the noise; where every step is saved they are not taken again, and
    need room for what each computes. Adaptive steps are checkpointed in a tree and need room for
    its depth, which grows with the logarithm of `max_steps`, per save time.

    Parameters
    ----------
    model : Model
        The system.
    t, save, solver, rtol, atol, dt
        As in :func:`pysciml.solve`. ``"auto"`` does not change the solver where equations turn
        out to be stiff; ask for one such as ``ps.Rodas5P()``.
    max_steps : int
        Adaptive steps between two save times, at most. Beyond, the result is NaN.
    max_events : int
        Times that are kept of every event.

    Returns
    -------
    callable
        ``flow(state, params, inputs=None, noise=None) -> dict``. Mappings of names to arrays;
        what is left out has the value of the model. States and parameters may have one more axis,
        the last: a batch, which all results then have too, and which is faster than jax.vmap over
        a first axis. An input that varies in time is a pair
        (times, values) or a triple with the interpolation. `noise` is a JAX key, or increments
        (step, source), for a batch with a last axis. The result has every state, shape
        (n, *shape), and the times of every event, shape (`max_events`,), NaN where there were
        fewer. It computes in float64 where JAX is in 64-bit mode, else in float32.

    Raises
    ------
    InputError
        If an argument is not usable.
    CapabilityError
        If the solver cannot solve the model, or its solutions cannot be differentiated.

    Examples
    --------
    >>> import jax, pysciml as ps
    >>> end = ps.flow(ps.catalog.lotka_volterra(), t=(0, 1), save=[1.0], solver="RK4", dt=0.1)
    >>> slope = jax.grad(lambda a: end({}, {"a": a})["x"][-1])(1.3)
    >>> bool(slope > 0)
    True
    """
    request = make_request(
        model, t=t, save=save, solver=solver, rtol=rtol, atol=atol, dt=dt, engine="jax"
    )
    check_differentiable(model, request.task.solver)
    from pysciml.engines.jax.flow import make_flow

    return make_flow(request.task, request.grid.keep, max_steps, max_events)


def check_differentiable(model: Model, solver: Solver) -> None:
    """Refuse what cannot be differentiated rightly.

    Parameters
    ----------
    model : Model
        The system.
    solver : Solver
        Its solver.

    Raises
    ------
    CapabilityError
        Naming a solver that can.
    """
    if not solver.gradient:
        raise CapabilityError(
            f"Solutions of {solver.name} cannot be differentiated; use a solver that can, such as "
            f"{'ps.EulerMaruyama()' if model.is_stochastic else 'ps.Tsit5() or ps.Rodas5P()'}."
        )
    if model.events and not solver.differentiates_events():
        raise CapabilityError(
            f"{solver.name} lets events happen at the ends of its steps, whose times do not move "
            f"with the parameters, so derivatives of {model.name!r} would be wrong; use an "
            "adaptive solver such as ps.Tsit5()."
        )
