"""Scores out of the gradebook, and the files that take them to a platform."""

import csv
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbgrader.api as api
import pytest

from proctor.gradebook import Gradebook
from proctor.intake import Submission, read_bytes
from proctor.lms import TableError
from proctor.local_grader import digest_of
from proctor.masters import read_master
from proctor.policy import Policy
from proctor.results import Journal, Result
from proctor.scores import Score, export, read_scores
from proctor.verdict import Judgement, Verdict

COURSE = Path(__file__).parent / "files" / "course"
CANVAS = """Student,ID,SIS Login ID,Section,Warm-up (812)
    Points Possible,,,,8
"Lovelace, Ada",4711,ada,A,
"Hopper, Grace",4712,grace,A,1
"Curie, Marie",4714,marie,A,EX
"Noether, Emmy",4715,emmy,A,
"""
POLICY = """
[late]
steps = [{after_hours = 0, percent = 10}]
[deadlines]
warmup = 2026-10-01T12:00:00Z
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Of 8 points Ada has 4 and is late, Eve 2 with a stored penalty, Grace 5 and waits for a grader, Marie 8."""
    tmp_path = tmp_path_factory.mktemp("graded")
    shutil.copytree(COURSE / "solutions", tmp_path / "solutions")
    warmup = read_master(COURSE / "solutions" / "warmup" / "warmup.md")
    with Gradebook(tmp_path) as book:
        for assignment in (warmup, replace(warmup, name="other")):
            book.add_assignment(assignment)
            for student, points, late in (("ada", 1, 0.0), ("eve", 2, 0.5), ("grace", 5, 0.0), ("marie", 5, 0.0)):
                answers = {"double": "x", "counter": "x", "why": "So."}
                judgement = Judgement((Verdict("double-one", "double", points, "pass"),))
                book.record(assignment, Submission(student, answers), judgement, {}, late)
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        for student, points, extra in (("ada", 2.5, 0.5), ("eve", 0, None), ("marie", 3, None)):
            grade = book.find_grade("why", "warmup", "warmup", student)
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = points, extra, False
        book.find_submission("warmup", "ada").timestamp = datetime(2026, 10, 1, 12, 0, 1)
        book.db.commit()
    return tmp_path


@pytest.fixture
def course(graded, tmp_path):
    return shutil.copytree(graded, tmp_path / "course")


def table(path):
    return list(csv.reader(path.read_text().splitlines()))


def test_scores_hold_what_graders_gave_and_what_lateness_took(course):
    (course / "grading.toml").write_text(POLICY)
    assert read_scores(course, "warmup", Policy()) == [
        Score("ada", 4.0),
        Score("eve", 2.0, 0.5),
        Score("grace", 5.0, 0.0, True),
        Score("marie", 8.0),
    ]
    done = export(course, "warmup", "csv")
    assert done.path == course / "grades" / "warmup-scores.csv" and done.given == ("ada", "eve", "grace", "marie")
    header, ada, eve, grace, _ = table(done.path)
    assert header == ["assignment", "student", "score", "earned", "late", "points", "waiting"]
    assert ada == ["warmup", "ada", "3.6", "4", "0.4", "8", ""]
    assert eve == ["warmup", "eve", "2", "2", "0", "8", ""]  # the deadline is in grading.toml: what was stored is old
    assert grace == ["warmup", "grace", "5", "5", "0", "8", "yes"]


def test_the_score_of_work_that_was_replaced_waits(course):
    folder = course / "submitted" / "ada" / "warmup"
    folder.mkdir(parents=True)
    (folder / "warmup.ipynb").write_text("one")
    result = Result(Submission("ada", {}), Judgement(()), {}, 0.0, digest=digest_of(*read_bytes(folder, "warmup")))
    Journal(course, "warmup").write(result)
    assert [row[-1] for row in table(export(course, "warmup", "csv").path)] == ["waiting", "", "", "yes", ""]
    (folder / "warmup.ipynb").write_text("two")
    assert [row[-1] for row in table(export(course, "warmup", "csv").path)] == ["waiting", "yes", "", "yes", ""]
    (course / "roster.csv").write_text(CANVAS)
    assert export(course, "warmup", "canvas", roster=course / "roster.csv").waiting == ("ada", "grace")


def test_a_total_is_never_negative_and_has_two_decimals():
    assert Score("ada", 1.0, 2.0).total == 0 and Score("ada", 1 / 3).total == 0.33
    assert Score("ada", 4.0, 0.4).words(8.0) == "4 of 8 points, 0.40 taken off because it was late"
    assert Score("ada", 4.5).words(8.0) == "4.5 of 8 points"


def test_canvas(course):
    roster = course / "roster.csv"
    roster.write_text(CANVAS)
    done = export(course, "warmup", "canvas", roster=roster)
    assert (done.given, done.waiting, done.unlisted, done.kept) == (("ada",), ("grace",), ("eve",), ("marie",))
    assert [row[-1] for row in table(done.path)] == ["Warm-up (812)", "8", "4", "1", "EX", ""]
    assert roster.read_text() == CANVAS


def test_moodle(course):
    roster = course / "roster.csv"
    roster.write_text(
        'Identifier,Email address,Grade,Last modified (grade),Feedback comments\n"Participant 1",eve,,-,\n'
    )
    done = export(course, "warmup", "moodle", roster=roster)
    assert done.given == ("eve",)
    assert table(done.path)[1] == [
        "Participant 1",
        "eve",
        "1.5",
        "-",
        "2 of 8 points, 0.50 taken off because it was late",
    ]


def test_a_dry_run_writes_nothing(course):
    roster = course / "roster.csv"
    roster.write_text(CANVAS)
    before = {path: path.stat().st_mtime_ns for path in course.rglob("*")}
    assert export(course, "warmup", "canvas", roster=roster, dry_run=True).given == ("ada",)
    assert {path: path.stat().st_mtime_ns for path in course.rglob("*")} == before


def test_what_is_missing_is_named(course, tmp_path):
    roster = course / "roster.csv"
    roster.write_text(CANVAS.replace("4712,grace", "4712,ada"))
    with pytest.raises(TableError, match=r"roster\.csv: expected one row for each student, got ada"):
        export(course, "warmup", "canvas", roster=roster)
    roster.write_text(CANVAS.replace("4712,grace", "ada,grace"))
    with pytest.raises(TableError, match="got ada and grace in one"):
        export(course, "warmup", "canvas", roster=roster)
    with pytest.raises(TableError, match="expected --roster, the table that Moodle exported"):
        export(course, "warmup", "moodle")
    with pytest.raises(FileNotFoundError, match="expected scores of gone"):
        read_scores(course, "gone", Policy())
    (course / "gradebook.db").unlink()
    with pytest.raises(FileNotFoundError, match="run: proctor grade warmup"):
        export(course, "warmup", "csv")
    assert not (course / "gradebook.db").exists()
