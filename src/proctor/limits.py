"""The limits of a student's process while it answers, and what is said when one is reached.

The kernel bounds one process; what a process and its children use together is read from outside, every tenth of a
second that somebody waits. CPU time counts, because a busy machine is not the student's fault; wall time is only a
wide bound.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from proctor.candidate import MAX_MEMORY

WALL_FACTOR = 6.0
WALL_SECONDS = 20.0
MAX_PROCESSES = 64
POLL = 0.1  # seconds between two looks
AGAIN = 1.0  # CPU seconds after which a TimeoutError that something swallowed is raised again


class CandidateLost(RuntimeError):
    """The student's process is gone; ``kind`` is ``timeout`` or ``crash``, and the message is for the student."""

    def __init__(self, kind: str, message: str):
        self.kind = kind
        super().__init__(message)


@dataclass(frozen=True)
class Usage:
    """What a process and all that it started use.

    Attributes:
        cpu_seconds: CPU time, with children that ended.
        processes: how many there are.
        added_memory: bytes that the children add to its own.
    """

    cpu_seconds: float
    processes: int
    added_memory: int


def usage_of(pid: int) -> Usage:
    """Read the usage of a process tree; zeros once it is gone."""
    seconds, memory, tree = 0.0, 0, process_tree(pid)
    for process in tree:
        with contextlib.suppress(psutil.Error):  # it ended in between
            times = process.cpu_times()
            seconds += times.user + times.system
            seconds += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
            if process.pid != pid:
                used = process.memory_full_info()
                memory += getattr(used, "pss", used.uss)  # pages that a fork shares count once
    return Usage(seconds, len(tree), memory)


def over_limit(usage: Usage, cpu_seconds: float, wall_seconds: float, limit: float) -> tuple[str, str] | None:
    """Kind and message for the student if a limit is exceeded: of CPU time (wall time is bounded much more widely), of
    the number of processes, of the memory of all of them together."""
    if cpu_seconds > limit:
        return "timeout", f"CPU limit of {limit:g} s reached"
    if wall_seconds > (wall := limit * WALL_FACTOR + WALL_SECONDS):
        return "timeout", f"no answer within {wall:g} s; is it waiting for something?"
    if usage.processes > MAX_PROCESSES:
        return "crash", f"more than {MAX_PROCESSES} processes were started"
    if usage.added_memory > MAX_MEMORY:
        return "memory", f"memory limit of {MAX_MEMORY / 2**30:g} GiB reached by several processes together"
    return None


@contextlib.contextmanager
def time_limit(cpu_seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block once this process used so much CPU time; where the system cannot, do nothing."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_):
        raise TimeoutError(f"CPU limit of {cpu_seconds:g} s reached")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def how_it_ended(status: int | None) -> str:
    """What to say of a process that is gone, by its exit status; None if it hung up and went on."""
    if status is None:
        return "the process closed its connection"
    killed = -status if status < 0 else status - 128 if status > 128 else 0
    names = {one.value: one.name for one in signal.Signals}
    how = f"killed by {names[killed]}" if killed in names else f"exit status {status}"
    return f"the process ended ({how})"


def process_tree(pid: int) -> list[psutil.Process]:
    """The process and all its descendants, itself last; empty once it is gone."""
    try:
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    except (psutil.Error, ValueError):  # it is gone; of a process that was waited for the kernel says -1
        return []
