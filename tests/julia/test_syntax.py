"""All Julia there is reads as Julia: what the translator writes, and what we have written."""

from pathlib import Path

import pytest
from cases import cases
from syntax import errors

ROOT = Path(__file__).parents[2]
WRITTEN = sorted(path for home in ("julia", "benchmarks") for path in (ROOT / home).rglob("*.jl"))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_we_have_written_is_julia(path):
    assert errors(path.read_text("utf-8")) == []


def test_what_is_translated_is_julia():
    from pysciml.engines.julia.translator.program import emit

    found = {}
    for name, (function, _) in cases().items():
        scalar_only = function.outputs[0].offset is None
        for scalar, in_place in [(True, False)] if scalar_only else [(True, True), (False, True)]:
            text = "\n".join(emit(function, scalar=scalar, in_place=in_place))
            if wrong := errors(text):
                found[name] = wrong
    assert found == {}


@pytest.mark.parametrize("lost", ["end\n", "]", "(", ","])
def test_what_is_lost_is_found(lost):
    good = (ROOT / "julia" / "src" / "adaptive.jl").read_text("utf-8")
    assert errors(good) == []
    at = good.index(lost, len(good) // 2)
    assert errors(good[:at] + good[at + len(lost) :]) != []
