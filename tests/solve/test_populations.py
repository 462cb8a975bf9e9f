"""Populations and networks of the catalogue against their rest, bifurcations and rhythms."""

import numpy as np
import xarray as xr
from rest_points import growth, rates, rest

import pysciml as ps


def test_wilson_cowan_rests_without_input():
    # By construction the responses vanish at 0.
    model = ps.catalog.wilson_cowan()
    assert np.abs(rates(model, [0, 0], P=0.0)).max() < 1e-15
    assert growth(model, [0, 0], P=0.0).real < 0


def test_wilson_cowan_has_a_limit_cycle_at_its_published_parameters():
    # Their figure 11: P = 1.25. Its one point of rest is unstable, and every orbit is bounded.
    model = ps.catalog.wilson_cowan()
    inside = growth(model, [0.15, 0.1], P=1.25)
    assert inside.real > 0
    assert inside.imag != 0
    start = xr.DataArray([0.0, 0.4], dims="orbit")
    sol = ps.solve(model, t=(0, 600), save=0.5, state={"E": start}).sel(time=slice(400, None))
    assert (sol.E.max("time") - sol.E.min("time") > 0.1).all()
    np.testing.assert_allclose(sol.E.max("time")[0], sol.E.max("time")[1], rtol=1e-3)
    np.testing.assert_allclose(sol.I.min("time")[0], sol.I.min("time")[1], rtol=5e-3)


def test_wilson_cowan_has_two_stable_states_at_its_published_parameters():
    # Their figures 4 and 5: hysteresis about P = 0.
    constants = {"c1": 12, "c2": 4, "c3": 13, "c4": 11, "a_e": 1.2, "theta_e": 2.8}
    constants |= {"a_i": 1.0, "theta_i": 4.0, "P": 0.0}
    model = ps.catalog.wilson_cowan()
    low, high = (rest(model, near, **constants) for near in ([0, 0], [0.45, 0.25]))
    assert high[0] - low[0] > 0.3
    for stable in (low, high):
        assert growth(model, stable, **constants).real < 0
    between = rest(model, [0.15, 0.08], **constants)
    assert low[0] < between[0] < high[0]
    assert growth(model, between, **constants).real > 0
