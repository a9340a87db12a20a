"""The autograded notebook: rebuilt from the master, readable for the grader, harmless in the grader's browser."""

from pathlib import Path

import pytest

from proctor.autograded import (
    autograded_notebook,
    autograded_text,
    harmless_markdown,
    read_answers,
    rebuilt_notebook,
)
from proctor.intake import Problem, Submission
from proctor.masters import read_master
from proctor.release import notebook_text
from proctor.verdict import Judgement, Verdict

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"
ANSWERS = {"double": "def double(x):\n    return x + 1", "why": "a<b, they say"}


@pytest.fixture(scope="module")
def assignment():
    return read_master(WARMUP)


def test_only_answers_are_the_students(assignment):
    cells = {cell.id: cell for cell in rebuilt_notebook(assignment, {**ANSWERS, "double-one": "assert True"}).cells}
    assert cells["double"].source == ANSWERS["double"]
    assert "assert_close(student.double(1.0)" in cells["double-one"].source
    assert "secret_value" in cells["double-drawn"].source
    assert cells["counter"].source == assignment.stubs()["counter"]
    assert not any("shown to students only" in cell.source for cell in cells.values())


def test_the_rubric_stands_before_the_answer(assignment):
    ids = [cell.id for cell in rebuilt_notebook(assignment, ANSWERS).cells]
    assert ids.index("why-rubric") + 1 == ids.index("why")
    rubric = next(cell for cell in rebuilt_notebook(assignment, ANSWERS).cells if cell.id == "why-rubric")
    assert "can be memorized" in rubric.source and "need not compute" in rubric.source
    assert rubric.metadata.editable is False and rubric.metadata.deletable is False


def test_verdicts_and_prints_are_the_only_outputs(assignment):
    verdicts = (
        Verdict("double-one", "double", 1, "pass"),
        Verdict("double-drawn", "double", 2, "fail", "double(x): got 4, which is not right."),
    )
    judgement = Judgement(verdicts, {"counter": "NameError: x"}, {"double": "hello\n"}, 0.25, {"double": "ab"})
    submission = Submission("ada", ANSWERS, (Problem("added-cells", "cells were added: 2 were ignored"),))
    notebook = autograded_notebook(assignment, submission, judgement)
    cells = {cell.id: cell for cell in notebook.cells}
    assert "2 were ignored" in notebook.cells[0].source
    assert cells["double"].outputs[0].text == "hello\n"
    assert cells["counter"].outputs[0].evalue == "NameError: x"
    assert cells["double-one"].outputs == []
    assert (cells["double-drawn"].outputs[0].ename, cells["counter-adds"].outputs[0].ename) == ("fail", "not-run")
    assert notebook.metadata.proctor.seeds == {"double": "ab"} and "seconds" not in notebook.metadata.proctor


@pytest.mark.parametrize("answers", [ANSWERS, {}, {"double": "", "counter": "x\u2028y\n", "why": "ü\x0b<b>\n\n"}])
@pytest.mark.parametrize("problems", [(), (Problem("added-cells", "<i>two</i>\nwere ignored"),)])
def test_the_text_is_the_one_that_nbformat_writes(assignment, answers, problems):
    """Put together from parts, and yet a valid notebook in nbformat's own layout."""
    import nbformat

    verdicts = (Verdict("double-one", "double", 1, "pass"), Verdict("counter-adds", "counter", 2, "error", "a\nb"))
    errors = {"counter": "NameError: x", "given": "ours"}
    judgement = Judgement(verdicts, errors, {"double": "1\n2", "counter": "\x1b[0m"}, 0.25, {"double": "ab"})
    text = autograded_text(assignment, Submission("ada", answers, problems), judgement)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert notebook_text(notebook) == text
    stubs = {cell.id: cell.source for cell in rebuilt_notebook(assignment, {}).cells}
    assert stubs["counter"] == assignment.stubs()["counter"]  # what one submission held is not in the next


def test_answers_are_read_back(assignment, tmp_path):
    path = tmp_path / "warmup.ipynb"
    path.write_text(notebook_text(rebuilt_notebook(assignment, ANSWERS)))
    assert read_answers(path)["double"] == ANSWERS["double"]
    assert read_answers(path)["why"] == harmless_markdown(ANSWERS["why"])


@pytest.mark.parametrize("content", [None, "", "[]", '{"cells": [{"metadata": 3}]}', '{"cells": 7}'])
def test_an_unreadable_notebook_has_no_answers(tmp_path, content):
    path = tmp_path / "warmup.ipynb"
    if content is not None:
        path.write_text(content)
    assert read_answers(path) == {}


def test_ordinary_text_keeps_its_characters():
    text = "a < b and c > d & so on, $x_1 <= 2$, `data`"
    assert harmless_markdown(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](javascript\\:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "<javascript:alert(1)>",
        "[x]: <javascript:alert(1)>\n\n[x]",
        "![x](data:text/html;base64,AAAA)",
    ],
)
def test_a_written_answer_makes_no_tag_and_no_script_link(text):
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    html = markdown2html_mistune(harmless_markdown(text))
    assert "<script" not in html.lower() and "onerror=alert(1)>" not in html
    for scheme in ("javascript:", "data:"):
        assert f'="{scheme}' not in html.lower()
