"""An examiner, a candidate or a kernel as the host sees it: its process id, its end, and how to end it."""

import contextlib
import json
import os
import select
import signal
import socket
from dataclasses import dataclass

import psutil

from proctor.limits import process_tree
from proctor.zygote_process import MAX_PACKET


@dataclass(frozen=True)
class End:
    """How a child ended: exit status (negative: the signal), CPU seconds with all that it started, and what it says
    went wrong while it was locked up, if anything did."""

    status: int | None
    cpu_seconds: float = 0.0
    error: str = ""


class Child:
    """A child of the zygote, seen from the host."""

    def __init__(self, report: socket.socket, namespaces: bool):
        self._report, self._own_numbers = report, namespaces
        self._pid, self._pidfd, self._end, self._error = None, None, None, ""

    @property
    def pid(self) -> int | None:
        """Its process id on the host; None once it ended before that was known."""
        while self._pid is None and self._end is None:
            self._read()
        return self._pid

    @property
    def end(self) -> End:
        """How it ended; waits for that."""
        while self._end is None:
            self._read()
        return self._end

    def wait(self, seconds: float) -> bool:
        """Whether it ended within so many seconds."""
        while self._end is None and select.select([self._report], [], [], seconds)[0]:
            self._read()
        return self._end is not None

    def kill(self) -> None:
        """End it and, where it has a process namespace of its own, all that it started."""
        if self.pid is None or self._end is not None:
            return
        if self._own_numbers:
            self.send_signal(signal.SIGKILL)
            return
        for process in process_tree(self._pid):
            with contextlib.suppress(psutil.Error):
                process.kill()
        with contextlib.suppress(ProcessLookupError):  # children whose parent had ended
            os.killpg(self._pid, signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process itself, wherever it runs; Linux only."""
        while self._pidfd is None and self._end is None:
            self._read()
        if self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def close(self) -> None:
        """Kill it, wait for its end, and give the file descriptors back."""
        self.kill()
        _ = self.end
        self._report.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def _read(self):
        try:
            data, handles, _, _ = socket.recv_fds(self._report, MAX_PACKET, 1)
        except OSError:
            data, handles = b"", []
        message = json.loads(data) if data else {"status": None}
        if "error" in message:
            self._error = message["error"]
        elif "pid" in message:
            self._pidfd = handles[0] if handles else None
            self._pid = _host_pid(self._pidfd) if self._own_numbers and handles else message["pid"]
        else:
            self._end = End(message["status"], message.get("cpu_seconds", 0.0), self._error)


def _host_pid(pidfd: int) -> int:
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pid:"))
