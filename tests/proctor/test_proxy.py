"""``student``: the same test cell gives the same verdict in a notebook's own kernel and under the examiner."""

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest

from proctor import codec, provisioner, proxy, student
from proctor.calls import StudentError, Unanswered
from proctor.forked import run_forked
from proctor.judge import judge
from proctor.launch import fork_candidate
from proctor.masters import find_assignments, read_master, read_release
from proctor.proxy import use_channel
from proctor.release import release_notebook
from proctor.variants import read_variants

COURSE = Path(__file__).parents[2]
FILES = Path(__file__).parent / "files"
MASTERS = {
    **find_assignments(COURSE),
    "warmup": FILES / "course" / "solutions" / "warmup" / "warmup.md",
    "three": FILES / "three" / "three.md",
}
WRONG_ANSWERS = 4


@pytest.fixture(scope="module", autouse=True)
def no_kernel_is_left():
    yield
    provisioner.close_all()


@pytest.fixture
def names(monkeypatch):
    """The notebook's names, as local requests see them."""
    names = {}
    monkeypatch.setattr(proxy, "_notebook_names", lambda: names)
    return names


def test_values_go_through_the_codec_both_ways(names):
    seen = []
    names["f"] = lambda x: seen.append(x) or [x, (1, 2)]
    array = np.arange(3)
    assert student.f(array)[1] == (1, 2)
    assert seen[0] is not array and np.array_equal(seen[0], array)
    names["change"] = lambda x: x.fill(7)
    assert student.change(array) is None and array[1] == 1


def test_evaluate_sees_the_names_and_binds_the_data(names):
    names["k"] = 2
    assert student.evaluate("y = k * x\ny + 1", x=3) == 7 and "y" not in names and "x" not in names
    assert student.evaluate("code + self", code=1, self=2) == 3


def test_arguments_may_have_any_name(names):
    names["f"] = lambda self, name: [self, name]
    assert student.f(self=1, name=2) == [1, 2]


def test_errors_arrive_as_student_errors(names):
    def stub():
        raise NotImplementedError

    names.update(stub=stub, bad=lambda: 1 / 0, odd=lambda: {1, 2}, returned=lambda: ValueError("negative"))
    with pytest.raises(Unanswered):
        student.stub()
    with pytest.raises(StudentError, match="ZeroDivisionError") as caught:
        student.bad()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    for name in ("odd", "returned"):
        with pytest.raises(StudentError, match="cannot be sent") as caught:
            getattr(student, name)()
        assert caught.value.kinds == ["CodecError"]
    with pytest.raises(codec.CodecError):
        student.bad(object())


def test_a_name_is_no_value():
    for attempt in (
        lambda: bool(student.f),
        lambda: not student.f,
        lambda: student.f == 3,
        lambda: student.f != 3,
        lambda: student.f in [3],
        lambda: {student.f: 1},
        lambda: student.f > 3,
        lambda: student.f + 1,
        lambda: float(student.f),
        lambda: list(student.f),
        lambda: student.f[0],
    ):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(AttributeError):
        student.f.shape  # noqa: B018
    with pytest.raises(AttributeError):
        student._private  # noqa: B018
    assert repr(student.f) == "student.f"


def test_a_channel_is_used_for_as_long_as_the_block_lasts(names):
    names["f"] = lambda: "here"
    with pytest.raises(KeyError), use_channel(lambda request: {"value": request["op"]}):
        assert student.f() == "call" and student.evaluate("1") == "evaluate"
        raise KeyError
    assert student.f() == "here"


def wrong_answers(master):
    """A few of the wrong answers beside the master, spread evenly; those that break a rule run in no notebook alike."""
    path = master.with_name("wrong.py")
    if not path.exists():
        return []
    found = []
    for wrong in read_variants(path).wrong:
        if not any(word in wrong.source for word in ("import", "optim", "ravine")):
            found.append({wrong.question: wrong.source})
    return found[:: max(1, len(found) // WRONG_ANSWERS)][:WRONG_ANSWERS]


def in_a_kernel(assignment, answers):
    """Test cell -> whether it passes when all cells run in one kernel, as a student would run them."""
    import nbclient
    from nbformat.v4 import new_code_cell, new_notebook

    cells, tests = [], {}
    for cell in assignment.cells:
        if cell.kind == "code" and cell.role != "show":
            source = answers.get(cell.id, "") if cell.role == "answer" else cell.solution
            if cell.role == "tests":
                tests[len(cells)] = cell.id
            cells.append(new_code_cell(source))
    notebook = new_notebook(cells=cells)
    # The course's own kernel saves each run five seconds of imports; the small masters take the stock one.
    kernel = "ravine" if assignment.name in find_assignments(COURSE) else "python3"
    client = nbclient.NotebookClient(notebook, kernel_name=kernel, allow_errors=True, timeout=120)
    client.execute()
    return {
        id: not any(output.output_type == "error" for output in cells[number].outputs) for number, id in tests.items()
    }


def examined(assignment, answers):
    import torch  # noqa: F401 - so that the fork has it

    def launch():
        candidate = fork_candidate(assignment.forbids)
        candidate.request({"op": "cell", "source": "import warnings\nwarnings.resetwarnings()"}, 20)
        return candidate

    def quietly():
        with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
            return judge(assignment, answers, launch=launch, secret=b"contract")

    judgement = run_forked(quietly)
    return {verdict.cell: verdict.passed for verdict in judgement.verdicts}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a candidate")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", MASTERS)
def test_both_ways_give_the_same_verdicts(name):
    """The contract: master, release and some wrong answers, test cell by test cell."""
    master = read_master(MASTERS[name])
    solutions, stubs = master.solutions(), master.stubs()
    for answers in (solutions, stubs, *({**solutions, **change} for change in wrong_answers(MASTERS[name]))):
        assert in_a_kernel(master, answers) == examined(master, answers)
    assert all(examined(master, solutions).values()) and not any(examined(master, stubs).values())
    released = read_release(release_notebook(master), name)
    assert in_a_kernel(released, solutions) == examined(released, solutions)
    assert all(examined(released, solutions).values())


def test_wrong_answers_are_there_to_be_tried():
    assert len(wrong_answers(MASTERS["warmup"])) == 3
