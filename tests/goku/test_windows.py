"""Windows of multiple shooting: lengths, cutting and joining."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysciml.errors import InputError
from pysciml.goku import windows


def test_the_windows_of_the_paper():
    assert windows.snap(46, 10) == 46
    assert windows.count(46, 10) == 5
    cut = windows.cut(np.arange(46), 10, np)
    firsts, lasts = cut[0], cut[-1]
    assert firsts.tolist() == [0, 9, 18, 27, 36]
    assert lasts.tolist() == [9, 18, 27, 36, 45]


@given(st.integers(2, 12), st.integers(1, 9), st.integers(1, 3))
def test_join_undoes_cut(window, count, width):
    length = count * (window - 1) + 1
    series = np.random.default_rng(0).normal(size=(length, width))
    cut = windows.cut(series, window, np)
    assert cut.shape == (window, count, width)
    np.testing.assert_array_equal(windows.join(cut, np), series)


@given(st.integers(2, 12), st.integers(2, 200))
def test_snap_finds_the_nearest_length_that_windows_span(window, length):
    if length < window:
        with pytest.raises(InputError, match="shorter than one window"):
            windows.snap(length, window)
        return
    spans = [n * (window - 1) + 1 for n in range(1, 300)]
    assert abs(windows.snap(length, window) - length) == min(abs(s - length) for s in spans)
    assert windows.snap(length, window) in spans


def test_single_shooting_is_one_window():
    assert windows.snap(45, None) == 45
    assert windows.count(45, None) == 1
    series = np.arange(45.0)
    np.testing.assert_array_equal(windows.join(windows.cut(series, None, np), np), series)
