"""What a class handed in, and what ``grading.toml`` says of it: which attempt counts, and what lateness costs."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proctor.collect import find_attempts, submitted_at
from proctor.intake import read_bytes
from proctor.local_grader import LocalGrader, digest_of
from proctor.masters import find_master, read_master
from proctor.policy import BEST, Policy, read_policy
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


def find_unjudged(submissions: Path, name: str, policy: Policy) -> set[str]:
    """Students whose result in the journal is not that of the work that lies there now: what they have is an old score.

    Of several attempts under ``keep = "best"`` the journal holds one. Then the time stamps tell: the desk makes the
    autograded one equal to that of the last attempt. Where no attempt has a time, a new one is not noticed.

    Args:
        submissions: nbgrader's layout; the journal and ``attempts/`` lie beside it.
        name: the assignment.
        policy: which attempt counts.
    """
    directory, found = Path(submissions).parent, set()
    for student, folder in find_submissions(submissions, name).items():
        result, folders = Journal(directory, name).read(student), _attempts(policy, directory, name, student, folder)
        if result and result.digest:  # without one it was graded by nbgrader's own command, or long ago
            changed = result.digest not in [digest_of(*read_bytes(one, name)) for one in folders]
            shown = directory / "autograded" / student / name
            if changed or (len(folders) > 1 and submitted_at(folder) != submitted_at(shown)):
                found.add(student)
    return found


def _attempts(policy, directory, name, student, folder) -> list[Path]:
    """The folders to judge: all attempts if the best one counts, otherwise the last one."""
    return (policy.keep == BEST and find_attempts(directory, name, student)) or [folder]


@dataclass(frozen=True)
class Lateness:
    """What lateness takes off one student's work: a function of the points.

    Attributes:
        policy: the rules.
        assignment: its name.
        student: id.
        folder: of the attempt that counts; its ``timestamp.txt`` says when it was handed in.
    """

    policy: Policy
    assignment: str
    student: str
    folder: Path

    def __call__(self, score: float) -> float:
        """Points taken off a score."""
        return self.policy.penalty(self.assignment, self.student, submitted_at(self.folder), score)


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
        self.attempts = {
            student: _attempts(self.policy, self.directory, name, student, folder)
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
        """Of each student's attempts the one that counts, as soon as all are judged.

        If one could not be judged, nobody knows which is the best: then that one, so that its fault is reported,
        nothing is written, and the next run judges them again.
        """
        waiting: dict[str, dict[Path, tuple[Result, bool]]] = {}
        for folder, result, reused in marked:
            student = result.submission.student
            there = waiting.setdefault(student, {})
            there[folder] = result, reused
            folders = self.attempts[student]
            if len(there) == len(folders):
                faults = [folder for folder in folders if there[folder][0].judgement is None]
                if not faults:
                    entries = [self._entry(folder, there[folder][0]) for folder in folders]
                    self._counts[student] = folders[self.policy.choose(entries)]
                yield waiting.pop(student)[faults[0] if faults else self._counts[student]]

    def late_penalty(self, result: Result) -> Lateness:
        """Points that lateness costs, for a score, by the time of the attempt that counts."""
        student = result.submission.student
        return Lateness(self.policy, self.assignment.name, student, self._counts[student])

    def _entry(self, folder, result):
        earned, when = result.judgement.earned, submitted_at(folder)
        return earned, self.policy.penalty(self.assignment.name, result.submission.student, when, earned), when
