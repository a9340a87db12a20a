"""The stage: a candidate and the cells that ran in it, brought back to the same place when the candidate is lost.

A candidate that crashes or exceeds a limit costs the question it was in: a fresh one replays the given cells and the
earlier answers without it, and the rest goes on.
"""

import time
from collections.abc import Callable

from proctor import codec
from proctor.assignment import Assignment, Cell
from proctor.calls import checked, said
from proctor.launch import START_SECONDS, Candidate, decoded
from proctor.limits import CandidateLost

GIVEN_SECONDS = 20.0  # CPU seconds of a given cell once an answer has run, which may have slowed it down

Launch = Callable[[], Candidate]


class GivenCellError(RuntimeError):
    """A given cell failed: not the student's fault."""


class Stage:
    """Where the answers of one submission run.

    Args:
        assignment: says what limits hold.
        answers: text of the answer cells by id.
        launch: starts a candidate.
        seconds: wall time of the student's code, replays included.

    Attributes:
        done: the cells that ran, in order.
        lost: question -> why it was given up.
        over: why nothing runs any more, once the time is used up.
        cell_errors: cell -> the exception of a given cell that failed because of an answer.
        given_error: the last of them, as a sentence.
        cpu_seconds: of all candidates that are gone.
    """

    def __init__(self, assignment: Assignment, answers: dict[str, str], launch: Launch, seconds: float):
        self._assignment, self._answers, self._launch = assignment, answers, launch
        self.done: list[Cell] = []
        self.lost: dict[str, CandidateLost] = {}
        self.over: CandidateLost | None = None
        self.cell_errors, self.given_error, self.cpu_seconds = {}, "", 0.0
        self._set_clock(seconds)
        self._candidate, self._billed = launch(), None

    def clear(self, seconds: float) -> list[Cell]:
        """Begin again with a fresh candidate, and so much more wall time; returns the cells that had run."""
        self._set_clock(seconds)
        ran, self.done, self.over = self.done, [], None
        self._start_afresh()
        return ran

    def close(self) -> None:
        """End the candidate."""
        self._candidate.close()
        self.cpu_seconds += self._candidate.cpu_seconds
        self._candidate.cpu_seconds = 0.0

    def play(self, cell: Cell) -> None:
        """Run a given cell, or an answer that has run before.

        Raises:
            GivenCellError: if it is the given cell's fault.
        """
        self.done.append(cell)
        if self.over:
            return
        try:
            self._replay(cell)
        except CandidateLost as lost:
            self.lose(self._culprit(cell, lost), lost)

    def perform(self, cell: Cell) -> dict | None:
        """Run an answer for the first time; returns the reply, None if the candidate was lost."""
        self._billed = cell.id
        try:
            reply = self._run(self._answers[cell.id], self._assignment.cpu_seconds, show=True)
        except CandidateLost as lost:
            self.lose(cell.id, lost)
            return None
        self.done.append(cell)
        return reply

    def ask(self, question: str, request: bytes) -> tuple[dict, bytes]:
        """Send a request of a question; one CPU limit holds for all of them together.

        Returns:
            The reply, checked, and as it came.

        Raises:
            CandidateLost: see ``Candidate.exchange``; and when the time is used up.
        """
        limit = None if self._billed == question else self._assignment.cpu_seconds
        self._billed = question
        return self._send(request, limit)

    def lose(self, question: str | None, lost: CandidateLost) -> None:
        """Give a question up, and go on without it."""
        self._drop(question, lost)
        self._start_afresh(lost)

    def _set_clock(self, seconds):
        self._seconds, self._deadline = seconds, time.monotonic() + seconds

    def _run(self, source, limit, *, show=False) -> dict:
        return self._send(codec.encode({"op": "cell", "source": source, "show": show}), limit)[0]

    def _send(self, request, limit):
        if time.monotonic() > self._deadline:
            raise CandidateLost("timeout", f"the whole notebook took longer than {self._seconds:g} s")
        data = self._candidate.exchange(request, limit)
        return checked(decoded(data)), data

    def _drop(self, question, lost):
        if question is not None:
            self.lost[question] = lost
        self.done = [cell for cell in self.done if cell.role == "given" or cell.question != question]

    def _start_afresh(self, lost: CandidateLost | None = None):
        """Bring a fresh candidate to where the present one is, without the answers that were lost."""
        while True:
            self.close()
            if time.monotonic() > self._deadline:
                self.over = lost
                return
            self._candidate, self._billed = self._launch(), None
            for cell in self.done:
                try:
                    self._replay(cell)
                except CandidateLost as again:  # what ran before does not now
                    self._drop(self._culprit(cell, again), lost := again)
                    break
            else:
                return

    def _culprit(self, cell, lost) -> str | None:
        """The question to blame for a loss in this cell: a given cell is harmless until an answer changes something."""
        if answers := self._answers_up_to(cell):
            return answers[-1]
        if time.monotonic() > self._deadline:  # it never got to run
            return None
        raise self._given_failed(cell, lost) from lost

    def _answers_up_to(self, cell) -> list[str]:
        return [one.id for one in self.done[: self.done.index(cell) + 1] if one.role == "answer"]

    def _replay(self, cell):
        first = not self._answers_up_to(cell)
        self._billed = None
        if cell.role == "answer":
            self._run(self._answers[cell.id], self._assignment.cpu_seconds)
            return
        reply = self._run(cell.source, START_SECONDS if first else GIVEN_SECONDS)
        if "value" in reply:
            return
        if first:
            raise self._given_failed(cell, said(reply))
        self.cell_errors[cell.id] = said(reply)
        self.given_error = f"after your answers the given cell {cell.id} raised {said(reply)}"

    def _given_failed(self, cell, why):
        return GivenCellError(f"{self._assignment.name}: given cell {cell.id} failed for the student: {why}")
