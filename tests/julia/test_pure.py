"""Observations and losses, any function of named arrays, in Julia; networks as Lux layers."""

import jax.numpy as jnp
import numpy as np
import pytest
from processes import run_julia
from runner import Batch, by_jax

import pysciml as ps
from pysciml.errors import CapabilityError, ModelError

SHAPES = {"u": {"x": (), "y": (3,)}, "p": {"gain": (2, 3), "lag": ()}, "data": (2,), "t": None}


def observed(u, p, data, t):
    return {"seen": p["gain"] @ jnp.tanh(u["y"]) * jnp.exp(-p["lag"] * t), "sum": u["x"] + data}


def misfit(u, p, data, t):
    return jnp.mean((observed(u, p, data, t)["seen"] - data) ** 2)


def numbers():
    rng = np.random.default_rng(5)
    sizes = {"u": 4, "p": 7, "data": 2, "du": 4, "dp": 7, "ddata": 2}
    return {name: rng.normal(size=size) for name, size in sizes.items()}


def traced(name, function, **options):
    from pysciml.engines.julia.translator.pure import traced

    return traced(name, function, SHAPES, **options)


def test_derivatives_of_a_loss_are_those_of_finite_differences():
    """What is translated: the traces, evaluated by JAX."""
    given = numbers() | {"t": np.array([0.4])}
    value, jvp, vjp = traced("loss", misfit)
    along = {name: given[f"d{name}"] for name in ("u", "p", "data")}

    def at(h):
        moved = {name: given[name] + h * along[name] for name in along}
        return by_jax([value], [given | moved])[0][0][0]

    expected = (at(1e-5) - at(-1e-5)) / 2e-5
    assert by_jax([jvp], [given])[0][0] == pytest.approx([expected], rel=1e-8)
    gradients = by_jax([vjp], [given | {"w": np.ones(1)}])[0]
    assert [g.size for g in gradients] == [4, 7, 2]
    total = sum(g @ v for g, v in zip(gradients, along.values(), strict=True))
    assert total == pytest.approx(expected, rel=1e-8)


def test_the_layout_says_where_each_array_is():
    from pysciml.engines.julia.translator.pure import translate

    made = translate("seen", observed, SHAPES, wrt=["p"])
    assert made.result == {"seen": slice(0, 2), "sum": slice(2, 4)}
    assert made.arguments["p"] == {"gain": slice(0, 6), "lag": slice(6, 7)}
    assert "function seen_vjp!(gp, u, p, data, t, w)" in made.text
    assert "function seen_jvp!(y, u, p, data, t, dp)" in made.text


def test_a_loss_without_cotangents_has_none():
    from jax import lax

    from pysciml.engines.julia.translator.pure import translate

    def loss(u):
        return lax.while_loop(lambda x: x < 1, lambda x: 2 * x, jnp.sum(u**2) + 0.1)

    made = translate("loss", loss, {"u": (3,)})
    assert set(made.functions) == {"loss", "loss_jvp"}
    assert made.forward_only == ("loss",)


def test_what_a_loss_raises_is_the_cause_of_its_refusal():
    from pysciml.engines.julia.translator.pure import translate

    with pytest.raises(
        CapabilityError, match=r"'loss'.*incompatible shapes.*\(TypeError\)"
    ) as found:
        translate("loss", lambda u: u + jnp.ones(2), {"u": (3,)})
    assert isinstance(found.value.__cause__, TypeError)


@pytest.mark.parametrize("word", ["x1", "end", "w", "cache", 'u"; exit()'])
def test_an_argument_that_could_be_code_is_refused(word):
    from pysciml.engines.julia.translator.pure import translate

    with pytest.raises(ModelError, match="cannot name a Julia function"):
        translate("seen", lambda u: u, {word: (2,)})


def test_names_and_results_that_cannot_be():
    from pysciml.engines.julia.translator.pure import translate

    with pytest.raises(ModelError, match="cotangent of 'u'"):
        translate("seen", lambda u, gu: u + gu, {"u": (2,), "gu": (2,)})
    with pytest.raises(ModelError, match="differentiated by 't'; it can by its flat arguments, 'u"):
        translate("seen", lambda u, t: u * t, {"u": (2,), "t": None}, wrt=["t"])
    with pytest.raises(CapabilityError, match="'seen' returns complex numbers"):
        translate("seen", lambda u: u * 1j, {"u": (2,)})


