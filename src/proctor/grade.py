"""Grades a class: threads hold the sittings, one process writes.

A zygote has the libraries imported and forks a fresh examiner and fresh candidates for every submission, all of them
locked up (``proctor.sitting``). This process reads bytes, keeps the journal, and alone writes the gradebook, autograded
notebooks, feedback and CSV (``proctor.desk``). A submission that cannot be read or breaks something gets a named
problem; the class goes on.
"""

import hashlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from proctor import sandbox
from proctor.assignment import Assignment
from proctor.children import Zygote, ZygoteLost
from proctor.collect import find_attempts, submitted_at
from proctor.intake import Submission, read_bytes
from proctor.masters import find_master, read_master
from proctor.policy import BEST, read_policy
from proctor.results import Journal, Result, Row, joined, part, question_keys
from proctor.rules import imported, within
from proctor.seeds import assignment_secret
from proctor.sitting import Paper, SittingError, sit
from proctor.verdict import Judgement

TRIES = 2  # of a submission whose examiner or zygote was lost: the fault may have been the machine's


@dataclass(frozen=True)
class Graded:
    """A class, graded.

    Attributes:
        assignment: the master.
        rows: one for each submission, by student.
        seconds: wall time.
        directory: where gradebook, feedback and CSV lie.
    """

    assignment: Assignment
    rows: tuple[Row, ...]
    seconds: float
    directory: Path

    @property
    def faults(self) -> list[Row]:
        """Submissions that the examiner could not judge: they have no score and are judged again by the next run."""
        return [row for row in self.rows if row.fault]


def find_submissions(directory: Path, assignment: str) -> dict[str, Path]:
    """Student -> folder ``<directory>/<student>/<assignment>``, in alphabetical order."""
    folders = {}
    for student in sorted(Path(directory).iterdir()) if Path(directory).is_dir() else []:
        folder = student / assignment
        # A link or a file in the folder's place was handed in too: reading it gives the problem its name.
        if student.is_dir() and not student.name.startswith(".") and os.path.lexists(folder):
            folders[student.name] = folder
    return folders


def grade(
    root: Path,
    name: str,
    *,
    submissions: Path | None = None,
    jobs: int | None = None,
    sandboxed: bool = True,
    force: bool = False,
    scheduler=None,
    on_result: Callable[[Row, int], None] = lambda row, total: None,
) -> Graded:
    """Grade every submission of one assignment.

    Args:
        root: the course, with ``solutions/``.
        name: the assignment.
        submissions: nbgrader's layout ``<student>/<assignment>/``; ``root/submitted`` by default. Gradebook, autograded
            notebooks, feedback and CSV are written beside it.
        jobs: submissions judged at a time; the number of cores by default.
        sandboxed: run students' code in the sandbox; False runs it with your rights.
        force: judge again what has not changed.
        scheduler: a ``proctor.scheduler.Scheduler``: judge on its cluster, which needs no sandbox here.
        on_result: called in this process with the row of each result and the number of submissions.

    Raises:
        MasterError: if the master cannot be read.
        SandboxMissing: if a sandbox is asked for and this machine has none.
        ZygoteLost: if the libraries do not import in the sandbox.
        FileNotFoundError: if there is no submission.
        ClusterError: if the cluster of a scheduler cannot judge, or no longer.
        ValueError: if a cluster is to judge without a sandbox.
    """
    start = time.monotonic()
    if scheduler and not sandboxed:
        raise ValueError("--unsafe is for this machine only: a cluster judges in the sandbox, or not at all")
    if sandboxed and not scheduler and (reason := sandbox.sandbox_problem()):
        raise sandbox.SandboxMissing(f"{sandbox.HOW_TO} ({reason})")
    work = _Work(root, name, submissions)
    assignment, rows = work.assignment, {}
    secret = assignment_secret(work.root, name)
    if scheduler:
        from proctor.cluster import Cluster  # imports Dask

        marker = Cluster(scheduler, assignment, secret)
    else:
        marker = Marker(assignment, secret, sandboxed=sandboxed)
    with marker:
        if not force:
            marker.learn(work.journal)
        changed = work.changed(marker)
        if changed:
            marker.start()
        from proctor.desk import Desk  # imports nbgrader, which takes as long as the zygote's imports

        marker.settle()
        with Desk(work.directory, work.submissions, assignment) as desk:
            unchanged = ((work.journal.read(student), True) for student in work.attempts if student not in changed)
            marked = marker.mark_all(changed) if scheduler else _mark_all(marker, changed, jobs or os.cpu_count() or 1)
            judged = work.counting(marked)
            for result, reused in itertools.chain(unchanged, judged):
                student, marks = result.submission.student, ()
                try:
                    marks = desk.put(result, work.late_penalty(result))
                    marker.forget(student)
                except Exception as error:  # what is odd about one submission must not end the others'
                    fault = f"could not be written: {type(error).__name__}: {error}"
                    result = replace(result, judgement=None, fault=fault)
                rows[student] = Row.of(result, marks, reused)
                on_result(rows[student], len(work.attempts))
            desk.close_books(work.attempts)
    ordered = tuple(rows[student] for student in work.attempts)
    return Graded(assignment, ordered, time.monotonic() - start, work.directory)


