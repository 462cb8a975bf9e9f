"""Times of events: one row of ticks per trajectory."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from small_results import TIME

from pysciml.errors import InputError

NAN = np.nan


def spikes(dims, times, name="spike", **coords):
    times = np.asarray(times)
    dims = (*dims, f"{name}_index")
    return xr.Dataset({name: (dims, times)}, {"time": TIME, **coords})


def rows(axes):
    found = [row for row in axes.collections if hasattr(row, "get_positions")]
    return [(row.get_lineoffset(), list(row.get_positions())) for row in found]


def test_each_trajectory_is_a_row_of_its_times():
    sol = spikes(["trajectory"], [[0.1, 0.5, NAN], [NAN, NAN, NAN], [0.2, 0.4, 1.9]])
    axes = sol.sciml.plot.raster("spike")
    assert rows(axes) == [(0, [0.1, 0.5]), (1, []), (2, [0.2, 0.4, 1.9])]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time, ms", "trajectory")
    assert axes.get_xlim() == (0.0, 2.0)
    assert axes.get_title("left") == "spike"


def test_rows_of_a_sweep_stand_at_its_values():
    current = ("current", [10.0, 15.0, 20.0], {"units": "nA"})
    sol = spikes(["current"], [[0.5, NAN], [0.4, 0.8], [0.3, 0.6]], current=current)
    axes = sol.sciml.plot.raster()
    assert rows(axes) == [(10.0, [0.5]), (15.0, [0.4, 0.8]), (20.0, [0.3, 0.6])]
    assert axes.get_ylabel() == "current, nA"
    uneven = sol.assign_coords(current=[1.0, 10.0, 1000.0])
    axes = uneven.sciml.plot.raster()
    assert [height for height, _ in rows(axes)] == [0, 1, 2]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["1", "10", "1000"]


def test_trajectories_of_a_sweep_stand_in_groups():
    times = np.arange(8.0).reshape(2, 4, 1) / 4  # (trajectory, dose, spike_index)
    sol = spikes(["trajectory", "dose"], times, dose=["a", "b", "c", "d"])
    axes = sol.sciml.plot.raster("spike")
    order = times.transpose(1, 0, 2).reshape(8, 1).tolist()
    assert [row for _, row in rows(axes)] == order
    assert axes.get_yticks().tolist() == [0.5, 2.5, 4.5, 6.5]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b", "c", "d"]
    assert axes.get_ylabel() == "dose, trajectory"


def test_one_trajectory_and_none_at_all():
    _, axes = plt.subplots()
    assert spikes([], [0.5, 1.0]).sciml.plot.raster(ax=axes) is axes
    assert rows(axes) == [(0, [0.5, 1.0])]
    quiet = spikes(["trajectory"], np.zeros((3, 0))).sciml.plot.raster()
    assert [row for _, row in rows(quiet)] == [[], [], []]
    assert [text.get_text() for text in quiet.texts] == ["no spike"]


def test_what_is_not_an_event_is_refused():
    sol = spikes(["trajectory"], [[0.1], [0.2]])
    sol["v"] = ("time", np.zeros(21))
    with pytest.raises(InputError, match=r"no event 'spikes'\. Did you mean 'spike'"):
        sol.sciml.plot.raster("spikes")
    with pytest.raises(InputError, match="'v' does not hold times of events"):
        sol.sciml.plot.raster("v")
    with pytest.raises(InputError, match="with_event"):
        sol[["v"]].sciml.plot.raster()
    both = sol.assign(crossing=("crossing_index", [1.0]))
    with pytest.raises(InputError, match="name one of spike, crossing"):
        both.sciml.plot.raster()
