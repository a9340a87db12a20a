"""The scores of a class, read from the gradebook, and the files that take them to a learning platform.

``proctor export`` reads what stands in ``gradebook.db`` now, a grader's points included, and works the late penalty out
from ``grading.toml`` (without a deadline there, what the gradebook says counts). A score that still waits for a grader,
or belongs to work that was replaced since, is not given to a platform: its row stays as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from proctor.export import rows_text
from proctor.files import write_atomic
from proctor.handed_in import find_unjudged
from proctor.lms import TableError, canvas_grades, moodle_grades, read_table
from proctor.masters import find_master, read_master
from proctor.policy import Policy, read_policy

PLATFORMS = CANVAS, MOODLE, CSV = "canvas", "moodle", "csv"


@dataclass(frozen=True)
class Score:
    """What one student gets.

    Attributes:
        student: id.
        earned: points, a grader's and extra credit included.
        late: points taken off for being late.
        waiting: whether a grader still has to look at something, or newer work to be judged.
    """

    student: str
    earned: float
    late: float = 0.0
    waiting: bool = False

    @property
    def total(self) -> float:
        """Points after the late penalty, to two decimals: what platforms keep."""
        return round(max(self.earned - self.late, 0.0), 2)

    def words(self, points: float) -> str:
        """The sum in words, for a comment beside the grade."""
        taken = f", {self.late:.2f} taken off because it was late" if self.late else ""
        return f"{self.earned:g} of {points:g} points{taken}"


@dataclass(frozen=True)
class Exported:
    """A file for a platform.

    Attributes:
        path: of the file.
        given: students whose score is in it.
        waiting: students whose score waits for a grader, or for newer work to be judged, and is not given.
        unlisted: students with a score whom the roster does not know.
        kept: students whom the platform excused, or did not assign the work to: their rows stay as they are.
    """

    path: Path
    given: tuple[str, ...]
    waiting: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def read_scores(directory: Path, assignment: str, policy: Policy) -> list[Score]:
    """The scores in ``directory/gradebook.db``, by student.

    Raises:
        FileNotFoundError: if there is no gradebook, or nothing of this assignment in it.
    """
    path = Path(directory) / "gradebook.db"
    if not path.is_file():
        raise FileNotFoundError(f"expected a gradebook, {path}; run: proctor grade {assignment}")
    from nbgrader.api import Assignment, Gradebook
    from nbgrader.api import SubmittedAssignment as Submitted

    with Gradebook(f"sqlite:///{path.resolve()}") as book:
        columns = (Submitted.student_id, Submitted.timestamp, Submitted.score)
        columns += (Submitted.late_submission_penalty, Submitted.needs_manual_grade)
        found = book.db.query(*columns).join(Assignment, Submitted.assignment_id == Assignment.id)
        rows = found.filter(Assignment.name == assignment).order_by(Submitted.student_id).all()
    if not rows:
        raise FileNotFoundError(
            f"expected scores of {assignment} in {path}, found none; run: proctor grade {assignment}"
        )
    return [_score(assignment, policy, *row) for row in rows]


def _score(assignment, policy, student, time: datetime | None, earned, stored, waiting) -> Score:
    known = policy.deadline(assignment, student) is not None
    late = policy.penalty(assignment, student, time, earned) if known else stored or 0.0
    return Score(student, earned, late, bool(waiting))


def export(
    root: Path,
    name: str,
    platform: str,
    *,
    roster: Path | None = None,
    column: str | None = None,
    submissions: Path | None = None,
    dry_run: bool = False,
) -> Exported:
    """Write ``grades/<assignment>-<platform>.csv`` (``-scores.csv`` for ``"csv"``) beside the gradebook.

    Args:
        root: the course, with ``solutions/`` and perhaps ``grading.toml``.
        name: the assignment.
        platform: ``"canvas"``, ``"moodle"``, or ``"csv"`` for one row a student.
        roster: Canvas's exported gradebook, or Moodle's offline grading worksheet.
        column: the assignment's column in Canvas; its name or title is looked for by default.
        submissions: ``root/submitted`` by default; the gradebook lies beside it.
        dry_run: write nothing.

    Raises:
        MasterError: if there is no such assignment.
        FileNotFoundError: if it was not graded.
        TableError: if the roster is missing or cannot be filled in.
        PolicyError: if ``grading.toml`` cannot be used.
    """
    assignment = read_master(find_master(root, name))
    directory = Path(submissions).parent if submissions else Path(root)
    policy = read_policy(root)
    unjudged = find_unjudged(Path(submissions or directory / "submitted"), name, policy)
    scores = [
        replace(score, waiting=score.waiting or score.student in unjudged)
        for score in read_scores(directory, name, policy)
    ]
    path = directory / "grades" / f"{name}-{'scores' if platform == CSV else platform}.csv"
    if platform == CSV:
        text, done = _plain(assignment, scores), Exported(path, tuple(score.student for score in scores))
    elif roster is None:
        raise TableError(f"expected --roster, the table that {platform.title()} exported: it says who is who")
    else:
        line = _Line(scores, assignment.points)
        try:
            if platform == CANVAS:
                titles = [column] if column else [name, assignment.title]
                text = canvas_grades(read_table(roster), titles, assignment.points, line)
            else:
                text = moodle_grades(read_table(roster), assignment.points, line)
        except TableError as error:
            raise TableError(f"{roster}: {str(error).removeprefix(f'{roster}: ')}") from error
        done = line.exported(path)
    if not dry_run:
        write_atomic(path, text)
    return done


class _Line:
    """Finds the score that belongs into a row of a roster, and remembers what it found."""

    def __init__(self, scores: Iterable[Score], points: float):
        self.scores, self.points = {score.student: score for score in scores}, points
        self.found: dict[str, str] = {}

    def __call__(self, keys: list[str], keep: bool) -> tuple[float, str] | None:
        students = {key for key in keys if key in self.scores}
        if len(students) > 1 or students & self.found.keys():
            raise TableError(f"expected one row for each student, got {' and '.join(sorted(students))} in one or twice")
        for student in students:
            score = self.scores[student]
            self.found[student] = "kept" if keep else "waiting" if score.waiting else "given"
            if self.found[student] == "given":
                return score.total, score.words(self.points)
        return None

    def exported(self, path: Path) -> Exported:
        groups = {name: [] for name in ("given", "waiting", "unlisted", "kept")}
        for student in sorted(self.scores):
            groups[self.found.get(student, "unlisted")].append(student)
        return Exported(path, **{name: tuple(students) for name, students in groups.items()})


def _plain(assignment, scores: list[Score]) -> str:
    rows = [["assignment", "student", "score", "earned", "late", "points", "waiting"]]
    for one in scores:
        waiting = "yes" if one.waiting else ""
        rows.append([assignment.name, one.student, one.total, one.earned, one.late, assignment.points, waiting])
    return rows_text(rows)
