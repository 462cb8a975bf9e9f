"""What does not go together with Julia, in sentences."""

import sys
from types import SimpleNamespace

import pytest
from places import installed

from pysciml.engines.julia.process.clashes import clashes, explained
from pysciml.engines.julia.process.traces import JuliaTrace, folded, translated


def sentences(modules, environment=None, project=None):
    return [c.sentence for c in clashes(modules, environment or {}, project)]


def test_a_plain_process_has_none():
    assert sentences({"numpy": None, "jax": None}) == []


@pytest.mark.parametrize(("module", "name"), [("torch", "torch"), ("llvmlite", "numba")])
def test_another_llvm_is_a_warning(module, name):
    (found,) = clashes({module: None}, {})
    assert found.sentence.startswith(f"{name} was loaded before Julia.")
    assert "julia()" in found.sentence
    assert not found.fatal


def test_pyjulia_is_fatal():
    (found,) = clashes({"julia.core": None}, {})
    assert found.fatal
    assert "PyJulia" in found.sentence


def test_threads_without_signals_are_fatal():
    settings = {"PYTHON_JULIACALL_HANDLE_SIGNALS": "no", "PYTHON_JULIACALL_THREADS": "4"}
    (found,) = clashes({}, settings)
    assert found.fatal
    assert "'4'" in found.sentence
    assert not sentences({}, settings | {"PYTHON_JULIACALL_THREADS": "1"})


@pytest.mark.skipif(sys.platform != "linux", reason="libraries are found by name on Linux only")
@pytest.mark.parametrize(("wanted", "number"), [("3.5.1+0", 1), ("3.0.14+0", 0), (None, 0)])
def test_a_newer_openssl_is_a_warning(tmp_path, wanted, number):
    installed(tmp_path, openssl=wanted)
    ssl = SimpleNamespace(OPENSSL_VERSION_INFO=(3, 0, 2, 0, 0), OPENSSL_VERSION="OpenSSL 3.0.2")
    found = sentences({"ssl": ssl}, {}, tmp_path / "project")
    assert len(found) == number
    assert all(f"OpenSSL {wanted}" in sentence for sentence in found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("libcrypto.so.3: version `OPENSSL_3.3.0' not found", "OpenSSL"),
        ("libstdc++.so.6: version `GLIBCXX_3.4.30' not found", "LD_PRELOAD"),
        ("Could not download https://", "prepare"),
        ("Could not resolve host: pkg.julialang.org", "prepare"),
        ("something else", ""),
    ],
)
def test_errors_of_the_start_have_remedies(text, word):
    assert word in explained(text)
    assert bool(explained(text)) == bool(word)


class ThrownError(Exception):
    """Prints as a JuliaError does."""

    def __str__(self):
        frames = "\n".join(f" [{i}] f{i}()" for i in range(30))
        return f"DomainError with -1.0:\nlog is real only above 0.\nStacktrace:\n{frames}"


def test_an_exception_of_julia_is_a_sentence_with_a_folded_trace(monkeypatch):
    error = translated(ThrownError(), "DomainError")
    assert str(error) == ("Julia stopped with DomainError: with -1.0: log is real only above 0.")
    trace = error.__cause__
    assert isinstance(trace, JuliaTrace)
    assert "[29]" in trace.text
    assert "[29]" not in str(trace)
    assert str(trace).endswith("set PYSCIML_TRACE=1 to see all.")
    monkeypatch.setenv("PYSCIML_TRACE", "1")
    assert "[29]" in folded(trace.text)
