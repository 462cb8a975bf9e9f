"""Both engines against results of native Julia; see tests/data/README.md."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marks import ENGINES
from native import native

import pysciml as ps
from pysciml.request import make_request


def apart(sol, known):
    """Give the largest differences by variable, relative to the largest value."""
    return ps.compare(sol, known).max_rel


@pytest.mark.parametrize("engine", ENGINES)
def test_lorenz_63_at_the_tolerance_of_native_julia(engine):
    known = native("lorenz63")
    sol = ps.solve(
        ps.catalog.lorenz63(),
        t=(0, 15),
        save=known.time.values,
        solver={"jax": "Dopri8", "julia": "Vern9"}[engine],
        rtol=1e-12,
        atol=1e-12,
        engine=engine,
    )
    found = apart(sol, known)
    double = apart(
        known[[f"{n}_double" for n in "xyz"]].rename({f"{n}_double": n for n in "xyz"}), known
    )
    # Errors grow a million times over this span; Vern9 in Float64 ends with 2e-12.
    assert 1e-14 < double.max() < 1e-11
    assert found.max() < 1e-9
    assert apart(sol.sel(time=slice(5)), known).max() < 1e-11


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("solver", ["auto", "Rodas5P"])
def test_robertson_is_followed_through_sixteen_decades_of_time(solver, engine):
    known = native("robertson")
    sol = ps.solve(
        ps.catalog.robertson(),
        t=(0, float(known.time[-1])),
        save=known.time.values,
        solver=solver,
        rtol=1e-9,
        atol=1e-18,
        engine=engine,
    )
    for name in ("y1", "y2", "y3"):
        np.testing.assert_allclose(sol[name], known[name], rtol=3e-6)
    assert sol.attrs.get("handed_over", 0) == (solver == "auto")


@ps.model(state={"x": 2.0, "v": 0.0}, params={"mu": 1000.0})
def relaxation(t, u, p):
    return {"x": u.v, "v": p.mu * (1 - u.x**2) * u.v - u.x}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("solver", ["auto", "Rodas5P"])
def test_a_stiff_relaxation_oscillator_jumps_when_the_reference_does(solver, engine):
    known = native("vanderpol")
    sol = ps.solve(
        relaxation,
        t=(0, 2000),
        save=known.time.values,
        solver=solver,
        rtol=1e-9,
        atol=1e-11,
        engine=engine,
    )
    # Between jumps the state is known to the tolerance; near one a small error in time is large.
    np.testing.assert_allclose(sol.x, known.x, rtol=1e-6)
    np.testing.assert_allclose(sol.v, known.v, rtol=1e-5)
    assert np.any(np.diff(np.sign(known.x)) != 0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("solver", "calculus"), [("EulerMaruyama", "ito"), ("Heun", "stratonovich")]
)
def test_paths_on_given_increments_are_those_of_native_julia(solver, calculus, engine):
    known = native("gbm")
    growth = ps.model(state={"x": 1.0})(lambda t, u, p: {"x": 0.1 * u.x})
    sol = ps.solve(
        growth.noise(lambda t, u, p: {"x": 0.3 * u.x}, calculus=calculus),
        t=(0, 1),
        save="steps",
        dt=0.005,
        solver=solver,
        trajectories=4,
        increments=known.increment.values[..., None],
        engine=engine,
    )
    # What SciML calls EulerHeun takes the mean of the drift too: our stochastic Heun.
    name = {"EulerMaruyama": "euler_maruyama", "Heun": "euler_heun"}[solver]
    found = ps.compare(sol, known[[name]].rename({name: "x"}), in_law=False)
    assert found.max_rel.item() < 1e-13
    other = "euler_heun" if name == "euler_maruyama" else "euler_maruyama"
    wrong = ps.compare(sol, known[[other]].rename({other: "x"}), in_law=False)
    assert wrong.max_rel.item() > 1e-2  # the two calculi are far apart


@pytest.mark.parametrize("engine", ENGINES)
def test_moments_of_a_stochastic_lorenz_system(engine):
    known = native("stochastic_lorenz")
    model = ps.catalog.lorenz63().noise(lambda t, u, p: {n: 0.2 * u[n] for n in "xyz"})
    sol = ps.solve(
        model,
        t=(0, 2),
        save=known.time.values,
        state={"x": 1.0, "y": 1.0, "z": 1.0},
        trajectories=4000,
        rng=0,
        solver="SRIW1",
        dt=1e-3,
        engine=engine,
    ).sel(time=known.time.values, method="nearest")
    for name in "xyz":
        ours, sd, theirs = sol[name], known[f"{name}_sd"].values, known[f"{name}_mean"].values
        error = sd * np.sqrt(1 / 4000 + 1 / float(known.trajectories))
        spread = np.sqrt(known[f"{name}_fourth"].values - sd**4) / (2 * sd**2) * error
        # 15 means and 15 standard deviations: beyond 4.5 once in 5,000 seeds.
        assert np.all(np.abs(ours.mean("trajectory") - theirs) < 4.5 * error)
        assert np.all(np.abs(ours.std("trajectory", ddof=1) - sd) < 4.5 * spread)


@ps.model(
    state={"x": 0.44249296, "y": 4.6280594},
    params={"a": 1.3, "d": 1.8},
    networks={"missing": ps.MLP(2, [32, 32], 2, activation="tanh")},
)
def hybrid(t, u, p):
    k = p.missing(jnp.stack([u.x, u.y]))
    return {"x": p.a * u.x + k[0], "y": -p.d * u.y + k[1]}


def gradient_by_jax(known, weights, tolerance):
    with jax.enable_x64(True):
        tight = {"rtol": tolerance, "atol": tolerance, "max_steps": 64}
        flow = ps.flow(hybrid, t=(0, 3), save=known.time.values, **tight)

        def loss(weights):
            sol = flow({}, {"missing": weights})
            return sum(jnp.sum((sol[name] - known[name].values) ** 2) for name in "xy") / 62

        return jax.jit(jax.value_and_grad(loss))(weights)


def gradient_by_julia(known, weights, tolerance):
    from pysciml.engines.julia.convert import initial, layout, packed, system
    from pysciml.engines.julia.process.start import julia

    settings = {"t": (0, 3), "save": known.time.values, "params": {"missing": weights}}
    task = make_request(hybrid, **settings, engine="julia").task
    data = np.stack([known.x.values, known.y.values], axis=-1)
    gradient = julia().seval(
        """function (system, data, u0, p, times, out, tolerance)
            misfit(w, u) = (w .= (u .- data) ./ 31; sum(abs2, u .- data) / 62)
            found = PySciML.gradient(
                system, misfit, u0, p, times; rtol=tolerance, atol=tolerance)
            copyto!(out, found.p)
            return found.value
        end"""
    )
    p = packed(task).p
    out, made = np.zeros_like(p), system(hybrid, "float64")
    given = data, initial(task).ravel(), p, task.times, out, tolerance
    value = julia().call(gradient, made, *given)
    places = layout(hybrid).params
    return value, {n: out[places[f"missing.{n}"]].reshape(weights[n].shape) for n in weights}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_gradient_of_a_universal_differential_equation_is_the_reference(engine):
    known = native("ude_gradient")
    names = hybrid.networks["missing"].initial(np.random.default_rng()).keys()
    weights, gradient = ({n: known[start + n].values for n in names} for start in ("", "gradient."))
    route = {"jax": gradient_by_jax, "julia": gradient_by_julia}[engine]
    value, found = route(known, weights, 1e-11)
    assert float(value) == pytest.approx(known.loss.item(), rel=1e-10)
    size = max(np.abs(array).max() for array in gradient.values())
    for name, array in gradient.items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-8 * size)
