"""Feedback: one self-contained HTML page for each student.

The page shows the student's own answers, what each test said, what waits for a grader and what a grader wrote. It never
holds the text of a test: only ids, verdicts and messages reach the template. What makes it harmless is in
``proctor.pages``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from proctor.assignment import Assignment, Question
from proctor.files import write_atomic
from proctor.marks import GRADED, PARTLY, RIGHT, UNANSWERED, WAITING, WRONG, Manual, Mark, marks
from proctor.pages import clean, number, render

MAX_NAME = 200
MAX_ANSWER = 20_000
MAX_MESSAGE = 2_000
MAX_OUTPUT = 4_000

KIND_WORDS = {
    "pass": "passed",
    "fail": "not passed",
    "error": "raised an error",
    "unanswered": "no answer yet",
    "timeout": "took too long",
    "crash": "ended the program",
    "memory": "needed too much memory",
    "refused": "used something the rules exclude",
    "not-run": "could not be run",
    "inconsistent": "gave another result when asked again",
}
STATE_WORDS = {
    RIGHT: "Right",
    PARTLY: "Partly right",
    WRONG: "Not right yet",
    UNANSWERED: "No answer",
    WAITING: "Waits for a grader",
    GRADED: "Read by a grader",
}
STATE_CLASSES = {
    RIGHT: "right",
    PARTLY: "partly",
    WRONG: "wrong",
    UNANSWERED: "unanswered",
    WAITING: "waiting",
    GRADED: "graded",
}


@dataclass(frozen=True)
class Segment:
    """A question's part of the score strip: start, width and filled width, in percent of the strip."""

    start: float
    width: float
    filled: float
    state: str
    title: str


def feedback_html(
    assignment: Assignment,
    submission,
    judgement,
    manual: Mapping[str, Manual] | None = None,
    late_penalty: float = 0.0,
) -> str:
    """The page as text.

    Args:
        assignment: the master; of its tests cells only ids and points are used.
        submission: student, answers and problems of the file.
        judgement: the verdicts.
        manual: cell id -> what a grader entered in the gradebook.
        late_penalty: points taken off for handing in late.
    """
    standing = marks(assignment, submission, judgement, manual)
    titles = _titles(assignment)
    return render(
        "feedback.html.j2",
        ("feedback.css",),
        title=assignment.title,
        student=clean(submission.student, MAX_NAME),
        earned=sum(mark.earned for mark in standing),
        points=assignment.points,
        late=late_penalty,
        waiting=sum(mark.waiting for mark in standing if not mark.earned),
        problems=[clean(problem.message, MAX_MESSAGE) for problem in submission.problems],
        strip=strip(assignment, standing),
        questions=[_question(titles, submission, judgement, mark, manual or {}) for mark in standing],
    )


def write_feedback(
    directory: Path, assignment: Assignment, submission, judgement, manual=None, late_penalty: float = 0.0
) -> Path:
    """Write ``<directory>/<student>/<assignment>/<assignment>.html`` (then rename) and return its path."""
    path = Path(directory) / submission.student / assignment.name / f"{assignment.name}.html"
    html = feedback_html(assignment, submission, judgement, manual, late_penalty)
    write_atomic(path, html, durable=False)
    return path


def question_title(assignment: Assignment, question: Question) -> str:
    """The nearest heading above the answer, without Markdown's marks; the id in words where there is none."""
    return _titles(assignment)[question.id]


@lru_cache(maxsize=4)
def _titles(assignment: Assignment) -> dict[str, str]:
    titles, title = {}, None
    for cell in assignment.cells:
        if cell.role == "text":
            for heading in re.findall(r"^#{2,6}\s+(.+?)\s*#*$", cell.source, flags=re.MULTILINE):
                title = re.sub(r"[*`]|\\\(|\\\)", "", heading)
        elif cell.role in ("answer", "written"):
            titles[cell.id] = title or cell.id.replace("-", " ").capitalize()
            title = None  # a heading belongs to the first question below it
    return titles


def strip(assignment: Assignment, standing: tuple[Mark, ...]) -> list[Segment]:
    """The score strip: one segment a question, as wide as its points."""
    total, at, segments, titles = assignment.points or 1.0, 0.0, [], _titles(assignment)
    for mark in standing:
        width = 100.0 * mark.points / total
        filled = width * min(max(mark.earned / mark.points, 0.0), 1.0) if mark.points else 0.0
        title = f"{titles[mark.question.id]}: {number(mark.earned)} of {number(mark.points)}"
        segments.append(Segment(at, max(width - 0.4, 0.2), max(filled - 0.4, 0.0), STATE_CLASSES[mark.state], title))
        at += width
    return segments


def _question(titles, submission, judgement, mark: Mark, manual) -> dict:
    question = mark.question
    return {
        "id": question.id,
        "title": titles[question.id],
        "written": question.written,
        "earned": mark.earned,
        "points": mark.points,
        "state": STATE_CLASSES[mark.state],
        "word": STATE_WORDS[mark.state],
        "answer": clean(submission.answers.get(question.id, ""), MAX_ANSWER),
        "error": clean(judgement.cell_errors.get(question.id, ""), MAX_MESSAGE),
        "output": clean(judgement.outputs.get(question.id, ""), MAX_OUTPUT),
        "comment": clean(mark.comment or "", MAX_MESSAGE),
        "tests": [
            {
                "id": verdict.cell,
                "earned": manual[verdict.cell].score if _overruled(manual, verdict.cell) else verdict.earned,
                "points": verdict.points,
                "look": "passed" if verdict.passed else "untried" if verdict.kind == "unanswered" else "missed",
                "word": KIND_WORDS[verdict.kind],
                "overruled": _overruled(manual, verdict.cell),
                # Nothing was tried: to say so once is enough, and the state of the question does.
                "message": "" if verdict.passed or _untried(mark) else clean(verdict.message, MAX_MESSAGE),
            }
            for verdict in mark.verdicts
        ],
    }


def _untried(mark: Mark) -> bool:
    return mark.state == UNANSWERED and all(verdict.kind == "unanswered" for verdict in mark.verdicts)


def _overruled(manual, cell) -> bool:
    return cell in manual and manual[cell].score is not None
