"""Models as problem objects in a Julia that another package, such as diffeqpy, has started."""

import sys

import numpy as np
import pytest
from processes import for_juliacall, run_in_new_process

import pysciml as ps
from pysciml.errors import CapabilityError, EngineError, InputError, ModelError

LORENZ = """
import numpy as np, pysciml as ps
from juliacall import Main as jl
jl.seval("using OrdinaryDiffEqVerner, StochasticDiffEq")
model = ps.catalog.lorenz63()
problem = model.to_diffeqpy(t=(0, 5), params={"rho": 30.0})
sol = jl.solve(problem, jl.Vern9(), reltol=1e-10, abstol=1e-10)
here = ps.solve(model, t=(0, 5), save=5, params={"rho": 30.0}, rtol=1e-10, atol=1e-10,
                solver="Dopri8", engine="jax")
assert abs(np.array(sol.u[-1]) - [here[n][-1].item() for n in "xyz"]).max() < 1e-5
names = jl.seval("(sol, name) -> sol[Symbol(name)][end]")
assert names(sol, "z") == sol.u[-1][2]

oscillators = ps.catalog.stuart_landau(2)
problem = oscillators.to_diffeqpy()
assert str(jl.typeof(problem)).startswith("SDEProblem")
path = jl.solve(problem, jl.EM(False), dt=0.01)
assert np.isfinite(np.array(path.u[-1])).all() and len(path.u[-1]) == 4
print("x[2] is there:", names(path, "x[2]") == path.u[-1][1])

neuron = ps.catalog.leaky_integrate_and_fire()
fired = jl.solve(neuron.to_diffeqpy(t=(0, 0.2)), jl.Vern9(), reltol=1e-8)
assert not jl.isempty(fired.u)
for given, kind in (({"t": (1, 1)}, "t must be"), ({"params": {"rh": 1}}, "Did you mean 'rho'")):
    try:
        model.to_diffeqpy(**given)
    except ps.errors.InputError as error:
        assert kind in str(error), error
    else:
        raise AssertionError(given)
print("solved")

net = ps.MLP(2, [5, 4], 3, "gelu", final="tanh")
hybrid = ps.model(state={"x": np.ones(2)}, params={"a": 1.0}, networks={"net": net})(
    lambda t, u, p: {"x": p.a * p.net(u.x)[:2]}
)
chain, weights = hybrid.to_lux("net")
jl.seval("using Lux, Random")
applied = jl.seval("(c, w, x) -> first(c(x, w, Lux.initialstates(Random.default_rng(), c)))")
x = np.array([0.3, -1.2])
expected = net({n.removeprefix("net."): v.array for n, v in hybrid.params.items() if "." in n}, x)
assert np.allclose(np.array(applied(chain, weights, jl.collect(x))), expected, rtol=1e-6)
print("layers:", jl.length(chain))
"""
OURS = """
import pysciml as ps
from pysciml.engines.julia.process.start import julia
julia()
try:
    ps.catalog.lorenz63().to_diffeqpy()
except ps.errors.EngineError as error:
    print(error)
"""


def test_without_julia_it_is_said_how_to_start_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "juliacall", raising=False)
    with pytest.raises(EngineError, match="`from diffeqpy import de`"):
        ps.catalog.lorenz63().to_diffeqpy()


def test_a_network_that_is_not_there_is_named():
    with pytest.raises(ModelError, match="has no network 'net'"):
        ps.catalog.lorenz63().to_lux("net")


def test_what_a_problem_cannot_hold(monkeypatch):
    from pysciml.engines.julia import native

    monkeypatch.setattr(native, "_check_bridge", lambda: None)
    clocked = ps.catalog.lorenz63().with_event("tick", every=1.0, then=lambda t, u, p: {"x": 0.0})
    with pytest.raises(CapabilityError, match="'tick' of model 'lorenz63' happens at known times"):
        clocked.to_diffeqpy()
    for t in ((0, 1, 2), (0, np.inf), (3, 3)):
        with pytest.raises(InputError, match="t must be the initial and the final time"):
            ps.catalog.lorenz63().to_diffeqpy(t=t)
    with pytest.raises(InputError, match=r"'rho' of model 'lorenz63' has shape \(\); got \(2,\)"):
        ps.catalog.lorenz63().to_diffeqpy(params={"rho": [1.0, 2.0]})


@pytest.mark.slow
@pytest.mark.julia
def test_a_julia_of_others_solves_the_problems():
    done = run_in_new_process(LORENZ, **for_juliacall())
    assert done.returncode == 0, done.stderr[-3000:]
    assert "x[2] is there: True" in done.stdout
    assert "solved" in done.stdout
    assert "layers: 3" in done.stdout


@pytest.mark.slow
@pytest.mark.julia
def test_a_julia_that_will_not_do_is_explained():
    done = run_in_new_process(OURS)
    assert "has started Julia in a thread of its own" in done.stdout, done.stderr[-3000:]
