"""Limits: what counts as too much, and what is said of a process that is gone."""

import contextlib
import os
import subprocess
import sys
import threading

import pytest

from proctor import limits
from proctor.limits import Usage, how_it_ended, over_limit, process_tree, time_limit, usage_of

LITTLE = Usage(0.0, 1, 0)


@pytest.mark.parametrize(
    ("usage", "cpu", "wall", "said"),
    [
        (LITTLE, 1.9, 30.0, None),
        (LITTLE, 2.1, 2.1, ("timeout", "CPU limit of 2 s reached")),
        (LITTLE, 0.0, 33.0, ("timeout", "no answer within 32 s; is it waiting for something?")),
        (Usage(0.0, limits.MAX_PROCESSES + 1, 0), 0.0, 0.0, ("crash", "more than 64 processes were started")),
        (Usage(0.0, 9, limits.MAX_MEMORY + 1), 0.0, 0.0, ("memory", "memory limit of 2 GiB reached by several")),
    ],
)
def test_what_is_too_much(usage, cpu, wall, said):
    found = over_limit(usage, cpu, wall, 2.0)
    assert found is said is None or (found[0], found[1].startswith(said[1])) == (said[0], True)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (None, "closed its connection"),
        (-9, "killed by SIGKILL"),
        (139, "killed by SIGSEGV"),
        (3, "exit status 3"),
        (-300, "exit status -300"),
    ],
)
def test_how_a_process_ended(status, said):
    assert said in how_it_ended(status)


def test_the_usage_of_a_tree_counts_everything_in_it():
    code = "import subprocess, sys; sum(range(10**7)); subprocess.run([sys.executable, '-c', 'input()'])"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        while len(process_tree(process.pid)) < 2:
            assert process.poll() is None
        usage = usage_of(process.pid)
        assert usage.processes == 2 and usage.cpu_seconds > 0 and process_tree(process.pid)[-1].pid == process.pid
    finally:
        process.communicate(b"\n")
    assert usage_of(process.pid) == Usage(0.0, 0, 0)


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="this system has no CPU timer")
def test_a_block_that_takes_too_long_is_stopped():
    with pytest.raises(TimeoutError, match=r"CPU limit of 0\.05 s"), time_limit(0.05):
        while True:
            pass
    with time_limit(60):
        assert sum(range(10)) == 45


def test_a_thread_has_no_such_limit():
    done = []

    def work():
        with time_limit(0.001):
            done.append(sum(range(10**6)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done and os.getpid()


def test_a_time_limit_that_was_swallowed_is_raised_again(monkeypatch):
    monkeypatch.setattr(limits, "AGAIN", 0.05)
    with pytest.raises(TimeoutError), limits.time_limit(0.05):
        with contextlib.suppress(TimeoutError):
            while True:
                pass
        while True:
            pass
