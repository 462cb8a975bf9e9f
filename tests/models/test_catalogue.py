"""The catalogue: every system has units, bounds and a source, and can be built by its name."""

import json

import jax
import numpy as np
import pytest

import pysciml as ps
from pysciml.errors import InputError
from pysciml.tracing import call


@pytest.mark.parametrize("name", ps.catalog.names())
def test_a_system_says_what_its_numbers_are(name):
    model = ps.catalog.build(name)
    assert model.name == name
    assert model.description
    assert "doi:" in model.source
    for variable in (*model.state.values(), *model.params.values(), *model.inputs.values()):
        assert variable.units
        assert variable.description
    assert any(variable.bounds for variable in model.params.values())


def test_the_systems_are_listed_in_order():
    names = ps.catalog.names()
    assert names == sorted(names)
    assert {"lorenz63", "lotka_volterra", "ornstein_uhlenbeck", "stuart_landau"} <= set(names)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lorentz63", {}, "no system 'lorentz63' in the catalogue. Did you mean 'lorenz63'?"),
        ("stuart_landau", {"oscilators": 3}, "no option 'oscilators'. Did you mean 'oscillators'?"),
        ("lorenz63", {"sigma": 3.0}, "lorenz63 has no option 'sigma'. It has no options"),
        ("stuart_landau", {"oscillators": 0}, "at least one; got 0"),
        ("stuart_landau", {"oscillators": 2.5}, "whole number of oscillators, at least one; got 2"),
        ("stuart_landau", {"oscillators": "three"}, "at least one; got 'three'"),
        ("stuart_landau", {"growth": 1.0}, "An option of stuart_landau has the wrong type"),
        ("lorenz96", {"n": 3}, "whole number n of sites, at least 4; got 3"),
        ("lorenz96", {"n": 5.0}, "at least 4; got 5.0"),
        ("kuramoto", {"oscillators": 0}, "at least one; got 0"),
        ("kuramoto", {"frequency": 1.0}, "An option of kuramoto has the wrong type"),
        ("jansen_rit", {"noise": -1.0}, "not negative; got -1.0"),
    ],
)
def test_what_is_not_known_is_refused(name, options, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        ps.catalog.build(name, **options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in ps.catalog.names()),
        ("stuart_landau", {"oscillators": 4, "growth": (-0.5, 0.5), "noise": 0.0}),
        ("lorenz96", {"n": 5, "forcing": 8.17}),
        ("kuramoto", {"oscillators": 3, "frequency": (4.0, 6.0), "strength": 0.5}),
        ("jansen_rit", {"noise": 2.0}),
        ("pendulum", {"damping": 0.1}),
    ],
)
def test_the_recipe_builds_the_same_model_again(name, options):
    made = ps.catalog.build(name, **options)
    recipe = json.loads(json.dumps(made.recipe))  # as a file gives it back, pairs as lists
    assert ps.catalog.build(recipe.pop("system"), **recipe) is made


def test_what_is_refused_stays_refused_after_an_equal_option():
    assert ps.catalog.stuart_landau(5) is ps.catalog.stuart_landau(oscillators=5)
    with pytest.raises(InputError, match=r"got 5\.0"):
        ps.catalog.stuart_landau(5.0)


def test_options_make_another_model():
    assert ps.catalog.stuart_landau(4, growth=(-0.5, 0.5)).params["a"].bounds == (-0.5, 0.5)
    assert ps.catalog.stuart_landau(4) is not ps.catalog.stuart_landau(4, noise=0.0)
    assert ps.catalog.lorenz96(5) is not ps.catalog.lorenz96(6)
    assert ps.catalog.lorenz96(5).state["x"].axes("x") == ("site",)
    assert float(ps.catalog.lorenz96(5, forcing=8.17).params["F"].array) == 8.17


def test_the_stuart_landau_network_is_the_sum_over_its_pairs():
    n, rng = 4, np.random.default_rng(0)
    model = ps.catalog.stuart_landau(n)
    z = rng.normal(size=n) + 1j * rng.normal(size=n)
    a, omega, C, G = rng.normal(size=n), rng.normal(size=n), rng.normal(size=(n, n)), 0.7
    expected = [
        (a[j] + 1j * omega[j] - abs(z[j]) ** 2) * z[j]
        + G * sum(C[i, j] * (z[i] - z[j]) for i in range(n))
        for j in range(n)
    ]
    values = {"a": a, "omega": omega, "C": C, "G": G, "sigma": 0.0}
    with jax.enable_x64(True):
        rates = call(model.drift, 0.0, {"x": z.real, "y": z.imag}, values, {})
    np.testing.assert_allclose(rates["x"], np.real(expected), rtol=1e-12)
    np.testing.assert_allclose(rates["y"], np.imag(expected), rtol=1e-12)


def test_the_noise_of_the_stuart_landau_network_is_sigma_everywhere():
    model = ps.catalog.stuart_landau(3, noise=0.25)
    values = {name: variable.array for name, variable in model.params.items()}
    state = {name: variable.array for name, variable in model.state.items()}
    amplitudes = call(model.diffusion.function, 0.0, state, values, {})
    assert model.has_additive_noise
    assert np.array_equal([amplitudes["x"], amplitudes["y"]], np.full((2, 3), 0.25))
