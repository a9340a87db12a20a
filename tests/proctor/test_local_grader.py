"""What is known already: whose verdicts count for whom."""

import contextlib
import signal
from pathlib import Path

import pytest

from proctor.intake import Submission
from proctor.local_grader import LocalGrader
from proctor.masters import read_master
from proctor.results import Result, question_keys
from proctor.verdict import KINDS, Judgement, Verdict
from proctor.zygote import Zygote

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


def test_a_zygote_started_ahead_is_taken_if_it_covers_what_the_assignment_forbids():
    for forbids in (THREE.forbids, (*THREE.forbids, "os.path")):
        ahead = Zygote(forbids, sandboxed=False)
        with contextlib.closing(ahead), LocalGrader(THREE, b"s", sandboxed=False, ahead=ahead) as grader:
            grader.start()
            assert (grader._zygote is ahead) == (forbids == THREE.forbids)
            assert grader._zygote.forbids == THREE.forbids


def test_a_zygote_for_which_there_is_no_work_is_not_waited_for():
    zygote = Zygote(sandboxed=False)
    zygote.close()
    assert zygote._process.poll() == -signal.SIGKILL
