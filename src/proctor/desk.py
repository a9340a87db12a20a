"""The desk: writes results where people look for them, so that a run may be killed at any moment and nothing is lost.

A submission goes through these states; each arrow is one step of ``Desk.put``::

    handed in --> judged --> recorded --> shown --> journaled
                  (memory)   (gradebook)  (autograded notebook, time stamp, feedback)  (results/*.json)

The journal alone says what is done, and it is written last: what stands in it was written everywhere. Each step depends
only on the result, the master and what people entered; it reads what is there and writes what differs. So a step that
is done twice changes nothing the second time, and a run that is killed is mended by the next one:

- before *recorded*: nothing of the submission was written; it is judged again. Seeds come from the answer, so the
  verdicts are the same.
- inside *recorded*: one transaction, which SQLite undoes when the database is opened next; as before.
- between *recorded* and *journaled*: some of the files are the old ones. There is no journal entry for this work, so it
  is judged and put again: the rows are equal already, the files are written. What a person scored in the meantime
  stays, and is marked for another look if the answer beneath it changed, because the old autograded notebook, which is
  replaced after the rows, still tells what was there before.
- inside the writing of a file: it is written beside its place and renamed. A temporary file that was left is removed by
  the next run when it opens the desk.
- after *journaled*: the submission is not judged again. It is put again all the same, which costs next to nothing and
  brings manual scores of the meantime onto the feedback page, and back whatever was deleted.
- in ``close_books``: the CSV files are made from journal and gradebook, and renamed.

A power failure is worse than a kill: a file that was renamed may be damaged, in any order. The transaction alone waits
for the disk. Everything else is compared with what it should be before it counts as written, and a damaged journal
entry counts as none, so the order in which files reach the disk does not matter and none of them is waited for.

One process is at the desk of an assignment at a time; any number of people may use the formgrader meanwhile.
"""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from proctor.assignment import Assignment
from proctor.autograded import autograded_text, read_answers
from proctor.collect import MAX_STAMP, STAMP, submitted_at
from proctor.export import write_grades
from proctor.feedback import write_feedback
from proctor.files import read_small, remove_leftovers, write_atomic
from proctor.gradebook import Gradebook, LatePenalty
from proctor.handed_in import Lateness
from proctor.marks import Manual, Mark, marks
from proctor.results import Journal, Result


class Desk:
    """Gradebook, autograded notebooks, feedback, journal and CSV of one assignment; a context manager.

    Args:
        directory: where they are written.
        submissions: where the submitted notebooks lie, as ``<student>/<assignment>/``.
        assignment: the master.

    Raises:
        BlockingIOError: on entering, if another process is at this desk.
        ValueError: on entering, if nbgrader is not installed, or the master lacks cells that a person graded.
    """

    def __init__(self, directory: Path, submissions: Path, assignment: Assignment):
        self.directory, self.submissions, self.assignment = Path(directory), Path(submissions), assignment
        self.journal = Journal(self.directory, assignment.name)
        self._shown: dict[str, int] = {}  # student -> hash of what people had entered when the page was written

    def __enter__(self) -> "Desk":
        name = self.assignment.name
        with contextlib.ExitStack() as stack:
            stack.enter_context(_alone(self.directory / "results" / name / ".lock"))
            places = (f"results/{name}/*.json", f"autograded/*/{name}/*", f"feedback/*/{name}/*")
            remove_leftovers(self.directory, *places, f"grades/{name}.csv", f"grades/{name}-questions.csv")
            self.gradebook = stack.enter_context(Gradebook(self.directory, self.submissions))
            self.gradebook.add_assignment(self.assignment)
            self._close = stack.pop_all().close
        return self

    def __exit__(self, *exception) -> None:
        self._close()

    def put(self, result: Result, late_penalty: LatePenalty = 0.0) -> tuple[Mark, ...]:
        """Write a result everywhere; a result that is there already is not written again.

        Args:
            result: of one submission; one without a judgement is not written at all.
            late_penalty: points taken off, or a function that gives them for a score; None leaves what stands. A
                ``Lateness`` says too which attempt counts: the gradebook keeps the time of that one.

        Returns:
            One mark a question, what graders entered included; none without a judgement.
        """
        assignment, submission, judgement = self.assignment, result.submission, result.judgement
        if judgement is None:
            return ()
        path = self.directory / "autograded" / submission.student / assignment.name / f"{assignment.name}.ipynb"
        before, counts = read_answers(path), late_penalty.folder if isinstance(late_penalty, Lateness) else None
        manual, penalty = self.gradebook.record(assignment, submission, judgement, before, late_penalty, counts)
        write_atomic(path, autograded_text(assignment, submission, judgement), durable=False)
        self._stamp(path.parent, submission.student)
        self._show(result, manual, penalty)
        self.journal.write(result)
        self._shown[submission.student] = _digest(manual)
        return marks(assignment, submission, judgement, manual)

    def close_books(self, students: Iterable[str]) -> list[Path]:
        """Write the CSV files; only one student's result is in memory at a time.

        Args:
            students: whose rows to write; who was not put at this desk has none.

        Returns:
            The paths of the files.
        """
        rows = (self._row(student) for student in students if student in self._shown)
        return write_grades(self.directory / "grades", self.assignment, rows)

    def _row(self, student: str) -> tuple:
        result, manual = self.journal.read(student), self.gradebook.manual(self.assignment, student)
        penalty = self.gradebook.late_penalty(self.assignment, student)
        if self._shown[student] != _digest(manual):  # a person graded it while others were judged
            self._show(result, manual, penalty)
        problems = "; ".join(problem.message for problem in result.submission.problems)
        return student, marks(self.assignment, result.submission, result.judgement, manual), problems, penalty

    def _show(self, result: Result, manual: dict[str, Manual], penalty: float) -> None:
        folder = self.directory / "feedback"
        write_feedback(folder, self.assignment, result.submission, result.judgement, manual, penalty)

    def _stamp(self, folder: Path, student: str) -> None:
        # The formgrader takes equal stamps as "graded".
        handed_in = self.submissions / student / self.assignment.name
        if submitted_at(handed_in):
            write_atomic(folder / STAMP, read_small(handed_in / STAMP, MAX_STAMP), durable=False)
        else:
            (folder / STAMP).unlink(missing_ok=True)


def _digest(manual: dict[str, Manual]) -> int:
    return hash(frozenset(manual.items()))


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BlockingIOError(
                f"another run is grading {path.parent.name} into {path.parents[2]}; wait until it has ended"
            ) from error
        yield