def plan(root: Path, name: str, *, submissions: Path | None = None, force: bool = False) -> dict[str, bool]:
    """What ``grade`` with these arguments would do: student -> whether the work must be judged. Writes nothing."""
    work = _Work(root, name, submissions)
    with Marker(work.assignment, assignment_secret(work.root, name)) as marker:
        if not force:
            marker.learn(work.journal)
        changed = work.changed(marker)
    return {student: student in changed for student in work.attempts}


class _Work:
    """The submissions of a class, and what ``grading.toml`` says: which attempt counts, and what lateness costs."""

    def __init__(self, root, name, submissions):
        self.root = Path(root)
        self.submissions = Path(submissions or self.root / "submitted")
        self.directory = self.submissions.parent
        self.assignment = read_master(find_master(self.root, name))
        self.policy, self.journal = read_policy(self.root), Journal(self.directory, name)
        folders = find_submissions(self.submissions, name)
        if not folders:
            raise FileNotFoundError(f"expected {self.submissions}/<student>/{name}/{name}.ipynb, found none")
        every = self.policy.keep == BEST
        self.attempts = {
            student: (every and find_attempts(self.directory, name, student)) or [folder]
            for student, folder in folders.items()
        }
        self._counts = {student: folders[-1] for student, folders in self.attempts.items()}

    def changed(self, marker: "Marker") -> dict[str, list[Path]]:
        """Student -> folders to judge. Of several attempts the journal holds one, so they are judged anew."""
        return {
            student: folders
            for student, folders in self.attempts.items()
            if len(folders) > 1 or not marker.known(student, folders[0])
        }

    def counting(self, marked: Iterator[tuple[Path, Result, bool]]) -> Iterator[tuple[Result, bool]]:
        """Of each student's attempts the one that counts, as soon as all are judged."""
        waiting: dict[str, dict[Path, tuple[Result, bool]]] = {}
        for folder, result, reused in marked:
            student = result.submission.student
            there = waiting.setdefault(student, {})
            there[folder] = result, reused
            if len(there) == len(self.attempts[student]):
                entries = [self._entry(folder, there[folder][0]) for folder in self.attempts[student]]
                self._counts[student] = self.attempts[student][self.policy.choose(entries)]
                yield waiting.pop(student)[self._counts[student]]

    def late_penalty(self, result: Result) -> Callable[[float], float]:
        """Points that lateness costs, for a score."""
        student = result.submission.student
        when = submitted_at(self._counts[student])
        return partial(self.policy.penalty, self.assignment.name, student, when)

    def _entry(self, folder, result):
        earned = result.judgement.earned if result.judgement else 0.0
        when = submitted_at(folder)
        return earned, self.policy.penalty(self.assignment.name, result.submission.student, when, earned), when


