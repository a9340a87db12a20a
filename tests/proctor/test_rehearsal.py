"""The rehearsal: what is done once for all examiners, and what must not come of it."""

from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from proctor import rehearsal
from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook
from proctor.sitting import Paper, sit
from proctor.zygote import Zygote, ZygoteLost

THREE = read_master(Path(__file__).parent / "files" / "three" / "three.md")
THREAD = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"

pytestmark = pytest.mark.slow


def with_given(before):
    """The assignment with other code in its first given cell."""
    first = next(cell for cell in THREE.cells if cell.role == "given")
    changed = replace(first, source=before + first.source)
    return replace(THREE, cells=tuple(changed if cell is first else cell for cell in THREE.cells))


def judged(zygote, assignment):
    notebook = release_notebook(THREE)
    for cell in notebook.cells:
        cell.source = THREE.solutions().get(cell.id, cell.source)
    paper = Paper(assignment, "ada", notebook_text(notebook).encode(), (), b"s")
    _, judgement = sit(zygote, paper, lambda submission: [question.id for question in THREE.questions])
    return [verdict.kind for verdict in judgement.verdicts]


@pytest.mark.parametrize("before", ["", THREAD, "import os\nos.environ.pop('HOME')\n", "raise SystemExit\n"])
def test_what_the_master_leaves_behind_hurts_nobody(sandbox, before):
    """Threads, with which no process may fork; changed surroundings; code that ends the process."""
    zygote = Zygote.of(with_given(before)).settled()
    try:
        assert judged(zygote, THREE) == ["pass"] * 5
    finally:
        zygote.close()


def test_the_end_of_one_half_is_the_end_of_both(sandbox):
    zygote = Zygote.of(THREE).settled()
    try:
        inside = psutil.Process(zygote._process.pid).children(recursive=True)
        inside[-1].kill()  # the last to be forked
        with pytest.raises(ZygoteLost):
            judged(zygote, THREE)
    finally:
        zygote.close()


def test_examiners_know_what_was_rehearsed_and_take_another_as_well(sandbox):
    other = replace(THREE, cells=tuple(cell for cell in THREE.cells if cell.role != "text"))
    zygote = Zygote.of(THREE).settled()
    try:
        assert zygote.assignment == THREE != other
        assert judged(zygote, THREE) == judged(zygote, other) == ["pass"] * 5
    finally:
        zygote.close()


def test_the_understudy_answers_like_a_candidate():
    understudy = rehearsal._Understudy()
    ask = lambda request: rehearsal.codec.decode(understudy.exchange(rehearsal.codec.encode(request)))  # noqa: E731
    assert ask({"op": "cell", "source": "def f(x):\n    return 2 * x\n"}) == {"value": None}
    assert ask({"op": "call", "name": "f", "args": [1.5], "kwargs": {}}) == {"value": 3.0}
    assert ask({"op": "call", "name": "g", "args": [], "kwargs": {}})["kinds"][0] == "NameError"
