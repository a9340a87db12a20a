"""The gradebook: writes judgements where nbgrader, its formgrader and its exports look for them.

One process writes ``gradebook.db``, one transaction a submission. Assignments go through nbgrader's own API; the rows
of a submission, which every run touches by the thousand, are read and written by name in plain SQL. What a person
entered, a score, a comment, extra credit, is never overwritten; it is marked for another look when the answer or the
verdict beneath it changed.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from proctor.assignment import Assignment
from proctor.autograded import harmless_markdown
from proctor.collect import submitted_at
from proctor.database import open_book
from proctor.gradebook_rows import Row, Rows, complete
from proctor.marks import Manual, is_blank
from proctor.release import KERNELSPEC, source_notebook

NO_RESPONSE = "No response."
LatePenalty = float | Callable[[float], float] | None


class Gradebook:
    """``gradebook.db`` of a course directory; a context manager.

    Args:
        course_dir: the directory that holds ``gradebook.db`` and ``submitted/``; both need not exist.
        submissions: where the submitted notebooks lie; default ``course_dir/submitted``.
        url: the database; default ``course_dir/gradebook.db``.

    Raises:
        ValueError: if nbgrader is not installed.
    """

    def __init__(self, course_dir: Path, submissions: Path | None = None, url: str | None = None):
        self.course_dir = Path(course_dir)
        self.submissions = Path(submissions) if submissions else self.course_dir / "submitted"
        self.course_dir.mkdir(parents=True, exist_ok=True)
        self._book = open_book(url or f"sqlite:///{(self.course_dir / 'gradebook.db').resolve()}")
        self._engine = self._book.engine

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Give the database back; the next user finds one file."""
        self._book.close()

    def add_assignment(self, assignment: Assignment) -> None:
        """Record an assignment's cells as ``nbgrader generate_assignment`` does; a later version of it replaces them.

        Raises:
            ValueError: if the new version lacks cells for which a person entered a score or a comment.
        """
        with self._session():
            book = self._book
            book.update_or_create_assignment(assignment.name)
            notebook = book.update_or_create_notebook(
                assignment.name, assignment.name, kernelspec=json.dumps(KERNELSPEC)
            )
            cells = {kind: {} for kind in ("grade", "solution", "source")}
            for cell in nbgrader_cells(assignment):
                ours = cell.metadata.nbgrader
                if ours.grade:
                    cells["grade"][ours.grade_id] = {"max_score": float(ours.points), "cell_type": cell.cell_type}
                if ours.solution:
                    cells["solution"][ours.grade_id] = {}
                cells["source"][ours.grade_id] = {
                    "cell_type": cell.cell_type,
                    "locked": bool(ours.locked),
                    "source": cell.source,
                    "checksum": ours.checksum,
                }
            self._remove_old_cells(notebook, cells)
            for kind, wanted in cells.items():
                update = getattr(book, f"update_or_create_{kind}_cell")
                for name, values in wanted.items():
                    update(name, assignment.name, assignment.name, **values)
            book.db.flush()
            complete(book.db.connection(), "notebook_id", notebook.id)

    def record(
        self,
        assignment: Assignment,
        submission,
        judgement,
        before: Mapping[str, str],
        late_penalty: LatePenalty = 0.0,
        counts: Path | None = None,
    ) -> tuple[dict[str, Manual], float]:
        """Write one submission's scores and comments.

        Args:
            assignment: the master, as given to ``add_assignment``.
            submission: student, answers and problems of the file.
            judgement: the verdicts; a tests cell without one gets 0.
            before: the answers of the last time by question id, to tell whether an answer changed since then.
            late_penalty: points taken off for handing in late, or a function that gives them for a score (what people
                entered included); never more than the score. None leaves what stands there.
            counts: folder of the attempt that counts, whose time is recorded; by default the one in ``submissions``.

        Returns:
            What people entered for this submission, by cell id, and the points taken off, as of this transaction.
        """
        verdicts = {verdict.cell: verdict for verdict in judgement.verdicts}
        with self._engine.begin() as connection:
            rows = Rows.find_or_add(connection, assignment.name, submission.student)
            for question in assignment.questions:
                moved = _moved(question, submission.answers, before)
                for cell in (question.answer, *question.tests) if question.written else question.tests:
                    if cell.role == "written":
                        _score_written(rows.grades[cell.id], is_blank(question, submission.answers), moved)
                    else:
                        known = question.id in before  # plain nbgrader does not keep what was there
                        _score_tests(rows.grades[cell.id], verdicts.get(cell.id), known and moved)
                rows.comments[question.id].auto = auto_comment(question, submission, judgement)
            if callable(late_penalty):
                late_penalty = min(max(late_penalty(rows.score), 0.0), max(rows.score, 0.0))
            folder = counts or self.submissions / submission.student / assignment.name
            rows.write(_timestamp(folder), late_penalty)
            return rows.manual(), rows.penalty if late_penalty is None else late_penalty

    def manual(self, assignment: Assignment, student: str) -> dict[str, Manual]:
        """What people entered for one submission, by cell id; empty if there is none."""
        with self._engine.begin() as connection:
            rows = Rows.find(connection, assignment.name, student)
            return rows.manual() if rows else {}

    def late_penalty(self, assignment: Assignment, student: str) -> float:
        """Points taken off one submission for handing in late; 0 if there is none."""
        with self._engine.begin() as connection:
            rows = Rows.find(connection, assignment.name, student)
            return rows.penalty if rows else 0.0

    def _remove_old_cells(self, notebook, cells):
        for kind, rows in (("grade", notebook.grade_cells), ("solution", notebook.solution_cells)):
            for old in [row for row in rows if row.name not in cells[kind]]:
                if [grade for grade in old.grades if grade.manual_score is not None or grade.extra_credit] or [
                    comment for comment in old.comments if comment.manual_comment
                ]:
                    raise ValueError(
                        f"{notebook.name}: the new version has no cell {old.name!r}, but a grader entered a score or "
                        f"comment for it in {self.course_dir / 'gradebook.db'}; "
                        "put the cell back, or move the gradebook aside"
                    )
                for row in (*old.grades, *old.comments, old):
                    self._book.db.delete(row)
        for old in [row for row in notebook.source_cells if row.name not in cells["source"]]:
            self._book.db.delete(old)
        self._book.db.flush()
        self._book.db.expire_all()

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        """Everything inside is written together or not at all, although nbgrader's methods commit one by one."""
        from sqlalchemy.orm import scoped_session, sessionmaker

        with self._engine.begin() as connection:
            outer = self._book.db
            # "rollback_only": a commit of the session does not reach the connection; a rollback does.
            self._book.db = scoped_session(
                sessionmaker(bind=connection, future=True, autoflush=False, join_transaction_mode="rollback_only")
            )
            try:
                yield
                self._book.db.flush()
            finally:
                self._book.db.remove()
                self._book.db = outer


