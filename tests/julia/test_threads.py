"""The thread of Julia, and how others wait for it, without Julia."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from pysciml.engines.julia.process.threads import Guest, Owner, stop_flag
from pysciml.errors import EngineError, Interrupted

pytestmark = pytest.mark.usefixtures("ctrl_c")


@pytest.fixture(scope="module")
def owner():
    return Owner("a test")


def press_ctrl_c(after):
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


def test_calls_of_many_threads_run_one_by_one_in_one_thread(owner):
    running, seen, results = [], set(), {}

    def work(number):
        running.append(number)
        assert running == [number]
        seen.add(threading.get_ident())
        time.sleep(0.001)
        running.remove(number)
        return number**2

    def call(number):
        results[number] = owner.run(lambda: work(number))

    threads = [threading.Thread(target=call, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: n**2 for n in range(20)}
    assert seen == {owner.thread.ident}


def test_errors_come_back_to_the_caller(owner):
    with pytest.raises(ZeroDivisionError):
        owner.run(lambda: 1 / 0)
    assert owner.run(lambda: 2) == 2


def test_a_call_within_a_call_does_not_wait_for_itself(owner):
    assert owner.run(lambda: owner.run(lambda: 3)) == 3


def test_nothing_of_a_call_is_kept(owner):
    import weakref

    array = np.zeros(3)
    kept = weakref.ref(array)
    owner.run(array.sum)
    del array
    owner.run(lambda: None)
    assert kept() is None


def test_the_thread_is_told_when_it_waits_and_when_it_works():
    events = []
    owner = Owner("a test")
    owner.rest = lambda: events.append("rest") or 7
    owner.wake = lambda state: events.append(("wake", state))
    owner.run(lambda: events.append("one"))  # it may wait already, since before it had these
    owner.run(lambda: events.append("two"))
    last = events.index("two")
    assert events[last - 2 : last + 1] == ["rest", ("wake", 7), "two"]


def test_ctrl_c_ends_a_loop_that_looks_at_its_flag(owner):
    flag = stop_flag()

    def loop():
        steps = 0
        while not flag[0]:
            time.sleep(0.001)
            steps += 1
        return steps

    timer = press_ctrl_c(0.1)
    began = time.perf_counter()
    with pytest.raises(Interrupted, match="Stopped by Ctrl-C") as caught:
        owner.run(loop, flag)
    timer.join()
    assert caught.value.partial > 1
    assert time.perf_counter() - began < 5
    assert isinstance(caught.value, KeyboardInterrupt)


def test_ctrl_c_leaves_a_call_without_a_flag_to_its_end(owner):
    ended = threading.Event()
    timer = press_ctrl_c(0.05)
    with pytest.raises(Interrupted, match="the next call waits") as caught:
        owner.run(lambda: ended.wait(30))
    timer.join()
    assert caught.value.partial is None
    ended.set()
    assert owner.run(lambda: 4) == 4


def test_an_error_after_ctrl_c_is_told(owner):
    flag = stop_flag()

    def loop():
        while not flag[0]:
            time.sleep(0.001)
        raise ValueError("no partial result")

    timer = press_ctrl_c(0.05)
    with pytest.raises(Interrupted, match="no partial result"):
        owner.run(loop, flag)
    timer.join()


def test_a_child_of_a_fork_is_refused():
    owner = Owner("a test")
    owner.forked = True
    with pytest.raises(EngineError, match="does not survive a fork"):
        owner.run(lambda: 1)


def test_the_julia_of_another_package_serves_its_own_thread_only():
    home = threading.get_ident()
    guest = Guest(lambda: threading.get_ident() == home)
    assert guest.run(lambda: 5) == 5
    owner = Owner("a test")
    with pytest.raises(EngineError, match="only that thread can call it"):
        owner.run(lambda: guest.run(lambda: 5))


def test_ctrl_c_reaches_the_julia_of_another_package():
    flag = stop_flag()
    guest = Guest(lambda: True)
    heard = []

    def call():
        # Julia would not come back to the interpreter before it has seen the flag.
        deadline = time.perf_counter() + 20
        while not flag[0] and time.perf_counter() < deadline:
            time.sleep(0.001)
        return "part"

    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    timer = press_ctrl_c(0.05)
    try:
        assert guest.run(call, flag) == "part"
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert flag[0] == 1
    assert heard
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    assert descriptor == -1  # as it was before
