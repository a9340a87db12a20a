"""Forked calls: results, exceptions, deaths and hangs."""

import faulthandler
import os
import signal
import sys
import time

import psutil
import pytest

from proctor.forked import ForkedError, run_forked

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def test_results_come_back_from_another_process():
    assert run_forked(os.getpid) != os.getpid()
    assert run_forked(lambda a, *, b: [a, b], 1, b="x" * 10**7) == [1, "x" * 10**7]
    assert run_forked(lambda: None) is None


def fail():
    raise KeyError("here")


def exits():
    sys.exit(3)


@pytest.mark.parametrize(
    "function, said",
    [
        (fail, "KeyError: 'here'"),
        (exits, "SystemExit: 3"),
        (lambda: lambda: None, "pickle"),
        (lambda: os._exit(5), "ended with status 5"),
        (lambda: os._exit(0), "ended with status 0"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "ended with status -9"),
        (lambda: (faulthandler.disable(), signal.raise_signal(signal.SIGSEGV)), "ended with status -11"),
    ],
)
def test_failures_are_told(function, said):
    with pytest.raises(ForkedError, match=said):
        run_forked(function)


def test_nothing_of_the_parent_changes():
    names = []
    run_forked(names.append, 1)
    assert names == []


def test_output_is_not_written_twice(capfd):
    sys.stdout.write("once ")
    run_forked(print, "child")
    sys.stdout.flush()
    assert capfd.readouterr().out.count("once") == 1


def test_a_hang_ends_with_all_that_it_started(tmp_path):
    def hang():
        child = os.fork()
        if child == 0:
            os.setsid()
            time.sleep(60)
        (tmp_path / "pid").write_text(str(child))
        time.sleep(60)

    start = time.monotonic()
    with pytest.raises(ForkedError, match=r"no result within 0\.5 s"):
        run_forked(hang, timeout=0.5)
    assert time.monotonic() - start < 5
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    pytest.fail("the child's child is still there")
