"""The Julia source itself: what it says, what may not enter it, what is refused."""

import re
from pathlib import Path

import numpy as np
import pytest
from examples import golden, with_network
from idioms import halved, mixed
from syntax import errors

import pysciml as ps
from pysciml.errors import CapabilityError

GOLDEN = Path(__file__).parent / "golden"


def translated(model, **options):
    from pysciml.engines.julia.translator.source import source

    return source(model, **options)


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.jl")))
def test_the_source_is_that_which_was_read_by_eye(name):
    made = translated(golden()[name])
    assert made.text == (GOLDEN / f"{name}.jl").read_text("utf-8")
    assert errors(made.text) == []


def test_small_systems_are_scalars_and_large_ones_loops():
    assert set(translated(ps.catalog.lorenz63()).functions.values()) == {"scalar"}
    large = translated(ps.catalog.stuart_landau(90, stochastic=False))
    assert set(large.functions.values()) == {"loops"}
    assert "drift_tgrad" not in large.caches
    assert "drift" in large.caches
    assert "for i1 in 0:" in large.text


def test_a_matrix_is_read_once_for_all_products_with_it():
    text = translated(ps.catalog.stuart_landau(90, stochastic=False)).text
    drift = text.split("\nend\n")[1]
    assert drift.count("p[360 * i1 + i2 + 361]") == 1  # x @ C, y @ C and the sum of C


def test_quantities_lie_in_the_order_of_the_model():
    layout = translated(with_network([3])).layout
    assert layout.state == {"x": slice(0, 1), "y": slice(1, 2)}
    assert layout.params["missing.layers.0.weight"] == slice(2, 8)
    neuron = translated(ps.catalog.leaky_integrate_and_fire()).layout
    assert neuron.params["current"] == slice(5, 6)  # inputs come after the parameters


OURS = """
function struct end for in return nothing where begin inbounds simd ivdep Vector
undef check_length fill T Float64 du u p t v q w gu gp J muladd xla_tanh cache drift
drift_jvp drift_vjp drift_jac drift_tgrad
"""
HOSTILE = [
    'x"); run(`rm -rf /`); ("',
    "end; ccall(:exit, Cvoid, (Cint,), 1)",
    "du[1] = 0 #",
    "$(exit())",
    'using Pkg; """',
    "\u2028\n=#",
]
WORDS = ["end", "function", "begin", "du", "cache", "muladd", "Float64", "exit", "π"]


def decay(state, parameter, network, text):
    """Make a model with these names, and `text` wherever text may be."""
    variable = ps.Variable(np.ones(2), text, dims=("k",), description=text, coords={"k": [text, 1]})

    @ps.model(
        state={state: variable},
        params={parameter: ps.Variable(1.0, text, description=text)},
        networks={network: ps.MLP(2, [3], 2)},
        name="decay",
        description=text,
        source=text,
    )
    def model(t, u, p):
        return {state: p[parameter] * u[state] + p[network](u[state])}

    return model


def test_no_text_of_the_user_reaches_julia():
    plain = translated(decay("x", "a", "net", "plain")).text
    for text in HOSTILE:
        assert translated(decay("x", "a", "net", text)).text == plain
    for number, word in enumerate(WORDS):
        second, third = (WORDS[(number + k) % len(WORDS)] for k in (1, 2))
        assert translated(decay(word, second, third, "plain")).text == plain


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_is_code_is_refused(name):
    with pytest.raises(ps.errors.ModelError):
        decay(name, "a", "net", "plain")


def test_only_generated_words_are_in_the_source():
    """Whatever is not a keyword or one of our functions is a letter and a number."""
    words = set(re.findall(r"[^\W\d]\w*", translated(decay("π", "end", "exit", "plain")).text))
    found = {word for word in words if not re.fullmatch(r"[xsibc]\d+|Drift\w*", word)}
    assert found <= set(OURS.split())


def test_what_cannot_be_translated_is_named_with_its_line():
    import jax.numpy as jnp

    @ps.model(state={"x": ps.Variable(np.ones((2, 2)), "1", dims=("i", "j"))}, params={})
    def decomposed(t, u, p):
        return {"x": jnp.linalg.cholesky(u.x @ u.x.T)}

    with pytest.raises(CapabilityError, match=r"'cholesky' \(test_source.py, line \d+, in decom"):
        translated(decomposed)


def test_what_has_no_line_of_its_own_is_named_with_that_of_its_function(monkeypatch):
    import jax.numpy as jnp

    from pysciml.engines.julia.translator import translate

    @ps.model(state={"x": np.ones((2, 2))}, params={})
    def decomposed(t, u, p):
        return {"x": jnp.linalg.cholesky(u.x)}

    monkeypatch.setattr(translate, "_where", lambda equation: "")
    line = decomposed.drift.__code__.co_firstlineno
    with pytest.raises(CapabilityError, match=rf"test_source.py, line {line}, in decomposed"):
        translated(decomposed)


