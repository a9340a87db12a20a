"""A sitting: examiner and candidates of one submission, in the sandbox, and what a loss costs."""

from pathlib import Path

import pytest

from proctor import sitting
from proctor.jail import Limits
from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook
from proctor.sitting import Paper, SittingError, sit
from proctor.zygote import Zygote

THREE = read_master(Path(__file__).parent / "files" / "three" / "three.md")
RIGHT = THREE.solutions()

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def zygote(sandbox):
    opened = Zygote.of(THREE).settled()
    yield opened
    opened.close()


def paper(**answers):
    notebook = release_notebook(THREE)
    for cell in notebook.cells:
        cell.source = {**RIGHT, **answers}.get(cell.id, cell.source)
    return Paper(THREE, "ada", notebook_text(notebook).encode(), (), b"s")


def everything(submission):
    return [question.id for question in THREE.questions]


def kinds(judgement):
    return {question.id: [verdict.kind for verdict in judgement.of(question.id)] for question in THREE.questions}


CROWD = "error crash timeout"
PASS = {"first": ["pass"] * 2, "second": ["pass"] * 2, "third": ["pass"]}


def test_right_answers_pass(zygote):
    submission, judgement = sit(zygote, paper(), everything)
    assert submission.answers == RIGHT and submission.problems == () and submission.student == "ada"
    assert kinds(judgement) == PASS and judgement.cpu_seconds > 0 and set(judgement.seeds) == set(PASS)


def test_nothing_to_ask_ends_the_sitting(zygote):
    submission, judgement = sit(zygote, paper(), lambda submission: [])
    assert submission.answers == RIGHT and judgement is None
    _, judgement = sit(zygote, paper(), lambda submission: ["third"])
    assert {verdict.question for verdict in judgement.verdicts} == {"third"}


def test_bytes_that_are_no_notebook_are_a_problem(zygote):
    submission, judgement = sit(zygote, Paper(THREE, "ada", b"\x89PNG", (), b"s"), everything)
    assert [problem.code for problem in submission.problems] == ["not-a-notebook"]
    assert {kind for each in kinds(judgement).values() for kind in each} == {"unanswered"}


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("os._exit(3)", "crash", "exit status 3"),
        ("import ctypes; ctypes.string_at(0)", "crash", "killed by SIGSEGV"),
        ("while True: pass", "timeout", "CPU limit of 1 s reached"),
        ("time.sleep(600)", "timeout", "no answer within 9 s"),
        ("return bytes(2**32)", "memory", "memory limit of 2 GiB reached"),
        (
            "for fd in range(3, 99):\n        try: os.close(fd)\n        except OSError: pass",
            "crash",
            "the process ",
        ),
        ("for fd in range(3, 99):\n        try: os.write(fd, b'x' * 64)\n        except OSError: pass", "crash", ""),
        # The kernel does not hold root to the number of processes; then the watcher does.
        ("for _ in range(200):\n        if os.fork() == 0: time.sleep(60)\n    time.sleep(60)", CROWD, ""),
    ],
)
def test_a_loss_costs_the_question_it_happened_in(zygote, monkeypatch, body, kind, said):
    monkeypatch.setattr("proctor.limits.WALL_FACTOR", 1.0)
    monkeypatch.setattr("proctor.limits.WALL_SECONDS", 8.0)
    source = f"import os, time\ndef second(x):\n    {body}\n    return {{'secret-key': 0}}"
    _, judgement = sit(zygote, paper(second=source), everything)
    found = kinds(judgement)
    assert found["first"] == PASS["first"] and found["third"] == PASS["third"]
    assert found["second"][0] in (kind, *kind.split()) and said in judgement.of("second")[0].message


def test_an_examiner_that_cannot_finish_is_no_fault_of_the_student(zygote, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sitting, "SITTING_SECONDS", 0.5)
        with pytest.raises(SittingError, match="took longer"):
            sit(zygote, paper(third="import time\ntime.sleep(3)"), everything)
    with monkeypatch.context() as patch:
        patch.setattr(sitting, "EXAMINER", Limits(memory=2**30, cpu_seconds=600, processes="many"))
        with pytest.raises(SittingError, match="the examiner: TypeError"):
            sit(zygote, paper(), everything)
    with monkeypatch.context() as patch:
        patch.setattr(sitting, "CANDIDATE", Limits(memory=2**30, cpu_seconds=600, processes="many"))
        with pytest.raises(SittingError, match="the candidate: TypeError"):
            sit(zygote, paper(), everything)
    assert kinds(sit(zygote, paper(), everything)[1]) == PASS


FORGED = """os, socket, struct = map(__import__, ("os", "socket", "struct"))
def third(x):
    for fd in range(3, 64):
        try:
            channel = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        {forge}
    while True:
        pass
"""


@pytest.mark.parametrize(
    "forge",
    [
        "channel.send(b'\\0')",  # the beginning of a reply, and no end
        "channel.send(struct.pack('>Q', 1000))",  # its length, and nothing else
    ],
)
def test_the_limit_holds_for_code_that_begins_to_answer(zygote, forge):
    _, judgement = sit(zygote, paper(third=FORGED.format(forge=forge)), everything)
    assert kinds(judgement)["third"] == ["timeout"] and kinds(judgement)["first"] == ["pass"] * 2
    assert "CPU limit" in judgement.of("third")[0].message


def test_the_limit_of_a_slow_question_is_not_the_next_ones(zygote):
    """Each takes less than its limit, all together more."""
    busy = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
    limit = THREE.cpu_seconds
    slow = {name: busy.format(0.6 * limit) + RIGHT[name] for name in ("first", "second", "third")}
    _, judgement = sit(zygote, paper(**slow), everything)
    assert kinds(judgement) == PASS
