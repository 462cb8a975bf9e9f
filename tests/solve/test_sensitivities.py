"""Labelled derivatives, against central differences of ps.solve and against closed forms."""

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.errors import CapabilityError, InputError, SolveError

TIGHT = {"t": (0, 2), "save": [0.5, 2.0], "rtol": 1e-9, "atol": 1e-11}
CENTRE = xr.DataArray([0.4, -0.3], dims="region", coords={"region": ["left", "right"]})


@ps.model(
    state={
        "x": ps.Variable(1.2, units="mV"),
        "z": ps.Variable(CENTRE, units="m"),
    },
    params={
        "rate": ps.Variable(0.6, units="1/s"),
        "mix": ps.Variable([[0.1, 1.1], [-0.9, 0.3]], dims=("region", "origin")),
        "gain": ps.Variable(CENTRE + 1, units="s"),
    },
    inputs={"drive": 0.2},
)
def mixed(t, u, p, x):
    return {
        "x": -p.rate * u.x**3 + t * u.z[0] / 2,
        "z": p.mix @ u.z * u.x + x.drive * p.gain,
    }


@pytest.fixture(scope="module")
def derived():
    return ps.sensitivities(mixed, wrt=["rate", "gain", "mix", "drive", "x", "z"], **TIGHT)


def differences(name, size=1e-4, model=mixed, settings=TIGHT):
    """Central differences by every component, as the last axes."""
    group = next(g for g in ("state", "params", "inputs") if name in getattr(model, g))
    value = getattr(model, group)[name].array
    rows = []
    for index in np.ndindex(value.shape):
        ends = []
        for sign in (1, -1):
            moved = value.copy()
            moved[index] += sign * size
            ends.append(ps.solve(model, **settings, **{group: {name: moved}}))
        rows.append((ends[0] - ends[1]) / (2 * size))
    return {
        state: np.stack([row[state].values for row in rows], axis=-1).reshape(
            *rows[0][state].shape, *value.shape
        )
        for state in model.state
    }


@pytest.mark.parametrize("name", ["rate", "gain", "mix", "drive", "x", "z"])
def test_derivatives_are_central_differences(name, derived):
    for state, expected in differences(name).items():
        np.testing.assert_allclose(derived[f"d{state}_d{name}"], expected, rtol=1e-5, atol=1e-6)


def test_every_pair_has_dims_units_and_coords(derived):
    assert len(derived.data_vars) == 12
    assert derived.dx_drate.dims == ("time",)
    assert derived.dz_drate.dims == ("time", "region")
    assert derived.dx_dmix.dims == ("time", "region", "origin")
    assert derived.dx_dgain.dims == ("time", "region")
    # An axis that both have is there once for each.
    assert derived.dz_dgain.dims == ("time", "region", "region_of_gain")
    assert derived.dz_dz.dims == ("time", "region", "region_of_z")
    assert derived.dz_dmix.dims == ("time", "region", "region_of_mix", "origin")
    for axis in ("region", "region_of_gain", "region_of_z"):
        assert derived[axis].values.tolist() == ["left", "right"]
    assert derived.time.values.tolist() == [0.5, 2.0]
    assert derived.dx_drate.attrs["units"] == "(mV)/(1/s)"
    assert derived.dz_dx.attrs["units"] == "(m)/(mV)"
    assert "units" not in derived.dx_ddrive.attrs
    assert derived.dx_drate.attrs["long_name"] == "derivative of x by rate"
    assert derived.attrs["solver"] == "Tsit5"
    assert derived.attrs["model"] == "mixed"


def test_the_route_of_the_derivatives_is_said(derived):
    assert derived.attrs["gradient_route"] == "tangents"
    assert "by 11 numbers" in derived.attrs["gradient_reason"]
    fixed = ps.sensitivities(mixed, wrt="rate", t=(0, 1), solver="RK4", dt=0.5)
    assert "in its steps, of fixed length" in fixed.attrs["gradient_reason"]


def test_a_start_moves_a_linear_solution_by_its_exponential():
    decay = ps.model(state={"x": 1.0}, params={"k": 0.5})(lambda t, u, p: {"x": -p.k * u.x})
    k = xr.DataArray([0.5, 1.0, 2.0], dims="k")
    x = xr.DataArray([1.0, 3.0], dims="start", coords={"start": ["low", "high"]})
    sens = ps.sensitivities(decay, wrt=["x", "k"], state={"x": x}, params={"k": k}, **TIGHT)
    # The dims of a sweep are those of the solution.
    sol = ps.solve(decay, state={"x": x}, params={"k": k}, **TIGHT)
    assert sens.dx_dx.dims == sens.dx_dk.dims == sol.x.dims
    assert sens.start.values.tolist() == ["low", "high"]
    known = np.exp(-sol.k * sol.time)
    xr.testing.assert_allclose(sens.dx_dx.drop_attrs(), known.broadcast_like(sens.dx_dx), rtol=1e-6)
    by_k = (-sol.time * known * x).transpose(*sens.dx_dk.dims)
    xr.testing.assert_allclose(sens.dx_dk.drop_attrs(), by_k, rtol=1e-6)


