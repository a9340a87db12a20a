"""Runs a function in a forked child and brings its result back: a fresh, cheap process for each examiner.

The parent must be single-threaded and keep its hands off torch operations, so that a child starts clean in
milliseconds. Both sides are ours, so the result is pickled.
"""

import contextlib
import os
import pickle
import select
import signal
import sys
import time
import traceback

import psutil


class ForkedError(RuntimeError):
    """The function raised, or the child died; the message holds the child's traceback or exit status."""


def run_forked(function, *args, timeout: float = 600.0, **kwargs):
    """Call ``function(*args, **kwargs)`` in a forked child.

    Args:
        function: anything; its result must pickle.
        timeout: seconds of wall time after which the child and all that it started are killed.

    Returns:
        What the function returned.

    Raises:
        ForkedError: if it raised, died, or took longer than ``timeout``.
    """
    readable, writable = os.pipe()
    sys.stdout.flush()  # or the child would write out its copy of the buffer too
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _child(readable, writable, function, args, kwargs)
    os.close(writable)
    data, deadline = bytearray(), time.monotonic() + timeout
    with os.fdopen(readable, "rb", buffering=0) as stream:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                _kill(pid)
                raise ForkedError(f"no result within {timeout:g} s")
            block = stream.read(1 << 20)
            if not block:
                break
            data += block
    _, status = os.waitpid(pid, 0)
    if status or not data:  # whatever it had begun to write is not whole
        raise ForkedError(f"the child ended with status {os.waitstatus_to_exitcode(status)}")
    ok, result = pickle.loads(bytes(data))
    if not ok:
        raise ForkedError(result)
    return result


def _kill(pid):
    with contextlib.suppress(psutil.Error):
        for one in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            end(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _child(readable, writable, function, args, kwargs):
    status = 1
    try:
        os.setpgid(0, 0)
        os.close(readable)
        try:
            reply = pickle.dumps((True, function(*args, **kwargs)))
        except BaseException:
            reply = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(writable, "wb") as stream:
            stream.write(reply)
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
