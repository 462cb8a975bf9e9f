"""A start of Julia that Ctrl-C leaves alone, without Julia."""

import os
import signal
import threading
from types import SimpleNamespace

import pytest

from pysciml.engines.julia.process import start
from pysciml.errors import Interrupted


@pytest.fixture
def slow(monkeypatch):
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