def _timestamp(folder: Path) -> str | None:
    when = submitted_at(folder)
    # As SQLAlchemy writes a date for SQLite; without one nothing is known.
    return when and when.replace(tzinfo=None).isoformat(" ", "microseconds")


def _moved(question, answers: Mapping[str, str], before: Mapping[str, str]) -> bool:
    """Whether the answer differs from the one that the autograded notebook held."""
    answer = answers.get(question.id, question.answer.released)
    return before.get(question.id) != (harmless_markdown(answer) if question.written else answer)


def _score_tests(row: Row, verdict, moved: bool) -> None:
    before, row.auto = row.auto, float(verdict.earned) if verdict else 0.0
    changed = moved or (before is not None and before != row.auto)
    row.waits = row.manual is not None and (row.waits or changed)


def _score_written(row: Row, blank: bool, moved: bool) -> None:
    # nbgrader's own convention: NULL means that only a person can score this, and is counted as 0.
    row.auto = 0.0 if blank else None
    row.waits = not blank if row.manual is None else row.waits or moved


def auto_comment(question, submission, judgement) -> str | None:
    """What the formgrader shows beside an answer: the messages of what failed, or that it is blank."""
    if is_blank(question, submission.answers):
        return NO_RESPONSE
    lines = [
        f"{verdict.cell}: {verdict.message}"
        for verdict in judgement.of(question.id)
        if verdict.message and not verdict.passed
    ]
    lines += [problem.message for problem in submission.problems if problem.cell == question.id]
    return "\n\n".join(lines) or None


def nbgrader_cells(assignment: Assignment) -> list:
    """The cells that nbgrader records, as ``SaveCells`` sees them: stubs for answers, whole tests, with checksums."""
    from nbgrader.utils import compute_checksum

    notebook = source_notebook(assignment)
    stubs = assignment.stubs()
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    for cell in cells:
        cell.source = stubs.get(cell.metadata.nbgrader.grade_id, cell.source)
        cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return cells
