"""The figures draw what they are given, and touch nothing global."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from small_result import make_examples, make_inferred, make_table

from pysciml import plotting
from pysciml.errors import InputError
from pysciml.plotting.style import COLOURS
from pysciml.report.svg import inline_svg


def lines(axes):
    """Return the drawn lines that have a label, by it."""
    return {line.get_label(): line for line in axes.get_lines() if line.get_label()[0] != "_"}


def test_the_error_of_each_forecaster_is_a_line():
    table = make_table()
    left, right = plotting.plot_error_per_horizon(table, "GOKU-UI").get_axes()
    drawn = lines(left)
    for name in table["forecaster"].values:
        expected = table["nrmse"].sel(forecaster=name).values
        assert np.array_equal(drawn[name].get_ydata(), expected)
        assert np.array_equal(drawn[name].get_xdata(), [1.89, 3.78])
    assert to_hex(drawn["GOKU-UI"].get_color()) == COLOURS["model"]
    expected = 100 * table["difference"].sel(other="ridge VAR").values
    assert any(np.array_equal(line.get_ydata(), expected) for line in right.get_lines())


def test_training_curves_name_the_kept_epoch():
    history = xr.Dataset(
        {"loss": ("epoch", [3.0, 2.0, 1.0]), "validation": ("epoch", [2.0, np.nan, 2.5])},
        {"epoch": [1, 2, 3]},
    )
    left = plotting.plot_history(history).get_axes()[0]
    assert lines(left)["validation error"].get_xdata().tolist() == [1, 3]
    assert "kept: epoch 1" in [text.get_text() for text in left.texts]


def test_forecasts_start_where_the_past_ends():
    examples = make_examples()
    axes = plotting.plot_forecasts(examples, ["LCau", "RCau"], "GOKU-UI", "ridge VAR").get_axes()
    assert len(axes) == 6
    drawn = lines(axes[0])
    expected = examples["forecast"].isel(example=0).sel(channel="LCau").values
    assert np.array_equal(drawn["GOKU-UI, forecast"].get_ydata(), expected)
    assert drawn["observed"].get_xdata().max() == 0
    assert drawn["GOKU-UI, forecast"].get_xdata().min() > 0


def test_the_coupling_matrix_has_no_diagonal():
    inferred = make_inferred()
    left = plotting.plot_couplings(inferred["C"]).get_axes()[0]
    shown = left.get_images()[0].get_array()
    assert np.isnan(np.diag(np.ma.filled(shown.astype(float), np.nan))).all()
    assert float(shown[0, 1]) == pytest.approx(float(inferred["C"][:, 0, 1].median()))


@pytest.mark.parametrize("oscillators", [1, 3, 20])
def test_any_number_of_oscillators_is_drawn(oscillators):
    inferred = make_inferred(oscillators)
    plotting.plot_latent(inferred, ["x", "y"])
    plotting.plot_parameters({"omega": inferred["omega"]}, {"omega": "frequency"})
    if oscillators > 1:
        plotting.plot_couplings(inferred["C"])


def test_a_state_without_components_is_drawn():
    values = xr.DataArray(np.zeros((2, 5)), dims=("sample", "time"), coords={"time": np.arange(5)})
    left = plotting.plot_latent(xr.Dataset({"v": values}), ["v"]).get_axes()[0]
    assert list(lines(left)) == ["v"]


@pytest.mark.parametrize(("count", "drawn"), [(3, 3), (50, 1)])
def test_many_paths_become_a_band(count, drawn):
    values = np.random.default_rng(0).standard_normal((count, 20))
    solution = xr.Dataset({"x": (("trajectory", "time"), values)}, {"time": np.arange(20.0)})
    panel = plotting.plot_solution(solution).get_axes()[0]
    assert len(panel.get_lines()) == drawn
    assert len(panel.collections) == (2 if count > 8 else 0)


def test_a_solution_without_time_is_refused():
    with pytest.raises(InputError, match="time axis"):
        plotting.plot_solution(xr.Dataset({"x": ("a", [1.0])}))


def test_the_style_stays_inside():
    before = {name: value for name, value in mpl.rcParams.items() if name != "backend"}
    inline_svg(plotting.plot_coverage(make_table()), "coverage", "words")
    assert {name: mpl.rcParams[name] for name in before} == before
    program = (
        "import sys; import pysciml.plotting as p; p.plot_solution; p.plot_history; "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_each_colour_has_one_meaning():
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_words_cannot_leave_the_label():
    text = inline_svg(plotting.plot_coverage(make_table()), "coverage", 'a "b" <c> & d')
    assert 'aria-label="a &quot;b&quot; &lt;c> &amp; d"' in text
    assert "<?xml" not in text
    assert "<metadata" not in text
