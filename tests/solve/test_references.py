"""Results of native Julia, which both engines must meet; see tests/data/README.md."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps

DATA = Path(__file__).parents[1] / "data"


def read(name):
    return np.genfromtxt(DATA / f"{name}.csv", delimiter=",", names=True)


@ps.model(state={"x": 2.0, "v": 0.0}, params={"mu": 1000.0})
def relaxation(t, u, p):
    return {"x": u.v, "v": p.mu * (1 - u.x**2) * u.v - u.x}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("solver", ["auto", "Rodas5P"])
def test_robertson_is_followed_through_sixteen_decades_of_time(solver):
    known = read("robertson")
    sol = ps.solve(
        ps.catalog.robertson(),
        t=(0, known["t"][-1]),
        save=known["t"],
        solver=solver,
        rtol=1e-9,
        atol=1e-18,
    )
    for name in ("y1", "y2", "y3"):
        np.testing.assert_allclose(sol[name], known[name], rtol=3e-6)
    assert sol.attrs.get("handed_over", 0) == (solver == "auto")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("solver", ["auto", "Rodas5P"])
def test_a_stiff_relaxation_oscillator_jumps_when_the_reference_does(solver):
    known = read("vanderpol")
    sol = ps.solve(relaxation, t=(0, 2000), save=known["t"], solver=solver, rtol=1e-9, atol=1e-11)
    # Between jumps the state is known to the tolerance; near one a small error in time is large.
    np.testing.assert_allclose(sol.x, known["x"], rtol=1e-6)
    np.testing.assert_allclose(sol.v, known["v"], rtol=1e-5)
    assert np.any(np.diff(np.sign(known["x"])) != 0)


def by_layer(values):
    """Take weights apart that stand column by column."""
    weights, start = {}, 0
    for layer, (rows, columns) in enumerate([(32, 2), (32, 32), (2, 32)]):
        for name, shape in (("weight", (columns, rows)), ("bias", (rows,))):
            size = int(np.prod(shape))
            weights[f"layers.{layer}.{name}"] = values[start : start + size].reshape(shape).T
            start += size
    return weights


def test_the_gradient_of_a_universal_differential_equation_is_the_reference():
    @ps.model(
        state={"x": 0.44249296, "y": 4.6280594},
        params={"a": 1.3, "d": 1.8},
        networks={"missing": ps.MLP(2, [32, 32], 2, activation="tanh")},
    )
    def hybrid(t, u, p):
        k = p.missing(jnp.stack([u.x, u.y]))
        return {"x": p.a * u.x + k[0], "y": -p.d * u.y + k[1]}

    data = read("ude_data")
    weights, gradient = (by_layer(read(f"ude_{name}")[name[0]]) for name in ("weights", "gradient"))
    tight = {"rtol": 1e-11, "atol": 1e-11, "max_steps": 64}
    with jax.enable_x64(True):
        flow = ps.flow(hybrid, t=(0, 3), save=data["t"], **tight)

        def loss(weights):
            sol = flow({}, {"missing": weights})
            return sum(jnp.sum((sol[name] - data[name]) ** 2) for name in "xy") / 62

        value, found = jax.jit(jax.value_and_grad(loss))(weights)
    assert float(value) == pytest.approx(19.12876926833648, rel=1e-10)
    size = max(np.abs(array).max() for array in gradient.values())
    for name, array in gradient.items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-8 * size)
