"""Grades a class: workers judge, one process writes.

Each worker has the libraries imported and forks a fresh examiner for every submission; the examiner starts the
student's process in the sandbox. Workers return results; this process alone writes the journal, the gradebook, the
autograded notebooks, feedback and CSV. A submission that cannot be read or breaks something gets a named problem; the
class goes on.
"""

import contextlib
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from proctor import sandbox
from proctor.assignment import Assignment
from proctor.intake import PROBLEMS, Problem, Submission, read_submission
from proctor.masters import find_master, read_master
from proctor.results import Journal, Result, work_key
from proctor.seeds import course_secret

TASK_SECONDS = 900.0  # wall time after which the examiner itself must hang: judging ends before, whatever the answers
PRELOAD = ["torch", "numpy", "matplotlib.pyplot", "IPython.core.interactiveshell", "proctor.judge"]


@dataclass(frozen=True)
class Task:
    """One submission to judge: plain data, so that it can go to another process."""

    path: str
    student: str
    assignment: Assignment
    secret: bytes
    sandboxed: bool
    known_key: str | None


@dataclass(frozen=True)
class Graded:
    """A class, graded.

    Attributes:
        assignment: the master.
        results: one for each submission, by student.
        standings: student -> marks, what graders entered included; without the submissions that have no judgement.
        reused: students whose work had not changed since the last run.
        seconds: wall time.
        directory: where gradebook, feedback and CSV lie.
    """

    assignment: Assignment
    results: tuple[Result, ...]
    standings: dict[str, tuple]
    reused: frozenset[str]
    seconds: float
    directory: Path

    @property
    def faults(self) -> list[Result]:
        """Submissions that the examiner could not judge: they have no score and are judged again by the next run."""
        return [result for result in self.results if result.judgement is None]


def find_submissions(directory: Path, assignment: str) -> dict[str, Path]:
    """Student -> folder ``<directory>/<student>/<assignment>``, in alphabetical order."""
    folders = {}
    for student in sorted(Path(directory).iterdir()) if Path(directory).is_dir() else []:
        folder = student / assignment
        # A link or a file in the folder's place was handed in too: reading it gives the problem its name.
        if student.is_dir() and not student.name.startswith(".") and os.path.lexists(folder):
            folders[student.name] = folder
    return folders


def grade(
    root: Path,
    name: str,
    *,
    submissions: Path | None = None,
    jobs: int | None = None,
    sandboxed: bool = True,
    force: bool = False,
    on_result: Callable[[Result, int, bool], None] = lambda result, total, reused: None,
) -> Graded:
    """Grade every submission of one assignment.

    Args:
        root: the course, with ``solutions/``.
        name: the assignment.
        submissions: nbgrader's layout ``<student>/<assignment>/``; ``root/submitted`` by default. Gradebook, autograded
            notebooks, feedback and CSV are written beside it.
        jobs: worker processes; the number of cores by default.
        sandboxed: run students' code in the sandbox; False runs it with your rights.
        force: judge again what has not changed.
        on_result: called in this process with each result, the number of submissions, and whether the result was
            reused.

    Raises:
        MasterError: if the master cannot be read.
        SandboxMissing: if a sandbox is asked for and this machine has none.
        FileNotFoundError: if there is no submission.
    """
    start = time.monotonic()
    root, submissions = Path(root), Path(submissions or Path(root) / "submitted")
    assignment = read_master(find_master(root, name))
    folders = find_submissions(submissions, name)
    if not folders:
        raise FileNotFoundError(f"expected {submissions}/<student>/{name}/{name}.ipynb, found none")
    if sandboxed and (reason := sandbox.sandbox_problem()):
        raise sandbox.SandboxMissing(f"{sandbox.HOW_TO} ({reason})")
    directory, secret = submissions.parent, course_secret(root)
    journal = Journal(directory, name)
    known = {student: None if force else journal.read(student) for student in folders}
    tasks = [
        Task(str(folder), student, assignment, secret, sandboxed, known[student] and known[student].key)
        for student, folder in folders.items()
    ]
    results, reused = {}, set()
    with _Desk(submissions, assignment) as desk:
        for task, result in _judge_all(tasks, jobs or os.cpu_count() or 1):
            if result.judgement is None and not result.fault:  # unchanged since the last run
                result = replace(known[task.student], submission=result.submission)
                reused.add(task.student)
            try:
                desk.put(result, journal)
            except Exception as error:  # what is odd about one submission must not end the others'
                reused.discard(task.student)
                result = replace(result, judgement=None, fault=f"could not be written: {type(error).__name__}: {error}")
            results[task.student] = result
            on_result(result, len(tasks), task.student in reused)
        standings = desk.close_books([results[student] for student in sorted(results)])
    ordered = tuple(results[student] for student in sorted(results))
    return Graded(assignment, ordered, standings, frozenset(reused), time.monotonic() - start, directory)


