"""Judges submissions on this machine, several at a time, and nothing twice that is known already."""

import contextlib
import hashlib
import itertools
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from proctor.assignment import Assignment
from proctor.intake import Submission, read_bytes
from proctor.results import Journal, Result, joined, part, question_keys
from proctor.sitting import Paper, sit
from proctor.verdict import Judgement
from proctor.zygote import Zygote, ZygoteLost

LASTING = {"pass", "fail", "error", "unanswered", "refused"}  # verdicts on which no busy machine has any influence
TRIES = 2  # of a submission whose zygote was lost: the fault may have been another's


class LocalGrader:
    """Judges submissions of one assignment; safe to use from several threads. A context manager.

    Args:
        assignment: the master.
        secret: seeds the drawn inputs.
        sandboxed: run students' code in the sandbox.
        jobs: submissions judged at a time; the number of cores by default.
        ahead: a zygote that has begun to import; whoever made it closes it.
    """

    def __init__(
        self,
        assignment: Assignment,
        secret: bytes,
        *,
        sandboxed: bool = True,
        jobs: int | None = None,
        ahead: Zygote | None = None,
    ):
        self._assignment, self._secret, self._sandboxed, self._ahead = assignment, secret, sandboxed, ahead
        self._jobs = jobs or os.cpu_count() or 1
        self._lock, self._zygote = threading.Lock(), None
        self._worker, self._cores = threading.local(), itertools.cycle(_cores())
        self._journal, self._known = None, {}  # key of a question -> a student with that key
        self._fresh: dict[str, Result] = {}  # student -> what is not in the journal yet

    def __enter__(self) -> "LocalGrader":
        return self

    def __exit__(self, *exception) -> None:
        if self._zygote is not None:
            self._zygote.close()

    def start(self) -> None:
        """Start the zygote, from a thread that lives on; it imports while the caller goes on."""
        ahead, self._ahead = self._ahead, None
        if ahead and ahead.forbids == self._assignment.forbids:
            self._zygote = ahead.prepare_for(self._assignment)
        else:
            self._zygote = Zygote.of(self._assignment, sandboxed=self._sandboxed)

    def settle(self) -> None:
        """Wait for it, and take the slower way where this kernel has no other.

        Raises:
            ZygoteLost: if the libraries do not import.
        """
        if self._zygote is not None:
            self._zygote = self._zygote.settled()

    def learn(self, journal: Journal) -> None:
        """Take verdicts from a journal where all that they depend on is the same."""
        self._journal = journal
        for student in journal.students():
            if result := journal.read(student):
                self._known |= dict.fromkeys(result.keys.values(), student)

    def forget(self, student: str) -> None:
        """The journal has the student's result now."""
        self._fresh.pop(student, None)

    def known(self, student: str, folder: Path) -> bool:
        """Whether the journal has the result of exactly this work."""
        known = self._journal and self._journal.read(student)
        if not known or known.digest != digest_of(*read_bytes(folder, self._assignment.name)):
            return False
        keys = question_keys(self._assignment, known.submission.answers, self._secret)
        return bool(keys) and known.keys == keys  # without a question to judge there is nothing to save

    def mark_all(self, work: dict[str, list[Path]]) -> Iterator[tuple[Path, Result, bool]]:
        """Yield folders and their results as they come, each with whether all of it was known from other submissions.

        No more submissions are in memory than are being judged or written.

        Args:
            work: student -> folders of submissions to judge.
        """
        waiting = ((student, folder) for student, folders in work.items() for folder in folders)
        running: dict[Future, Path] = {}
        with ThreadPoolExecutor(self._jobs, initializer=self._take_a_core) as threads:
            try:
                while True:
                    for student, folder in itertools.islice(waiting, self._jobs + 1 - len(running)):
                        running[threads.submit(self.mark, student, folder)] = folder
                    if not running:
                        return
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield running.pop(future), *future.result()
            finally:
                for future in running:
                    future.cancel()

    def mark(self, student: str, folder: Path) -> tuple[Result, bool]:
        """Judge one submission; whatever goes wrong is in the result.

        Returns:
            The result, and whether all of it was known from other submissions.
        """
        start, assignment = time.monotonic(), self._assignment
        data, problems = read_bytes(folder, assignment.name)
        paper, digest = Paper(assignment, student, data, problems, self._secret), digest_of(data, problems)
        for _ in range(TRIES):
            zygote = self._zygote
            try:
                result, reused = self._examine(zygote, paper)
                result = replace(result, seconds=time.monotonic() - start, digest=digest)
                self._fresh[student] = result
                self._known |= dict.fromkeys(result.keys.values(), student)
                return result, reused
            except ZygoteLost as error:
                fault = str(error)
                self._replace(zygote)
            except Exception as error:  # whatever it is, the others' work is judged; the next run tries again
                fault = f"{type(error).__name__}: {error}"
                break
        return Result(Submission(student, {}, problems), None, {}, time.monotonic() - start, fault, digest), False

    def _replace(self, lost):
        with self._lock, contextlib.suppress(Exception):  # whoever needs it next will say that there is none
            if self._zygote is lost:
                lost.close()
                self.start()
                self.settle()

    def _take_a_core(self):
        self._worker.core = next(self._cores)

    def _examine(self, zygote, paper: Paper) -> tuple[Result, bool]:
        keys, known = {}, Judgement(())

        def ask(submission: Submission) -> list[str]:
            nonlocal keys, known
            keys = question_keys(self._assignment, submission.answers, self._secret)
            known = self._look_up(keys)
            there = {verdict.question for verdict in known.verdicts}
            return [question for question in keys if question not in there]

        submission, judgement = sit(zygote, paper, ask, getattr(self._worker, "core", None))
        whole = joined(self._assignment, judgement, known) if judgement else known
        return Result(submission, whole, keys, 0.0), judgement is None

    def _lasting(self, judgement: Judgement) -> set[str]:
        """Questions before the first that a busy machine may have cost: later ones may have failed for want of it."""
        judged = [question.id for question in self._assignment.questions if judgement.of(question.id)]
        whole = itertools.takewhile(lambda id: LASTING.issuperset(v.kind for v in judgement.of(id)), judged)
        return set(whole)

    def _look_up(self, keys: dict[str, str]) -> Judgement:
        """What was said before, to anybody, of questions with these keys."""
        found, known = {}, Judgement(())
        for question, key in keys.items():
            if student := self._known.get(key):
                found.setdefault(student, []).append(question)
        for student, questions in found.items():
            if result := self._fresh.get(student) or (self._journal and self._journal.read(student)):
                lasting = self._lasting(result.judgement)
                same = [one for one in questions if one in lasting and result.keys.get(one) == keys[one]]
                known = joined(self._assignment, known, part(result.judgement, same))
        return known


def _cores() -> list[int | None]:
    """The cores that this process may use; only Linux says."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]


def digest_of(data: bytes | None, problems) -> str:
    """SHA-256 of what was handed in: the notebook's bytes and what was wrong with the folder."""
    return hashlib.sha256(repr(problems).encode() + (data or b"")).hexdigest()
