"""Julia started in processes of their own: what it prints, what it leaves, what it refuses."""

import re
import signal
import subprocess
import sys
import time

from here import FOUND, needs_julia, run_in_new_process

pytestmark = needs_julia

START = "from pysciml.engines.julia.start import julia\njl = julia()\n"


def test_one_line_of_status_and_nothing_in_main():
    program = START + (
        "import sys\n"
        "assert 'jax' not in sys.modules\n"
        "print(jl.seval('join(names(Main; all=true), \" \")'))\n"
    )
    done = run_in_new_process(program, PYTHON_JULIACALL_THREADS="2", JULIA_NUM_GC_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"pysciml: Julia 1\.\S+ started \(.+\) in \d+\.\d s; 2 threads, 1 for its collector\.\n",
        done.stderr,
    ), done.stderr
    names = set(done.stdout.splitlines()[0].split())
    assert {name for name in names if not name.startswith("#")} == {"Base", "Core", "Main"}


def test_importing_the_engine_starts_nothing():
    program = (
        "import sys, pysciml.engines.julia.start, pysciml.engines.julia.readiness\n"
        "assert pysciml.engines.julia.readiness.ready()\n"
        "assert 'juliacall' not in sys.modules"
    )
    done = run_in_new_process(program)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_forked_child_is_refused_and_ends():
    program = START + (
        "import os, sys\n"
        "from pysciml.errors import EngineError\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try:\n"
        "        jl.seval('1')\n"
        "    except EngineError as error:\n"
        "        print('fork' in str(error), flush=True)\n"
        "    sys.exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), jl.seval('3'))\n"
    )
    done = run_in_new_process(program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["True", "7 3"]


def test_ctrl_c_at_the_keyboard_is_pythons():
    program = START + (
        "import time\n"
        "print('here', flush=True)\n"
        "try:\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    print('heard', jl.seval('1'))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "here\n"
    began = time.perf_counter()
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=60)[0] == "heard 1\n"
    assert child.returncode == 0
    assert time.perf_counter() - began < 50


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
    place = FOUND.place
    done = run_in_new_process(
        program,
        PYTHON_JULIACALL_EXE=str(place.program),
        PYTHON_JULIACALL_PROJECT=str(place.project),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2", "True", "4"]
    assert "which another package had started" in done.stderr


def test_a_start_that_failed_says_so_again():
    program = (
        "from pysciml.engines.julia import boot, start\n"
        "boot.MODULE = 'error(\"nothing to load\")'\n"
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
