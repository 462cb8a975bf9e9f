"""A model's functions are traced when it is made: slips in them are named then."""

import math
import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.errors import ModelError


def make(rates):
    return ps.model(
        state={"prey": 1.0},
        params={"alpha": 2.0, "steps": 3.0, "table": np.arange(3.0)},
        inputs={"drive": 0.0},
        name="made",
    )(rates)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        (lambda t, u, p: {"prey": p.alhpa * u.prey}, "no 'alhpa' in params. Did you mean 'alpha'?"),
        (lambda t, u, p: {"prey": u.pray}, "no 'pray' in state. Did you mean 'prey'?"),
        (lambda t, u, p, x: {"prey": x.drove}, "no 'drove' in inputs. Did you mean 'drive'?"),
        (lambda t, u, p: {"prey": p["gamma"]}, "no 'gamma' in params. Known: alpha, steps, table"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_right_one(rates, message):
    with pytest.raises(ModelError, match=message.replace("?", r"\?")):
        make(rates)


NOT_TRACEABLE = {
    "if": lambda t, u, p: {"prey": 1.0 if u.prey > 0 else -1.0},
    "if on time": lambda t, u, p: {"prey": 1.0 if t > 5 else -1.0},
    "and": lambda t, u, p: {"prey": u.prey and 1.0},
    "math": lambda t, u, p: {"prey": math.sin(u.prey)},
    "numpy": lambda t, u, p: {"prey": np.sin(u.prey)},
    "float": lambda t, u, p: {"prey": float(p.alpha)},
    "index": lambda t, u, p: {"prey": [1.0, 2.0, 3.0][p.steps.astype(int)]},
    "range": lambda t, u, p: {"prey": sum(u.prey for _ in range(p.steps.astype(int)))},
}


@pytest.mark.parametrize("case", NOT_TRACEABLE)
def test_python_on_a_traced_value_is_answered_with_jax_numpy(case):
    with pytest.raises(ModelError, match=r"Use jax\.numpy, for example jnp\.where"):
        make(NOT_TRACEABLE[case])


def test_a_condition_written_for_jax_is_fine():
    assert make(lambda t, u, p: {"prey": jnp.where(u.prey > 0, p.alpha, 0.0)}).size == 1


def test_a_function_may_not_assign_to_its_arguments():
    def rates(t, u, p):
        u.prey = 0.0
        return {"prey": u.prey}

    with pytest.raises(ModelError, match="it assigned 'prey' in state"):
        make(rates)


def test_all_values_at_once_are_not_an_array():
    with pytest.raises(ModelError, match=r"made|in state"):
        make(lambda t, u, p: {"prey": jnp.sin(u)})


def test_names_can_be_gone_through():
    made = make(lambda t, u, p: {name: -u[name] for name in u})
    assert list(made.state) == ["prey"]


def test_float64_in_a_model_raises_no_warning():
    # Warnings are errors here, and JAX would say that it has only float32.
    assert make(lambda t, u, p: {"prey": jnp.asarray(u.prey, "float64")}).size == 1


def counting():
    calls = []

    def rates(t, u, p):
        calls.append(1)
        return {"prey": -u.prey * len(calls)}

    return rates


def keeping():
    kept = []

    def rates(t, u, p):
        kept.append(u.prey)
        return {"prey": -sum(kept)}

    return rates


IMPURE = {
    "a counter": counting(),
    "a random number": lambda t, u, p: {"prey": u.prey * np.random.default_rng().normal()},
    "random numbers": lambda t, u, p: {"prey": u.prey * np.random.default_rng().normal(size=9)[0]},
    "a random table": lambda t, u, p: {
        "prey": u.prey * (np.random.default_rng().normal(size=3) @ p.table)
    },
    "kept values": keeping(),
    "a random generator": lambda t, u, p: {"prey": u.prey * random.random()},
}


@pytest.mark.parametrize("case", IMPURE)
def test_a_function_that_does_not_do_the_same_twice_is_refused(case):
    with pytest.raises(ModelError, match=r"'made': .* does something else, .* as noise"):
        make(IMPURE[case])


def test_functions_that_are_the_same_each_time_are_not():
    # What JAX writes of these names objects of Python, which are others in each trace.
    table = np.array([0.0, np.nan, 1.0])

    def rates(t, u, p):
        smooth = jax.nn.relu(u.prey) + jax.nn.softplus(t) + jnp.nan_to_num(table).sum()
        return {"prey": jax.lax.fori_loop(0, 3, lambda i, y: y + jax.nn.silu(smooth), smooth)}

    assert make(rates).size == 1


def test_a_function_may_print(capsys):
    def rates(t, u, p):
        print("called")
        return {"prey": -u.prey}

    sol = ps.solve(make(rates), t=(0, 1), save=1.0)
    assert float(sol.prey[-1]) == pytest.approx(np.exp(-1), rel=1e-5)
    assert "called" in capsys.readouterr().out
