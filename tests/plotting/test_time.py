"""States over time: what is drawn is the solution."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from small_results import UNITS, labels, result

from pysciml.errors import InputError
from pysciml.plotting import plot_solution
from pysciml.plotting.style import COLOURS


def test_states_of_the_same_units_are_lines_of_one_panel():
    sol = result(["time"], 21)
    axes = sol.sciml.plot.time()
    first, second = axes.get_lines()
    assert np.array_equal(first.get_xdata(), sol.time)
    assert np.array_equal(first.get_ydata(), sol.v)
    assert np.array_equal(second.get_ydata(), sol.w)
    assert labels(axes) == ["v", "w"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time, ms", "mV")


def test_one_state_is_named_on_its_axis():
    axes = result(["time"], 21).sciml.plot.time("w")
    assert axes.get_ylabel() == "membrane potential w, mV"
    assert labels(axes) == []
    assert result(["time"], 21, attrs={"units": "1"}).sciml.plot.time("v").get_ylabel() == "v"


def test_a_long_name_is_broken_but_keeps_its_symbol():
    sol = result(["time"], 21, attrs={"long_name": "a quantity with a remarkably long name"})
    lines = sol.sciml.plot.time("v").get_ylabel().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("name v")


def test_different_units_have_a_panel_each():
    sol = result(["time"], 21)
    sol.w.attrs = {"units": "nA"}
    upper, lower = sol.sciml.plot.time()
    assert np.array_equal(lower.get_lines()[0].get_ydata(), sol.w)
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("membrane\npotential v, mV", "w, nA")
    assert (upper.get_xlabel(), lower.get_xlabel()) == ("", "time, ms")
    assert len(result(["time"], 21).sciml.plot.time(panels=True)) == 2


def test_given_axes_are_drawn_into():
    sol = result(["time"], 21)
    _, axes = plt.subplots()
    assert sol.sciml.plot.time("v", ax=axes) is axes
    assert sol.sciml.plot("w", ax=axes) is axes
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == [
        sol.v.values.tolist(),
        sol.w.values.tolist(),
    ]
    _, pair = plt.subplots(2, 1)
    drawn = sol.sciml.plot.time(ax=pair)
    assert list(drawn) == list(pair)
    assert np.array_equal(pair[1].get_lines()[0].get_ydata(), sol.w)


@pytest.mark.parametrize("order", [("trajectory", "time"), ("time", "trajectory")])
def test_bands_are_the_quantiles_of_the_ensemble(order):
    sol = result(["trajectory", "time"], 40, 21, states=["v"]).transpose(*order)
    axes = sol.sciml.plot.time(bands=(0.5, 0.8))
    assert labels(axes) == ["median of 40", "25 to 75 %", "10 to 90 %"]
    (line,) = axes.get_lines()
    assert np.allclose(line.get_ydata(), sol.v.median("trajectory"), rtol=0, atol=1e-14)
    for band, (low, high) in zip(axes.collections, [(0.25, 0.75), (0.1, 0.9)], strict=True):
        corners = band.get_paths()[0].vertices
        for quantile, pick in ((low, np.min), (high, np.max)):
            edge = [pick(corners[corners[:, 0] == time, 1]) for time in sol.time.values]
            expected = sol.v.quantile(quantile, "trajectory")
            assert np.allclose(edge, expected, rtol=0, atol=1e-12)


def test_bands_of_several_states_are_explained_once():
    axes = result(["trajectory", "time"], 40, 21).sciml.plot.time()
    assert labels(axes) == ["v", "w", "median of 40", "25 to 75 %", "5 to 95 %"]
    assert len(axes.collections) == 4


def test_few_trajectories_are_thin_lines():
    sol = result(["trajectory", "time"], 3, 21, states=["v"])
    axes = sol.sciml.plot.time()
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == sol.v.values.tolist()
    assert labels(axes) == ["3 trajectories"]


def test_trajectories_that_ended_are_told():
    sol = result(["trajectory", "time"], 20, 21, states=["v"])
    sol.v[:3, 15:] = np.nan
    axes = sol.sciml.plot.time()
    assert labels(axes)[0] == "median of 20\n3 of 20 end early"
    assert np.allclose(axes.get_lines()[0].get_ydata(), sol.v.median("trajectory"))
    sol.v[:, 15:] = np.nan
    assert np.isnan(sol.sciml.plot.time().get_lines()[0].get_ydata()[15:]).all()


def test_few_values_of_a_sweep_are_named_and_many_have_a_scale():
    few = result(["a", "time"], 3, 21, states=["v"], a=("a", [1.0, 1.5, 2.5], {"units": "nA"}))
    axes = few.sciml.plot.time()
    assert labels(axes) == ["a = 1", "a = 1.5", "a = 2.5"]
    many = result(["a", "time"], 30, 21, a=("a", np.linspace(1, 2, 30), {"units": "nA"}))
    upper, lower = many.sciml.plot.time()
    assert [line.get_ydata().tolist() for line in lower.get_lines()] == many.w.values.tolist()
    (scale,) = (axes for axes in upper.figure.axes if axes not in (upper, lower))
    assert scale.get_ylabel() == "a, nA"
    assert scale.get_ylim() == (1.0, 2.0)
    lightness = [np.mean(line.get_color()[:3]) for line in lower.get_lines()]
    assert np.all(np.diff(lightness) > 0)


def test_values_spaced_by_a_factor_have_a_logarithmic_scale():
    sol = result(["a", "time"], 13, 21, states=["v"], a=np.geomspace(0.01, 10, 13))
    axes = sol.sciml.plot.time()
    (scale,) = (one for one in axes.figure.axes if one is not axes)
    assert scale.get_yscale() == "log"


def test_an_ensemble_at_each_value_of_a_sweep():
    sol = result(["trajectory", "a", "time"], 30, 9, 21, states=["v"], a=np.arange(9.0))
    axes = sol.sciml.plot.time()
    drawn = np.array([line.get_ydata() for line in axes.get_lines()])
    assert np.allclose(drawn, sol.v.median("trajectory"), rtol=0, atol=1e-14)
    assert axes.get_ylabel().endswith("median of 30")


def test_few_components_are_lines_by_their_names():
    sol = result(["time", "node"], 21, 2, states=["v"], node=["soma", "axon"])
    axes = sol.sciml.plot.time()
    assert labels(axes) == ["soma", "axon"]
    assert np.array_equal(axes.get_lines()[1].get_ydata(), sol.v.sel(node="axon"))
    plain = result(["time", "v_0"], 21, 2, states=["v"])
    assert labels(plain.sciml.plot.time()) == ["v[0]", "v[1]"]
    two = result(["a", "time", "node"], 2, 21, 2, states=["v"], a=[1, 2], node=["s", "t"])
    assert labels(two.sciml.plot.time()) == ["a = 1, s", "a = 1, t", "a = 2, s", "a = 2, t"]


def test_many_components_are_an_image():
    sol = result(["time", "region"], 21, 12, states=["v"], region=[f"r{i}" for i in range(12)])
    axes = sol.sciml.plot.time()
    assert axes.get_lines() == []
    (image,) = axes.collections
    assert np.array_equal(np.ma.filled(image.get_array(), np.nan), sol.v.T)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == sol.region.values.tolist()
    bar = next(one for one in axes.figure.axes if one is not axes)
    assert bar.get_ylabel() == "membrane potential v, mV"
    largest = float(abs(sol.v).max())
    assert image.get_clim() == (-largest, largest)


def test_an_image_over_space_has_its_axis():
    place = ("place", np.linspace(0, 3, 16), {"units": "mm"})
    sol = result(["trajectory", "time", "place"], 10, 21, 16, states=["v"], place=place)
    axes = sol.sciml.plot.time()
    assert axes.get_ylabel() == "place, mm"
    shown = axes.collections[0].get_array()
    assert np.allclose(shown, sol.v.median("trajectory").T, rtol=0, atol=1e-14)
    assert axes.get_ylim() == pytest.approx((-0.1, 3.1))


def test_a_figure_without_pyplot_has_the_same_panels():
    sol = result(["trajectory", "time"], 30, 21)
    before = plt.get_fignums()
    panels = plot_solution(sol).get_axes()
    assert plt.get_fignums() == before
    for panel, axes in zip(panels, sol.sciml.plot.time(panels=True), strict=True):
        (line,), (other,) = panel.get_lines(), axes.get_lines()
        assert np.array_equal(line.get_ydata(), other.get_ydata())
        assert to_hex(line.get_color()) == COLOURS["model"]
        assert panel.get_ylabel() == axes.get_ylabel()


def test_the_style_of_the_user_is_kept():
    before = dict(plt.rcParams)
    result(["time"], 21).sciml.plot.time()
    assert dict(plt.rcParams) == before


def refuse(words, draw):
    with pytest.raises(InputError, match=words) as caught:
        draw()
    assert str(caught.value).endswith((".", "?"))


def test_what_cannot_be_drawn_is_said():
    sol = result(["time"], 21, states=["voltage", "w"])
    refuse("no state 'volage'. Did you mean 'voltage'?", lambda: sol.sciml.plot.time("volage"))
    ended = sol.isel(time=-1)
    refuse("no variable of the result has a time axis", ended.sciml.plot.time)
    sol["status"] = xr.DataArray([0, 1], dims="a")
    refuse(r"'status' has no time axis; it is over \(a\)", lambda: sol.sciml.plot.time("status"))
    refuse("one Axes per state|the Axes of a figure", lambda: sol.sciml.plot.time(ax="here"))
    refuse("bands", lambda: sol.sciml.plot.time(bands=(50, 90)))
    sol.w.attrs = {**UNITS, "units": "nA"}
    _, axes = plt.subplots()
    refuse("need one panel each", lambda: sol.sciml.plot.time(ax=axes))
    _, three = plt.subplots(3)
    refuse("3 Axes for the states voltage, w", lambda: sol.sciml.plot.time(ax=three))
    field = result(["time", "row", "column"], 21, 5, 4, states=["v"])
    refuse(r"20 curves over \(row, column\)", field.sciml.plot.time)
    wide = result(["time"], 21, states=[f"s{i}" for i in range(9)])
    refuse("9 states are too many panels", wide.sciml.plot.time)
