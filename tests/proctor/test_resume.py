"""Killed and resumed: whatever the moment, the next run ends where an undisturbed one does."""

import importlib.util
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from proctor import desk as desks
from proctor.desk import Desk
from proctor.intake import Problem, Submission
from proctor.masters import read_master
from proctor.results import Journal, Result
from proctor.sandbox import HOW_TO, sandbox_problem
from proctor.verdict import Judgement, Verdict

ROOT = Path(__file__).parents[2]
COURSE = Path(__file__).parent / "files" / "course"
KILLS = int(os.environ.get("RESUME_KILLS", "3"))
STUDENTS = ("ada", "bob", "zoe")
# What a run is about to do when it is killed; "replace" is the renaming of the n-th file.
STEPS = [("record", 1), ("read_answers", 1), ("write_feedback", 1), ("autograded_text", 1), ("marks", 1)]
STEPS += [("replace", number) for number in (*range(1, 9), 13, 14)] + [("commit", 1), ("commit", 2)]


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_resume", ROOT / "benchmarks" / "resume.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def assignment():
    return read_master(COURSE / "solutions" / "warmup" / "warmup.md")


def result(assignment, student):
    answers = assignment.solutions() | {"why": f"{student} says so."}
    verdicts = (Verdict("double-one", "double", 1, "pass"), Verdict("double-drawn", "double", 2, "fail", "No."))
    problems = (Problem("renamed", "the notebook has another name"),)
    return Result(Submission(student, answers, problems, 9), Judgement(verdicts), {"double": "k"}, 1.5, digest="d")


def put_all(course, assignment):
    with Desk(course, course / "submitted", assignment) as desk:
        for student in STUDENTS:
            desk.put(result(assignment, student))
        return desk.close_books(STUDENTS)


@pytest.fixture(scope="module")
def undisturbed(assignment, benchmark, tmp_path_factory):
    course = tmp_path_factory.mktemp("undisturbed")
    _hand_in(course)
    put_all(course, assignment)
    return benchmark.canonical(course)


def _hand_in(course):
    for student in STUDENTS:
        stamp = course / "submitted" / student / "warmup" / "timestamp.txt"
        stamp.parent.mkdir(parents=True)
        stamp.write_text("2026-03-01 12:00:00 UTC")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("step", "number"), STEPS)
def test_a_kill_at_any_step_is_mended_by_the_next_run(tmp_path, assignment, benchmark, undisturbed, step, number):
    _hand_in(tmp_path)
    if (child := os.fork()) == 0:
        try:
            _die_at(step, number)
            put_all(tmp_path, assignment)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert step == "commit" or benchmark.canonical(tmp_path) != undisturbed
    put_all(tmp_path, assignment)
    assert benchmark.differences(undisturbed, benchmark.canonical(tmp_path)) == []


def _die_at(step, number):
    """Let this process be killed when it is about to do something for the n-th time."""
    calls = Counter()

    def dying(original):
        def call(*args, **kwargs):
            calls[step] += 1
            if calls[step] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kwargs)

        return call

    if step == "replace":
        os.replace = dying(os.replace)
    elif step == "record":
        desks.Gradebook.record = dying(desks.Gradebook.record)
    elif step == "commit":
        from sqlalchemy.engine.default import DefaultDialect

        DefaultDialect.do_commit = dying(DefaultDialect.do_commit)
    else:
        setattr(desks, step, dying(getattr(desks, step)))


def test_the_dump_sees_what_is_lost_changed_or_left_over(tmp_path, assignment, benchmark, undisturbed):
    _hand_in(tmp_path)
    put_all(tmp_path, assignment)
    assert benchmark.differences(undisturbed, benchmark.canonical(tmp_path)) == []
    (tmp_path / "feedback" / "ada" / "warmup" / ".warmup.html.x.tmp").touch()
    (tmp_path / "results" / "warmup" / "bob.json").unlink()
    found = benchmark.differences(undisturbed, benchmark.canonical(tmp_path))
    assert [line.split(":")[0] for line in found] == [
        "feedback/ada/warmup/.warmup.html.x.tmp",
        "results/warmup/bob.json",
    ]
    assert Journal(tmp_path, "warmup").read("ada") == result(assignment, "ada")


@pytest.mark.slow
def test_runs_that_are_killed_lose_nothing(benchmark, tmp_path):
    """With real processes and the sandbox; ``RESUME_KILLS`` says how many runs are killed."""
    if sys.platform != "linux" or (reason := sandbox_problem()):
        pytest.fail(f"{HOW_TO} ({reason})")
    lines = []
    assert benchmark.resume(COURSE, "warmup", kills=KILLS, students=5, seed=1, say=lines.append) == []
    assert sum(line.startswith("kill ") for line in lines) == KILLS
