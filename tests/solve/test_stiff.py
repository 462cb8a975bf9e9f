"""Stiff equations: noticed, solved to tolerance everywhere in a step, whatever their size."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import xarray as xr

import pysciml as ps

STIFF = ["Rodas4", "Rodas5P", "Kvaerno5"]
CATALOG = ps.catalog


@ps.model(state={"y": 1.0}, params={"rate": 1e6})
def follower(t, u, p):
    """Prothero & Robinson (1974): y = cos t, however fast deviations from it vanish."""
    return {"y": -p.rate * (u.y - jnp.cos(t)) - jnp.sin(t)}


@functools.cache
def followed(solver):
    rates = xr.DataArray([1e0, 1e2, 1e4, 1e6, 1e8], dims="rate_of")
    return ps.solve(
        follower, t=(0, 3), save=0.01, params={"rate": rates}, solver=solver, rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("solver", [*STIFF, "auto"])
def test_a_fast_follower_is_right_within_steps_too(solver):
    sol = followed(solver)
    # Steps are long, so that nearly all save times lie within one.
    assert (sol.attrs["steps"] / sol.sizes["rate_of"] < 250) & (sol.sizes["time"] == 301)
    error = np.abs(sol.y - np.cos(sol.time))
    assert float(error.max()) < 5e-6


def test_of_a_batch_the_stiff_trajectories_are_handed_over():
    assert followed("auto").attrs["handed_over"] == 3


@pytest.mark.parametrize(
    ("model", "end"),
    [
        (CATALOG.lorenz63(), 30),
        (CATALOG.lotka_volterra(), 50),
        (CATALOG.fitzhugh_nagumo(), 200),
        (CATALOG.van_der_pol(mu=2.0), 50),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_equations_that_are_not_stiff_stay_with_tsit5(model, end):
    sol = ps.solve(model, t=(0, end), save=[end])
    assert not sol.attrs.get("handed_over")


@pytest.mark.parametrize(
    ("model", "end", "atol"),
    [(CATALOG.robertson(), 1e4, 1e-14), (CATALOG.van_der_pol(mu=1000.0), 1500, 1e-8)],
    ids=["robertson", "van_der_pol"],
)
def test_stiff_ones_are_noticed_soon(model, end, atol):
    auto, best = (
        ps.solve(model, t=(0, end), save=[end], solver=solver, rtol=1e-6, atol=atol)
        for solver in ("auto", "Rodas5P")
    )
    assert auto.attrs["handed_over"] == 1
    assert auto.attrs["steps"] < 2 * best.attrs["steps"]
    for name in model.state:
        np.testing.assert_allclose(auto[name], best[name], rtol=1e-4)


@pytest.mark.parametrize("solver", ["Rodas5P", "Kvaerno5"])
def test_mass_is_conserved_and_lanes_do_not_disturb_each_other(solver):
    model, slow = CATALOG.robertson(), xr.DataArray([0.01, 0.04, 0.16], dims="k")
    alike = xr.full_like(slow, 0.16)
    settings = {"t": (0, 1e5), "save": [1e5], "solver": solver, "rtol": 1e-7, "atol": 1e-13}
    sol = ps.solve(model, params={"k1": slow}, **settings)
    assert (sol.y1 + sol.y2 + sol.y3).values == pytest.approx(1, abs=1e-12)
    alone = ps.solve(model, params={"k1": alike}, **settings).isel(k=0)
    for name in model.state:
        np.testing.assert_allclose(sol[name].isel(k=2), alone[name], rtol=1e-9)


def test_a_chain_of_ninety_is_the_matrix_exponential():
    nodes, pull = 90, 4e3
    laplacian = np.diag(np.full(nodes, -2.0)) + np.eye(nodes, k=1) + np.eye(nodes, k=-1)

    @ps.model(state={"u": np.linspace(0, 1, nodes) ** 2}, params={"pull": pull})
    def chain(t, u, p):
        padded = jnp.concatenate([jnp.zeros(1), u.u, jnp.zeros(1)])
        return {"u": p.pull * (padded[2:] - 2 * u.u + padded[:-2])}

    sol = ps.solve(chain, t=(0, 0.05), save=[0.01, 0.05], solver="Rodas5P", rtol=1e-7, atol=1e-9)
    for time in (0.01, 0.05):
        expected = scipy.linalg.expm(pull * time * laplacian) @ np.linspace(0, 1, nodes) ** 2
        found = sol.u.sel(time=time).values
        assert found == pytest.approx(expected, abs=1e-6)
