"""Which engine "auto" means."""

import sys
from types import ModuleType

import pytest

from pysciml.engines import choose as choosing
from pysciml.engines.choose import automatic, choose
from pysciml.engines.julia.process import readiness
from pysciml.errors import EngineError


class Engine:
    """Stands for the julia engine, and takes even tasks only."""

    name = "julia"

    def refusal(self, task):
        return "odd tasks" if task % 2 else None


@pytest.fixture
def here(monkeypatch):
    """A machine with a julia engine, whether Julia is ready to be set."""
    module = ModuleType("pysciml.engines.julia.engine")
    module.JuliaEngine = Engine
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(choosing, "AUTO_JULIA", True)
    monkeypatch.delenv("PYSCIML_ENGINE", raising=False)

    def set_ready(value):
        monkeypatch.setattr(readiness, "ready", lambda: value)

    return set_ready


def test_auto_is_julia_where_it_is_ready(here):
    here(True)
    assert automatic() == ("julia", "Julia is ready here without a download")
    assert choose().engine.name == "julia"


def test_auto_is_jax_where_julia_is_not_ready(here):
    here(False)
    name, reason = automatic()
    assert name == "jax"
    assert "`pysciml julia status`" in reason


def test_auto_is_jax_for_what_the_julia_engine_does_not_take(here):
    here(True)
    assert automatic(2)[0] == "julia"
    assert automatic(3) == ("jax", "the julia engine does not take this: odd tasks")


def test_the_variable_overrides(here, monkeypatch):
    here(True)
    monkeypatch.setenv("PYSCIML_ENGINE", "jax")
    chosen = choose()
    assert (chosen.engine.name, chosen.reason) == ("jax", "PYSCIML_ENGINE asks for it")
    assert choose("julia").engine.name == "julia"
    assert choose("julia").reason == "asked for"


def test_an_unknown_engine_is_refused():
    with pytest.raises(EngineError, match="Did you mean 'julia'"):
        choose("juila")
