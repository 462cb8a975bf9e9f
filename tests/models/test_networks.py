"""Networks that models call by name."""

import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.errors import InputError, ModelError


@pytest.fixture(scope="module")
def hybrid():
    @ps.model(
        state={"x": 0.4, "y": 1.5},
        params={"a": 1.3},
        networks={"missing": ps.MLP(2, [3], 2), "gain": ps.MLP(1, (), 1)},
    )
    def hybrid(t, u, p):
        k = p.missing(jnp.stack([u.x, u.y]))
        return {"x": p.a * u.x + k[0], "y": p.gain(u.y[None])[0] + k[1]}

    return hybrid


def test_weights_are_parameters_of_shape_out_by_in(hybrid):
    shapes = {name: variable.shape for name, variable in hybrid.params.items()}
    assert shapes == {
        "a": (),
        "missing.layers.0.weight": (3, 2),
        "missing.layers.0.bias": (3,),
        "missing.layers.1.weight": (2, 3),
        "missing.layers.1.bias": (2,),
        "gain.layers.0.weight": (1, 1),
        "gain.layers.0.bias": (1,),
    }
    assert repr(hybrid).endswith("params=(a), networks=(missing, gain))")


def test_first_weights_are_within_the_bound_of_glorot_and_always_the_same():
    net = ps.MLP(50, [30], 1)
    weights = net.initial(np.random.default_rng(3))
    assert np.abs(weights["layers.0.weight"]).max() == pytest.approx(np.sqrt(6 / 80), rel=0.01)
    assert not weights["layers.0.bias"].any()
    a, b = (
        ps.model(state={"x": 0.0}, networks={"n": net})(lambda t, u, p: {"x": u.x}) for _ in "ab"
    )
    name = "n.layers.0.weight"
    np.testing.assert_array_equal(a.params[name].array, b.params[name].array)


def test_a_network_is_affine_maps_with_activations_between(hybrid):
    rng = np.random.default_rng(0)
    net = ps.MLP(2, [3, 4], 2, activation="softplus", final="tanh")
    w = {name: rng.normal(size=array.shape) for name, array in net.initial(rng).items()}
    x = rng.normal(size=(5, 2))
    h = np.log1p(np.exp(x @ w["layers.0.weight"].T + w["layers.0.bias"]))
    h = np.log1p(np.exp(h @ w["layers.1.weight"].T + w["layers.1.bias"]))
    expected = np.tanh(h @ w["layers.2.weight"].T + w["layers.2.bias"])
    np.testing.assert_allclose(net(w, x), expected, rtol=1e-4)


def test_a_linear_network_solves_as_its_matrix_exponential():
    # x' = W x with a rotation: a network without hidden layers is its weight.
    turn = ps.model(state={"x": [1.0, 0.0]}, networks={"w": ps.MLP(2, [], 2)})(
        lambda t, u, p: {"x": p.w(u.x)}
    )
    weights = {"layers.0.weight": [[0.0, -1.0], [1.0, 0.0]], "layers.0.bias": [0.0, 0.0]}
    tight = {"rtol": 1e-10, "atol": 1e-10}
    sol = ps.solve(turn, t=(0, 2), save=1.0, params={"w": weights}, **tight)
    np.testing.assert_allclose(sol.x[:, 0], np.cos(sol.time), atol=1e-8)
    np.testing.assert_allclose(sol.x[:, 1], np.sin(sol.time), atol=1e-8)
    assert "MLP(inputs=2" in sol.attrs["networks"]
    other = ps.solve(turn, t=(0, 2), save=1.0, **tight)
    assert sol.attrs["weights"].startswith("sha256:")
    assert sol.attrs["weights"] != other.attrs["weights"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ps.MLP(2, [0], 1), "positive whole numbers; got 0"),
        (
            lambda: ps.MLP(2, [8], 1, activation="tahn"),
            r"no activation 'tahn'.* Did you mean 'tanh'",
        ),
        (
            lambda: ps.model(state={"x": 0.0}, networks={"n": 3})(lambda t, u, p: {"x": 0.0}),
            "must be a network such as",
        ),
        (
            lambda: ps.model(state={"x": 0.0}, networks={"x": ps.MLP(1, [], 1)})(
                lambda t, u, p: {"x": 0.0}
            ),
            "'x' is in state and in networks",
        ),
        (
            lambda: ps.model(state={"x": [0.0] * 3}, networks={"n": ps.MLP(2, [], 3)})(
                lambda t, u, p: {"x": p.n(u.x)}
            ),
            r"takes 2 numbers along its last axis; got shape \(3,\)",
        ),
    ],
)
def test_what_is_no_network_is_refused(make, message):
    with pytest.raises(ModelError, match=message):
        make()


def test_weights_of_the_wrong_name_or_shape_are_refused(hybrid):
    with pytest.raises(InputError, match=r"no 'missing.layers.7.bias' in params"):
        ps.solve(hybrid, t=(0, 1), params={"missing": {"layers.7.bias": [0.0]}})
    with pytest.raises(InputError, match=r"'gain.layers.0.bias' in params must have shape \(1,\)"):
        ps.solve(hybrid, t=(0, 1), params={"gain": {"layers.0.bias": [0.0, 1.0]}})
