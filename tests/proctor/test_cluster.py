"""A class on a Dask cluster: a real scheduler and workers, each a process of its own, over TCP and over TLS."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from proctor import cluster as cluster_module
from proctor.cli import app
from proctor.cluster import PER_THREAD, Cluster, read_judgement, read_submission
from proctor.grade import grade
from proctor.handed_in import find_submissions
from proctor.local_grader import LocalGrader
from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook
from proctor.results import Journal
from proctor.sandbox import SandboxMissing
from proctor.scheduler import ClusterError, Scheduler, VersionMismatch
from proctor.sitting import Paper
from proctor.verdict import Judgement, Verdict

COURSE = Path(__file__).parent / "files" / "course"
MASTER = read_master(COURSE / "solutions" / "warmup" / "warmup.md")
RIGHT = MASTER.solutions()
AUTOMATIC = sum(question.points for question in MASTER.questions if not question.written)
SECRET = b"a secret of this assignment's own"
QUIET = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
START_SECONDS = 60

# A worker that judges at once: what becomes of a submission is written in the student's name.
STUB = """
import os, signal, time
from proctor import cluster_worker
from proctor.intake import Submission
from proctor.verdict import Judgement, Verdict

def sit(zygote, paper, ask):
    name = paper.student
    if name == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "raises":
        raise KeyError("odd")
    if name == "slow":
        time.sleep(60)
    answers = {"nobody asked": "x"} if name == "invents" else paper.assignment.solutions()
    asked = ask(Submission(name, paper.assignment.solutions()))
    cells = [cell for question in paper.assignment.questions if question.id in asked for cell in question.tests]
    verdicts = [Verdict(cell.id, "another", 1e9, "pass") for cell in cells[: 1 if name == "forgets" else None]]
    return Submission("another", answers, (), 0), Judgement(tuple(verdicts))

