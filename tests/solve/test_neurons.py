"""The neurons of the catalogue against their rest, their bifurcations and their firing."""

import numpy as np
import xarray as xr
from rest_points import growth, rest

import pysciml as ps


def crossings(trace, level=0.0):
    """Give the times at which a trace crosses a level upwards."""
    v, t = trace.values, trace.time.values
    at = np.flatnonzero((v[:-1] < level) & (v[1:] >= level))
    return t[at] + (level - v[at]) / (v[at + 1] - v[at]) * (t[at + 1] - t[at])


def test_fitzhugh_nagumo_rests_at_the_root_of_its_cubic():
    a, b = 0.7, 0.8
    for current in (0.0, 0.5, 1.0):
        roots = np.roots([-1 / 3, 0, 1 - 1 / b, current - a / b])
        expected = roots[np.isreal(roots)].real
        v, w = rest(ps.catalog.fitzhugh_nagumo(), [expected[0], 0.0], current=current)
        assert expected.size == 1
        np.testing.assert_allclose([v, w], [expected[0], (expected[0] + a) / b], rtol=1e-9)


def test_fitzhugh_nagumo_fires_between_its_two_hopf_bifurcations():
    # The trace 1 - v^2 - b / tau vanishes at v = -+sqrt(1 - b / tau); the current follows.
    model, a, b, tau = ps.catalog.fitzhugh_nagumo(), 0.7, 0.8, 12.5
    for side in (-1, 1):
        v = side * np.sqrt(1 - b / tau)
        current = (v + a) / b - v + v**3 / 3
        assert abs(growth(model, [v, (v + a) / b], current=current).real) < 1e-12
    currents = xr.DataArray([0.2, 0.5, 1.2, 1.6], dims="current", name="current")
    sol = ps.solve(model, t=(0, 400), save=0.5, inputs={"current": currents})
    late = sol.v.sel(time=slice(200, None))
    swing = (late.max("time") - late.min("time")).values
    assert (swing[[0, 3]] < 0.01).all()
    assert (swing[[1, 2]] > 2).all()
