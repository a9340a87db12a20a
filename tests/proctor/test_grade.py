"""Grading a class: everybody gets a result, nobody stops another, and an interrupted run goes on where it was."""

import csv
import json
import os
import shutil
import sqlite3
import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path

import pytest

from proctor import feedback
from proctor import grade as grading
from proctor.grade import Task, find_submissions, grade
from proctor.intake import Submission
from proctor.masters import MasterError, read_master
from proctor.release import notebook_text, release_notebook
from proctor.results import Journal, Result
from proctor.sandbox import HOW_TO, SandboxMissing, sandbox_problem
from proctor.verdict import Judgement

COURSE = Path(__file__).parent / "files" / "course"
MASTER = read_master(COURSE / "solutions" / "warmup" / "warmup.md")
RIGHT = MASTER.solutions()
CLASS = {
    "ada": RIGHT,
    "bob": RIGHT | {"double": "def double(x):\n    return x * x"},
    "carl": MASTER.stubs(),
    "dora": RIGHT | {"counter": "while True: pass"},
    "emil": RIGHT | {"double": "__import__('os')._exit(1)"},
    "fritz": RIGHT | {"double": "raise ValueError('\\ud800 <script>alert(1)</script>')"},
}
# Without counter-adds where `double`, which it uses, does not work.
SCORES = {"ada": 5, "bob": 0, "carl": 0, "dora": 3, "emil": 0, "fritz": 0, "gina": 0, "hans": 0, "ida": 0, "jan": 0}


def hand_in(folder, student, answers):
    notebook = release_notebook(MASTER)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    path = folder / student / "warmup" / "warmup.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_text(notebook))


@pytest.fixture
def course(tmp_path):
    shutil.copytree(COURSE / "solutions", tmp_path / "solutions")
    for student, answers in CLASS.items():
        hand_in(tmp_path / "submitted", student, answers)
    for student in ("gina", "hans", "ida"):
        (tmp_path / "submitted" / student / "warmup").mkdir(parents=True)
    (tmp_path / "submitted" / "gina" / "warmup" / "warmup.ipynb").write_bytes(b"\x89PNG\x00")
    os.symlink("/etc/passwd", tmp_path / "submitted" / "ida" / "warmup" / "warmup.ipynb")
    (tmp_path / "submitted" / "jan").mkdir()
    os.symlink("/", tmp_path / "submitted" / "jan" / "warmup")
    return tmp_path


def scores(graded):
    return {result.submission.student: result.judgement.earned for result in graded.results}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_class(course, monkeypatch):
    if sys.platform == "linux" and (reason := sandbox_problem()):
        pytest.fail(f"{HOW_TO} ({reason})")
    sandboxed = sys.platform == "linux"

    # The first run is interrupted after three results.
    seen = []

    def interrupt(result, total, reused):
        seen.append((result.submission.student, total, reused))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(course, "warmup", jobs=2, sandboxed=sandboxed, on_result=interrupt)
    written = {student for student in SCORES if Journal(course, "warmup").read(student)}
    assert written == {student for student, _, _ in seen} and all(total == 10 for _, total, _ in seen)

    # A damaged file of the journal counts as not there; the second run judges what is missing, and only that.
    lost = sorted(written)[0]
    (course / "results" / "warmup" / f"{lost}.json").write_text("{")
    graded = grade(course, "warmup", jobs=2, sandboxed=sandboxed)
    assert graded.faults == [] and graded.reused == written - {lost}
    assert [result.submission.student for result in graded.results] == sorted(SCORES) and scores(graded) == SCORES
    results = {result.submission.student: result for result in graded.results}
    codes = {student: [p.code for p in result.submission.problems] for student, result in results.items()}
    assert codes["gina"] == ["not-a-notebook"] and codes["hans"] == ["missing"]
    assert codes["ida"] == codes["jan"] == ["not-a-file"] and codes["ada"] == []
    assert [verdict.kind for verdict in results["dora"].judgement.of("counter")] == ["timeout"]
    assert [verdict.kind for verdict in results["emil"].judgement.of("double")] == ["crash", "not-run"]

    # Everything is written: gradebook, feedback without hidden tests or scripts, CSV.
    with closing(sqlite3.connect(course / "gradebook.db")) as database:
        assert database.execute("select count(*) from student").fetchone() == (10,)
    for student in SCORES:
        pages = list((course / "feedback" / student / "warmup").glob("*.html"))
        assert len(pages) == 1
        text = pages[0].read_text(encoding="utf-8")
        assert "secret_value" not in text and "<script>alert" not in text and "root:" not in text
    tables = list((course / "grades").glob("*.csv"))
    assert tables and all(list(csv.reader(table.open(encoding="utf-8"))) for table in tables)
    first = {path: path.read_bytes() for path in [*tables, *(course / "results").rglob("*.json")]}

    # Nothing changed: everything is reused. One answer changed: that one is judged.
    again = grade(course, "warmup", jobs=2, sandboxed=sandboxed)
    assert again.reused == set(SCORES) and scores(again) == SCORES
    assert {path: path.read_bytes() for path in first} == first
    hand_in(course / "submitted", "carl", RIGHT)
    changed = grade(course, "warmup", jobs=1, sandboxed=sandboxed)
    assert changed.reused == set(SCORES) - {"carl"} and scores(changed) == SCORES | {"carl": 5}

    # What cannot be written is a fault of its own submission, and judged again.
    write = feedback.write_feedback

    def odd(folder, assignment, submission, *rest):
        if submission.student == "bob":
            raise OSError("disk is odd")
        return write(folder, assignment, submission, *rest)

    monkeypatch.setattr(feedback, "write_feedback", odd)
    partial = grade(course, "warmup", jobs=1, sandboxed=sandboxed)
    assert [(r.submission.student, r.fault) for r in partial.faults] == [
        ("bob", "could not be written: OSError: disk is odd")
    ]
    assert len(partial.results) == 10