def test_what_jax_cannot_trace_is_refused_with_its_reason():
    import jax
    import jax.numpy as jnp

    def outside(x):
        return jax.pure_callback(np.sin, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    cases = {"do not support JVP": outside, "'nextafter'": lambda x: jnp.nextafter(x, 1.0)}
    for reason, function in cases.items():

        @ps.model(state={"x": np.ones(2)}, params={}, name="outside")
        def model(t, u, p, function=function):
            return {"x": function(u.x)}

        with pytest.raises(CapabilityError, match=f"'outside'.*{reason}.*engine='jax'") as caught:
            translated(model)
        assert isinstance(caught.value.__cause__, ValueError | NotImplementedError)


def test_a_mistake_of_the_translator_is_the_cause_of_a_refusal(monkeypatch):
    from pysciml.engines.julia.translator import source, translate

    def wrong(*_):
        raise IndexError("too many indices")

    monkeypatch.setitem(translate.ELEMENTWISE, "sin", (wrong, 1.0))
    with pytest.raises(CapabilityError, match=r"too many indices \(IndexError\)") as caught:
        source.source(ps.catalog.kuramoto(3))
    assert isinstance(caught.value.__cause__, IndexError)


def test_a_function_applied_in_place_is_applied_to_what_is_there():
    import jax.numpy as jnp
    from cases import traced

    from pysciml.engines.julia.translator.program import emit

    function = traced("applied", lambda x: x.at[1].apply(jnp.sin), [np.ones(3)])
    assert "du[2] = ieee_sin(a0[2])" in "\n".join(emit(function, scalar=True))
    loops = "\n".join(emit(function, scalar=False))
    assert re.search(r"(b\d)\[2\] = ieee_sin\(\1\[2\]\)", loops)


@pytest.mark.parametrize("style", ["scalar", "loops"])
def test_single_precision_has_no_number_of_64_bits(style):
    wide = r"Int64|Float64|(?<![\w.])\d+\.\d+(e-?\d+)?(?![\df])"
    assert re.search(wide, translated(mixed(), style=style).text)
    assert not re.search(wide, translated(mixed(), dtype="float32", style=style).text)


def test_branches_have_cotangents():
    from jax import lax

    @ps.model(state={"x": np.ones(2)}, params={"a": 1.0})
    def switching(t, u, p):
        import jax.numpy as jnp

        return {"x": lax.cond(t > p.a, lambda x: jnp.sin(x) * p.a, lambda x: jnp.exp(x) ** 2, u.x)}

    assert "drift_vjp" in translated(switching).functions


def test_a_loop_whose_count_is_data_has_all_derivatives_but_cotangents():
    made = translated(halved(lambda t: (t * 3).astype(int)))
    assert set(made.functions) == {"drift", "drift_jvp", "drift_jac", "drift_tgrad"}
    assert "drift_vjp" not in made.text
    assert made.forward_only == ("drift",)
    assert translated(halved(lambda t: 3)).forward_only == ()
    assert translated(ps.catalog.leaky_integrate_and_fire()).forward_only == ()


def test_complex_numbers_are_refused():
    import jax.numpy as jnp

    @ps.model(state={"x": 1.0}, params={})
    def rotating(t, u, p):
        return {"x": jnp.real(jnp.exp(1j * u.x))}

    with pytest.raises(CapabilityError, match=r"complex128.*line \d+, in rotating"):
        translated(rotating)


def test_numbers_keep_all_their_digits():
    from pysciml.engines.julia.translator.ir import const

    assert const(0.1, "float64").text == "0.1"
    assert const(-0.0, "float64").text == "-0.0"
    assert const(np.float32(0.1), "float32").text == "0.1f0"
    assert const(np.float32(1e-20), "float32").text == "1f-20"
    assert const(-np.inf, "float64").text == "-Inf"
    assert const(-(2**63), "int64").text == "typemin(Int64)"
    assert const(3, "int32").text == "Int32(3)"
    rng = np.random.default_rng(0)
    for value in rng.normal(size=100) * 10.0 ** rng.integers(-30, 30, 100):
        assert float(const(value, "float64").text) == value
        single = np.float32(value)
        assert np.float32(const(single, "float32").text.replace("f", "e")) == single


def test_literals_are_folded_only_where_the_value_stays():
    from pysciml.engines.julia.translator.emitter import Emitter
    from pysciml.engines.julia.translator.ir import Name, Op, const

    x = Name("x", "float64", Emitter(True).root)
    zero, one = const(0.0, "float64"), const(1.0, "float64")
    plain, derivative = Emitter(True), Emitter(True, zeros=True)
    times, plus = Op("{} * {}", 7), Op("{} + {}", 6)
    assert plain.op(times, x, one, dtype="float64") == x
    assert plain.op(times, x, zero, dtype="float64") != zero  # x may be infinite
    assert plain.op(plus, x, zero, dtype="float64") != x  # x may be -0.0
    assert derivative.op(times, x, zero, dtype="float64") == zero
    assert derivative.op(plus, x, zero, dtype="float64") == x