@pytest.mark.parametrize("solver", ["Tsit5", "Dopri5", "Dopri8", "Rodas4", "Rodas5P", "Kvaerno5"])
def test_where_a_state_rests_its_derivatives_are_as_accurate_as_elsewhere(solver):
    # A membrane at rest: its potential does not move, its derivatives do.
    neuron = ps.catalog.leaky_integrate_and_fire()
    sens = ps.sensitivities(
        neuron, wrt=["current", "rest", "v"], t=(0, 20), save=[5.0, 20.0], solver=solver
    )
    left = np.exp(-sens.time.values / 10)
    np.testing.assert_allclose(sens.dv_dcurrent, 10 * (1 - left), rtol=3e-6)
    np.testing.assert_allclose(sens.dv_drest, 1 - left, rtol=3e-6)
    np.testing.assert_allclose(sens.dv_dv, left, rtol=1e-5)


def test_a_single_name_and_fixed_steps():
    settings = {"t": (0, 2), "save": [0.5, 2.0], "dt": 0.1}
    sens = ps.sensitivities(mixed, wrt="rate", **settings)
    assert sorted(sens.data_vars) == ["dx_drate", "dz_drate"]
    expected = differences("rate", settings=settings)
    np.testing.assert_allclose(sens.dz_drate, expected["z"], rtol=1e-6, atol=1e-8)


def test_paths_are_differentiated_with_their_noise_held_fixed():
    # x = exp((a - b^2 / 2) t + b w): dx/db = (w - b t) x, for a path that ends at w.
    growth = ps.model(state={"x": 1.0}, params={"a": 0.3, "b": 0.5})(
        lambda t, u, p: {"x": p.a * u.x}
    )
    growth = growth.noise(lambda t, u, p: {"x": p.b * u.x})
    dw = np.random.default_rng(0).normal(0, 1e-3**0.5, (20, 1000, 1))
    settings = {"t": (0, 1), "save": [1.0], "dt": 1e-3, "trajectories": 20, "solver": "Milstein"}
    sens = ps.sensitivities(growth, wrt=["a", "b"], increments=dw, **settings)
    assert sens.dx_da.dims == ("trajectory", "time")
    w = dw.sum((1, 2))
    x = np.exp(0.3 - 0.5**2 / 2 + 0.5 * w)
    np.testing.assert_allclose(sens.dx_da[:, 0], x, rtol=0.01)
    np.testing.assert_allclose(sens.dx_db[:, 0], (w - 0.5) * x, atol=0.03)


def test_a_seed_gives_the_paths_that_ps_solve_has():
    noisy = mixed.noise(lambda t, u, p, x: {"x": p.rate * u.x / 5, "z": 0.1 * u.z})
    settings = {"t": (0, 2), "save": [2.0], "dt": 0.1, "trajectories": 3, "rng": 4}
    sens = ps.sensitivities(noisy, wrt="rate", **settings)
    ends = [ps.solve(noisy, params={"rate": 0.6 + s}, **settings) for s in (1e-5, -1e-5)]
    expected = (ends[0] - ends[1]) / 2e-5
    np.testing.assert_allclose(sens.dx_drate, expected.x, rtol=1e-6)
    np.testing.assert_allclose(sens.dz_drate, expected.z, rtol=1e-6, atol=1e-8)


def test_names_and_series_that_cannot_be_meant_are_refused():
    with pytest.raises(InputError, match=r"'mixed' has no 'rat'\. Did you mean 'rate'\?"):
        ps.sensitivities(mixed, wrt="rat", t=(0, 1))
    course = xr.DataArray([0.0, 1.0], dims="time", coords={"time": [0.0, 2.0]})
    with pytest.raises(CapabilityError, match=r"varies in time, .* use ps\.flow"):
        ps.sensitivities(mixed, wrt="drive", inputs={"drive": course}, **TIGHT)
    for nothing in ([], "", 3):
        with pytest.raises(InputError, match="wrt must name"):
            ps.sensitivities(mixed, wrt=nothing, t=(0, 1))


def test_what_fails_or_cannot_be_differentiated_is_said():
    explosive = ps.model(state={"x": 1.0}, params={"k": 1.0})(lambda t, u, p: {"x": p.k * u.x**2})
    with pytest.raises(SolveError, match="'x' became NaN or infinite"):
        ps.sensitivities(explosive, wrt="k", t=(0, 2), save=0.5, dt=0.01)
    steep = ps.model(state={"x": 0.0}, params={"k": 1.0})(lambda t, u, p: {"x": p.k * u.x**0.5})
    with pytest.raises(SolveError, match="derivatives did, as those of the square root do at zero"):
        ps.sensitivities(steep, wrt="x", t=(0, 1), save=[1.0])
    spiking = explosive.with_event("up", when=lambda t, u, p: u.x - 1.1)
    with pytest.raises(CapabilityError, match=r"derivatives of .* would be wrong; use an adaptive"):
        ps.sensitivities(spiking, wrt="k", t=(0, 0.5), save=0.1, dt=0.01)
