"""``proctor check``: what a student is told before handing in."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from proctor import launch
from proctor.check import check, print_checked
from proctor.launch import fork_candidate
from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook

MASTER = read_master(Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md")
RIGHT = MASTER.solutions()
ODD_CELL = b'"cells": [{"cell_type": "code", "metadata": {"proctor": 3}}]'


@pytest.fixture(autouse=True)
def forked(monkeypatch, request):
    """A forked candidate: the same answers in a hundredth of the time."""
    if "slow" in request.keywords:
        return
    import torch  # noqa: F401 - so that the fork has it

    def start(forbids):
        candidate = fork_candidate(forbids)
        candidate.request({"op": "cell", "source": "import warnings\nwarnings.resetwarnings()"}, 20)
        return candidate

    monkeypatch.setattr(launch, "start_candidate", start)


@pytest.fixture
def hand_in(tmp_path):
    """Write a notebook with these answers, changed by a function, and say where."""

    def hand_in(answers=RIGHT, change=lambda notebook: None, name="warmup.ipynb"):
        notebook = json.loads(notebook_text(release_notebook(MASTER, "https://example.org/course")))
        for cell in notebook["cells"]:
            cell["source"] = answers.get(cell["id"], "".join(cell["source"]))
        change(notebook)
        (tmp_path / name).write_text(json.dumps(notebook))
        return tmp_path / name

    return hand_in


def cell(notebook, id):
    return next(one for one in notebook["cells"] if one["id"] == id)


def said(checked):
    out = io.StringIO()
    print_checked(checked, Console(file=out, width=200))
    return out.getvalue()


def problems(checked):
    return [(problem.code, problem.cell) for problem in checked.submission.problems]


def test_right_answers_pass(hand_in):
    checked = check(hand_in())
    assert checked.ok and problems(checked) == []
    text = said(checked)
    assert (
        "pass  double" in text and "pass  counter" in text and "there why" in text and "all visible tests pass" in text
    )


def test_a_wrong_answer_fails_with_its_message(hand_in):
    checked = check(hand_in(RIGHT | {"double": "def double(x):\n    return [x]"}))
    assert not checked.ok
    assert "fail  double: test cell 1 of 2: double(1): expected shape (), got shape (1,)" in said(checked)


def test_the_release_as_it_is(hand_in):
    checked = check(hand_in({}))
    assert not checked.ok
    text = said(checked)
    assert (
        "fail  double: test cell 1 of 2: not answered yet" in text
        and "blank why" in text
        and "some questions need work" in text
    )


def test_a_blank_written_answer_is_not_enough(hand_in):
    assert not check(hand_in(RIGHT | {"why": "YOUR ANSWER HERE"})).ok
    assert not check(hand_in(RIGHT | {"why": " "})).ok


def edit_test(notebook):
    cell(notebook, "double-one")["source"] = "pass"


def edit_given(notebook):
    given = next(one for one in notebook["cells"] if one["metadata"].get("proctor", {}).get("role") == "given")
    given["source"] += "\nx = 1"


def delete(id):
    return lambda notebook: notebook["cells"].remove(cell(notebook, id))


def double(id):
    return lambda notebook: notebook["cells"].append(dict(cell(notebook, id)))


def without_metadata(id):
    return lambda notebook: cell(notebook, id).update(metadata={})


@pytest.mark.parametrize(
    "change, code",
    [
        (edit_test, "changed-cell"),
        (edit_given, "changed-cell"),
        (delete("double"), "missing-cell"),
        (delete("why"), "missing-cell"),
        (delete("double-one"), "missing-cell"),
        (double("double"), "duplicate-cell"),
        (without_metadata("counter"), "missing-cell"),
    ],
)
def test_a_damaged_notebook_is_not_well(hand_in, change, code):
    checked = check(hand_in(change=change))
    assert not checked.ok and code in [problem.code for problem in checked.submission.problems]
    assert "note" in said(checked)


def test_added_cells_are_told_and_do_no_harm(hand_in):
    added = {"cell_type": "code", "id": "mine", "metadata": {}, "source": "helper = 1", "outputs": []}
    checked = check(hand_in(change=lambda notebook: notebook["cells"].insert(2, added)))
    assert checked.ok and problems(checked) == [("added-cells", None)]
    assert "helpers belong inside the answer cell" in said(checked)


def test_marker_like_lines_in_an_answer_do_no_harm(hand_in):
    answer = "### BEGIN SOLUTION\n# BEGIN HIDDEN TESTS\ndef double(x):\n    return 2 * x"
    assert check(hand_in(RIGHT | {"double": answer})).ok


def test_a_renamed_file_is_checked(hand_in):
    assert check(hand_in(name="my copy (2).ipynb")).ok


def test_a_link_to_the_notebook_is_followed(hand_in, tmp_path):
    (tmp_path / "link.ipynb").symlink_to(hand_in())
    assert check(tmp_path / "link.ipynb").ok


def test_a_folder_is_searched(hand_in, tmp_path):
    hand_in()
    assert check(tmp_path).ok


@pytest.mark.parametrize(
    "content, code",
    [
        (b"", "empty"),
        (b"\xff\xfe", "not-a-notebook"),
        (b"{", "not-a-notebook"),
        (b'{"nbformat": 3}', "wrong-format"),
        (b'{"nbformat": 4, "cells": []}', "no-cells"),
        (b'{"nbformat": 4, "cells": [null]}', "no-cells"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x"}]}', "not-a-notebook"),
        (b'{"nbformat": 4, "metadata": 3, "cells": [{"cell_type": "code", "source": "x"}]}', "not-a-notebook"),
        (b'{"nbformat": 4, "metadata": {"proctor": 3}, "cells": [{"cell_type": "code"}]}', "not-a-notebook"),
        (
            b'{"nbformat": 4, "metadata": {"proctor": {"imports": 3}}, "cells": [{"cell_type": "code"}]}',
            "not-a-notebook",
        ),
        (b'{"nbformat": 4, "metadata": {"proctor": {"cells": 3}}, "cells": [{"cell_type": "code"}]}', "not-a-notebook"),
        (b'{"nbformat": 4, "metadata": {"proctor": {}}, ' + ODD_CELL + b"}", "not-a-notebook"),
    ],
)
def test_an_unreadable_notebook_is_named(tmp_path, content, code):
    (tmp_path / "x.ipynb").write_bytes(content)
    checked = check(tmp_path / "x.ipynb")
    assert not checked.ok and checked.judgement is None and [p.code for p in checked.submission.problems] == [code]
    assert "nothing could be checked" in said(checked)


def test_a_missing_notebook_is_named(tmp_path):
    assert [problem.code for problem in check(tmp_path / "gone.ipynb").submission.problems] == ["missing"]


@pytest.mark.slow
def test_a_fresh_interpreter_says_the_same(hand_in):
    assert check(hand_in()).ok
