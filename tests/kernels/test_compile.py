"""Kernels: compiled once, with their own options, kept on disk, and never wrong for it."""

import os
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pysciml as ps
from pysciml.engines.jax import cache, client
from pysciml.engines.jax.compile import Kernel, count, small_loops_work


def rotation(angle, x):
    """Turn a vector by `angle`, a thousand small turns: the result is known."""
    small = angle / 1000

    def turn(_, x):
        c, s = jnp.cos(small), jnp.sin(small)
        return jnp.stack([c * x[0] - s * x[1], s * x[0] + c * x[1]])

    return jax.lax.fori_loop(0, 1000, turn, x)


def turned(angle, x):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]]) @ x


ANGLE, X = np.float32(0.7), np.linspace(-1, 1, 2 * 16, dtype=np.float32).reshape(2, 16)


def check(kernel):
    np.testing.assert_allclose(kernel(ANGLE, X), turned(ANGLE, X), rtol=0, atol=2e-5)


@pytest.fixture(autouse=True)
def not_kept_by_jax():
    """Keep JAX's own cache out of it, which takes programs that took long, on a busy machine."""
    name = "jax_persistent_cache_min_compile_time_secs"
    before = getattr(jax.config, name)
    jax.config.update(name, 1e9)
    yield
    jax.config.update(name, before)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Keep kernels in a folder of this test; the suite itself uses JAX's own cache."""
    monkeypatch.setenv("PYSCIML_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(client, "_kept_by_jax", lambda: False)
    return cache.base_directory() / "kernels"


@pytest.fixture
def made():
    """Count what is made from here on: programs, loaded from the disk, refused options."""
    before = (count.programs, count.loaded, count.refused)
    return lambda: tuple(
        b - a for a, b in zip(before, (count.programs, count.loaded, count.refused), strict=True)
    )


def test_options_change_the_program_and_not_its_numbers():
    def both(x):
        return jax.lax.fori_loop(0, 20, lambda _, x: jnp.sin(jnp.cumsum(x) / x.size), x)

    x = np.linspace(0.1, 2, 3000, dtype=np.float32)
    plain, fast = Kernel(both), Kernel(both, small_loops=True, wide=True)
    assert "xla_cpu_small_call" not in plain.compiled(x).as_text()
    assert "xla_cpu_small_call" in fast.compiled(x).as_text()
    np.testing.assert_allclose(fast(x), plain(x), rtol=1e-5)


def test_the_option_for_small_loops_works_here(made):
    assert small_loops_work()
    assert made()[2] == 0


def test_a_signature_is_compiled_once(made):
    kernel = Kernel(rotation)
    for scale in (1, 2):
        np.testing.assert_allclose(
            kernel(ANGLE * scale, X), turned(ANGLE * scale, X), rtol=0, atol=4e-5
        )
    assert made() == (1, 0, 0)
    assert kernel(ANGLE, X[:, :3]).shape == (2, 3)
    with jax.enable_x64(True):
        assert kernel(np.float64(ANGLE), X.astype(np.float64)).dtype == np.float64
    assert made() == (3, 0, 0)


def test_the_precision_in_force_decides():
    kernel = Kernel(lambda: jnp.arange(3) / 3)
    assert kernel().dtype == np.float32
    with jax.enable_x64(True):
        assert kernel().dtype == np.float64
    assert kernel().dtype == np.float32


def test_a_kernel_can_be_transformed(made):
    kernel = Kernel(rotation, small_loops=True)
    gradient = jax.grad(lambda angle: kernel(angle, X)[0].sum())(ANGLE)
    exact = (-np.sin(ANGLE) * X[0] - np.cos(ANGLE) * X[1]).sum()
    np.testing.assert_allclose(gradient, exact, rtol=1e-4)
    assert jax.vmap(kernel, (0, None))(np.stack([ANGLE, ANGLE]), X).shape == (2, 2, 16)
    assert made() == (0, 0, 0)  # it was part of other programs


def test_threads_share_one_compilation(made):
    kernel = Kernel(rotation)
    threads = [threading.Thread(target=check, args=(kernel,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(kernel)
    assert made() == (1, 0, 0)


@pytest.mark.parametrize("reason", ["method", "options"])
def test_without_the_private_way_it_compiles_plainly(folder, monkeypatch, made, reason):
    if reason == "method":
        monkeypatch.setattr(client.Client, "compile_and_load", None)
    else:
        monkeypatch.setattr(client, "extended", lambda *_: "not options")
    check(Kernel(rotation, small_loops=True))
    assert made() == (1, 0, 1)


def test_an_error_of_the_function_is_the_users_to_see():
    with pytest.raises(ZeroDivisionError):
        Kernel(lambda x: x / (1 // 0))(X)


def test_a_new_process_would_find_it(folder, made):
    options = {"small_loops": True, "wide": True}
    first, second = Kernel(rotation, **options), Kernel(rotation, **options)
    check(first)
    assert made() == (1, 0, 0)
    assert len(list(folder.iterdir())) == 1
    check(second)
    assert made() == (2, 1, 0)
    np.testing.assert_array_equal(first(ANGLE, X), second(ANGLE, X))


@pytest.mark.parametrize("other", ["jax", "flags", "processor", "options", "program"])
def test_another_version_machine_or_program_has_another_entry(folder, monkeypatch, made, other):
    check(Kernel(rotation))
    if other == "jax":
        monkeypatch.setattr(jax, "__version__", "0.0.1")
    if other == "flags":
        monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false")
    if other == "processor":
        place = folder.parent
        monkeypatch.setattr(cache, "processor", lambda: "another")
        assert cache.base_directory() != place
    if other == "program":
        Kernel(lambda angle, x: rotation(-angle, x))(ANGLE, X)
    else:
        check(Kernel(rotation, small_loops=other == "options"))
    assert made() == (2, 0, 0)


def spoil(data, how):
    if how == "changed":
        return data[:-10] + bytes([data[-10] ^ 1]) + data[-9:]
    return {"empty": b"", "cut": data[:-1], "foreign": b"ELF" + data}[how]


@pytest.mark.parametrize("how", ["empty", "cut", "changed", "foreign", "not a program"])
def test_a_spoiled_entry_is_made_again(folder, made, how):
    check(Kernel(rotation))
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    if how == "not a program":
        cache.write(folder, entry.name, b"whole, but not a program")
    else:
        entry.write_bytes(spoil(whole, how))
    check(Kernel(rotation))
    assert made() == (2, 0, 0)
    check(Kernel(rotation))
    assert made() == (3, 1, 0)


def test_a_callback_is_never_kept(folder):
    def called(x):
        return jax.pure_callback(lambda x: np.asarray(x) + 1, jax.ShapeDtypeStruct((), "f4"), x)

    assert Kernel(called)(np.float32(1)) == 2
    assert not list(folder.glob("*"))


def test_nothing_global_changes(folder):
    def state():
        return dict(jax.config.values), os.environ.get("XLA_FLAGS")

    before = state()
    kernel = Kernel(rotation, small_loops=True, wide=True)
    check(kernel)
    assert state() == before
    # The same function by jax.jit is compiled as if there were no kernel.
    x = np.linspace(0.1, 2, 3000, dtype=np.float32)
    loop = Kernel(
        lambda x: jax.lax.fori_loop(0, 5, lambda _, x: jnp.cumsum(x), x), small_loops=True
    )
    assert "xla_cpu_small_call" in loop.compiled(x).as_text()
    assert "xla_cpu_small_call" not in jax.jit(loop._function).lower(x).compile().as_text()


def test_the_users_own_cache_is_the_one_used(folder, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("PYSCIML_CACHE_DIR", str(folder.parents[1]))
    assert jax.config.jax_compilation_cache_dir  # conftest.py
    check(Kernel(rotation))
    assert not folder.exists()


def test_solving_again_compiles_nothing(made):
    @ps.model(state={"x": 1.0}, params={"rate": 0.5})
    def decay(t, u, p):
        return {"x": -p.rate * u.x}

    @decay.noise
    def decay(t, u, p):
        return {"x": 0.1}

    def end(span=1.0, **others):
        return ps.solve(decay, t=(0, span), save=span / 10, dt=span / 10, **others).x[..., -1]

    first = end(rng=0, trajectories=4)
    programs = made()[0]
    assert programs >= 1
    assert not np.allclose(first, end(rng=1, trajectories=4))
    assert np.all(end(rng=0, trajectories=4, params={"rate": 0.0}) > first)
    end(rng=0, trajectories=4, span=7.0)
    end(rng=0, trajectories=4, state={"x": 2.0})
    assert made()[0] == programs
    end(rng=0, trajectories=5)
    assert made()[0] > programs


def test_another_span_of_an_adaptive_solve_compiles_nothing(made):
    @ps.model(state={"x": 1.0}, params={"rate": 0.5})
    def decay(t, u, p):
        return {"x": -p.rate * u.x}

    ps.solve(decay, t=(0, 1), save=0.1)
    programs = made()[0]
    longer = ps.solve(decay, t=(0, 5), save=0.5, rtol=1e-8, atol=1e-10, params={"rate": 0.3})
    np.testing.assert_allclose(longer.x[-1], np.exp(-1.5), rtol=1e-6)
    assert made()[0] == programs
