"""Grades as CSV: one row a student with a column for each question, and one row for each student and question.

A cell that a spreadsheet would run as a formula is defused: names and messages come from outside. Files are written to
a temporary name and renamed, so that whoever has the old one open never sees half of the new one.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from proctor.assignment import Assignment
from proctor.files import write_atomic
from proctor.marks import Mark

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")  # full width too
_INNER = re.compile(rf"([;\t\n] *)(?=[{re.escape(''.join(FORMULA_STARTS).strip())}])")


def write_grades(directory: Path, assignment: Assignment, rows: Iterable[tuple]) -> list[Path]:
    """Write ``<assignment>.csv`` and ``<assignment>-questions.csv``.

    Args:
        directory: where to; made if missing.
        assignment: the master, for the columns.
        rows: ``(student, marks, problems)`` or ``(student, marks, problems, late)``; ``problems`` is a sentence, empty
            if the file was in order; ``late`` are points taken off for being late. Taken one by one, and written in the
            order of student names.

    Returns:
        The two paths.
    """
    texts = []
    for student, marks, problems, *late in rows:
        one = _student_row(assignment, student, marks, problems, sum(late))
        texts.append((student, rows_text([one]), rows_text(_question_rows(assignment, student, marks))))
    texts.sort()
    questions = [question.id for question in assignment.questions]
    by_student = ["assignment", "student", "score", "late", "waiting", "points", *questions, "problems"]
    by_question = ["assignment", "student", "question", "earned", "points", "state", "verdicts"]
    paths = [Path(directory) / f"{assignment.name}{end}.csv" for end in ("", "-questions")]
    write_atomic(paths[0], "".join([rows_text([by_student]), *(text[1] for text in texts)]))
    write_atomic(paths[1], "".join([rows_text([by_question]), *(text[2] for text in texts)]))
    return paths


def _student_row(assignment, student, marks: tuple[Mark, ...], problems, late) -> list:
    """Score after the late penalty, the penalty, what waits for a grader, each question's points, problems."""
    score = max(sum(mark.earned for mark in marks) - late, 0.0)
    waiting = sum(mark.waiting for mark in marks)
    earned = ("" if mark.waiting and not mark.earned else mark.earned for mark in marks)
    return [assignment.name, student, score, late, waiting, assignment.points, *earned, problems]


def _question_rows(assignment, student, marks: tuple[Mark, ...]) -> Iterator[list]:
    """For each question: points earned and possible, state, the kinds of the verdicts."""
    for mark in marks:
        kinds = " ".join(f"{verdict.cell}:{verdict.kind}" for verdict in mark.verdicts)
        yield [assignment.name, student, mark.question.id, mark.earned, mark.points, mark.state, kinds]


def safe_cell(value) -> str:
    """A value as a spreadsheet may open it: numbers as they are, text that looks like a formula behind an apostrophe.

    Some split cells at semicolons, tabs or line ends too.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell(2.50), safe_cell(-1), safe_cell("Ada"), safe_cell("x;=1")
    ("'=HYPERLINK(1)", '2.5', '-1', 'Ada', "x;'=1")
    """
    if isinstance(value, int | float):
        return f"{value:.10g}"
    text = "".join(character for character in str(value) if character.isprintable() or character in "\n\t")
    text = _INNER.sub(r"\1'", text)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def rows_text(rows: Iterable[list]) -> str:
    """Rows as CSV, every cell safe."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()
