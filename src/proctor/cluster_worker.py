"""A worker of a Dask cluster: what it is sent, and how it judges that with this package and bubblewrap alone."""

import atexit
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from proctor import sandbox
from proctor.assignment import Assignment
from proctor.environment import judging_digest
from proctor.results import question_keys
from proctor.sitting import Paper, sit
from proctor.zygote import OneByOne, Zygote, ZygoteLost

VERSION, SANDBOX = "version", "sandbox"  # what a process of the cluster may lack


@dataclass(frozen=True)
class Task:
    """One submission for a worker, with its assignment and no other.

    Attributes:
        paper: what to examine; not shown, because Dask may print a task into a log.
        known: question id -> key of a verdict that need not be found again.
        environment: digest of the judging code, which must be the worker's too.
    """

    paper: Paper = field(repr=False)
    known: dict[str, str] = field(repr=False)
    environment: str


def examine(task: Task) -> bytes:
    """Judge one submission; never raises.

    Returns:
        JSON: ``{"unfit": [what, why]}``, ``{"fault": why}``, or ``{"submission": …, "judgement": …, "seconds": …}``.
    """
    start, paper = time.monotonic(), task.paper

    def ask(submission):
        keys = question_keys(paper.assignment, submission.answers, paper.secret)
        return [question for question, key in keys.items() if task.known.get(question) != key]

    try:
        if lack := unfit(task.environment):
            return json.dumps({"unfit": lack}).encode()
        with _zygotes.lend(paper.assignment) as zygote:
            submission, judgement = sit(zygote, paper, ask)
        reply = {"submission": submission.to_dict(), "judgement": judgement and judgement.to_dict()}
    except Exception as error:  # Dask would log the task and send a pickle
        reply = {"fault": f"{type(error).__name__}: {error}"}
    return json.dumps(reply | {"seconds": time.monotonic() - start}).encode()


def unfit(environment: str, judges: bool = True) -> tuple[str, str] | None:
    """What this process lacks (``VERSION`` or ``SANDBOX``) and why; None if it can take part.

    Args:
        environment: digest of the judging code that it must have.
        judges: whether it is a worker, which needs a sandbox.
    """
    if judging_digest() != environment:
        return VERSION, f"expected judging code {environment[:12]}, got {judging_digest()[:12]}"
    if judges and (reason := sandbox.sandbox_problem()):
        return SANDBOX, reason
    return None


class Zygotes:
    """The zygotes of this process: one for each assignment that is being judged; the last stays for the next task."""

    def __init__(self):
        self._lock, self._seats = threading.Lock(), {}
        # One thread starts them all and lives: bubblewrap ends with the thread that started it.
        self._starter = ThreadPoolExecutor(1, "zygotes")

    @contextlib.contextmanager
    def lend(self, assignment: Assignment) -> Iterator[Zygote | OneByOne]:
        """An assignment's zygote, for as long as the block lasts. One that is lost in it is not lent again.

        Raises:
            SandboxMissing: if this machine has no sandbox.
            ZygoteLost: if the libraries do not import.
        """
        with self._lock:
            seat = self._seats.get(assignment.digest)
            if seat is None:
                self._close(seat for seat in list(self._seats.values()) if not seat.users)
                seat = _Seat(assignment.digest, self._starter.submit(_open, assignment).result())
                self._seats[assignment.digest] = seat
            seat.users += 1
        lost = False
        try:
            yield seat.zygote
        except ZygoteLost:
            lost = True
            raise
        finally:
            with self._lock:
                seat.users -= 1
                if lost and self._seats.get(seat.digest) is seat:
                    self._close([seat])

    def close(self) -> None:
        """End all zygotes."""
        with self._lock:
            self._close(list(self._seats.values()))

    def _close(self, seats):
        for seat in seats:
            del self._seats[seat.digest]
            seat.zygote.close()


@dataclass
class _Seat:
    digest: str
    zygote: Zygote | OneByOne
    users: int = 0


def _open(assignment: Assignment) -> Zygote | OneByOne:
    return Zygote.of(assignment).settled()


_zygotes = Zygotes()
atexit.register(_zygotes.close)
