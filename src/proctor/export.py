"""Grades as CSV: one row a student with a column for each question, and one row for each student and question.

A cell that a spreadsheet would run as a formula is defused: names and messages come from outside. Files are written to
a temporary name and renamed, so that whoever has the old one open never sees half of the new one.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from proctor.assignment import Assignment
from proctor.files import write_atomic
from proctor.marks import Mark

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")  # full width too


def write_grades(
    directory: Path, assignment: Assignment, rows: Iterable[tuple[str, tuple[Mark, ...], str]]
) -> list[Path]:
    """Write ``<assignment>.csv`` and ``<assignment>-questions.csv``.

    Args:
        directory: where to; made if missing.
        assignment: the master, for the columns.
        rows: ``(student, marks, problems)``; ``problems`` is a sentence, empty if the file was in order. Written in the
            order of student names, whatever order they come in.

    Returns:
        The two paths.
    """
    rows = sorted(rows, key=lambda row: row[0])
    by_student, by_question = (
        Path(directory) / f"{assignment.name}.csv",
        Path(directory) / f"{assignment.name}-questions.csv",
    )
    write_atomic(by_student, student_table(assignment, rows))
    write_atomic(by_question, question_table(assignment, rows))
    return [by_student, by_question]


def student_table(assignment: Assignment, rows) -> str:
    """One row a student: score, what waits for a grader, each question's points, problems with the file."""
    header = ["assignment", "student", "score", "waiting", "points", *(q.id for q in assignment.questions), "problems"]
    return _table(
        header,
        (
            [
                assignment.name,
                student,
                sum(mark.earned for mark in marks),
                sum(mark.waiting for mark in marks),
                assignment.points,
                *("" if mark.waiting and not mark.earned else mark.earned for mark in marks),
                problems,
            ]
            for student, marks, problems in rows
        ),
    )


def question_table(assignment: Assignment, rows) -> str:
    """One row for each student and question: points earned and possible, state, the kinds of the verdicts."""
    return _table(
        ["assignment", "student", "question", "earned", "points", "state", "verdicts"],
        (
            [
                assignment.name,
                student,
                mark.question.id,
                mark.earned,
                mark.points,
                mark.state,
                " ".join(f"{verdict.cell}:{verdict.kind}" for verdict in mark.verdicts),
            ]
            for student, marks, _ in rows
            for mark in marks
        ),
    )


def safe_cell(value) -> str:
    """A value as a spreadsheet may open it: numbers as they are, text that looks like a formula behind an apostrophe.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell(2.50), safe_cell(-1), safe_cell("Ada")
    ("'=HYPERLINK(1)", '2.5', '-1', 'Ada')
    """
    if isinstance(value, int | float):
        return f"{value:.10g}"
    text = "".join(character for character in str(value) if character.isprintable() or character in "\n\t")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def _table(header, rows) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([safe_cell(cell) for cell in header])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()
