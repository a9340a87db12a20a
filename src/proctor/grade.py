"""Grades a class: threads or a cluster judge, one process writes.

A zygote has the libraries imported and forks a fresh examiner and fresh candidates for every submission, all of them
locked up (``proctor.local_grader``, ``proctor.sitting``). This process reads bytes, keeps the journal, and alone writes
the gradebook, autograded notebooks, feedback and CSV (``proctor.desk``). A submission that cannot be read or breaks
something gets a named problem; the class goes on.
"""

import contextlib
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from proctor import sandbox
from proctor.assignment import Assignment
from proctor.handed_in import HandedIn
from proctor.local_grader import LocalGrader
from proctor.masters import find_master, forbidden
from proctor.results import Row
from proctor.seeds import assignment_secret
from proctor.zygote import Zygote


@dataclass(frozen=True)
class Graded:
    """A class, graded.

    Attributes:
        assignment: the master.
        rows: one for each submission, by student.
        seconds: wall time.
        directory: where gradebook, feedback and CSV lie.
        strangers: who has an extension in ``grading.toml`` and handed nothing in: perhaps a misspelt name.
    """

    assignment: Assignment
    rows: tuple[Row, ...]
    seconds: float
    directory: Path
    strangers: tuple[str, ...] = ()

    @property
    def faults(self) -> list[Row]:
        """Submissions that the examiner could not judge: they have no score and are judged again by the next run."""
        return [row for row in self.rows if row.fault]


def grade(
    root: Path,
    name: str,
    *,
    submissions: Path | None = None,
    jobs: int | None = None,
    sandboxed: bool = True,
    force: bool = False,
    scheduler=None,
    on_result: Callable[[Row, int], None] = lambda row, total: None,
) -> Graded:
    """Grade every submission of one assignment.

    Args:
        root: the course, with ``solutions/``.
        name: the assignment.
        submissions: nbgrader's layout ``<student>/<assignment>/``; ``root/submitted`` by default. Gradebook, autograded
            notebooks, feedback and CSV are written beside it.
        jobs: submissions judged at a time; the number of cores by default.
        sandboxed: run students' code in the sandbox; False runs it with your rights.
        force: judge again what has not changed.
        scheduler: a ``proctor.scheduler.Scheduler``: judge on its cluster, which needs no sandbox here.
        on_result: called in this process with the row of each result and the number of submissions.

    Raises:
        MasterError: if the master cannot be read.
        SandboxMissing: if a sandbox is asked for and this machine has none.
        ZygoteLost: if the libraries do not import in the sandbox.
        FileNotFoundError: if there is no submission.
        ClusterError: if the cluster of a scheduler cannot judge, or no longer.
        ValueError: if a cluster is to judge without a sandbox.
    """
    start = time.monotonic()
    if scheduler and not sandboxed:
        raise ValueError("--unsafe is for this machine only: a cluster judges in the sandbox, or not at all")
    if sandboxed and not scheduler and (reason := sandbox.sandbox_problem()):
        raise sandbox.SandboxMissing(f"{sandbox.HOW_TO} ({reason})")
    with contextlib.ExitStack() as stack:
        if scheduler:
            from proctor.cluster import Cluster  # imports Dask
        else:  # it imports while the work is read
            zygote = Zygote(forbidden(find_master(root, name)), sandboxed=sandboxed)
            stack.enter_context(contextlib.closing(zygote))
        work, rows = HandedIn(root, name, submissions), {}
        assignment, secret = work.assignment, assignment_secret(work.root, name)
        if scheduler:
            grader = Cluster(scheduler, assignment, secret)
        else:
            grader = LocalGrader(assignment, secret, sandboxed=sandboxed, jobs=jobs, ahead=zygote)
        stack.enter_context(grader)
        if not force:
            grader.learn(work.journal)
        changed = work.changed(grader)
        if changed:
            grader.start()
        from proctor.desk import Desk  # imports nbgrader, which takes as long as the zygote's imports

        desk = stack.enter_context(Desk(work.directory, work.submissions, assignment))
        grader.settle()
        unchanged = ((work.journal.read(student), True) for student in work.attempts if student not in changed)
        for result, reused in itertools.chain(unchanged, work.counting(grader.mark_all(changed))):
            student, marks = result.submission.student, ()
            try:
                marks = desk.put(result, work.late_penalty(result))
                grader.forget(student)
            except Exception as error:  # what is odd about one submission must not end the others'
                fault = f"could not be written: {type(error).__name__}: {error}"
                result = replace(result, judgement=None, fault=fault)
            rows[student] = Row.of(result, marks, reused)
            on_result(rows[student], len(work.attempts))
        desk.close_books(work.attempts)
    ordered = tuple(rows[student] for student in work.attempts)
    strangers = sorted({student for student, task in work.policy.extensions if task == name} - set(work.attempts))
    return Graded(assignment, ordered, time.monotonic() - start, work.directory, tuple(strangers))


def plan(root: Path, name: str, *, submissions: Path | None = None, force: bool = False) -> dict[str, bool]:
    """What ``grade`` with these arguments would do: student -> whether the work must be judged. Writes nothing."""
    work = HandedIn(root, name, submissions)
    with LocalGrader(work.assignment, assignment_secret(work.root, name, make=False)) as grader:
        if not force:
            grader.learn(work.journal)
        changed = work.changed(grader)
    return {student: student in changed for student in work.attempts}
