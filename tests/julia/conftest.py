"""What tests of Julia's threads and processes share."""

import signal

import pytest


@pytest.fixture
def ctrl_c():
    """Have Ctrl-C heard: a shell that starts the tests in the background has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
