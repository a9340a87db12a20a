"""CSV: numbers as they are, text that no spreadsheet runs."""

import csv
from pathlib import Path

import pytest

from proctor.export import safe_cell, write_grades
from proctor.intake import Submission
from proctor.marks import Manual, marks
from proctor.masters import read_master
from proctor.verdict import Judgement, Verdict

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"


@pytest.fixture(scope="module")
def assignment():
    return read_master(WARMUP)


@pytest.fixture
def rows(assignment):
    judgement = Judgement(
        (Verdict("double-one", "double", 1, "pass"), Verdict("double-drawn", "double", 2, "fail", "no"))
    )
    submission = Submission("ada", {"double": "x", "why": "Because."})
    graded = marks(assignment, submission, judgement, {"why": Manual(2.5)})
    return [("bob", marks(assignment, submission, judgement), "=1+1; odd"), ("ada", graded, "", 0.5)]


def test_one_row_a_student(tmp_path, assignment, rows):
    by_student, _ = write_grades(tmp_path, assignment, rows)
    ada, bob = csv.DictReader(by_student.read_text().splitlines())
    assert (ada["student"], ada["score"], ada["late"], ada["waiting"], ada["points"]) == ("ada", "3", "0.5", "0", "8")
    assert (ada["double"], ada["counter"], ada["why"], ada["problems"]) == ("1", "0", "2.5", "")
    assert (bob["score"], bob["late"], bob["waiting"], bob["why"]) == ("1", "0", "3", "")
    assert bob["problems"] == "'=1+1; odd"


def test_one_row_a_student_and_question(tmp_path, assignment, rows):
    _, by_question = write_grades(tmp_path, assignment, rows)
    lines = list(csv.DictReader(by_question.read_text().splitlines()))
    assert [(line["student"], line["question"]) for line in lines] == [
        (student, question) for student in ("ada", "bob") for question in ("double", "counter", "why")
    ]
    assert lines[0]["verdicts"] == "double-one:pass double-drawn:fail"
    assert (lines[0]["earned"], lines[0]["points"], lines[0]["state"]) == ("1", "3", "partly right")


def test_lateness_never_makes_a_score_negative(tmp_path, assignment, rows):
    by_student, _ = write_grades(tmp_path, assignment, ((*row[:3], 100.0) for row in rows))
    assert [line["score"] for line in csv.DictReader(by_student.read_text().splitlines())] == ["0", "0"]


def test_the_same_grades_are_the_same_bytes(tmp_path, assignment, rows):
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in write_grades(tmp_path, assignment, rows)]
    after = [(path.read_bytes(), path.stat().st_mtime_ns) for path in write_grades(tmp_path, assignment, rows[::-1])]
    assert before == after
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", " =1", "＝1+1", "|x"])
def test_text_that_looks_like_a_formula_is_defused(text):
    assert safe_cell(text).startswith("'")


def test_what_cannot_hurt_is_left_alone():
    assert [safe_cell(value) for value in (-1.5, 0, 3.0, "Ada", "a=b", "")] == ["-1.5", "0", "3", "Ada", "a=b", ""]
    assert safe_cell("bell\x07 \x1b[31mred") == "bell [31mred"
