"""What is known already: whose verdicts count for whom."""

from pathlib import Path

import pytest

from proctor.intake import Submission
from proctor.local_grader import LocalGrader
from proctor.masters import read_master
from proctor.results import Result, question_keys
from proctor.verdict import KINDS, Judgement, Verdict

THREE = read_master(Path(__file__).parent / "files" / "three" / "three.md")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_busy_machine_may_have_caused_is_nobody_elses(kind):
    answers = THREE.solutions()
    keys = question_keys(THREE, answers, b"s")
    verdicts = tuple(
        Verdict(cell.id, question.id, cell.points, "pass" if question.id == "first" else kind)
        for question in THREE.questions
        for cell in question.tests
    )
    grader = LocalGrader(THREE, b"s")
    grader._fresh["ada"] = Result(Submission("ada", answers), Judgement(verdicts), keys, 0.0)
    grader._known = dict.fromkeys(keys.values(), "ada")
    known = {verdict.question for verdict in grader._look_up(keys).verdicts}
    lasting = kind in ("pass", "fail", "error", "unanswered", "refused")
    assert known == ({"first", "second", "third"} if lasting else {"first"})


def test_what_follows_a_loss_is_nobody_elses():
    """Its code ran without the answer that was lost, and may have failed for that."""
    answers = THREE.solutions()
    keys = question_keys(THREE, answers, b"s")
    kinds = {"first": "timeout", "second": "error", "third": "pass"}
    verdicts = tuple(
        Verdict(cell.id, question.id, cell.points, kinds[question.id])
        for question in THREE.questions
        for cell in question.tests
    )
    grader = LocalGrader(THREE, b"s")
    grader._fresh["ada"] = Result(Submission("ada", answers), Judgement(verdicts), keys, 0.0)
    grader._known = dict.fromkeys(keys.values(), "ada")
    assert grader._look_up(keys).verdicts == ()