class _Desk:
    """Writes results where people look for them."""

    def __init__(self, submissions, assignment):
        from proctor.gradebook import Gradebook

        directory = submissions.parent
        self.directory, self.assignment = directory, assignment
        self.gradebook = Gradebook(directory, submissions)

    def __enter__(self):
        self.gradebook.__enter__()
        self.gradebook.add_assignment(self.assignment)
        return self

    def __exit__(self, *error):
        return self.gradebook.__exit__(*error)

    def put(self, result: Result, journal: Journal) -> None:
        from proctor.feedback import write_feedback

        if result.judgement is None:
            return
        submission = result.submission
        self.gradebook.write(self.assignment, submission, result.judgement, result.seconds)
        manual = self.gradebook.manual(self.assignment, submission.student)
        write_feedback(self.directory / "feedback", self.assignment, submission, result.judgement, manual)
        journal.write(result)  # last: a result in the journal is one that was written everywhere

    def close_books(self, results) -> dict[str, tuple]:
        """Write the CSV files; returns student -> marks, what graders entered included."""
        from proctor.export import write_grades
        from proctor.marks import marks

        rows, standings = [], {}
        for result in results:
            if result.judgement is None:
                continue
            manual = self.gradebook.manual(self.assignment, result.submission.student)
            standing = marks(self.assignment, result.submission, result.judgement, manual)
            standings[result.submission.student] = standing
            problems = "; ".join(problem.message for problem in result.submission.problems)
            rows.append((result.submission.student, standing, problems))
        write_grades(self.directory / "grades", self.assignment, rows)
        return standings


def judge_task(task: Task) -> Result:
    """Judge one submission, in a worker.

    Returns:
        The result; without judgement and fault if its key is the one already known.
    """
    from proctor.forked import ForkedError, run_forked
    from proctor.launch import start_candidate

    start = time.monotonic()
    submission = read_submission(Path(task.path), task.assignment, task.student)
    key = work_key(task.assignment, submission, task.secret)
    if key == task.known_key:
        return Result(submission, None, key, 0.0)
    launch = partial(start_candidate, task.assignment.forbids, sandboxed=task.sandboxed)
    try:
        judgement = run_forked(
            _judge, task.assignment, submission.answers, launch=launch, secret=task.secret, timeout=TASK_SECONDS
        )
    except ForkedError as error:
        return Result(submission, None, key, time.monotonic() - start, fault=str(error).strip().splitlines()[-1])
    return Result(submission, judgement, key, time.monotonic() - start)


def _judge(*args, **kwargs):
    from proctor.judge import judge

    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null), contextlib.redirect_stderr(null):
        return judge(*args, **kwargs)


def _judge_all(tasks: list[Task], jobs: int) -> Iterator[tuple[Task, Result]]:
    """Yield results as they come; a submission that failed, or was in a pool that died, is tried again alone.

    A worker that dies takes its pool along. So no more submissions than workers are in the pool at a time, and a second
    try shares its pool with nobody.
    """
    waiting, again = deque(tasks), []
    while waiting:
        for task, result in _judge_in_pool(waiting, min(jobs, len(waiting))):
            if result.fault:
                again.append(task)
            else:
                yield task, result
    for task in again:
        yield from _judge_in_pool(deque([task]), 1)


def _judge_in_pool(waiting: deque[Task], jobs: int) -> Iterator[tuple[Task, Result]]:
    """Judge tasks, taking them from ``waiting``, until all are judged or the pool is broken."""
    pool, running, broken = _pool(jobs), {}, False
    try:
        while running or (waiting and not broken):
            while waiting and not broken and len(running) < jobs:
                try:
                    running[pool.submit(judge_task, waiting[0])] = waiting[0]
                    waiting.popleft()
                except BrokenProcessPool:
                    broken = True
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                broken = broken or isinstance(future.exception(), BrokenProcessPool)
                task = running.pop(future)
                yield task, _outcome(future, task)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _outcome(future, task) -> Result:
    try:
        return future.result()
    except BrokenProcessPool:
        fault = "a worker process died"
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    # Not read again here: what ended a worker must not end this process.
    unread = Submission(task.student, {}, (Problem("failed", f"{PROBLEMS['failed']}: {fault}"),))
    return Result(unread, None, "", 0.0, fault)


def _pool(jobs: int) -> ProcessPoolExecutor:
    # The fork server imports the libraries once, on one thread; workers and examiners are forked from there.
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    os.environ.setdefault("MPLBACKEND", "Agg")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker)


def _start_worker():
    import torch

    torch.set_num_threads(1)
