"""Translated functions, run by Julia itself, against JAX."""

import math

import numpy as np
import pytest
from examples import with_network
from expressions import M, N, edges, random_expression, special
from runner import Batch, by_jax, has_special_functions

import pysciml as ps

pytestmark = [pytest.mark.julia, pytest.mark.slow]
EXPRESSIONS = 300


def traced(name, function, arrays):
    """Trace a function of arrays, each in an argument of its own."""
    import jax

    from pysciml.engines.julia.translator.program import Function, Slot

    inputs = [Slot(f"a{i}", a.shape, a.dtype.name) for i, a in enumerate(arrays)]
    with jax.enable_x64(True):
        jaxpr = jax.make_jaxpr(lambda *a: jax.numpy.asarray(function(*a)))(*arrays)
    out = jaxpr.out_avals[0]
    outputs = [Slot("du", out.shape, str(out.dtype))]
    sizes = {"du": math.prod(out.shape)} | {s.argument: math.prod(s.shape) for s in inputs}
    arguments = tuple(s.argument for s in inputs)
    return Function(name, jaxpr, tuple(inputs), tuple(outputs), arguments, sizes)


def numbers_of(model, function, seed=0):
    """Give a function of a model the model's own numbers, a little off."""
    rng = np.random.default_rng(seed)
    groups = {
        "u": model.state.values(),
        "p": [*model.params.values(), *model.inputs.values()],
    }
    given = {}
    for argument in function.arguments:
        if argument == "t":
            given["t"] = np.array([0.3])
        elif argument in groups:
            values = [np.ravel(v.array) for v in groups[argument]]
            flat = np.concatenate([np.zeros(0), *values])
            given[argument] = flat * rng.uniform(0.9, 1.1, flat.size) + 0.01 * rng.random(flat.size)
        else:
            given[argument] = rng.normal(size=function.sizes.get(argument, 1))
    return given


def stochastic(name):
    return {"stuart_landau": {"oscillators": 4}, "jansen_rit": {"noise": 2.0}}.get(name, {})


@pytest.fixture(scope="module")
def cases():
    """Everything to run: name -> (function, arguments)."""
    from pysciml.engines.julia.translator.trace import functions

    found = {}
    for name, function, arrays in [*edges(), *special()]:
        found[name] = traced(name, function, arrays), {f"a{i}": a for i, a in enumerate(arrays)}
    for seed in range(EXPRESSIONS):
        rng = np.random.default_rng(seed)
        arrays = [rng.normal(size=N), rng.normal(size=(M, N)), rng.normal(size=()), seed % M]
        arrays = list(map(np.asarray, arrays))
        given = {f"a{i}": a for i, a in enumerate(arrays)}
        found[f"random_{seed}"] = traced("random", random_expression(seed), arrays), given
    for name in ps.catalog.names():
        model = ps.catalog.build(name, **stochastic(name))
        for function in functions(model):
            found[f"model_{name}_{function.name}"] = function, numbers_of(model, function)
    model = ps.catalog.build("stuart_landau", oscillators=4)
    for function in functions(model, "float32"):
        given = {k: v.astype("float32") for k, v in numbers_of(model, function).items()}
        found[f"float32_{function.name}"] = function, given
    return found


@pytest.fixture(scope="module")
def expected(cases):
    names, answers = list(cases), {}
    for start in range(0, len(names), 30):
        part = names[start : start + 30]
        results = by_jax([cases[n][0] for n in part], [cases[n][1] for n in part])
        answers |= dict(zip(part, results, strict=True))
    return answers


@pytest.fixture(scope="module")
def answers(cases, tmp_path_factory):
    batch = Batch()
    batch.special = has_special_functions()
    for name, (function, given) in cases.items():
        if name.startswith("special") and not batch.special:
            continue
        if function.outputs[0].offset is None:
            batch.add(f"{name} out", function, given, scalar=True, in_place=False)
            continue
        batch.add(f"{name} scalar", function, given, scalar=True)
        batch.add(f"{name} loops", function, given, scalar=False)
        if name.startswith("model"):
            batch.add(f"{name} out", function, given, scalar=True, in_place=False)
    for name, model in large_models().items():
        from pysciml.engines.julia.translator.trace import functions

        for function in functions(model):
            given = numbers_of(model, function)
            scalar = name == "lorenz63"
            batch.add(
                f"allocations {name} {function.name}",
                function,
                given,
                scalar=scalar,
                allocations=True,
            )
    return batch.run(tmp_path_factory.mktemp("julia"))


def large_models():
    return {
        "lorenz63": ps.catalog.lorenz63(),
        "stuart_landau": ps.catalog.stuart_landau(90),
        "mlp": with_network(),
    }


def differences(start, expected, answers, rtol=1e-12):
    """Say which answers whose names begin with `start` differ, and how."""
    found, seen = [], 0
    for name, answer in answers.items():
        if not name.startswith(start):
            continue
        seen += 1
        wanted = expected[name.rsplit(" ", 1)[0]]
        if isinstance(answer, str):
            found.append(f"{name}: {answer[:200]}")
            continue
        for ours, theirs in zip(answer, wanted, strict=True):
            scale = rtol * max(1.0, np.max(np.abs(theirs), initial=0, where=np.isfinite(theirs)))
            near = np.isclose(ours, theirs, rtol=rtol, atol=scale, equal_nan=True)
            if start in ("unary", "binary", "whole"):
                near = np.isclose(ours, theirs, rtol=rtol, atol=1e-14, equal_nan=True)
                if ours.dtype.kind == "f":
                    near &= (np.signbit(ours) == np.signbit(theirs)) | (ours != 0)
            if not near.all():
                k = int(np.argmin(near))
                found.append(f"{name}[{k}]: {ours[k]!r}, JAX gives {theirs[k]!r}")
    assert seen
    return found


@pytest.mark.parametrize("kind", ["unary", "binary", "whole", "special", "random", "model"])
def test_julia_computes_what_jax_computes(kind, expected, answers):
    if kind == "special" and not has_special_functions():
        pytest.skip("SpecialFunctions.jl is not installed")
    found = differences(kind, expected, answers)
    assert not found, f"{len(found)}:\n" + "\n".join(found[:40])


def test_single_precision(expected, answers):
    assert not differences("float32", expected, answers, rtol=2e-6)
    assert answers["float32_drift loops"][0].dtype == np.float32


def test_nothing_is_allocated_in_place(answers):
    found = {name: a for name, a in answers.items() if name.startswith("allocations")}
    assert len(found) == 19
    assert {name: a for name, a in found.items() if isinstance(a, str) or a[0][0]} == {}


def test_the_comparison_can_fail(expected, answers):
    wrong = dict(answers)
    wrong["model_lorenz63_drift scalar"] = [answers["model_lorenz63_drift scalar"][0] + 1e-9]
    assert len(differences("model_lorenz63", expected, wrong)) == 1
