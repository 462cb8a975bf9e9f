"""The solution map as a pure function: the numbers of ps.solve, and their derivatives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.errors import CapabilityError, InputError

# Derivatives of a fixed-step solve are those of its steps: exact but for rounding.
T, SAVE = (0, 2), [1.0, 2.0]  # two intervals of ten steps


@ps.model(
    state={"x": 1.0, "z": [0.5, -0.2]},
    params={"rate": 0.7, "mix": [[0.2, 1.0], [-1.0, 0.1]]},
    inputs={"drive": 0.1},
)
def mixed(t, u, p, x):
    return {"x": -p.rate * u.x**3 + jnp.sin(t) * u.z[0], "z": p.mix @ u.z * u.x + x.drive}


@mixed.noise(calculus="stratonovich")
def noisy(t, u, p):
    return {"x": 0.3 * p.rate * u.x, "z": 0.2 * jnp.cos(u.z)}


POINT = {
    "state": {"x": np.array(1.2), "z": np.array([0.4, -0.3])},
    "params": {"rate": np.array(0.6), "mix": np.array([[0.1, 1.1], [-0.9, 0.3]])},
    "inputs": {"drive": np.array(0.2)},
}
WAYS = {"fixed": {"solver": "RK4", "dt": 0.1}, "adaptive": {"rtol": 1e-9, "atol": 1e-9}}


@pytest.fixture(autouse=True)
def wide():
    with jax.enable_x64(True):
        yield


@functools.cache
def flow(way):
    return ps.flow(mixed, t=T, save=SAVE, max_steps=256, **WAYS[way])


def total(way, point):
    """A number that every state at every time has a part in, and the states."""
    made = flow(way)(**point)
    return sum(jnp.sum(jnp.sin(made[name] + 0.3)) for name in ("x", "z")), made


@functools.cache
def compiled(way):
    return jax.jit(jax.value_and_grad(functools.partial(total, way), has_aux=True))


def along(point, direction, size):
    return jax.tree.map(lambda a, d: a + size * d, point, direction)


def direction_of(seed, point=POINT):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda a: rng.normal(size=a.shape), point)


def dot(a, b):
    return sum(float(jnp.sum(x * y)) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True))


@pytest.mark.parametrize("way", WAYS)
def test_the_flow_is_what_ps_solve_gives(way):
    sol = ps.solve(mixed, t=T, save=SAVE, **WAYS[way], **POINT)
    (_, made), _ = compiled(way)(POINT)
    assert set(made) == {"x", "z"}
    # Adaptive steps are others, in which derivatives have a say.
    close = {"rtol": 1e-12} if way == "fixed" else {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(made["x"], sol.x, **close)
    np.testing.assert_allclose(made["z"], sol.z, **close)


def test_what_is_left_out_has_the_value_of_the_model():
    own = ps.solve(mixed, t=T, save=SAVE, **WAYS["fixed"])
    np.testing.assert_allclose(jax.jit(flow("fixed"))()["x"], own.x, rtol=1e-12)


@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_those_of_central_differences(way):
    # By states, parameters and inputs at once, along a direction that no wrong entry leaves.
    _, gradient = compiled(way)(POINT)
    for seed in (0, 1):
        direction = direction_of(seed)
        ends = [compiled(way)(along(POINT, direction, s))[0][0] for s in (1e-5, -1e-5)]
        expected = float(ends[0] - ends[1]) / 2e-5
        # Adaptive steps count as constants: right to the tolerance.
        assert dot(gradient, direction) == pytest.approx(
            expected, rel=1e-8 if way == "fixed" else 1e-5
        )


def test_all_derivatives_agree():
    def rates(rate):
        point = {**POINT, "params": {**POINT["params"], "rate": rate}}
        return flow("fixed")(**point)["z"]

    forward, backward = jax.jit(jax.jacfwd(rates))(0.6), jax.jit(jax.jacrev(rates))(0.6)
    assert forward.shape == (2, 2)
    np.testing.assert_allclose(forward, backward, rtol=1e-12)
    swept = jax.jit(jax.vmap(rates))(jnp.array([0.6 + 1e-5, 0.6 - 1e-5, 0.6]))
    np.testing.assert_allclose((swept[0] - swept[1]) / 2e-5, forward, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(swept[2], rates(0.6), rtol=1e-13)


def test_derivatives_of_second_order_are_those_of_central_differences():
    def slope(k):
        return jax.grad(lambda k: flow("fixed")({}, {"rate": k})["x"][-1])(k)

    both = jax.jit(lambda k: (slope(k), jax.jvp(slope, (k,), (1.0,))[1]))
    ends = [both(0.6 + s)[0] for s in (1e-5, -1e-5)]
    assert float(both(0.6)[1]) == pytest.approx(float(ends[0] - ends[1]) / 2e-5, rel=1e-7)


def test_adaptive_steps_are_differentiated_forwards_and_twice():
    # x' = -k x: x = exp(-k t), of which all derivatives are known.
    decay = ps.model(state={"x": 1.0}, params={"k": 0.8})(lambda t, u, p: {"x": -p.k * u.x})
    end = ps.flow(decay, t=(0, 1.5), save=[1.5], rtol=1e-6, atol=1e-8, max_steps=16)

    def x(k):
        return end({}, {"k": k})["x"][0]

    def once(k):
        return jax.jvp(x, (k,), (1.0,))

    k = np.array([0.1, 0.8])
    (value, slope), (again, bend) = jax.jit(jax.vmap(lambda k: jax.jvp(once, (k,), (1.0,))))(k)
    known = np.exp(-1.5 * k)
    np.testing.assert_allclose(value, known, rtol=1e-5)
    np.testing.assert_allclose(slope, -1.5 * known, rtol=1e-5)
    np.testing.assert_array_equal(again, slope)
    np.testing.assert_allclose(bend, 2.25 * known, rtol=1e-4)


@pytest.mark.parametrize(
    ("solver", "watched"),
    [("Tsit5", True), ("Dopri8", False), ("Rodas5P", False), ("Kvaerno5", False)],
)
def test_where_a_state_rests_gradients_are_as_accurate_as_elsewhere(solver, watched):
    # v' = (i - v) / tau rests at 0 for i = 0, and dv/di = 1 - exp(-t / tau) does not.
    leak = ps.model(state={"v": 0.0}, params={"tau": 10.0}, inputs={"i": 0.0})(
        lambda t, u, p, x: {"v": (x.i - u.v) / p.tau}
    )
    if watched:
        leak = leak.with_event("spike", when=lambda t, u, p, x: u.v - 1, then=lambda t, u, p, x: {})
    end = ps.flow(leak, t=(0, 20), save=[20.0], solver=solver, rtol=1e-6, atol=1e-6)

    def v(i):
        return end({}, {}, {"i": i})["v"][0]

    forwards, backwards = jax.jit(lambda i: (jax.jacfwd(v)(i), jax.grad(v)(i)))(0.0)
    assert float(forwards) == pytest.approx(1 - np.exp(-2), rel=3e-6)
    assert float(backwards) == pytest.approx(float(forwards), rel=1e-10)


def test_where_max_steps_do_not_suffice_values_and_derivatives_are_not_numbers():
    decay = ps.model(state={"x": 1.0}, params={"k": 0.8})(lambda t, u, p: {"x": -p.k * u.x})
    few = ps.flow(decay, t=(0, 9), save=[9.0], rtol=1e-9, atol=1e-9, max_steps=4)

    def x(k):
        return few({}, {"k": k})["x"][0]

    assert np.isnan(jax.jit(jax.value_and_grad(x))(0.8)).all()


def test_the_paths_of_given_increments_are_those_of_ps_solve_and_have_derivatives():
    increments = np.random.default_rng(0).normal(0, 0.1**0.5, (20, 3))
    settings = {"t": T, "save": SAVE, "dt": 0.1, "solver": "Heun"}
    made = ps.flow(noisy, **settings)
    sol = ps.solve(noisy, **settings, increments=increments, **POINT)

    @jax.jit
    @functools.partial(jax.value_and_grad, has_aux=True)
    def path(point, noise):
        out = made(**point, noise=noise)
        return jnp.sum(jnp.sin(out["z"])) + jnp.sum(out["x"]), out

    (_, out), gradient = path(POINT, increments)
    np.testing.assert_allclose(out["x"], sol.x, rtol=1e-12)
    np.testing.assert_allclose(out["z"], sol.z, rtol=1e-12)
    direction = direction_of(2)
    ends = [path(along(POINT, direction, s), increments)[0][0] for s in (1e-5, -1e-5)]
    assert dot(gradient, direction) == pytest.approx(float(ends[0] - ends[1]) / 2e-5, rel=1e-7)


def test_a_key_draws_paths_of_the_right_law_and_the_same_ones_again():
    # dx = -x dt + dW from 0: normal with variance (1 - exp(-2 t)) / 2.
    ou = ps.model(state={"x": 0.0}, params={"k": 1.0})(lambda t, u, p: {"x": -p.k * u.x})
    ou = ou.noise(lambda t, u, p: {"x": 1.0})
    made = ps.flow(ou, t=(0, 1), save=[0.5, 1], dt=0.05)
    keys = jax.random.split(jax.random.key(0), 4000)
    ends = np.asarray(jax.jit(jax.vmap(lambda key: made(noise=key)["x"]))(keys))
    # The scheme's own variance: a geometric sum of (1 - h)^2.
    expected = np.array([0.05 * (1 - 0.95 ** (2 * n)) / (1 - 0.95**2) for n in (10, 20)])
    np.testing.assert_allclose(ends.var(axis=0), expected, rtol=4 * (2 / 4000) ** 0.5)
    assert np.all(np.abs(ends.mean(axis=0)) < 4 * (expected / 4000) ** 0.5)
    correlation = np.corrcoef(ends.T)[0, 1]
    exact = 0.95**10 * (expected[0] / expected[1]) ** 0.5
    assert correlation == pytest.approx(exact, abs=4 * (1 - exact**2) / 4000**0.5)
    assert len(np.unique(ends[:, 0])) == len(keys)


def test_courses_of_input_have_gradients():
    pool = ps.model(state={"x": 0.0}, inputs={"flow": 0.0})(lambda t, u, p, x: {"x": x.flow})
    filled = ps.flow(pool, t=(0, 3), save=[1.0, 3.0], dt=0.5)
    times = np.array([0.0, 1.0, 3.0])

    @jax.jit
    @jax.grad
    def by_values(values):
        return filled(inputs={"flow": (times, values)})["x"][-1]

    # The integral of the line through the values: the rule of trapezoids.
    np.testing.assert_allclose(by_values(jnp.array([1.0, 2.0, -1.0])), [0.5, 1.5, 1.0], rtol=1e-9)


def test_backwards_only_states_at_save_times_and_one_interval_are_kept():
    size, intervals, steps = 100, 64, 64
    wave = ps.model(state={"x": np.ones(size)}, params={"k": 1.0})(
        lambda t, u, p: {"x": jnp.sin(p.k * u.x)}
    )
    made = ps.flow(wave, t=(0, 1), save=1 / intervals, dt=1 / intervals / steps, solver="Euler")
    gradient = jax.jit(jax.grad(lambda k: made({}, {"k": k})["x"][-1].sum()))
    needed = gradient.lower(1.0).compile().memory_analysis().temp_size_in_bytes
    one = 8 * size
    assert needed > intervals * one
    assert needed < 6 * (intervals + steps) * one < intervals * steps * one / 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"state": {"y": 1.0}}, r"no 'y' in state\. Known: x, z"),
        ({"params": {"rat": 1.0}}, r"no 'rat' in params\. Did you mean 'rate'\?"),
        ({"inputs": {"drove": 1.0}}, r"no 'drove' in inputs\. Did you mean 'drive'\?"),
        (
            {"state": {"z": np.ones((3, 2))}},
            r"'z' in state must have shape \(2,\), with .*; got \(3, 2\)",
        ),
        ({"params": {"rate": np.ones((4, 1))}}, r"with a last axis for a batch; got \(4, 1\)"),
        (
            {"state": {"x": np.ones(3)}, "params": {"rate": np.ones(4)}},
            r"values of a batch must be equally many; got \[3, 4\]",
        ),
        ({"noise": np.zeros((20, 3))}, "has no noise, so noise= has no meaning"),
        ({"inputs": {"drive": ([0.0, 1.0], [0.0, 1.0])}}, "does not cover the flow from 0 to 2"),
        ({"inputs": {"drive": ([0.0, 0.7, 2.0], [0.0, 1.0, 2.0])}}, "save at its times too"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        flow("fixed")(**arguments)


def test_noise_that_does_not_fit_is_refused():
    made = ps.flow(noisy, t=T, save=SAVE, dt=0.1)
    with pytest.raises(InputError, match="needs noise=, a JAX key or increments"):
        made()
    with pytest.raises(InputError, match=r"\(step, source\) = \(20, 3\), with .*; got \(20, 2\)"):
        made(noise=np.zeros((20, 2)))
    sra = ps.flow(
        mixed.noise(lambda t, u, p: {"x": 0.1, "z": 0.1 * jnp.ones(2)}), t=T, dt=0.1, solver="SRA1"
    )
    with pytest.raises(InputError, match="SRA1 needs more of a path than its increments"):
        sra(noise=np.zeros((1000, 3)))


def test_what_cannot_be_differentiated_is_refused():
    spiking = mixed.with_event("up", when=lambda t, u, p: u.x - 1.1)
    with pytest.raises(CapabilityError, match="an adaptive solver such as"):
        ps.flow(spiking, t=T, dt=0.1)
    with pytest.raises(InputError, match="save must be at most the span"):
        ps.flow(mixed, t=T, save=3)


def test_a_batch_on_the_last_axis_is_as_many_flows():
    with jax.enable_x64(True):
        made = flow("fixed")({"x": np.array([0.5, 1.0, 2.0])})
        for i, x in enumerate((0.5, 1.0, 2.0)):
            alone = flow("fixed")({"x": x})
            for name, path in alone.items():
                np.testing.assert_allclose(made[name][..., i], path, rtol=1e-12)