cluster_worker.sit, cluster_worker._open = sit, lambda assignment: open(os.devnull)
"""
BARE = "from proctor import sandbox\nsandbox.sandbox_problem = lambda: 'no bubblewrap'\n"
OTHER_CODE = "import proctor.environment as e\ne.judging_digest = lambda: 'f' * 64\n"


class Machines:
    """A scheduler and its workers; ``tls`` are arguments for both."""

    def __init__(self, folder: Path, tls=()):
        self.folder, self.tls, self.address, self.processes = folder, tls, None, []
        (folder / "tmp").mkdir(parents=True)
        (folder / "stub.py").write_text(STUB)
        (folder / "other.py").write_text(OTHER_CODE)
        (folder / "bare.py").write_text(BARE)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DASK", "PYTHONWARN"))}
        self.env = kept | {"OMP_NUM_THREADS": "1", "TMPDIR": str(folder / "tmp"), "DASK_CONFIG": str(folder / "none")}
        self.env |= {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}

    def start(self, *preloads: str) -> None:
        """Start a scheduler, and a worker for each of ``preloads`` ("" for a real one)."""
        file = self.folder / "scheduler.json"
        host = f"{'tls' if self.tls else 'tcp'}://127.0.0.1"
        self._run("scheduler", "--host", host, "--port", "0", "--scheduler-file", file, *self.tls)
        for preload in preloads:
            self.worker(preload)
        deadline = time.monotonic() + START_SECONDS
        while not file.exists() or sum("Registered" in log.read_text() for log in self._logs()) < len(preloads):
            assert time.monotonic() < deadline, "\n".join(log.read_text()[-1500:] for log in self._logs())
            time.sleep(0.05)
        self.address = json.loads(file.read_text())["address"]

    def worker(self, preload: str = "") -> subprocess.Popen:
        arguments = ["--preload", self.folder / preload] if preload else []
        place = ["--scheduler-file", self.folder / "scheduler.json", "--local-directory", self.folder / "tmp"]
        return self._run("worker", "--nthreads", "1", "--no-nanny", *place, *self.tls, *arguments)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def _run(self, what: str, *arguments) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", what, "--no-dashboard", *map(str, arguments)]
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, env=self.env, stdout=log, stderr=log))
        return self.processes[-1]

    def _logs(self):
        return sorted(self.folder.glob("*.log"))


@contextmanager
def machines(folder: Path, *preloads: str, tls=()) -> Iterator[Machines]:
    made = Machines(folder, tls)
    try:
        made.start(*preloads)
        yield made
    finally:
        made.close()


def hand_in(course: Path, student: str, answers: dict[str, str]) -> None:
    notebook = release_notebook(MASTER)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    path = course / "submitted" / student / "warmup" / "warmup.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_text(notebook))


def start_with_a_worker(place: Scheduler) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with Cluster(place, MASTER, SECRET) as far:
            far.start()
        time.sleep(0.2)


def work(course: Path) -> dict[str, list[Path]]:
    return {student: [folder] for student, folder in find_submissions(course / "submitted", "warmup").items()}


def comparable(result) -> dict:
    """A result without what differs from run to run: times."""
    data = asdict(replace(result, seconds=0.0))
    return data | {"judgement": {**data["judgement"], "cpu_seconds": 0.0, "spent": sorted(data["judgement"]["spent"])}}


def locally(course: Path) -> dict[str, dict]:
    with LocalGrader(MASTER, SECRET) as grader:
        grader.start()
        grader.settle()
        return {student: comparable(grader.mark(student, folder)[0]) for student, [folder] in work(course).items()}


@QUIET
@pytest.mark.slow
def test_two_workers_give_what_one_machine_gives_and_one_killed_costs_nothing(tmp_path):
    busy = "for _ in range(3_000_000): pass\n"
    for number in range(6):
        hand_in(tmp_path, f"s{number}", RIGHT | {"double": f"{busy}def double(x):\n    return {number} * x"})
    hand_in(tmp_path, "crash", RIGHT | {"double": "__import__('os')._exit(1)"})
    (tmp_path / "submitted" / "none" / "warmup").mkdir(parents=True)
    journal, near = Journal(tmp_path, "warmup"), locally(tmp_path)

    with machines(tmp_path / "machines", "", "") as cluster, Cluster(Scheduler(cluster.address), MASTER, SECRET) as far:
        far.start()
        results, killed = {}, None
        for _, result, reused in far.mark_all(work(tmp_path)):
            results[result.submission.student] = result
            journal.write(result)
            assert not reused
            running = {worker: tasks for worker, tasks in far._client.processing().items() if tasks}
            assert sum(map(len, running.values())) <= 2 * PER_THREAD
            if killed is None and running:
                ((_, pid),) = far._client.run(os.getpid, workers=[min(running)]).items()
                assert pid in {process.pid for process in cluster.processes}
                killed = psutil.Process(pid).children(recursive=True)
                os.kill(pid, signal.SIGKILL)
        assert killed is not None and len(results) == 8
        assert {student: comparable(result) for student, result in results.items()} == near
        assert not psutil.wait_procs(killed, timeout=10)[1]  # the zygote ends with its worker

        # The next run judges what changed: here one question, and of another file no question at all.
        far.learn(journal)
        assert all(far.known(student, folder) for student, [folder] in work(tmp_path).items())
        hand_in(
            tmp_path, "s2", RIGHT | {"double": results["s2"].submission.answers["double"], "counter": "Counter = 1"}
        )
        (tmp_path / "submitted" / "s3" / "warmup" / "warmup.ipynb").open("a").write("\n")
        changed = {name: [folder] for name, [folder] in work(tmp_path).items() if not far.known(name, folder)}
        again = {result.submission.student: (result, reused) for _, result, reused in far.mark_all(changed)}
        assert {student: reused for student, (_, reused) in again.items()} == {"s2": False, "s3": True}
        assert [verdict.kind for verdict in again["s2"][0].judgement.of("double")] == ["pass", "pass"]
        assert again["s2"][0].judgement.of("counter")[0].kind == "error" and again["s2"][0].judgement.earned == 3
        assert set(again["s2"][0].judgement.spent) == {"double", "counter"}


@QUIET
@pytest.mark.slow
def test_what_goes_wrong_on_a_cluster_has_a_name(tmp_path, monkeypatch):
    for student in ("ada", "forgets", "invents", "kills", "raises", "zoe"):
        hand_in(tmp_path, student, RIGHT)
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 3.0)
    with machines(tmp_path / "machines", "stub.py", "stub.py", "stub.py") as cluster:
        place = Scheduler(cluster.address)
        with Cluster(place, MASTER, SECRET) as far:
            far.start()
            results = {result.submission.student: result for _, result, _ in far.mark_all(work(tmp_path))}
            faults = {student: result.fault for student, result in results.items() if result.fault}
            lost = "2 workers were lost while they judged it, the last of them tcp://"
            assert faults.pop("kills").startswith(lost)
            assert faults.pop("raises") == "KeyError: 'odd'"
            assert faults.pop("forgets").startswith("a worker sent what is no result (KeyError: ")
            assert faults.pop("invents").startswith("a worker sent what is no result (ValueError: expected texts of ")
            for student in ("ada", "zoe"):  # who sat beside it both times is named, and judged by the next run
                if student in faults:
                    assert faults.pop(student).startswith(lost)
                else:
                    assert results[student].judgement.earned == AUTOMATIC
            assert faults == {}

        # A worker with other code, before any grading and when it comes later.
        with Cluster(place, MASTER, SECRET) as far:
            far.start()
            late = cluster.worker("other.py")
            far._client.wait_for_workers(2, timeout=START_SECONDS)
            for process in cluster.processes[1:-1]:
                process.kill()
            with pytest.raises(VersionMismatch, match="a worker would judge otherwise than this machine"):
                list(far.mark_all(work(tmp_path)))
        with pytest.raises(VersionMismatch, match=r"the worker tcp://.*expected judging code .*, got ffffffffffff"):
            Cluster(place, MASTER, SECRET).start()
        late.kill()

        # A worker without a sandbox, and no worker at all.
        bare = cluster.worker("bare.py")
        with pytest.raises(SandboxMissing, match=r"the worker tcp://.* cannot sandbox \(no bubblewrap\)"):
            start_with_a_worker(place)
        bare.kill()
        with monkeypatch.context() as patch, Cluster(place, MASTER, SECRET) as far:
            patch.setattr(cluster_module, "PATIENCE", 1.0)
            far.start()
            with pytest.raises(ClusterError, match=r"has had no worker for 1 s: start some; .* in the journal"):
                list(far.mark_all(work(tmp_path)))

        # The scheduler is lost.
        (tmp_path / "submitted" / "ada").rename(tmp_path / "submitted" / "slow")
        cluster.worker("stub.py")
        with Cluster(place, MASTER, SECRET) as far:
            far.start()
            marking = far.mark_all({student: work(tmp_path)[student] for student in ("zoe", "slow")})
            assert next(marking)[1].submission.student == "zoe"
            cluster.processes[0].kill()
            with pytest.raises(ClusterError, match=r"the scheduler at tcp://.* was lost .*is in the journal"):
                next(marking)
        with pytest.raises(ClusterError, match=r"no Dask scheduler can be reached at tcp://127.0.0.1:"):
            Cluster(place, MASTER, SECRET).start()


@QUIET
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # nbgrader's
@pytest.mark.slow
def test_over_tls_only_who_has_a_certificate_of_the_clusters_authority(tmp_path):
    ours, theirs = certificates(tmp_path / "ours"), certificates(tmp_path / "theirs")
    hand_in(tmp_path, "ada", RIGHT)
    shutil.copytree(COURSE / "solutions", tmp_path / "solutions")
    arguments = ("--tls-ca-file", ours["tls_ca"], "--tls-cert", ours["tls_cert"], "--tls-key", ours["tls_key"])
    with machines(tmp_path / "machines", "stub.py", tls=arguments) as cluster:
        assert cluster.address.startswith("tls://")
        place = Scheduler(cluster.address, **ours)
        graded = grade(tmp_path, "warmup", scheduler=place)
        assert [(row.student, row.earned, row.reused) for row in graded.rows] == [("ada", AUTOMATIC, False)]
        assert [row.reused for row in grade(tmp_path, "warmup", scheduler=place).rows] == [True]
        with pytest.raises(ClusterError, match=r"no Dask scheduler can be reached at tls://"):
            Cluster(Scheduler(cluster.address, **theirs), MASTER, SECRET).start()


def certificates(folder: Path) -> dict[str, Path]:
    """An authority, and a certificate that it signed."""
    folder.mkdir()
    key = ["-newkey", "rsa:2048", "-nodes"]
    openssl(folder, "req", "-x509", *key, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=authority")
    openssl(folder, "req", *key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=grader")
    signed = ["-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out", "cert.pem"]
    openssl(folder, "x509", "-req", *signed, "-days", "1")
    return {"tls_ca": folder / "ca.pem", "tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def test_a_reply_is_data_and_points_are_the_assignments():
    paper = Paper(MASTER, "ada", b"{}", (), SECRET)
    problem = {"code": "added-cells", "message": "cells were added", "cell": None}
    said = {"student": "bob", "answers": {"double": "x"}, "problems": [problem], "size": 10**9}
    submission = read_submission(said, paper)
    assert (submission.student, submission.size, submission.answers) == ("ada", 2, {"double": "x"})
    assert asdict(submission.problems[0]) == problem
    for wrong in ({"answers": {"double": 1}}, {"answers": {"triple": "x"}}, {"problems": [problem | {"code": "odd"}]}):
        with pytest.raises(ValueError, match="expected "):
            read_submission(said | wrong, paper)

    verdicts = tuple(Verdict(cell.id, "another", 1e9, "pass") for cell in MASTER.question("double").tests)
    judgement = Judgement(verdicts, {"double": 3}, {"double": "out"}, 1.5, {"double": "00"}, {"double": 1}).to_dict()
    read = read_judgement(judgement, MASTER, ["double"])
    assert read.earned == 3 and read.cell_errors == {"double": "3"} and read.spent == {"double": 1.0}
    with pytest.raises(KeyError, match="counter-adds"):
        read_judgement(judgement, MASTER, ["double", "counter"])
    judgement["verdicts"][0]["kind"] = "praise"
    with pytest.raises(ValueError, match="expected a kind out of"):
        read_judgement(judgement, MASTER, ["double"])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--scheduler", "tcp://127.0.0.1:1", "--unsafe"], "--unsafe does not go with --scheduler"),
        (["--scheduler", "tcp://10.0.0.5:8786"], "tcp://10.0.0.5:8786 is not this machine"),
        (["--tls-ca", "ca.pem"], "go with --scheduler"),
    ],
)
def test_wrong_use_is_named_before_any_connection(arguments, message):
    done = CliRunner().invoke(app, ["grade", "warmup", "--course", str(COURSE), *arguments])
    assert done.exit_code == 2 and message in done.stderr


def test_a_cluster_judges_in_the_sandbox_or_not_at_all():
    with pytest.raises(ValueError, match="--unsafe is for this machine only"):
        grade(COURSE, "warmup", sandboxed=False, scheduler=Scheduler("tcp://127.0.0.1:1"))
