"""One submission on the host's side: starts its examiner and candidates, and watches that they keep to their limits.

The host trusts the examiner's verdicts, but takes only kinds and messages from it: points come from the assignment.
What the lines carry is described in ``proctor.examiner``.
"""

import contextlib
import json
import math
import os
import pickle
import select
import socket
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from proctor.assignment import Assignment
from proctor.candidate import MAX_MEMORY, read_message, write_message
from proctor.intake import Problem, Submission
from proctor.jail import Limits
from proctor.limits import POLL, how_it_ended, over_limit, usage_of
from proctor.verdict import Judgement, Verdict
from proctor.zygote import OneByOne, Zygote, ZygoteLost

SITTING_SECONDS = 420.0  # wall time after which the examiner itself must hang: judging ends before
LINGER = 1.0  # wall seconds that a process gets to end by itself
CANDIDATE = Limits(memory=MAX_MEMORY, cpu_seconds=600, files=64)  # files: full sockets take memory that nobody counts
EXAMINER = Limits(memory=2 * MAX_MEMORY, cpu_seconds=600)


class SittingError(RuntimeError):
    """The examiner could not finish: the machine's fault or the master's, not the student's."""


@dataclass(frozen=True)
class Paper:
    """What is examined.

    Attributes:
        assignment: the master.
        student: id.
        data: the bytes handed in, None if there are none that can be read.
        problems: what was wrong with the folder.
        secret: seeds the drawn inputs of this assignment.
    """

    assignment: Assignment
    student: str
    data: bytes | None
    problems: tuple[Problem, ...]
    secret: bytes


def sit(
    zygote: Zygote | OneByOne,
    paper: Paper,
    ask: Callable[[Submission], Collection[str]],
    core: int | None = None,
) -> tuple[Submission, Judgement | None]:
    """Examine one submission.

    Args:
        zygote: forks examiner and candidates.
        paper: what to examine.
        ask: called with what was handed in; says which questions to judge, and none ends the sitting.
        core: where its processes run. They take turns, and handing over to another core takes longer.

    Returns:
        The submission and the judgement of those questions; None if there were none.

    Raises:
        SittingError: if the examiner cannot finish.
        ZygoteLost: if the zygote is gone.
    """
    with contextlib.closing(_Sitting(zygote, paper, core)) as sitting:
        return sitting.run(ask)


class _Sitting:
    def __init__(self, zygote, paper, core):
        self.zygote, self.paper, self.core = zygote, paper, core
        self.candidate, self.why, self.cpu_seconds, self.status, self.error = None, None, 0.0, None, ""
        self.limit = self.billed = self.before = None
        self.examiner, self.line = self._take("examiner", EXAMINER)
        self.line.settimeout(SITTING_SECONDS)
        self.receive, self.send = self.line.makefile("rb", buffering=0), self.line.makefile("wb")

    def run(self, ask):
        paper, submission = self.paper, None
        known = paper.assignment == self.zygote.assignment
        self._write(pickle.dumps({**vars(paper), "assignment": None if known else paper.assignment}))
        deadline = time.monotonic() + SITTING_SECONDS
        while True:
            message = self._next(deadline)
            if "bill" in message:
                self.limit, self.billed, self.before = message["bill"], time.monotonic(), None
            elif "launch" in message:
                self._launch()
            elif "close" in message:
                self._close_candidate()
            elif "why" in message:
                self._tell(self._why())
            elif "submission" in message:
                submission = _submission(paper, message["submission"])
                questions = list(ask(submission))
                if not questions:
                    return submission, None
                self._tell({"judge": questions})
            elif "judgement" in message:
                self._close_candidate()
                return submission, _judgement(paper.assignment, message["judgement"], self.cpu_seconds)
            else:
                raise SittingError(str(message.get("fault", "the examiner said what it cannot mean")))

    def close(self):
        """End all processes of the sitting."""
        self._close_candidate()
        self.examiner.close()
        for end in (self.send, self.receive, self.line):
            with contextlib.suppress(OSError):
                end.close()

    def _take(self, role, limits):
        child, channel = self.zygote.take(role, limits)
        if self.core is not None and child.pid:
            with contextlib.suppress(OSError):  # it is gone
                os.sched_setaffinity(child.pid, {self.core})
        return child, channel

    def _next(self, deadline) -> dict:
        while not select.select([self.line], [], [], POLL)[0]:
            self._watch()
            if time.monotonic() > deadline:
                raise SittingError(f"the examiner took longer than {SITTING_SECONDS:g} s")
        try:
            return json.loads(read_message(self.receive))
        except (EOFError, OSError, ValueError):
            self.examiner.kill()
            end = self.examiner.end
            if end.status is None:
                raise ZygoteLost("the process that forks examiners ended") from None
            raise SittingError(f"the examiner: {end.error or how_it_ended(end.status)}") from None

    def _tell(self, message: dict):
        self._write(json.dumps(message).encode())

    def _write(self, data: bytes):
        with contextlib.suppress(OSError):  # it is gone, which the next read says
            write_message(self.send, data)

    def _launch(self):
        self._close_candidate()
        self.why = self.limit = None
        self.candidate, channel = self._take("candidate", CANDIDATE)
        with channel, contextlib.suppress(OSError):
            socket.send_fds(self.line, [b"!"], [channel.fileno()])

    def _watch(self):
        if self.candidate is None or self.candidate.pid is None:
            return
        usage, used, waited, limit = usage_of(self.candidate.pid), 0.0, 0.0, math.inf
        if self.limit is not None:
            self.before = usage.cpu_seconds if self.before is None else self.before
            used, waited, limit = usage.cpu_seconds - self.before, time.monotonic() - self.billed, float(self.limit)
        self.why = over_limit(usage, used, waited, limit)
        if self.why:
            self._close_candidate()

    def _why(self) -> dict:
        if self.candidate is not None:
            ended = self.candidate.wait(LINGER)  # the stream closes a moment before the process has its exit status
            self._close_candidate()
            if self.status is None:
                raise ZygoteLost("the process that forks candidates ended")
            if self.error:
                raise SittingError(f"the candidate: {self.error}")
            self.why = "crash", how_it_ended(self.status if ended else None)
        kind, message = self.why or ("crash", how_it_ended(None))
        return {"kind": kind, "message": message}

    def _close_candidate(self):
        if self.candidate is not None:
            self.candidate.close()
            end = self.candidate.end
            self.cpu_seconds += end.cpu_seconds
            self.status, self.error, self.candidate, self.limit = end.status, end.error, None, None


def _submission(paper: Paper, data: dict) -> Submission:
    problems = tuple(Problem(**problem) for problem in data["problems"])
    return Submission(paper.student, data["answers"], problems, data["size"])


def _judgement(assignment: Assignment, data: dict, cpu_seconds: float) -> Judgement:
    cells = {cell.id: cell for question in assignment.questions for cell in question.tests}
    verdicts = tuple(
        Verdict(cell.id, cell.question, cell.points, verdict["kind"], verdict["message"])
        for verdict in data["verdicts"]
        if (cell := cells.pop(verdict["cell"], None))  # one of each
    )
    parts = {name: data[name] for name in ("cell_errors", "outputs", "seeds", "spent")}
    return Judgement(verdicts, cpu_seconds=cpu_seconds, **parts)
