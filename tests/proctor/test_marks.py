"""Marks: the machine's verdicts and a grader's decisions, put together."""

from pathlib import Path

import pytest

from proctor.intake import Submission
from proctor.marks import GRADED, PARTLY, RIGHT, UNANSWERED, WAITING, WRONG, Manual, is_blank, marks
from proctor.masters import read_master
from proctor.verdict import Judgement, Verdict

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"


@pytest.fixture(scope="module")
def assignment():
    return read_master(WARMUP)


def stand(assignment, one="pass", drawn="pass", counter="pass", why="Because.", manual=None):
    answers = {"double": "def double(x): ...", "counter": "class Counter: ...", "why": why}
    verdicts = (
        Verdict("double-one", "double", 1, one),
        Verdict("double-drawn", "double", 2, drawn),
        Verdict("counter-adds", "counter", 2, counter),
    )
    found = marks(assignment, Submission("ada", answers), Judgement(verdicts), manual)
    return {mark.question.id: (mark.earned, mark.state, mark.waiting) for mark in found}


def test_all_right(assignment):
    assert stand(assignment) == {"double": (3, RIGHT, 0), "counter": (2, RIGHT, 0), "why": (0, WAITING, 3)}


def test_partly_wrong_and_unanswered(assignment):
    found = stand(assignment, drawn="fail", counter="error", why="YOUR ANSWER HERE")
    assert found == {"double": (1, PARTLY, 0), "counter": (0, WRONG, 0), "why": (0, UNANSWERED, 0)}
    assert stand(assignment, counter="unanswered")["counter"] == (0, UNANSWERED, 0)


def test_a_graders_score_takes_the_place_of_the_machines(assignment):
    manual = {"double-drawn": Manual(1.5), "why": Manual(2.0, "Nearly.", extra=0.5)}
    found = stand(assignment, drawn="fail", manual=manual)
    assert found["double"] == (2.5, GRADED, 0)
    assert found["why"] == (2.5, GRADED, 0)


def test_a_written_answer_that_changed_keeps_its_score_and_waits(assignment):
    assert stand(assignment, manual={"why": Manual(2.0, waiting=True)})["why"] == (2.0, WAITING, 3)


def test_a_missing_verdict_is_nothing_earned(assignment):
    answers = {"double": "def double(x): ..."}
    found = marks(assignment, Submission("ada", answers), Judgement(()))
    assert [(mark.earned, mark.state) for mark in found] == [(0, WRONG), (0, UNANSWERED), (0, UNANSWERED)]


def test_blank_is_the_stub_or_nothing(assignment):
    question = assignment.question("double")
    assert is_blank(question, {}) and is_blank(question, {"double": "  \n"})
    assert is_blank(question, {"double": question.answer.released + "\n"})
    assert not is_blank(question, {"double": "x = 1"})
