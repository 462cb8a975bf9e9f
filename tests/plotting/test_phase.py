"""States against each other."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from small_results import labels, result

from pysciml.errors import InputError


def test_the_plane_of_two_states():
    sol = result(["time"], 21)
    axes = sol.sciml.plot.phase("w", "v")
    line, start = axes.get_lines()
    assert np.array_equal(line.get_xdata(), sol.w)
    assert np.array_equal(line.get_ydata(), sol.v)
    assert (start.get_xdata()[0], start.get_ydata()[0]) == (sol.w[0], sol.v[0])
    assert axes.get_xlabel() == "membrane potential w, mV"
    assert axes.get_ylabel() == "membrane potential v, mV"


def test_the_space_of_three_states_and_the_choice_of_them():
    sol = result(["time"], 21, states=["x", "y", "z", "w"])
    axes = sol.sciml.plot.phase()
    assert np.array_equal(axes.get_lines()[0].get_data_3d(), [sol.x, sol.y, sol.z])
    assert axes.get_zlabel().endswith("z, mV")
    two = result(["time"], 21)
    assert np.array_equal(two.sciml.plot.phase().get_lines()[0].get_ydata(), two.w)


def test_each_trajectory_and_each_value_of_a_sweep_is_a_line():
    sol = result(["trajectory", "a", "time"], 2, 10, 21, a=("a", np.arange(10.0), {"units": "nA"}))
    axes = sol.sciml.plot.phase("v", "w")
    lines = axes.get_lines()
    assert len(lines) == 20
    drawn = {(tuple(line.get_xdata()), tuple(line.get_ydata())) for line in lines}
    v, w = (sol[name].values.reshape(20, 21) for name in ("v", "w"))
    assert drawn == {(tuple(x), tuple(y)) for x, y in zip(v, w, strict=True)}
    (scale,) = (one for one in axes.figure.axes if one is not axes)
    assert scale.get_ylabel() == "a, nA"


def test_components_are_lines_by_their_names():
    sol = result(["time", "node"], 21, 2, node=["soma", "axon"])
    axes = sol.sciml.plot.phase()
    assert labels(axes) == ["soma", "axon"]
    assert np.array_equal(axes.get_lines()[1].get_xdata(), sol.v.sel(node="axon"))


def test_given_axes_are_drawn_into():
    sol = result(["time"], 21, states=["x", "y", "z"])
    _, axes = plt.subplots()
    assert sol.sciml.plot.phase("x", "z", ax=axes) is axes
    with pytest.raises(InputError, match="3-D"):
        sol.sciml.plot.phase(ax=axes)
    space = plt.figure().add_subplot(projection="3d")
    assert sol.sciml.plot.phase(ax=space) is space
    with pytest.raises(InputError, match="plane axes"):
        sol.sciml.plot.phase("x", "y", ax=space)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["x"], "two or three states; got 1"),
        (["x", "yy"], "Did you mean 'y'"),
        (["x", "y", "z", "x"], "got 4"),
    ],
)
def test_wrong_names_are_refused(names, words):
    with pytest.raises(InputError, match=words):
        result(["time"], 21, states=["x", "y", "z"]).sciml.plot.phase(*names)


def test_too_little_and_too_much_are_refused():
    with pytest.raises(InputError, match="'v' is alone"):
        result(["time"], 21, states=["v"]).sciml.plot.phase()
    with pytest.raises(InputError, match=r"300 curves .* result.isel\(trajectory=slice\(20\)\)"):
        result(["trajectory", "time"], 300, 21).sciml.plot.phase()
