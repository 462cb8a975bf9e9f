"""Which engine "auto" means."""

import dataclasses
import sys
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.engines import choose as choosing
from pysciml.engines.choose import automatic, choose
from pysciml.engines.julia.engine import JuliaEngine
from pysciml.errors import CapabilityError, EngineError
from pysciml.request import make_request


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
    monkeypatch.delenv("PYSCIML_ENGINE", raising=False)

    def set_ready(value):
        monkeypatch.setattr(choosing, "_ready", lambda: value)

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


@pytest.fixture
def taken(monkeypatch):
    """The julia engine itself, on a machine where it would be ready."""
    monkeypatch.setattr(choosing, "_ready", lambda: True)
    monkeypatch.delenv("PYSCIML_ENGINE", raising=False)


def test_auto_is_jax_for_models_that_cannot_be_translated(taken):
    spectral = ps.model(state={"x": np.ones(4)})(
        lambda t, u, p: {"x": jnp.real(jnp.fft.ifft(1j * jnp.fft.fft(u.x)))}
    )
    sol = ps.solve(spectral, t=(0, 1), save=0.5)
    assert sol.attrs["engine"] == "jax"
    assert "does not take this: it has no numbers" in sol.attrs["engine_reason"]
    assert "test_choosing.py" in sol.attrs["engine_reason"]  # and where
    with pytest.raises(CapabilityError, match="Use engine='jax' for this model"):
        JuliaEngine().solve(make_request(spectral, t=(0, 1), save=0.5).task)


def test_auto_is_jax_for_solvers_that_julia_has_not(taken):
    noisy = ps.catalog.stuart_landau(3).with_calculus("stratonovich")
    chosen = make_request(noisy, t=(0, 1), save=0.5, solver="ShARK", rng=0).chosen
    assert chosen.engine.name == "jax"
    assert "ShARK runs on the jax engine alone" in chosen.reason


def test_a_solver_for_diagonal_noise_takes_no_matrix():
    one = ps.catalog.ornstein_uhlenbeck().without_noise()
    wide = one.noise(lambda t, u, p: {"x": jnp.stack([0.1, 0.2])}, kind="general", sources=2)
    with pytest.raises(CapabilityError, match=r"SOSRI takes scalar and diagonal.*SOSRA"):
        ps.solve(wide, t=(0, 1), solver="SOSRI", rng=0, engine="julia")


def test_a_device_takes_fixed_steps_and_the_solvers_of_its_kernels(taken):
    task = make_request(ps.catalog.ornstein_uhlenbeck(), t=(0, 1), dt=0.1, rng=0).task
    there = dataclasses.replace(task, device="gpu")
    assert JuliaEngine().refusal(there) is None
    why = JuliaEngine().refusal(dataclasses.replace(there, solver=ps.SOSRI()))
    assert "with fixed steps, Tsit5, Kvaerno5" in why
    other = ps.EulerMaruyama(stream="xoshiro")
    why = JuliaEngine().refusal(dataclasses.replace(there, solver=other))
    assert "comes from stream='threefry'" in why


def test_no_device_but_the_cpu_differentiates():
    with pytest.raises(CapabilityError, match="differentiates no solutions"):
        ps.sensitivities(ps.catalog.lorenz63(), wrt="rho", t=(0, 1), engine="julia", device="gpu")


def test_auto_is_jax_for_latent_models_whose_noise_julia_does_not_take(taken):
    core = ps.model(state={"x": 1.0, "y": 0.0}, params={"w": 1.0})(
        lambda t, u, p: {"x": p.w * u.y, "y": -p.w * u.x}
    )
    shaken = core.noise(lambda t, u, p: {"x": 0.1, "y": 0.1}, kind="scalar")
    sizes = {"channels": 3, "length": 8, "window": 4}
    assert automatic(ps.GokuUI(core, **sizes))[0] == "julia"
    assert automatic(ps.GokuUI(shaken, noise="off", **sizes))[0] == "julia"
    name, reason = automatic(ps.GokuUI(shaken, **sizes))
    assert (name, "is scalar" in reason) == ("jax", True)


def test_auto_is_jax_for_latent_models_that_have_no_cotangents(taken):
    def halved(t, u, p):
        small = jax.lax.while_loop(lambda x: jnp.abs(x) > 1, lambda x: x / 2, u.x)
        return {"x": p.w * u.y, "y": -p.w * small}

    core = ps.model(state={"x": 1.0, "y": 0.0}, params={"w": 1.0})(halved)
    task = make_request(core, t=(0, 1), solver="RK4", dt=0.1).task
    assert JuliaEngine().refusal(task) is None
    why = JuliaEngine().refusal(ps.GokuUI(core, channels=3, length=8, window=4))
    assert "lax.while_loop" in why
    assert "lax.scan" in why


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
