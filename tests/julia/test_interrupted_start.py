"""A start of Julia that Ctrl-C leaves alone, or within which a process forks, without Julia."""

import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from pysciml.engines.julia.process import start
from pysciml.errors import EngineError, Interrupted


@pytest.fixture
def slow(monkeypatch, ctrl_c):
    """Let Julia start when the event is set; the starts so far."""
    ready, starts = threading.Event(), []

    def boot(owner):
        starts.append(owner)
        ready.wait(60)

    report = {"version": "1.10", "threads": 1, "gc_threads": 1}
    for name in ("_julia", "_booted", "_owner", "_failure"):
        monkeypatch.setattr(start, name, None)
    monkeypatch.setattr(start, "boot", boot)
    monkeypatch.setattr(start, "prepare", lambda: SimpleNamespace(source="a test"))
    monkeypatch.setattr(start, "Julia", lambda boot: SimpleNamespace(report=report))
    monkeypatch.delitem(start.sys.modules, "juliacall", raising=False)
    return ready, starts


def test_the_next_call_waits_for_the_same_start(slow):
    ready, starts = slow
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(Interrupted, match="the next call waits"):
        start.julia()
    timer.join()
    assert start.started() is None
    threading.Timer(0.1, ready.set).start()
    assert start.julia() is start.julia()
    assert len(starts) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_was_forked_during_the_start_is_refused(slow):
    ready, starts = slow
    starter = threading.Thread(target=start.julia)
    starter.start()
    while not starts:
        time.sleep(0.01)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # would end a child that waits for ever
        try:
            start.julia()
        except EngineError as error:
            os._exit(7 if "does not survive a fork" in str(error) else 8)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    ready.set()
    starter.join()
