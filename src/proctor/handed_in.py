"""What a class handed in, and what ``grading.toml`` says of it: which attempt counts, and what lateness costs."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from proctor.collect import find_attempts, submitted_at
from proctor.local_grader import LocalGrader
from proctor.masters import find_master, read_master
from proctor.policy import BEST, read_policy
from proctor.results import Journal, Result


def find_submissions(directory: Path, assignment: str) -> dict[str, Path]:
    """Student -> folder ``<directory>/<student>/<assignment>``, in alphabetical order."""
    folders = {}
    for student in sorted(Path(directory).iterdir()) if Path(directory).is_dir() else []:
        folder = student / assignment
        # A link or a file in the folder's place was handed in too: reading it gives the problem its name.
        if student.is_dir() and not student.name.startswith(".") and os.path.lexists(folder):
            folders[student.name] = folder
    return folders


class HandedIn:
    """The submissions of one assignment.

    Attributes:
        assignment: the master.
        directory: where results are written, beside the submissions.
        attempts: student -> folders, in the order in which they were handed in.
        journal: the results of earlier runs.

    Args:
        root: the course.
        name: the assignment.
        submissions: nbgrader's layout; ``root/submitted`` by default.

    Raises:
        MasterError: if the master cannot be read.
        PolicyError: if ``grading.toml`` is not in order.
        FileNotFoundError: if there is no submission.
    """

    def __init__(self, root: Path, name: str, submissions: Path | None = None):
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

    def changed(self, grader: LocalGrader) -> dict[str, list[Path]]:
        """Student -> folders to judge. Of several attempts the journal holds one, so they are judged anew."""
        return {
            student: folders
            for student, folders in self.attempts.items()
            if len(folders) > 1 or not grader.known(student, folders[0])
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
