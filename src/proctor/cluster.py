"""More than one machine: the sittings of a class as tasks on a Dask cluster.

    proctor grade (the only writer)            worker (proctor.cluster_worker)
    Task: one submission, its master  ──────▶  sits (proctor.sitting)
    JSON: what was said of it         ◀──────

A task holds one assignment and a secret derived for it alone. Its reply is bytes, read as data: kinds and messages
count, points come from the assignment, and a reply that does not fit it is a fault. Dask runs a task again whose worker
was lost, and gives up on one that lost several (``distributed.scheduler.allowed-failures``). Dask's processes unpickle
what they send each other; ``proctor.scheduler`` says who may reach them.
"""

import contextlib
import json
import queue
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from pathlib import Path

import dask
from distributed import Client, Future, KilledWorker

from proctor.assignment import Assignment
from proctor.cluster_worker import SANDBOX, VERSION, Task, examine, unfit
from proctor.environment import judging_digest
from proctor.intake import PROBLEMS, Problem, Submission, read_bytes
from proctor.local_grader import TRIES, LocalGrader, digest_of
from proctor.results import Result, joined, part, question_keys
from proctor.sandbox import SandboxMissing
from proctor.scheduler import ClusterError, Scheduler, VersionMismatch
from proctor.sitting import Paper
from proctor.verdict import Judgement, Verdict

PER_THREAD = 2  # tasks in flight for each thread of the workers: one is judged, one waits its turn
CONNECT_SECONDS = 15.0
PATIENCE = 600.0  # seconds to wait for a first worker, or for another when all are gone
TEXTS = ("cell_errors", "outputs", "seeds")  # of a judgement: texts by question or cell
KEPT = "what was judged is in the journal, and the next run goes on from there"


class Cluster(LocalGrader):
    """Judges submissions of one assignment on a Dask cluster. A context manager.

    Args:
        scheduler: of a cluster whose processes have this package installed.
        assignment: the master.
        secret: seeds the drawn inputs; of this assignment only.

    Raises (``start`` and ``mark_all``):
        ClusterError: if the scheduler cannot be reached or was lost, or there is no worker.
        VersionMismatch: if a process of the cluster runs something else than this one.
        SandboxMissing: if a worker has no sandbox.
    """

    def __init__(self, scheduler: Scheduler, assignment: Assignment, secret: bytes):
        super().__init__(assignment, secret)
        self._scheduler, self._stack = scheduler, contextlib.ExitStack()

    def __exit__(self, *exception) -> None:
        self._stack.close()

    def start(self) -> None:
        """Connect, and ask all processes of the cluster whether they can take part."""
        address, security = self._scheduler.address, self._scheduler.security()
        # A notebook may be larger than what Dask warns of.
        self._stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"}))
        try:
            client = Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
            self._client = self._stack.enter_context(client)
            self._check()
        except OSError as error:
            raise ClusterError(f"no Dask scheduler can be reached at {address} ({error})") from None

    def mark_all(self, work: dict[str, list[Path]]) -> Iterator[tuple[Path, Result, bool]]:
        """Yield folders and their results as they come, each with whether all of it was known before.

        Args:
            work: student -> folders of submissions to judge.
        """
        waiting = deque((student, folder) for student, folders in work.items() for folder in folders)
        running, done = {}, queue.SimpleQueue()

        def send(job: _Job):
            future = self._client.submit(examine, job.task, pure=False)
            running[future.key] = future, job  # a future that nobody holds is canceled
            future.add_done_callback(done.put)

        try:
            while waiting or running:
                room = PER_THREAD * max(1, self._threads()) - len(running)
                while waiting and room > 0:
                    send(self._read(*waiting.popleft()))
                    room -= 1
                future, job = running.pop(self._next(done).key)
                result, reused = self._result(job, future)
                if result.fault and job.tries < TRIES and future.status == "finished":
                    send(replace(job, tries=job.tries + 1))
                else:
                    yield job.folder, result, reused
        except (OSError, CancelledError) as error:
            raise ClusterError(f"the scheduler at {self._scheduler.address} was lost ({error}); {KEPT}") from None

    def _check(self):
        """Refuse a cluster that cannot judge; workers that come later say it with their first task."""
        wanted = judging_digest()
        try:
            lacks = {"the scheduler": self._client.run_on_scheduler(unfit, wanted, judges=False)}
        except Exception as error:
            lacks = {"the scheduler": error}
        workers = self._client.run(unfit, wanted, on_error="return")
        for place, lack in (lacks | {f"the worker {address}": lack for address, lack in workers.items()}).items():
            if isinstance(lack, OSError):
                continue  # it was lost in this moment
            if isinstance(lack, Exception):
                lack = VERSION, f"it cannot run proctor's code: {type(lack).__name__}: {lack}"
            _refuse(place, lack)

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    def _next(self, done) -> Future:
        while True:
            try:
                return done.get(timeout=PATIENCE)
            except queue.Empty:
                if not self._threads():
                    message = f"the scheduler at {self._scheduler.address} has had no worker for {PATIENCE:g} s"
                    raise ClusterError(f"{message}: start some; {KEPT}") from None

    def _read(self, student: str, folder: Path) -> "_Job":
        assignment, secret = self._assignment, self._secret
        data, problems = read_bytes(folder, assignment.name)
        digest = digest_of(data, problems)
        before = self._journal.read(student) if self._journal else None
        keys = question_keys(assignment, before.submission.answers, secret) if before else {}
        known = self._look_up(keys)
        there = {verdict.question: keys[verdict.question] for verdict in known.verdicts}
        task = Task(Paper(assignment, student, data, problems, secret), there, judging_digest())
        return _Job(folder, task, digest, known)

    def _result(self, job: "_Job", future: Future) -> tuple[Result, bool]:
        paper, seconds = job.task.paper, 0.0
        if future.status == "error":
            fault = _why(future.exception())
        else:
            data = future.result()
            try:
                reply = json.loads(data)
                _refuse("a worker", reply.get("unfit"))
                if "fault" not in reply:
                    return self._joined(job, reply)
                fault, seconds = str(reply["fault"]), float(reply["seconds"])
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                fault = f"a worker sent what is no result ({type(error).__name__}: {error})"
        return Result(Submission(paper.student, {}, paper.problems), None, {}, seconds, fault, job.digest), False

    def _joined(self, job: "_Job", reply: dict) -> tuple[Result, bool]:
        assignment, task = self._assignment, job.task
        submission = read_submission(reply["submission"], task.paper)
        keys = question_keys(assignment, submission.answers, self._secret)
        asked = [question for question, key in keys.items() if task.known.get(question) != key]
        known = part(job.known, keys.keys() - asked)
        judgement = joined(assignment, read_judgement(reply["judgement"], assignment, asked), known) if asked else known
        return Result(submission, judgement, keys, float(reply["seconds"]), "", job.digest), not asked


