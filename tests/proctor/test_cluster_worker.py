"""A worker on its own: whatever happens, its reply is JSON; it keeps the zygotes that are needed, and no others."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from proctor import cluster_worker
from proctor.cluster_worker import Task, Zygotes, examine, unfit
from proctor.environment import judging_digest
from proctor.intake import Submission
from proctor.masters import read_master
from proctor.results import question_keys
from proctor.sitting import Paper
from proctor.verdict import Judgement
from proctor.zygote import ZygoteLost

MASTER = read_master(Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md")
OTHER = replace(MASTER, digest="another")
RIGHT = MASTER.solutions()
PAPER = Paper(MASTER, "ada", b"{}", (), b"k")


class Zygote:
    """Stands in for a zygote: a list of which ones were closed."""

    closed: list["Zygote"]

    def __init__(self):
        self.closed = []

    def close(self):
        assert not self.closed
        self.closed.append(self)


@pytest.fixture
def zygotes(monkeypatch):
    monkeypatch.setattr(cluster_worker, "_open", lambda assignment: Zygote())
    monkeypatch.setattr(cluster_worker.sandbox, "sandbox_problem", lambda: None)
    zygotes = Zygotes()
    monkeypatch.setattr(cluster_worker, "_zygotes", zygotes)
    return zygotes


def test_an_assignment_keeps_its_zygote_until_another_comes(zygotes):
    with zygotes.lend(MASTER) as first, zygotes.lend(MASTER) as second:
        assert first is second
        with zygotes.lend(OTHER) as other:  # the first is in use: two assignments at a time
            assert other is not first and not first.closed
    with zygotes.lend(MASTER) as again:
        assert again is first
    with zygotes.lend(replace(MASTER, digest="a third")) as third:
        assert first.closed and other.closed and not third.closed
    zygotes.close()
    assert third.closed


def test_a_lost_zygote_is_not_lent_again(zygotes):
    with pytest.raises(ZygoteLost), zygotes.lend(MASTER), zygotes.lend(MASTER) as first:
        raise ZygoteLost("gone")
    assert first.closed
    with pytest.raises(ValueError, match="not its fault"), zygotes.lend(MASTER) as second:
        raise ValueError("not its fault")
    assert second is not first and not second.closed


def test_threads_share_one(zygotes):
    def use(_):
        with zygotes.lend(MASTER) as zygote:
            return zygote

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(use, range(64)))) == 1


def test_what_is_known_is_not_judged_again(zygotes, monkeypatch):
    keys, asked = question_keys(MASTER, RIGHT, b"k"), []

    def sit(zygote, paper, ask):
        submission = Submission("ada", RIGHT, (), 2)
        asked.append(list(ask(submission)))
        return submission, Judgement(()) if asked[-1] else None

    monkeypatch.setattr(cluster_worker, "sit", sit)
    first, *others = keys
    for known in ({}, {first: keys[first]}, keys, dict.fromkeys(keys, "another key")):
        reply = json.loads(examine(Task(PAPER, known, judging_digest())))
        assert reply["submission"]["answers"] == RIGHT and reply["seconds"] >= 0
        assert (reply["judgement"] is None) == (known == keys)
    assert asked == [list(keys), others, [], list(keys)]


def test_nothing_is_raised_and_no_task_can_be_printed(zygotes, monkeypatch):
    def sit(zygote, paper, ask):
        raise KeyError("odd")

    monkeypatch.setattr(cluster_worker, "sit", sit)
    task = Task(PAPER, {"double": "a key"}, judging_digest())
    assert json.loads(examine(task))["fault"] == "KeyError: 'odd'"
    assert repr(task) == f"Task(environment={judging_digest()!r})"


def test_who_would_judge_otherwise_does_not(zygotes, monkeypatch):
    assert unfit(judging_digest()) is None
    what, why = json.loads(examine(Task(PAPER, {}, "f" * 64)))["unfit"]
    assert what == "version" and why.startswith("expected judging code ffffffffffff, got ")
    monkeypatch.setattr(cluster_worker.sandbox, "sandbox_problem", lambda: "it is not there")
    assert unfit(judging_digest()) == ("sandbox", "it is not there")
    assert unfit(judging_digest(), judges=False) is None
