"""What a student runs before handing in: the same rebuilding and judging as grading, with the visible tests.

The notebook handed to ``check`` is also where the tests come from (a student has no master), so tests that were edited
are reported: checksums that nbgrader's format stores in every locked cell tell.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proctor.assignment import Assignment
from proctor.checksums import cell_checksum
from proctor.intake import Problem, Submission, read_cells, read_submission, untouched
from proctor.masters import MasterError, read_release
from proctor.verdict import Judgement


@dataclass(frozen=True)
class Checked:
    """A notebook, checked.

    Attributes:
        assignment: read from the notebook itself.
        submission: answers and problems.
        judgement: verdicts of the visible tests; None if the notebook cannot be read.
    """

    assignment: Assignment | None
    submission: Submission
    judgement: Judgement | None

    @property
    def ok(self) -> bool:
        """Whether every visible test passes and every written answer was begun."""
        if self.judgement is None or any(problem.code in _SERIOUS for problem in self.submission.problems):
            return False
        blank = untouched(self.assignment, self.submission.answers)
        return all(verdict.passed for verdict in self.judgement.verdicts) and not blank


_SERIOUS = frozenset({"missing-cell", "changed-cell", "duplicate-cell", "answer-too-long"})


def check(path: Path) -> Checked:
    """Check one notebook with its visible tests.

    Args:
        path: the student's notebook.

    Returns:
        What was found; an unreadable notebook has problems and no judgement.
    """
    from nbformat.notebooknode import from_dict

    from proctor.judge import judge
    from proctor.launch import start_candidate

    path = Path(path).resolve()  # a link of your own is no trick
    metadata, cells, problems = read_cells(path)
    if not cells:
        return Checked(None, Submission("you", {}, problems or (_nothing(path),)), None)
    notebook = from_dict({"metadata": metadata, "cells": cells})
    try:
        name = notebook.metadata.get("proctor", {}).get("assignment", path.stem)
        assignment = read_release(notebook, str(name))
        changed = _changed_cells(notebook, assignment)
    except (MasterError, AttributeError, LookupError, TypeError, ValueError) as error:
        text = str(error) if isinstance(error, MasterError) else f"{path.name}: its metadata is damaged"
        return Checked(None, Submission("you", {}, (Problem("not-a-notebook", text),)), None)
    submission = read_submission(path, assignment, "you")
    kept = tuple(problem for problem in submission.problems if problem.code != "missing-cell")  # `changed` has them
    submission = Submission("you", submission.answers, (*kept, *changed), submission.size)
    launch = partial(start_candidate, assignment.forbids)
    return Checked(assignment, submission, judge(assignment, submission.answers, launch=launch))


def _nothing(path) -> Problem:
    return Problem("no-cells", f"{path.name}: the notebook holds no cells; download the assignment again")


def _changed_cells(notebook, assignment) -> tuple[Problem, ...]:
    found = []
    for cell in notebook.cells:
        ours = cell.metadata.get("nbgrader", {})
        if ours.get("locked") and ours.get("checksum") not in (None, cell_checksum(cell)):
            message = "a test cell or given cell was changed; grading uses the original"
            found.append(Problem("changed-cell", message, ours.get("grade_id")))
    there = {cell.id for cell in assignment.cells}
    for id in notebook.metadata.proctor.get("cells", ()):
        if id not in there:
            message = "a cell of the assignment was deleted; download the assignment again and copy your answers over"
            found.append(Problem("missing-cell", message, str(id)))
    return tuple(found)


def print_checked(checked: Checked, console) -> None:
    """A line a question, then problems with the file, then what to do."""
    from rich.markup import escape

    if checked.judgement is not None:
        blank = untouched(checked.assignment, checked.submission.answers)
        for question in checked.assignment.questions:
            console.print(_line(question, checked.judgement.of(question.id), question.id in blank, escape))
    for problem in checked.submission.problems:
        where = f" ({problem.cell})" if problem.cell else ""
        console.print(f"[yellow]note[/]  {escape(problem.message + where)}")
    if checked.judgement is None:
        console.print("nothing could be checked")
    elif checked.ok:
        console.print("all visible tests pass; hidden tests come with grading, so try values of your own too")
    else:
        console.print("some questions need work; the first message of each says what to look at")


def _line(question, verdicts, blank, escape) -> str:
    failed = [(number, verdict) for number, verdict in enumerate(verdicts, start=1) if not verdict.passed]
    if blank:
        return f"[dim]blank[/] {question.id}"
    if question.written:
        return f"[green]there[/] {question.id}: a person reads it"
    if not failed:
        return f"[green]pass[/]  {question.id}"
    number, verdict = failed[0]
    # Jupyter does not show the ids of cells, so the test cell is counted from the answer downwards.
    return f"[red]fail[/]  {question.id}: test cell {number} of {len(verdicts)}: {escape(verdict.message)}"
