"""Starts the process in which answers run, and talks to it within limits, where no sandbox is needed.

Two ways, one interface: ``fork_candidate`` (from a process that has torch imported; for variants that we wrote) and
``start_candidate`` (a fresh interpreter; a student checking their own work). A candidate that dies or exceeds a limit
raises ``CandidateLost``. Grading has its own way, in ``proctor.examiner``.
"""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import psutil

from proctor import codec
from proctor.candidate import forbid, limit, read_message, serve, write_message
from proctor.limits import POLL, CandidateLost, how_it_ended, over_limit, process_tree, usage_of
from proctor.sandbox import environment

START_SECONDS = 120.0
_LINGER = 1.0  # wall seconds that a process gets to end by itself, and a thread after its process was killed


class Candidate:
    """A student's process and the streams to and from it.

    Args:
        process: its ``psutil.Process``; what it starts counts towards its limits.
        receive: readable binary stream; a thread reads it, because waiting on pipes differs between systems.
        send: writable binary stream; a thread writes it, because a process that reads nothing would block the writer.
        kill: ends the process tree and returns the exit status.
    """

    def __init__(self, process, receive, send, kill):
        self._process, self._receive, self._send, self._kill = process, receive, send, kill
        self._replies: queue.Queue[bytes | None] = queue.Queue(maxsize=1)
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._write)]
        self._deaf = self._closed = False
        self.cpu_seconds = 0.0
        for thread in self._threads:
            thread.start()

    def exchange(self, data: bytes, cpu_seconds: float | None = None) -> bytes:
        """Send a request and wait for the reply.

        Args:
            data: the request, encoded.
            cpu_seconds: CPU limit of this request and of those after it that name none, the whole process tree counted;
                wall time is bounded much more widely. None: the limit goes on from the request before.

        Raises:
            CandidateLost: on a limit or a crash.
        """
        self._outbox.put(data)
        return self.receive(cpu_seconds)

    def request(self, request: dict, cpu_seconds: float | None = None) -> dict:
        """``exchange`` with plain data both ways; raises CandidateLost, too, for a reply that is none."""
        reply = self.exchange(codec.encode(request), cpu_seconds)
        try:
            return decoded(reply)
        except CandidateLost:
            self.close()
            raise

    def receive(self, cpu_seconds: float | None = None) -> bytes:
        """The next message; raises CandidateLost at the limits."""
        if cpu_seconds is not None:
            self._limit, self._waited, self._looked, self._before = cpu_seconds, 0.0, 0.0, None
        while True:
            start, came = time.monotonic(), True
            try:
                data = self._replies.get(timeout=POLL)
            except queue.Empty:
                data, came = None, False
            self._waited += time.monotonic() - start
            # What it started may still hold the stream when the process itself has ended.
            if data is None and (came or self._deaf or self._ended()):
                self._gone()
            # The CPU clock is read every tenth of a second that was waited: it costs more than a short request.
            if self._waited - self._looked >= POLL:
                self._look()
            if data is not None:
                return data

    def _look(self):
        self._looked = self._waited
        usage = usage_of(self._process.pid)
        self._before = usage.cpu_seconds if self._before is None else self._before
        if excess := over_limit(usage, usage.cpu_seconds - self._before, self._waited, self._limit):
            self._lost(*excess)

    def close(self) -> int | None:
        """End the process and all that it started; returns its exit status, None if it was closed before."""
        if self._closed:
            return None
        self._closed = True
        self.cpu_seconds = usage_of(self._process.pid).cpu_seconds
        status = self._kill()
        self._outbox.put(None)
        deadline = time.monotonic() + _LINGER
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):  # the reader may wait to hand over what nobody wants any more
                self._replies.get(timeout=0.005)
        # A process that escaped, which a sandbox does not let happen, may hold the other end; closing would then wait.
        if not any(thread.is_alive() for thread in self._threads):
            for stream in (self._send, self._receive):
                with contextlib.suppress(OSError):
                    stream.close()
        return status

    def _read(self):
        try:
            while True:
                self._replies.put(read_message(self._receive))
        except (EOFError, OSError, ValueError):
            self._replies.put(None)

    def _write(self):
        try:
            while (data := self._outbox.get()) is not None:
                write_message(self._send, data)
        except (OSError, ValueError):
            self._deaf = True

    def _ended(self) -> bool:
        try:
            return self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            return True

    def _gone(self):
        deadline = time.monotonic() + _LINGER
        while not (ended := self._ended()) and time.monotonic() < deadline:
            time.sleep(0.005)  # the stream closes a moment before the process has its exit status
        status = self.close()
        self._lost("crash", how_it_ended(status if ended else None))

    def _lost(self, kind: str, message: str):
        self.close()
        raise CandidateLost(kind, message) from None


def decoded(data: bytes) -> dict:
    """The reply in these bytes; raises CandidateLost if they are none."""
    try:
        reply = codec.decode(data)
    except codec.CodecError as error:
        raise CandidateLost("crash", f"the process sent what is no reply ({error})") from None
    if not isinstance(reply, dict):
        raise CandidateLost("crash", "the process sent what is no reply")
    return reply


def configure(candidate: Candidate, forbids) -> Candidate:
    """Take the forbidden modules away in a fresh candidate."""
    candidate.request({"op": "configure", "forbids": list(forbids)}, START_SECONDS)
    return candidate


def fork_candidate(forbids=()) -> Candidate:
    """A candidate forked from this process, which must have torch imported and run no torch operation on threads."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setsid()
            ours.close()
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            sys.stdout, sys.stderr = open(os.devnull, "w"), open(os.devnull, "w")  # noqa: SIM115
            limit()
            forbid(forbids)
            serve(theirs.makefile("rb"), theirs.makefile("wb"))
            status = 0
        finally:
            os._exit(status)
    theirs.close()

    def kill():
        for end in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        ours.shutdown(socket.SHUT_RDWR)
        ours.close()
        return os.waitstatus_to_exitcode(status)

    return Candidate(psutil.Process(pid), ours.makefile("rb"), ours.makefile("wb"), kill)


def start_candidate(forbids=()) -> Candidate:
    """A candidate in a fresh interpreter, without the forbidden modules."""
    folder = tempfile.TemporaryDirectory(prefix="proctor-", ignore_cleanup_errors=True)
    command = [sys.executable, "-m", "proctor.candidate"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder.name,
        env=environment(folder.name),
        start_new_session=True,
    )

    def kill():
        _signal_group(process.pid, "SIGSTOP")  # what multiplies must not win the race
        for one in process_tree(process.pid):
            with contextlib.suppress(psutil.Error):
                one.kill()
        _signal_group(process.pid, "SIGKILL")  # children whose parent had ended
        status = process.wait()
        folder.cleanup()
        return status

    candidate = Candidate(psutil.Process(process.pid), process.stdout, process.stdin, kill)
    try:
        candidate.receive(START_SECONDS)  # importing the libraries is not the student's time
        return configure(candidate, forbids)
    except BaseException:
        candidate.close()
        raise


def _signal_group(pid, name):
    with contextlib.suppress(AttributeError, ProcessLookupError, PermissionError):  # Windows has no groups
        os.killpg(pid, getattr(signal, name))
