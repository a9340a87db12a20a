"""The gradebook: writes judgements where nbgrader, its formgrader and its exports look for them.

One process writes: ``gradebook.db`` through nbgrader's own API, one transaction a submission, and
``autograded/<student>/<assignment>/<assignment>.ipynb`` (see ``proctor.autograded``). What a person entered, a score, a
comment, extra credit, is never overwritten; it is marked for another look when the answer or the verdict beneath it
changed.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from proctor.assignment import Assignment
from proctor.autograded import autograded_notebook, harmless_markdown, read_answers
from proctor.files import write_atomic
from proctor.marks import Manual, is_blank
from proctor.release import KERNELSPEC, notebook_text, source_notebook

BUSY_SECONDS = 30
NO_RESPONSE = "No response."


class Gradebook:
    """``gradebook.db`` and ``autograded/`` of a course directory; a context manager.

    Args:
        course_dir: the directory that holds ``gradebook.db`` and ``submitted/``; both need not exist.
        submissions: where the submitted notebooks lie; default ``course_dir/submitted``.
        url: the database; default ``course_dir/gradebook.db``.

    Raises:
        ValueError: if nbgrader is not installed.
    """

    def __init__(self, course_dir: Path, submissions: Path | None = None, url: str | None = None):
        try:
            import nbgrader.api as api
        except ImportError as error:
            raise ValueError("the gradebook needs nbgrader: pip install 'out-of-the-ravine[grade]'") from error
        self.course_dir = Path(course_dir)
        self.submissions = Path(submissions) if submissions else self.course_dir / "submitted"
        self.course_dir.mkdir(parents=True, exist_ok=True)
        self._api = api
        url = url or f"sqlite:///{(self.course_dir / 'gradebook.db').resolve()}"
        _stamp_schema(url)
        self._book = api.Gradebook(url)
        self._engine = self._book.engine
        self._book.db.remove()
        _serialize_transactions(self._engine)

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
        with self._transaction():
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
            self._complete_submissions(notebook)

    def write(self, assignment: Assignment, submission, judgement, seconds: float) -> Path:
        """Write one submission's result: scores, comments, and the notebook that the formgrader shows.

        Args:
            assignment: the master, as given to ``add_assignment``.
            submission: student, answers and problems of the file.
            judgement: the verdicts; a tests cell without one gets 0.
            seconds: wall time of grading it, kept with the notebook.

        Returns:
            The path of the autograded notebook.
        """
        path = self.course_dir / "autograded" / submission.student / assignment.name / f"{assignment.name}.ipynb"
        self.record(assignment, submission, judgement, before=read_answers(path))
        write_atomic(path, notebook_text(autograded_notebook(assignment, submission, judgement, seconds)))
        with contextlib.suppress(FileNotFoundError):  # the formgrader takes equal stamps as "graded"
            shutil.copyfile(self._stamp(assignment, submission), path.parent / "timestamp.txt")
        return path

    def record(self, assignment: Assignment, submission, judgement, before: Mapping[str, str]) -> None:
        """Write scores and comments to the database only.

        Args:
            assignment: the master.
            submission: what was handed in.
            judgement: the verdicts.
            before: the answers of the last time by question id, to tell whether a written answer changed since then.
        """
        with self._transaction():
            self._book.update_or_create_student(submission.student)
            self._book.update_or_create_submission(
                assignment.name, submission.student, **self._timestamp(assignment, submission)
            )
            self._write_grades(assignment, submission, judgement, before)
            self._write_comments(assignment, submission, judgement)

    def manual(self, assignment: Assignment, student: str) -> dict[str, Manual]:
        """What people entered for one submission, by cell id; empty if there is none."""
        with self._transaction():
            rows = self._rows(assignment, student)
            if rows is None:
                return {}
            grades, comments = rows
            entered = {}
            for name in {**grades, **comments}:
                grade, comment = grades.get(name), comments.get(name)
                entry = Manual(
                    score=grade.manual_score if grade else None,
                    comment=comment.manual_comment if comment else None,
                    extra=(grade.extra_credit or 0.0) if grade else 0.0,
                    waiting=bool(grade and grade.needs_manual_grade),
                )
                if entry != Manual():
                    entered[name] = entry
            return entered

    def _write_grades(self, assignment, submission, judgement, before):
        grades, _ = self._rows(assignment, submission.student)
        verdicts = {verdict.cell: verdict for verdict in judgement.verdicts}
        for question in assignment.questions:
            for cell in (question.answer, *question.tests) if question.written else question.tests:
                grade, previous = grades[cell.id], grades[cell.id].auto_score
                if cell.role == "written":
                    blank = is_blank(question, submission.answers)
                    # nbgrader's own convention: NULL means that only a person can score this, and is counted as 0.
                    grade.auto_score = 0.0 if blank else None
                    answer = submission.answers.get(cell.id, cell.released)
                    changed = before.get(cell.id) != harmless_markdown(answer)
                    waits = not blank if grade.manual_score is None else grade.needs_manual_grade or changed
                else:
                    verdict = verdicts.get(cell.id)
                    grade.auto_score = float(verdict.earned) if verdict else 0.0
                    changed = previous is not None and previous != grade.auto_score
                    waits = grade.manual_score is not None and (grade.needs_manual_grade or changed)
                grade.needs_manual_grade = bool(waits)
        self._book.db.flush()

    def _write_comments(self, assignment, submission, judgement):
        _, comments = self._rows(assignment, submission.student)
        for question in assignment.questions:
            comments[question.id].auto_comment = auto_comment(question, submission, judgement)
        self._book.db.flush()

    def _rows(self, assignment, student):
        try:
            notebook = self._book.find_submission_notebook(assignment.name, assignment.name, student)
        except self._api.MissingEntry:
            return None
        return {grade.name: grade for grade in notebook.grades}, {
            comment.name: comment for comment in notebook.comments
        }

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

    def _complete_submissions(self, notebook):
        """Give submissions of an earlier version a row for each cell that is new."""
        self._book.db.flush()
        self._book.db.expire_all()
        for submitted in notebook.submissions:
            grades = {grade.cell_id for grade in submitted.grades}
            comments = {comment.cell_id for comment in submitted.comments}
            for cell in notebook.grade_cells:
                if cell.id not in grades:
                    self._book.db.add(self._api.Grade(cell_id=cell.id, notebook=submitted, auto_score=0.0))
            for cell in notebook.solution_cells:
                if cell.id not in comments:
                    self._book.db.add(self._api.Comment(cell_id=cell.id, notebook=submitted))

    def _stamp(self, assignment, submission) -> Path:
        return self.submissions / submission.student / assignment.name / "timestamp.txt"

    def _timestamp(self, assignment, submission) -> dict:
        from nbgrader.utils import parse_utc

        try:
            return {"timestamp": parse_utc(self._stamp(assignment, submission).read_text().strip())}
        except (OSError, ValueError, OverflowError):  # none, or no date: nbgrader treats both as "not known"
            return {}

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Everything inside is written together or not at all, although nbgrader's methods commit one by one."""
        from sqlalchemy.orm import scoped_session, sessionmaker

        with self._engine.connect() as connection, connection.begin():
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


def _serialize_transactions(engine) -> None:
    from sqlalchemy import event

    engine.dispose()  # connections made before know nothing of this

    @event.listens_for(engine, "connect")
    def connect(connection, _):
        connection.isolation_level = None  # else the driver begins a transaction at the first write, after the reads
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")  # the formgrader may read meanwhile

    @event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _stamp_schema(url: str) -> None:
    """Note the version of nbgrader's schema in a new database; nbgrader would run the program "alembic" to learn it."""
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(url)
    with engine.begin() as connection:
        if not inspect(connection).get_table_names():
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": _schema_version()})
    engine.dispose()


@cache
def _schema_version() -> str:
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    return ScriptDirectory(ALEMBIC_DIR).get_current_head()
