"""Julia started in this process: calls, threads, Ctrl-C, exceptions, memory."""

import faulthandler
import os
import signal
import threading
import time
import weakref

import numpy as np
import pytest
import xarray as xr

import pysciml as ps
from pysciml.engines.julia.process.start import JuliaObject, julia, started
from pysciml.engines.julia.process.threads import stop_flag
from pysciml.engines.julia.process.traces import JuliaTrace
from pysciml.errors import EngineError, Interrupted

pytestmark = pytest.mark.julia
SPIN = (
    "(stop, limit) -> (n = 0; t = time(); while stop[1] == 0 && time() - t < limit; n += 1; end; n)"
)


@pytest.fixture(scope="module")
def jl():
    return julia()


def test_it_starts_once(jl):
    assert julia() is jl
    assert started() is jl
    assert jl.report["version"].startswith("1.")
    assert jl.report["threads"] >= 1


def test_values_cross_as_python_knows_them(jl):
    assert jl.seval('(1, 2.5, true, "a", nothing)') == (1, 2.5, True, "a", None)
    assert isinstance(jl.seval("[1, 2]"), JuliaObject)


def test_arrays_share_their_memory(jl):
    address = jl.seval("x -> UInt(pointer(x))")
    double = jl.seval("(out, x) -> (out .= 2 .* x; nothing)")
    x, out = np.arange(5.0), np.zeros(5)
    assert jl.call(address, x) == x.ctypes.data
    assert jl.call(double, out, x) is None
    np.testing.assert_array_equal(out, 2 * x)


def test_objects_of_julia_are_passed_back_to_it(jl):
    kept = jl.seval("[1.0, 2.0]")
    assert jl.call(jl.seval("sum"), kept) == 3.0
    assert jl.call(jl.seval("(x; scale) -> scale * first(x)"), kept, scale=4.0) == 4.0


def test_functions_of_the_package_are_found_by_name(jl):
    assert jl.call(jl.seval("x -> x isa Type"), jl.PySciML.System)
    with pytest.raises(EngineError, match="no_such_name"):
        jl.PySciML.no_such_name  # noqa: B018
    for name in ("a b", 'x")', "__no dunder"):
        with pytest.raises(AttributeError, match="is no name of Julia"):
            getattr(jl.PySciML, name)


def test_exceptions_are_sentences_with_the_trace_as_their_cause(jl):
    with pytest.raises(EngineError, match=r"Julia stopped with DomainError: with -1\.0") as caught:
        jl.call(jl.seval("x -> sqrt(x)"), -1.0)
    assert isinstance(caught.value.__cause__, JuliaTrace)
    assert "Stacktrace:" in caught.value.__cause__.text
    assert jl.seval("1 + 1") == 2


def test_all_calls_run_in_one_thread_of_julia(jl):
    where = jl.seval("() -> (Threads.threadid(), ccall(:pthread_self, UInt, ()))")
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(jl.call(where))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert seen[0][0] == 1


def test_python_goes_on_while_julia_works(jl):
    ticks, ended = [], threading.Event()

    def tick():
        while not ended.wait(0.005):
            ticks.append(time.perf_counter())

    ticking = threading.Thread(target=tick)
    ticking.start()
    began = time.perf_counter()
    jl.call(jl.seval(SPIN), stop_flag(), 1.0)
    stopped = time.perf_counter()
    ended.set()
    ticking.join()
    assert sum(began < t < stopped for t in ticks) > 20


def test_ctrl_c_stops_a_loop_of_julia_with_its_partial_result(jl):
    flag, spin = stop_flag(), jl.seval(SPIN)
    jl.call(spin, flag, 0.0)  # compile
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    began = time.perf_counter()
    timer.start()
    with pytest.raises(Interrupted) as caught:
        jl.call(spin, flag, 60.0, stop=flag)
    timer.join()
    assert time.perf_counter() - began < 30
    assert caught.value.partial > 0
    assert jl.seval("2 + 2") == 4


def test_faulthandler_turned_on_since_is_turned_off(jl):
    faulthandler.enable()
    assert jl.seval("1 + 2") == 3
    assert not faulthandler.is_enabled()


def test_julia_collects_while_threads_come_and_go(jl):
    # Threads that stop for the collector do so by a signal; the process would end.
    churn = jl.seval(
        "n -> (s = zeros(Threads.nthreads() * 8);"
        " Threads.@threads for i in eachindex(s); for k in 1:n; s[i] += sum(rand(1000)); end; end;"
        " GC.gc(); sum(s) > 0)"
    )
    for _ in range(3):
        assert jl.call(churn, 300)


def test_arrays_are_let_go_at_the_end_of_a_call(jl):
    total = jl.seval("(a; more) -> sum(a) + sum(first(more)[2])")
    first, second = np.ones(1000), np.ones((10, 10))
    kept = [weakref.ref(first), weakref.ref(second)]
    assert jl.call(total, first, more=(("name", second),)) == 1100.0
    del first, second
    jl.seval("nothing")  # the thread forgets its last call
    assert [reference() for reference in kept] == [None, None]


def test_objects_of_julia_are_let_go_after_they_are_dropped(jl):
    make = jl.seval(
        "const COUNT = Threads.Atomic{Int}(0); mutable struct Counted; x::Int; end;"
        " () -> finalizer(_ -> Threads.atomic_add!(COUNT, 1), Counted(1))"
    )
    kept = [jl.call(make) for _ in range(10)]
    for _ in range(4):
        jl.seval("GC.gc()")
    assert jl.seval("COUNT[]") == 0
    kept.clear()
    for _ in range(4):  # first the wrapper of Python, then the object
        jl.seval("GC.gc()")
    assert jl.seval("COUNT[]") >= 9  # the last may still be in a register


def test_ctrl_c_stops_a_solve_with_what_was_solved_until_then(jl):
    model = ps.catalog.lorenz63()
    given = {"save": 1.0, "solver": ps.RK4(), "dt": 1e-3, "engine": "julia"}
    whole = ps.solve(model, t=(0, 5), **given)
    # Twenty times the steps that one trajectory may take: more than two seconds on any machine.
    rho = xr.DataArray(np.full(20, 28.0), dims="rho")
    timer = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(Interrupted) as caught:
        ps.solve(model, t=(0, 9e4), params={"rho": rho}, **given)
    timer.join()
    x = caught.value.partial.x
    assert 5 < np.isfinite(x).sum() < x.size
    np.testing.assert_allclose(x[0, :4], whole.x[:4], rtol=1e-6)