class Marker:
    """Judges submissions of one assignment; safe to use from several threads. A context manager.

    Args:
        assignment: the master.
        secret: seeds the drawn inputs.
        sandboxed: run students' code in the sandbox.
    """

    def __init__(self, assignment: Assignment, secret: bytes, *, sandboxed: bool = True):
        self._assignment, self._secret, self._sandboxed = assignment, secret, sandboxed
        self._lock, self._zygote = threading.Lock(), None
        self._journal, self._known = None, {}  # key of a question -> a student with that key
        self._fresh: dict[str, Result] = {}  # student -> what is not in the journal yet

    def __enter__(self) -> "Marker":
        return self

    def __exit__(self, *exception) -> None:
        if self._zygote is not None:
            self._zygote.close()

    def start(self) -> None:
        """Start the zygote, from a thread that lives on; it imports while the caller goes on."""
        assignment = self._assignment
        given = [cell.source for cell in assignment.cells if cell.role == "given"]
        preload = [name for name in imported(given) if not within(name, assignment.forbids)]
        self._zygote = Zygote(assignment.forbids, preload, sandboxed=self._sandboxed)

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
        if not known or known.digest != _digest(*read_bytes(folder, self._assignment.name)):
            return False
        return known.keys == question_keys(self._assignment, known.submission.answers, self._secret)

    def mark(self, student: str, folder: Path) -> tuple[Result, bool]:
        """Judge one submission; whatever goes wrong is in the result.

        Returns:
            The result, and whether all of it was known from other submissions.
        """
        start, assignment = time.monotonic(), self._assignment
        data, problems = read_bytes(folder, assignment.name)
        paper, digest = Paper(assignment, student, data, problems, self._secret), _digest(data, problems)
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
                with self._lock:
                    if self._zygote is zygote:
                        zygote.close()
                        self.start()
            except (SittingError, OSError) as error:
                fault = str(error)
        return Result(Submission(student, {}, problems), None, {}, time.monotonic() - start, fault, digest), False

    def _examine(self, zygote, paper: Paper) -> tuple[Result, bool]:
        keys, known = {}, Judgement(())

        def ask(submission: Submission) -> list[str]:
            nonlocal keys, known
            keys = question_keys(self._assignment, submission.answers, self._secret)
            known = self._look_up(keys)
            there = {verdict.question for verdict in known.verdicts}
            return [question for question in keys if question not in there]

        submission, judgement = sit(zygote, paper, ask)
        whole = joined(self._assignment, judgement, known) if judgement else known
        return Result(submission, whole, keys, 0.0), judgement is None

    def _look_up(self, keys: dict[str, str]) -> Judgement:
        """What was said before, to anybody, of questions with these keys."""
        found, known = {}, Judgement(())
        for question, key in keys.items():
            if student := self._known.get(key):
                found.setdefault(student, []).append(question)
        for student, questions in found.items():
            if result := self._fresh.get(student) or (self._journal and self._journal.read(student)):
                same = [question for question in questions if result.keys.get(question) == keys[question]]
                known = joined(self._assignment, known, part(result.judgement, same))
        return known


def _digest(data: bytes | None, problems) -> str:
    return hashlib.sha256(repr(problems).encode() + (data or b"")).hexdigest()


def _mark_all(marker: Marker, work: dict[str, list[Path]], jobs: int) -> Iterator[tuple[Path, Result, bool]]:
    """Yield results as they come; no more submissions are in memory than are being judged or written."""
    waiting = ((student, folder) for student, folders in work.items() for folder in folders)
    running: dict[Future, Path] = {}
    with ThreadPoolExecutor(jobs) as threads:
        try:
            while True:
                for student, folder in itertools.islice(waiting, jobs + 1 - len(running)):
                    running[threads.submit(marker.mark, student, folder)] = folder
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), *future.result()
        finally:
            for future in running:
                future.cancel()
