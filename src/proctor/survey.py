"""What a class did, gathered for the instructor in one pass over its results.

Results are read one at a time and dropped; what stays of a submission is its points, the fingerprints of its answers
and, where there is something to look at, a line that says what. So a class of a thousand fits where ten do.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from proctor import similarity
from proctor.assignment import Assignment, Question
from proctor.intake import Submission
from proctor.items import Item, analyze
from proctor.marks import UNANSWERED, WAITING, Manual, marks
from proctor.messages import Counted, misconception
from proctor.results import Journal
from proctor.verdict import Judgement, Verdict

# Kinds of verdicts, and codes of problems with a file, that a person should look at; none proves anything.
FLAGS = {
    "refused": "used what the rules exclude",
    "inconsistent": "gave another result when asked again",
    "crash": "ended the process",
    "memory": "reached the memory limit",
    "timeout": "reached the time limit",
    "changed-cell": "tests or given cells changed; the originals were used",
    "added-cells": "cells added; they were ignored",
    "duplicate-cell": "an answer cell stood there twice; the first one was graded",
    "missing-cell": "an answer cell was deleted",
    "unreadable": "no answer could be read from the file",
}


@dataclass(frozen=True)
class Flag:
    """Something to look at: a key of ``FLAGS``, whose it is, the question if it is about one, and what was seen."""

    kind: str
    student: str
    question: str
    evidence: str


@dataclass
class Tally:
    """What became of one question.

    Attributes:
        question: the question.
        passed: id of a tests cell -> submissions that passed it, in the assignment's order.
        mistakes: misconception named by a message -> submissions.
        errors: the other messages.
        blank: submissions that left it as released.
        waiting: submissions whose answer waits for a grader.
        prints: student -> fingerprints beyond the task.
        item: difficulty and discrimination among the submissions that could be read.
    """

    question: Question
    passed: dict[str, int]
    mistakes: Counter = field(default_factory=Counter)
    errors: Counted = field(default_factory=Counted)
    blank: int = 0
    waiting: int = 0
    prints: dict[str, np.ndarray] = field(default_factory=dict)
    item: Item = field(default_factory=Item)


@dataclass(frozen=True)
class Pair:
    """Two students, and the questions in which their answers are alike, the heaviest first."""

    first: str
    second: str
    questions: tuple[tuple[str, similarity.Likeness], ...]

    @property
    def weight(self) -> float:
        """What they share in all, in fingerprints that no third answer has."""
        return sum(likeness.weight for _, likeness in self.questions)


@dataclass(frozen=True)
class Survey:
    """A class.

    Attributes:
        assignment: the master.
        scores: points of every submission, by student.
        readable: submissions in which an answer was found; the questions' numbers are shares of these.
        tallies: one for each question.
        flags: what to look at, by kind and student.
        pairs: answers that resemble each other, the heaviest first.
        stale: submissions that were graded with other tests than the master has now.
    """

    assignment: Assignment
    scores: dict[str, float]
    readable: int
    tallies: tuple[Tally, ...]
    flags: tuple[Flag, ...]
    pairs: tuple[Pair, ...]
    stale: int = 0


Entry = tuple[Submission, Judgement, Mapping[str, Manual]]


def read_class(directory: Path, assignment: Assignment, students: Iterable[str]) -> Iterator[Entry]:
    """Those of the students whose work was graded, with what graders entered."""
    journal = Journal(directory, assignment.name)
    with _manual_grades(directory) as manual:
        for student in students:
            result = journal.read(student)
            if result is not None and result.judgement is not None:
                yield result.submission, result.judgement, manual(assignment, student)


def survey(assignment: Assignment, entries: Iterable[Entry], foreseen: Mapping[str, list[str]] | None = None) -> Survey:
    """Gather a class.

    Args:
        assignment: the master.
        entries: submission, judgement and manual grades of each student; taken one at a time.
        foreseen: question id -> answers that the instructor wrote besides stub and solution.
    """
    tallies = {q.id: Tally(q, {cell.id: 0 for cell in q.tests}) for q in assignment.questions}
    known = {q.id: _known(q, (foreseen or {}).get(q.id, [])) for q in assignment.questions}
    scores, earned, flags, stale = {}, [], [], 0
    tests = {(cell.id, cell.points) for question in assignment.questions for cell in question.tests}
    for submission, judgement, manual in entries:
        standing = marks(assignment, submission, judgement, manual)
        scores[submission.student] = sum(mark.earned for mark in standing)
        stale += {(verdict.cell, verdict.points) for verdict in judgement.verdicts} != tests
        flags += _flags(submission, judgement)
        if not submission.answers:
            continue
        earned.append([np.nan if mark.state == WAITING else mark.earned for mark in standing])
        for mark in standing:
            _count(tallies[mark.question.id], mark, submission, known[mark.question.id])
    items = analyze(np.array(earned).reshape(len(earned), len(tallies)), [q.points for q in assignment.questions])
    for tally, item in zip(tallies.values(), items, strict=True):
        tally.item = item
    order = list(FLAGS)
    flags.sort(key=lambda flag: (order.index(flag.kind), flag.student, flag.question))
    return Survey(assignment, scores, len(earned), tuple(tallies.values()), tuple(flags), _pairs(tallies), stale)


def _known(question, foreseen) -> np.ndarray:
    texts = [question.answer.released, question.answer.solution, *foreseen]
    return similarity.known_runs(texts, question.written)


def _count(tally, mark, submission, known):
    question = tally.question
    tally.waiting += mark.state == WAITING
    tally.blank += mark.state == UNANSWERED
    tally.mistakes.update({m for verdict in mark.verdicts if (m := _mistake(question, verdict))})
    tally.errors.add(verdict.message for verdict in mark.verdicts if _is_error(question, verdict))
    for verdict in mark.verdicts:
        tally.passed[verdict.cell] += verdict.passed
    answer = submission.answers.get(question.id, "")
    tally.prints[submission.student] = similarity.own_fingerprints(answer, known, question.written)


def _mistake(question, verdict: Verdict) -> str | None:
    """The misconception that a test named: one that stands in the test, for a student may write the same sentence."""
    name = misconception(verdict.message) if verdict.kind == "fail" else None
    sources = [cell.source for cell in question.tests if cell.id == verdict.cell]
    return name if name and sources and all(part in sources[0] for part in name.split(" or ")) else None


def _is_error(question, verdict: Verdict) -> bool:
    quiet = verdict.passed or verdict.kind in ("unanswered", "not-run")
    return not quiet and _mistake(question, verdict) is None


def _flags(submission, judgement) -> Iterator[Flag]:
    student = submission.student
    if not submission.answers:
        yield Flag("unreadable", student, "", "; ".join(problem.message for problem in submission.problems[:1]))
        return
    for problem in submission.problems:
        if problem.code in FLAGS:
            # "changed-cell" names the first cell of several, and its message all of them.
            yield Flag(
                problem.code, student, "" if problem.code == "changed-cell" else problem.cell or "", problem.message
            )
    seen = set()
    for verdict in judgement.verdicts:
        if verdict.kind in FLAGS and (verdict.kind, verdict.question) not in seen:
            seen.add((verdict.kind, verdict.question))
            yield Flag(verdict.kind, student, verdict.question, verdict.message)


def _pairs(tallies) -> tuple[Pair, ...]:
    found = defaultdict(list)
    for id, tally in tallies.items():
        for likeness in similarity.alike(tally.prints):
            found[likeness.first, likeness.second].append((id, likeness))
    pairs = [Pair(*names, tuple(sorted(found[names], key=lambda one: -one[1].weight))) for names in found]
    return tuple(sorted(pairs, key=lambda pair: (-pair.weight, pair.first, pair.second)))


@contextmanager
def _manual_grades(directory):
    """The gradebook's ``manual``, where there is a gradebook: to open one that is not there would make it."""
    if not (Path(directory) / "gradebook.db").exists():
        yield lambda assignment, student: {}
        return
    from proctor.gradebook import Gradebook

    with Gradebook(directory) as book:
        yield book.manual
