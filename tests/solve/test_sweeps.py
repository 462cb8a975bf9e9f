"""A sweep is a dimension: its values are what separate solves give, whatever the shapes."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import pysciml as ps

N = 3


@ps.model(
    state={"x": ps.Variable(np.ones(N), dims="node"), "s": 0.5},
    params={"k": ps.Variable(np.arange(1.0, N + 1), "1/s", dims="node"), "m": np.eye(N), "c": 0.3},
    inputs={"drive": 0.1},
)
def mixed(t, u, p, x):
    """Rates in which every entry of every parameter counts, and time too."""
    pull = p.m @ u.x - p.k * u.x
    return {"x": pull + p.c * u.s + x.drive * jnp.cos(t), "s": p.k[0] - u.s * u.x.sum()}


SETTINGS = {"t": (0, 1), "save": 0.25, "dt": 0.25, "solver": "Heun"}


def node(values, *dims, **coords):
    return xr.DataArray(values, dims=("node", *dims), coords=coords)


def random(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


@pytest.mark.parametrize("count", [1, N])
def test_a_sweep_over_an_array_is_separate_solves(count):
    # Also where the sweep has one value, or as many as the array has entries.
    k = node(random(N, count), "trial")
    swept = ps.solve(mixed, **SETTINGS, params={"k": k})
    assert swept.x.dims == ("trial", "time", "node")
    assert swept.s.dims == ("trial", "time")
    assert swept.k.dims == ("node", "trial")
    assert swept.k.attrs == {"units": "1/s"}
    for i in range(count):
        alone = ps.solve(mixed, **SETTINGS, params={"k": k.values[:, i]})
        xr.testing.assert_allclose(swept.x.isel(trial=i).drop_vars("k"), alone.x, rtol=1e-13)


def test_values_go_by_the_names_of_their_dims_not_by_their_order():
    k, m, s = random(N, 2), random(2, 4, N, N), random(4)
    swept = ps.solve(
        mixed,
        **SETTINGS,
        params={
            "k": node(k, "a").transpose("a", "node"),
            "m": xr.DataArray(m, dims=("a", "b", "m_0", "m_1")).transpose("m_0", "b", "m_1", "a"),
        },
        state={"s": xr.DataArray(s, dims="b")},
    )
    for a in range(2):
        for b in range(4):
            alone = ps.solve(
                mixed, **SETTINGS, params={"k": k[:, a], "m": m[a, b]}, state={"s": s[b]}
            )
            found = swept.isel(a=a, b=b)
            np.testing.assert_allclose(found.x, alone.x, rtol=1e-13)
            np.testing.assert_allclose(found.s, alone.s, rtol=1e-13)


def test_values_over_one_dim_go_together_and_over_two_make_a_grid():
    c, drive = xr.DataArray([0.1, 0.2], dims="i"), xr.DataArray([1.0, 2.0], dims="i")
    pairs = ps.solve(mixed, **SETTINGS, params={"c": c}, inputs={"drive": drive})
    grid = ps.solve(mixed, **SETTINGS, params={"c": c}, inputs={"drive": drive.rename(i="j")})
    assert pairs.s.dims == ("i", "time")
    assert grid.s.dims == ("i", "j", "time")
    for i in range(2):
        np.testing.assert_allclose(pairs.s.isel(i=i), grid.s.isel(i=i, j=i), rtol=1e-13)


def test_every_lane_of_an_adaptive_solve_keeps_its_own_steps_and_time():
    # x' = k cos(k t) t-dependent rates: a lane that used another's time would be far off.
    wave = ps.model(state={"x": 0.0}, params={"k": 1.0})(
        lambda t, u, p: {"x": p.k * jnp.cos(p.k * t)}
    )
    k = xr.DataArray([0.5, 3.0, 20.0], dims="k")
    sol = ps.solve(wave, t=(0, 5), save=0.5, params={"k": k}, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(sol.x, np.sin(k * sol.time), atol=1e-7)


def test_labels_name_the_trajectory_and_units_the_axis():
    c = xr.DataArray([0.1, 0.2], dims="dose", coords={"dose": ["low", "high"]})
    sol = ps.solve(mixed, **SETTINGS, params={"c": c})
    assert sol.dose.values.tolist() == ["low", "high"]
    assert sol.c.sel(dose="high").item() == 0.2
    k = xr.DataArray([0.1, 0.2], dims="c", name="c")
    assert ps.solve(mixed, **SETTINGS, params={"c": k}).s.sel(c=0.2).dims == ("time",)


def test_the_order_of_the_oscillators_does_not_matter():
    n, rng = 4, np.random.default_rng(5)
    values = {name: rng.uniform(-1, 1, n) for name in ("x", "y", "a", "omega")}
    coupling, order = rng.uniform(0, 0.2, (n, n)), np.array([2, 0, 3, 1])
    dw = rng.normal(0, 0.05**0.5, (20, 2 * n))

    def solve(permute):
        return ps.solve(
            ps.catalog.stuart_landau(n, noise=0.3),
            t=(0, 1),
            save="steps",
            dt=0.05,
            state={name: values[name][permute] for name in ("x", "y")},
            params={
                "a": values["a"][permute],
                "omega": values["omega"][permute],
                "C": coupling[np.ix_(permute, permute)],
            },
            increments=dw[:, np.concatenate([permute, n + permute])],
        )

    plain, permuted = solve(np.arange(n)), solve(order)
    for name in ("x", "y"):
        np.testing.assert_allclose(permuted[name], plain[name].values[:, order], rtol=1e-11)
