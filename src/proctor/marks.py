"""Marks: what each question of a submission is worth, once the machine's verdicts and a grader's decisions are put
together.

Feedback, CSV and summaries all read marks, so that a student, a grader and a registrar see one number. A grader's score
takes the place of the machine's; a written answer that nobody has read counts nothing yet and is said to wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proctor import markers
from proctor.assignment import Assignment, Question

RIGHT, PARTLY, WRONG, UNANSWERED, WAITING, GRADED = (
    "right",
    "partly right",
    "not right",
    "unanswered",
    "waiting",
    "graded",
)


@dataclass(frozen=True)
class Manual:
    """What a grader entered for one cell.

    Attributes:
        score: points that replace the machine's; None if the grader gave none.
        comment: the grader's words; None without.
        extra: points on top, for what the rubric did not foresee.
        waiting: whether a grader still has to look (again).
    """

    score: float | None = None
    comment: str | None = None
    extra: float = 0.0
    waiting: bool = False


@dataclass(frozen=True)
class Mark:
    """The standing of one question.

    Attributes:
        question: the question.
        earned: points so far, extra credit included.
        state: one of the words at the top of this module.
        verdicts: the machine's verdicts on its tests cells, in order; empty for a written question.
        comment: a grader's comment, or None.
    """

    question: Question
    earned: float
    state: str
    verdicts: tuple = ()
    comment: str | None = None

    @property
    def points(self) -> float:
        """What the question is worth."""
        return self.question.points

    @property
    def waiting(self) -> float:
        """Points that a grader has yet to decide."""
        return self.points if self.state == WAITING else 0.0


def marks(
    assignment: Assignment, submission, judgement, manual: Mapping[str, Manual] | None = None
) -> tuple[Mark, ...]:
    """Put verdicts and manual grades together, one mark a question, in the assignment's order.

    Args:
        assignment: the master.
        submission: its ``answers`` hold the student's text by question id.
        judgement: the verdicts; a tests cell without one earned nothing.
        manual: cell id -> what a grader entered; None if there is no gradebook.
    """
    verdicts: dict[str, list] = {}
    for verdict in judgement.verdicts:
        verdicts.setdefault(verdict.question, []).append(verdict)
    make = {True: _written_mark, False: _tested_mark}
    return tuple(
        make[question.written](question, submission, tuple(verdicts.get(question.id, ())), manual or {})
        for question in assignment.questions
    )


def is_blank(question: Question, answers: Mapping[str, str]) -> bool:
    """Whether the student left the question as released: the stub, or nothing at all."""
    text = answers.get(question.id, "").strip()
    return not text or text in (question.answer.released.strip(), markers.TEXT_STUB)


def _written_mark(question, submission, verdicts, manual):
    entry = manual.get(question.id, Manual())
    if entry.score is not None:
        state = WAITING if entry.waiting else GRADED
        return Mark(question, entry.score + entry.extra, state, (), entry.comment)
    blank = is_blank(question, submission.answers)
    return Mark(question, entry.extra, UNANSWERED if blank else WAITING, (), entry.comment)


def _tested_mark(question, submission, verdicts, manual):
    earned, graded, waits = 0.0, False, False
    by_cell = {verdict.cell: verdict for verdict in verdicts}
    for cell in question.tests:
        entry = manual.get(cell.id, Manual())
        automatic = by_cell[cell.id].earned if cell.id in by_cell else 0.0
        graded, waits = graded or entry.score is not None, waits or entry.waiting
        earned += (automatic if entry.score is None else entry.score) + entry.extra
    comment = manual.get(question.id, Manual()).comment
    if graded:
        state = WAITING if waits else GRADED
    elif earned >= question.points:
        state = RIGHT
    elif earned > 0:
        state = PARTLY
    else:
        blank = is_blank(question, submission.answers) or any(verdict.kind == "unanswered" for verdict in verdicts)
        state = UNANSWERED if blank else WRONG
    return Mark(
        question, earned, state, tuple(by_cell[cell.id] for cell in question.tests if cell.id in by_cell), comment
    )
