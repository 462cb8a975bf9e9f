"""Functions to translate, with numbers to give them: expressions by the hundred, every model."""

import dataclasses
import math

import numpy as np
from expressions import M, N, edges, random_expression, special
from idioms import idioms, mixed

import pysciml as ps

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


def cases():
    """Give everything there is: name -> (function, arguments)."""
    from pysciml.engines.julia.translator.trace import functions

    found = {}
    for name, function, arrays in [*edges(), *special()]:
        found[name] = traced(name, function, arrays), {f"a{i}": a for i, a in enumerate(arrays)}
    for name, function, arrays in idioms():
        made = traced(name, function, arrays)
        made = dataclasses.replace(made, derivative=name.endswith(("jvp", "vjp")))
        found[f"idiom_{name}"] = made, {f"a{i}": a for i, a in enumerate(arrays)}
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
    for start, model in (
        ("", ps.catalog.build("stuart_landau", oscillators=4)),
        ("mixed_", mixed()),
    ):
        for function in functions(model, "float32"):
            given = {k: v.astype("float32") for k, v in numbers_of(model, function).items()}
            found[f"float32_{start}{function.name}"] = function, given
    return found
