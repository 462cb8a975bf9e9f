"""Julia started in processes of their own: what it prints, what it leaves, what it refuses."""

import os
import re
import signal
import subprocess
import sys

import pytest
from processes import for_juliacall, run_in_new_process

pytestmark = pytest.mark.julia

START = "from pysciml.engines.julia.process.start import julia\njl = julia()\n"


LIFE = """
import os, sys, time
from pysciml.errors import EngineError
assert 'jax' not in sys.modules
print(jl.seval('join(names(Main; all=true), " ")'), flush=True)
child = os.fork()
if child == 0:
    try:
        jl.seval('1')
    except EngineError as error:
        print('fork' in str(error), flush=True)
    sys.exit(7)
try:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), jl.seval('3'), flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print('heard', jl.seval('1'))
"""


@pytest.fixture(scope="module")
def life():
    """What a process prints that starts Julia, forks, and is sent Ctrl-C when it idles."""
    child = subprocess.Popen(
        [sys.executable, "-c", START + LIFE],
        env={**os.environ, "PYTHON_JULIACALL_THREADS": "2", "JULIA_NUM_GC_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = [child.stdout.readline() for _ in range(3)]
    child.send_signal(signal.SIGINT)
    rest, errors = child.communicate(timeout=100)
    assert child.returncode == 0, errors
    return [*lines, *rest.splitlines()], errors


def test_one_line_of_status(life):
    said = r"pysciml: Julia 1\.\S+ started \(.+\) in \d+\.\d s; 2 threads, 1 for its collector\."
    assert re.fullmatch(said, life[1].strip().splitlines()[-1]), life[1]


def test_nothing_is_put_into_main(life):
    names = set(life[0][0].split())
    assert {name for name in names if not name.startswith("#")} == {"Base", "Core", "Main"}


def test_a_forked_child_is_refused_and_ends(life):
    assert [line.strip() for line in life[0][1:3]] == ["True", "7 3"]


def test_ctrl_c_at_the_keyboard_is_pythons(life):
    assert life[0][3] == "heard 1"


def test_importing_the_engine_starts_nothing():
    program = (
        "import sys, pysciml.engines.julia.process.start, pysciml.engines.julia.process.readiness\n"
        "assert pysciml.engines.julia.process.readiness.ready()\n"
        "assert 'juliacall' not in sys.modules"
    )
    done = run_in_new_process(program)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_julia_of_another_package_is_joined():
    program = (
        "import threading\n"
        "from juliacall import Main\n" + START + "print(jl.seval('1 + 1'))\n"
        "from pysciml.errors import EngineError\n"
        "def elsewhere():\n"
        "    try:\n"
        "        jl.seval('1')\n"
        "    except EngineError as error:\n"
        "        print('only that thread can call it' in str(error))\n"
        "thread = threading.Thread(target=elsewhere)\n"
        "thread.start(); thread.join()\n"
        "print(Main.seval('2 + 2'))\n"
    )
    done = run_in_new_process(program, **for_juliacall())
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2", "True", "4"]
    assert "which another package had started" in done.stderr


def test_a_start_that_failed_says_so_again():
    program = (
        "from pysciml.engines.julia.process import boot, start\n"
        "boot.LOAD = 'error(\"nothing to load\")'\n"
        "from pysciml.errors import EngineError\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        start.julia()\n"
        "    except EngineError as error:\n"
        "        print(error)\n"
    )
    done = run_in_new_process(program)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert "nothing to load" in first
    assert second == f"{first} Julia starts once in a process: after a remedy, start Python anew."


def test_threads_without_signals_are_refused_before_the_start():
    settings = {"PYTHON_JULIACALL_HANDLE_SIGNALS": "no", "PYTHON_JULIACALL_THREADS": "2"}
    done = run_in_new_process(START, **settings)
    assert done.returncode == 1
    assert "so that the process would crash" in done.stderr
