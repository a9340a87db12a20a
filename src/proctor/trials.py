"""Judges many answers whose verdict is known, on all cores: the engine of ``proctor verify``.

A fork server imports the libraries once. Each worker plays the master's answers once (``proctor.rehearsal``), and forks
an examiner for a few trials of one question, which forks a fresh candidate for each. So a trial costs a few hundredths
of a second plus what its cells compute. The answers are ours: no sandbox is needed.
"""

import contextlib
import gc
import io
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial

import psutil

from proctor import candidate, huge_pages, rehearsal
from proctor.assignment import Assignment
from proctor.forked import ForkedError, run_forked
from proctor.judge import GivenCellError, judge
from proctor.launch import fork_candidate
from proctor.verdict import Verdict

PRELOAD = ["torch", "numpy", "matplotlib.pyplot", "IPython.core.interactiveshell", "proctor.judge", "proctor.trials"]
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
BATCH = 12
WALL_SECONDS = 300.0
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Trial:
    """One answer, or one set of answers, to judge.

    Attributes:
        kind: ``master``, ``untouched``, ``wrong``, ``mutant`` or ``right``.
        question: id of the question that is judged; None for the whole assignment.
        name: what it is, for people.
        answers: text of every answer that runs, by id.
        seed: number of the drawn inputs; another number gives others.
        cpu_seconds: CPU limit of a question; None for the assignment's own.
    """

    kind: str
    question: str | None
    name: str
    answers: dict[str, str]
    seed: int = 0
    cpu_seconds: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a trial: the verdicts, or the fault that kept it from being judged."""

    trial: Trial
    verdicts: tuple[Verdict, ...] = ()
    cpu_seconds: float = 0.0
    fault: str = ""

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The verdicts that are no pass."""
        return tuple(verdict for verdict in self.verdicts if not verdict.passed)


def run_trials(
    assignment: Assignment, trials: Iterable[Trial], *, jobs: int, on_done: Callable[[], None] = lambda: None
) -> list[Outcome]:
    """Judge every trial.

    Args:
        assignment: the master.
        trials: in any order.
        jobs: worker processes.
        on_done: called in this process after each trial.

    Returns:
        The outcomes, in the order of the trials.
    """
    trials = list(trials)
    if not trials:
        return []
    batches = _batches(trials)
    with _pool(min(jobs, len(batches)), assignment) as pool:
        futures = {pool.submit(_run, [trials[number] for number in batch]): batch for batch in batches}
        outcomes = {}
        try:
            for future in as_completed(futures):
                for number, outcome in zip(futures[future], future.result(), strict=True):
                    outcomes[number] = outcome
                    on_done()
        except BaseException:
            for worker in multiprocessing.active_children():  # or the pool would wait for what they are at
                worker.terminate()
            raise
    return [outcomes[number] for number in range(len(trials))]


def _batches(trials: list[Trial]) -> list[list[int]]:
    """Numbers of the trials that share an examiner: of one question, few enough that the cores finish together."""
    batches: list[list[int]] = []
    for number, trial in enumerate(trials):
        last = batches[-1] if batches else None
        if last and len(last) < BATCH and trials[last[0]].question == trial.question:
            last.append(number)
        else:
            batches.append([number])
    return batches


def _pool(jobs: int, assignment: Assignment) -> ProcessPoolExecutor:
    for variable in THREADS:  # before the libraries load: a process with threads cannot be forked safely
        os.environ[variable] = "1"
    os.environ.setdefault("MPLBACKEND", "Agg")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(assignment,))


def _start_worker(assignment: Assignment):
    global _assignment
    _assignment = assignment
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGALRM, _end_with_the_run)
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
    candidate.warm_up()
    with contextlib.suppress(ForkedError):  # a master that ends its process, say: then each trial does it all
        if run_forked(_leaves_one_thread, assignment, timeout=WALL_SECONDS):
            rehearsal.play(assignment)
    gc.collect()
    gc.freeze()
    huge_pages.gather()


def _leaves_one_thread(assignment: Assignment) -> bool:
    rehearsal.play(assignment)
    return rehearsal.threads() == 1


def _end_with_the_run(*_):
    # A worker that waits for work never learns that the process which had it was killed; nor does the fork server.
    if not multiprocessing.parent_process().is_alive():
        _end()


def _end(*_):
    for process in psutil.Process().children(recursive=True):  # the examiner, and the candidate that it waits for
        with contextlib.suppress(psutil.Error):
            process.kill()
    os._exit(1)


def _run(trials: list[Trial]) -> list[Outcome]:
    try:
        return run_forked(_judge_quietly, _assignment, trials, timeout=WALL_SECONDS)
    except ForkedError as error:
        if len(trials) == 1:
            return [Outcome(trials[0], fault=str(error).strip().split("\n")[-1])]
        return [outcome for trial in trials for outcome in _run([trial])]


def _judge_quietly(assignment: Assignment, trials: list[Trial]) -> list[Outcome]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return [_judge(assignment, trial) for trial in trials]


def _judge(assignment: Assignment, trial: Trial) -> Outcome:
    if trial.cpu_seconds is not None:
        assignment = replace(assignment, cpu_seconds=trial.cpu_seconds)
    questions = None if trial.question is None else [trial.question]
    launch = partial(fork_candidate, assignment.forbids)
    try:
        judgement = judge(
            assignment,
            trial.answers,
            launch=launch,
            secret=b"verify %d" % trial.seed,
            questions=questions,
            again=trial.kind in ("master", "right"),  # honest work must say the same when asked again
        )
    except GivenCellError as error:
        return Outcome(trial, fault=str(error))
    return Outcome(trial, judgement.verdicts, judgement.cpu_seconds)


_assignment: Assignment | None = None
