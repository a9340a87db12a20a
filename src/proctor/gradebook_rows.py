"""The rows of one submission in nbgrader's database: found, made, read and updated.

nbgrader's own methods load a row at a time and commit after each. A class needs them by the thousand, so here it is
plain SQL against nbgrader's tables, a handful of statements a submission, all inside the caller's transaction. Joins go
from the assignment's cells to the submission's rows, along the indexes that nbgrader's tables have: the time for one
submission does not grow with the class.
"""

from dataclasses import dataclass

from proctor.marks import Manual

_ID = "lower(hex(randomblob(16)))"  # nbgrader's ids: 32 hexadecimal digits
_FIND = """
SELECT submitted_assignment.id AS submission, submitted_assignment.timestamp, notebook.id AS notebook,
       submitted_notebook.id AS submitted, submitted_notebook.late_submission_penalty AS penalty
FROM assignment
JOIN submitted_assignment ON submitted_assignment.assignment_id = assignment.id
JOIN notebook ON notebook.assignment_id = assignment.id AND notebook.name = assignment.name
JOIN submitted_notebook
  ON submitted_notebook.notebook_id = notebook.id AND submitted_notebook.assignment_id = submitted_assignment.id
WHERE assignment.name = ? AND submitted_assignment.student_id = ?"""
_ADD = (
    "INSERT OR IGNORE INTO student (id) SELECT ?2 FROM assignment WHERE name = ?1",
    f"""INSERT OR IGNORE INTO submitted_assignment (id, assignment_id, student_id)
        SELECT {_ID}, assignment.id, ?2 FROM assignment WHERE name = ?1""",
    f"""INSERT OR IGNORE INTO submitted_notebook (id, notebook_id, assignment_id, flagged)
        SELECT {_ID}, notebook.id, submitted_assignment.id, 0 FROM assignment
        JOIN submitted_assignment ON submitted_assignment.assignment_id = assignment.id
        JOIN notebook ON notebook.assignment_id = assignment.id
        WHERE assignment.name = ?1 AND submitted_assignment.student_id = ?2""",
)
_COMPLETE = (
    f"""INSERT OR IGNORE INTO grade (id, cell_id, notebook_id, auto_score, needs_manual_grade)
        SELECT {_ID}, base_cell.id, submitted_notebook.id, 0.0, 1 FROM submitted_notebook
        JOIN base_cell ON base_cell.notebook_id = submitted_notebook.notebook_id AND base_cell.type = 'GradeCell'
        WHERE submitted_notebook.""",
    f"""INSERT OR IGNORE INTO comment (id, cell_id, notebook_id)
        SELECT {_ID}, base_cell.id, submitted_notebook.id FROM submitted_notebook
        JOIN base_cell ON base_cell.notebook_id = submitted_notebook.notebook_id AND base_cell.type = 'SolutionCell'
        WHERE submitted_notebook.""",
)
_GRADES = """
SELECT base_cell.name, grade.id, auto_score, manual_score, extra_credit, needs_manual_grade
FROM base_cell CROSS JOIN grade ON grade.cell_id = base_cell.id AND grade.notebook_id = ?2
WHERE base_cell.notebook_id = ?1"""
_COMMENTS = """
SELECT base_cell.name, comment.id, auto_comment, manual_comment
FROM base_cell CROSS JOIN comment ON comment.cell_id = base_cell.id AND comment.notebook_id = ?2
WHERE base_cell.notebook_id = ?1"""


@dataclass
class Row:
    """A grade or a comment: what the machine and what a person said; ``read`` is the machine's part as it was."""

    id: str
    auto: float | str | None
    manual: float | str | None
    extra: float = 0.0
    waits: bool = False
    read: tuple = ()

    def __post_init__(self):
        self.read = (self.auto, self.waits)

    @property
    def changed(self) -> bool:
        return self.read != (self.auto, self.waits)

    @property
    def score(self) -> float:
        """The points of a grade, as nbgrader counts them."""
        return ((self.auto or 0.0) if self.manual is None else self.manual) + self.extra


class Rows:
    """The rows of one student's submission of one assignment, inside a transaction.

    Args:
        connection: with a transaction begun.
        found: what ``find`` or ``add`` gave.
    """

    def __init__(self, connection, found):
        self._run, self._found = connection.exec_driver_sql, found
        ids = (found.notebook, found.submitted)
        self.grades = {
            name: Row(id, auto, manual, extra or 0.0, bool(waits))
            for name, id, auto, manual, extra, waits in self._run(_GRADES, ids)
        }
        self.comments = {name: Row(id, auto, manual) for name, id, auto, manual in self._run(_COMMENTS, ids)}

    @classmethod
    def find(cls, connection, assignment: str, student: str) -> "Rows | None":
        """The rows; None if this student's submission was never recorded."""
        found = connection.exec_driver_sql(_FIND, (assignment, student)).first()
        return cls(connection, found) if found else None

    @classmethod
    def find_or_add(cls, connection, assignment: str, student: str) -> "Rows":
        """The rows, made as nbgrader makes them if there are none; the assignment must be recorded."""
        rows = cls.find(connection, assignment, student)
        if rows is None:
            for statement in _ADD:
                connection.exec_driver_sql(statement, (assignment, student))
            found = connection.exec_driver_sql(_FIND, (assignment, student)).one()
            complete(connection, "id", found.submitted)
            rows = cls(connection, found)
        return rows

    @property
    def penalty(self) -> float:
        """Points taken off for handing in late."""
        return self._found.penalty or 0.0

    @property
    def score(self) -> float:
        """Points of the whole submission before the penalty."""
        return sum(row.score for row in self.grades.values())

    def manual(self) -> dict[str, Manual]:
        """What people entered, by cell id."""
        entered = {}
        for name in {**self.grades, **self.comments}:
            grade, comment = self.grades.get(name), self.comments.get(name)
            entry = Manual(
                score=grade.manual if grade else None,
                comment=comment.manual if comment else None,
                extra=grade.extra if grade else 0.0,
                waiting=bool(grade and grade.waits),
            )
            if entry != Manual():
                entered[name] = entry
        return entered

    def write(self, timestamp: str | None, penalty: float | None) -> None:
        """Write what changed of the machine's part; a timestamp of None is written, a penalty of None is not."""
        grades = [(row.auto, row.waits, row.id) for row in self.grades.values() if row.changed]
        comments = [(row.auto, row.id) for row in self.comments.values() if row.changed]
        if grades:
            self._run("UPDATE grade SET auto_score = ?, needs_manual_grade = ? WHERE id = ?", grades)
        if comments:
            self._run("UPDATE comment SET auto_comment = ? WHERE id = ?", comments)
        if timestamp != self._found.timestamp:
            where = (timestamp, self._found.submission)
            self._run("UPDATE submitted_assignment SET timestamp = ? WHERE id = ?", where)
        if penalty is not None and penalty != self.penalty:
            where = (penalty or None, self._found.submitted)  # NULL is what nbgrader writes for work in time
            self._run("UPDATE submitted_notebook SET late_submission_penalty = ? WHERE id = ?", where)


def complete(connection, column: str, value: str) -> None:
    """Give submissions a row for each cell that has none: the submitted notebooks where ``column`` is ``value``."""
    for statement in _COMPLETE:
        connection.exec_driver_sql(f"{statement}{column} = ?", (value,))
