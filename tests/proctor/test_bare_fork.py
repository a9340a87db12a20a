"""A bare fork: the child is a whole Python process, and has touched far less memory than after ``os.fork``."""

import errno
import os
import subprocess
import sys
import textwrap

import pytest

from proctor import bare_fork


def run(code):
    """What a fresh process with one thread prints."""
    code = "import os, resource, sys\nfrom proctor import bare_fork\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_parent_and_child_go_on():
    code = """
        if (pid := bare_fork.fork()) == 0:
            os._exit(7 if os.getppid() == parent else 8)
        print(pid > 0, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """
    assert run("parent = os.getpid()\n" + textwrap.dedent(code)) == ["True", "7"]


def test_a_child_has_threads_locks_processes_signals_and_exceptions():
    code = """
        import logging, signal, subprocess, threading
        if (pid := bare_fork.fork()) == 0:
            said = []
            for _ in range(3):
                thread = threading.Thread(target=lambda: (logging.getLogger().error("x"), said.append(1)))
                thread.start()
                thread.join(10)
            signal.signal(signal.SIGALRM, lambda *_: said.append(2))
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            signal.pause()
            try:
                1 / 0
            except ZeroDivisionError:
                said.append(3)
            said.append(subprocess.run([sys.executable, "-c", "raise SystemExit(4)"]).returncode)
            if (grandchild := os.fork()) == 0:
                os._exit(5)
            said.append(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
            print(*said, threading.active_count(), threading.current_thread() is threading.main_thread(), flush=True)
            os._exit(0)
        os.waitpid(pid, 0)
        """
    assert run(code) == ["1", "1", "1", "2", "3", "4", "5", "1", "True"]


def test_it_touches_less_than_half_of_the_memory():
    code = """
        import logging, numpy, random, threading
        for fork in (os.fork, bare_fork.fork):
            if (pid := fork()) == 0:
                print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt, flush=True)
                os._exit(0)
            os.waitpid(pid, 0)
        """
    usual, bare = map(int, run(code))
    assert bare < usual / 2


def test_a_refusal_is_an_error(monkeypatch):
    class Refusing:
        @staticmethod
        def fork():
            bare_fork.ctypes.set_errno(errno.EAGAIN)
            return -1

    monkeypatch.setattr(bare_fork, "_libc", Refusing)
    with pytest.raises(BlockingIOError, match=os.strerror(errno.EAGAIN)):
        bare_fork.fork()