@dataclass(frozen=True)
class _Job:
    folder: Path
    task: Task
    digest: str
    known: Judgement
    tries: int = 1


def read_submission(data: dict, paper: Paper) -> Submission:
    """What a worker says was handed in.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: if that is not a submission.
    """
    ids = {question.id for question in paper.assignment.questions}
    if not all(id in ids and isinstance(text, str) for id, text in data["answers"].items()):
        raise ValueError(f"expected texts of {sorted(ids)}")
    if unknown := {one["code"] for one in data["problems"]} - PROBLEMS.keys():
        raise ValueError(f"expected problems out of {sorted(PROBLEMS)}, got {unknown}")
    problems = (Problem(one["code"], str(one["message"]), one["cell"] and str(one["cell"])) for one in data["problems"])
    return Submission(paper.student, dict(data["answers"]), tuple(problems), len(paper.data or b""))


def read_judgement(data: dict, assignment: Assignment, asked: Collection[str]) -> Judgement:
    """What a worker says of the questions that it was asked about; points are the assignment's.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: if that is not a judgement, or lacks a verdict.
    """
    said = {verdict["cell"]: verdict for verdict in data["verdicts"]}
    verdicts = tuple(
        Verdict(cell.id, cell.question, cell.points, said[cell.id]["kind"], str(said[cell.id]["message"]))
        for cell in assignment.cells
        if cell.role == "tests" and cell.question in asked
    )
    errors, outputs, seeds = ({str(id): str(one) for id, one in data[name].items()} for name in TEXTS)
    spent = {str(id): float(seconds) for id, seconds in data["spent"].items()}
    return Judgement(verdicts, errors, outputs, float(data["cpu_seconds"]), seeds, spent)


def _why(error: Exception) -> str:
    if isinstance(error, KilledWorker):
        last = error.last_worker.address
        return f"{error.allowed_failures + 1} workers were lost while they judged it, the last of them {last}"
    return f"{type(error).__name__}: {error}"


def _refuse(place: str, lack: list | tuple | None):
    """Raise what a process lacks, if it lacks anything."""
    if lack is None:
        return
    what, why = lack
    if what == SANDBOX:
        raise SandboxMissing(f"{place} cannot sandbox ({why}): workers need bubblewrap and user namespaces")
    raise VersionMismatch(
        f"{place} would judge otherwise than this machine ({why}): install the same package, requirements.txt and "
        "Python on all machines, and start scheduler and workers anew"
    )