def test_wrong_use_is_named(tmp_path, course, monkeypatch):
    with pytest.raises(MasterError, match="there are: warmup"):
        grade(course, "gone")
    with pytest.raises(FileNotFoundError, match=r"expected .*nowhere/<student>/warmup/warmup.ipynb, found none"):
        grade(course, "warmup", submissions=tmp_path / "nowhere")
    monkeypatch.setattr(grading.sandbox, "sandbox_problem", lambda: "it is not there")
    with pytest.raises(SandboxMissing, match=r"apt-get install bubblewrap.*\(it is not there\)"):
        grade(course, "warmup")
    assert not (course / "gradebook.db").exists()


def test_submissions_are_found_in_order_and_none_is_overlooked(course):
    (course / "submitted" / ".DS_Store").mkdir()
    (course / "submitted" / "notes.txt").write_text("")
    (course / "submitted" / "kim" / "other").mkdir(parents=True)
    (course / "submitted" / "zoe").mkdir()
    (course / "submitted" / "zoe" / "warmup").write_text("a file in the folder's place")
    assert list(find_submissions(course / "submitted", "warmup")) == [*sorted(SCORES), "zoe"]
    assert find_submissions(course / "nowhere", "warmup") == {}


class Pool:
    """A process pool that runs in this process and breaks when a task says so."""

    made = 0

    def __init__(self, judge):
        self.judge, self.pending, self.broken = judge, [], False
        Pool.made += 1

    def submit(self, function, task):
        if self.broken:
            raise BrokenProcessPool("broken before")
        future = Future()
        self.pending.append((future, task))
        return future

    def finish(self):
        """End the oldest task; a death takes all that is in the pool."""
        future, task = self.pending.pop(0)
        outcome = self.judge(task)
        if outcome == "dies":
            self.broken = True
            for one, _ in [(future, task), *self.pending]:
                one.set_exception(BrokenProcessPool("a worker died"))
            self.pending = []
        elif isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    def shutdown(self, wait, cancel_futures):
        pass


@pytest.fixture
def judge_all(monkeypatch):
    """Run ``_judge_all`` on students; ``judge(student, attempt)`` says what happens."""

    def run(students, judge, jobs=2):
        attempts, pools = {}, []

        def one(task):
            attempts[task.student] = attempts.get(task.student, 0) + 1
            outcome = judge(task.student, attempts[task.student])
            if outcome is not None:
                return outcome
            return Result(Submission(task.student, {}), Judgement(()), "key", 0.0)

        def pool(jobs):
            pools.append(Pool(one))
            return pools[-1]

        def wait(running, return_when):
            pools[-1].finish()
            return {future for future in running if future.done()}, None

        monkeypatch.setattr(grading, "_pool", pool)
        monkeypatch.setattr(grading, "wait", wait)
        tasks = [Task("/nowhere", student, MASTER, b"", False, None) for student in students]
        results = {task.student: result for task, result in grading._judge_all(tasks, jobs)}
        return results, attempts

    return run


STUDENTS = [f"s{number}" for number in range(20)]


def test_all_are_judged_once(judge_all):
    results, attempts = judge_all(STUDENTS, lambda student, attempt: None)
    assert set(results) == set(STUDENTS) and set(attempts.values()) == {1}
    assert not any(result.fault for result in results.values())


def test_a_worker_that_dies_once_costs_nobody_anything(judge_all):
    results, attempts = judge_all(STUDENTS, lambda s, attempt: "dies" if s == "s7" and attempt == 1 else None)
    assert len(results) == 20 and not any(result.fault for result in results.values())
    assert attempts["s7"] == 2


@pytest.mark.parametrize("killers", [{"s0"}, {"s7"}, {"s19"}, {"s3", "s4", "s5"}, set(STUDENTS)])
def test_whoever_kills_workers_each_time_is_the_only_one_without_a_result(judge_all, killers):
    results, attempts = judge_all(STUDENTS, lambda student, attempt: "dies" if student in killers else None)
    assert {student for student, result in results.items() if result.fault} == killers
    assert all(attempts[student] <= 2 for student in killers) and set(results) == set(STUDENTS)
    for student in killers:
        assert results[student].fault == "a worker process died"
        assert [problem.code for problem in results[student].submission.problems] == ["failed"]


def test_a_fault_is_tried_twice(judge_all):
    results, attempts = judge_all(["a", "b"], lambda s, attempt: ValueError("odd") if s == "a" else None)
    assert results["a"].fault == "ValueError: odd" and attempts == {"a": 2, "b": 1}
    fault = Result(Submission("a", {}), None, "", 0.0, "fault")
    results, _ = judge_all(["a"], lambda student, attempt: fault if attempt == 1 else None)
    assert results["a"].fault == ""


def test_results_are_plain_data(course):
    journal = Journal(course, "warmup")
    journal.write(Result(Submission("ada", RIGHT), Judgement(()), "key", 0.0))
    assert json.loads((course / "results" / "warmup" / "ada.json").read_text())["key"] == "key"