@pytest.mark.julia
def test_julia_computes_observations_and_losses(tmp_path):
    given = numbers() | {"t": np.array([0.4]), "w": np.array([0.3, -1.2, 0.7, 2.0])}
    cases = [*traced("seen", observed), *traced("loss", misfit, wrt=["u", "p"])]
    arguments = [given | ({"w": given["w"][:1]} if c.name == "loss_vjp" else {}) for c in cases]
    batch = Batch()
    for case, values in zip(cases, arguments, strict=True):
        for scalar in (True, False):
            batch.add(f"{case.name} {scalar}", case, values, scalar=scalar)
    answers = batch.run(tmp_path)
    for case, wanted in zip(cases, by_jax(cases, arguments), strict=True):
        for scalar in (True, False):
            for ours, theirs in zip(answers[f"{case.name} {scalar}"], wanted, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


ACTIVATIONS = ["tanh", "relu", "gelu", "silu", "softplus", "sigmoid", "identity"]
LUX = """
using PySciML, Lux, Test
for (text, styles, caches, keywords, x, weights, expected) in CASES
    chain, parameters = PySciML.lux(weights; keywords...)
    @test chain isa Lux.Chain && all(layer -> layer isa Lux.Dense, values(chain.layers))
    @test PySciML.flat_weights(parameters) == weights
    states = Lux.initialstates(Lux.Random.default_rng(), chain)
    layers = first(chain(x, parameters, states))
    field = Base.invokelatest(PySciML.Field, text, "net"; styles, caches)
    inlined = zeros(length(expected))
    Base.invokelatest(field.inplace.value, inlined, x, weights)
    @test maximum(abs, layers - inlined) <= 1e-12
    @test maximum(abs, inlined - expected) <= 1e-12
    @test maximum(abs, expected) > 1e-3
end
@test_throws DimensionMismatch PySciML.lux(zeros(3); widths=(2, 2), activation="tanh")
println("equal: ", length(CASES))
"""


def julia(value):
    """Write a value as Julia does."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
    if isinstance(value, dict):
        return "Dict(" + ", ".join(f"{julia(k)} => {julia(v)}" for k, v in value.items()) + ")"
    if isinstance(value, np.ndarray):
        return "Float64[" + ", ".join(map(repr, value.tolist())) + "]"
    if isinstance(value, list | tuple):
        return "(" + "".join(f"{julia(v)}, " for v in value) + ")"
    return str(value)


@pytest.mark.slow
@pytest.mark.julia
def test_lux_layers_are_the_network_that_was_translated(tmp_path):
    import jax

    from pysciml.engines.julia.networks import describe
    from pysciml.engines.julia.translator.pure import translate

    cases = []
    for k, activation in enumerate(ACTIVATIONS):
        network = ps.MLP(2, [5, 4], 3, activation, final=ACTIVATIONS[k - 1])

        @ps.model(state={"x": np.ones(2)}, params={"a": 1.0}, networks={"net": network})
        def model(t, u, p):
            return {"x": p.a * p.net(u.x)[:2]}

        found, rng = describe(model, "net"), np.random.default_rng(20 + k)
        weights = {name: rng.normal(size=w.shape) for name, w in network.initial(rng).items()}
        flat = np.concatenate([w.ravel() for w in weights.values()])
        assert found.place == slice(1, 1 + flat.size)
        shapes = {"x": (2,), "weights": {name: w.shape for name, w in weights.items()}}
        made = translate("net", lambda x, w, n=network: n(w, x), shapes, style="loops")
        x = rng.normal(size=2)
        with jax.enable_x64(True):
            expected = np.asarray(network(weights, x))
        keywords = "(; " + ", ".join(f"{k}={julia(v)}" for k, v in found.keywords().items()) + ")"
        values = [made.text, made.functions, list(made.caches)]
        parts = [*map(julia, values), keywords, *map(julia, (x, flat, expected))]
        cases.append(f"({', '.join(parts)}),\n")
    script = tmp_path / "lux.jl"
    script.write_text(f"const CASES = (\n{''.join(cases)})\n{LUX}")
    assert "equal: 7" in run_julia("-O1", str(script))
