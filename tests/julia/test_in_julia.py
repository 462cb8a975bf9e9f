"""Translated functions, run by Julia itself, against JAX."""

import numpy as np
import pytest
from cases import cases, numbers_of
from examples import with_network
from runner import Batch, by_jax, has_special_functions

import pysciml as ps

pytestmark = [pytest.mark.julia, pytest.mark.slow]


@pytest.fixture(scope="module", name="cases")
def everything():
    return cases()


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


@pytest.mark.parametrize(
    "kind", ["unary", "binary", "whole", "special", "idiom", "random", "model"]
)
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
