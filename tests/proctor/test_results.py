"""The journal: what was written is read back, and what is damaged counts as not there."""

import json
from dataclasses import replace

import pytest

from proctor.assignment import Assignment, Cell
from proctor.intake import Problem, Submission
from proctor.results import Journal, Result, Row, joined, part, question_keys
from proctor.verdict import Judgement, Verdict

RESULT = Result(
    Submission("ada", {"q": "x = 'é'"}, (Problem("renamed", "r", None), Problem("changed-cell", "c", "t")), 10),
    Judgement((Verdict("t", "q", 1, "pass"), Verdict("u", "q", 1, "fail", "no")), {"q": "E"}, {}, 0.5, {"q": "00"}),
    {"q": "key"},
    1.25,
    "",
    "digest",
)


def test_results_are_read_back(tmp_path):
    journal = Journal(tmp_path, "a")
    assert journal.read("ada") is None
    journal.write(RESULT)
    assert journal.read("ada") == RESULT
    assert [path.name for path in (tmp_path / "results" / "a").iterdir()] == ["ada.json"]
    assert Journal(tmp_path, "b").read("ada") is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "{",
            "null",
            "3",
            "[]",
            "{}",
            '"x"',
            "\xff",
            '{"format": 0}',
            '{"format": 1}',
            '{"format": 2}',
            "[" * 100_000,
        ),
        '{"format": 2, "submission": "x"}',
        '{"format": 2, "submission": []}',
        '{"format": 2, "submission": null}',
    ],
)
def test_damaged_files_count_as_missing(tmp_path, text):
    journal = Journal(tmp_path, "a")
    journal.write(RESULT)
    (journal.folder / "ada.json").write_text(text, encoding="latin-1")
    assert journal.read("ada") is None


@pytest.mark.parametrize(
    "change",
    [
        {"judgement": None},
        {"judgement": {}},
        {"judgement": {"verdicts": [{"cell": "t"}]}},
        {"judgement": {"verdicts": [{"cell": "t", "question": "q", "points": 1, "kind": "gift"}]}},
        {"extra": 1},
        {"format": 1},
        {"submission": {"student": "ada", "answers": {}, "problems": 3}},
    ],
)
def test_other_shapes_count_as_missing(tmp_path, change):
    journal = Journal(tmp_path, "a")
    journal.write(RESULT)
    path = journal.folder / "ada.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert journal.read("ada") is None


def test_students_of_a_journal(tmp_path):
    journal = Journal(tmp_path, "a")
    assert journal.students() == []
    journal.write(RESULT)
    (journal.folder / ".ada.json.x").write_text("left over")
    assert journal.students() == ["ada"]


def master(*, given="import math", tests="assert student.f(1) == 2", later="assert student.g(1) == 2", points=1.0):
    return Assignment(
        "a",
        "A",
        (
            Cell("start", "code", "given", given),
            Cell("f", "code", "answer", "", question="f"),
            Cell("f-test", "code", "tests", tests, points, question="f"),
            Cell("why", "markdown", "written", "", 2.0, question="why"),
            Cell("g", "code", "answer", "", question="g"),
            Cell("g-test", "code", "tests", later, 1.0, question="g"),
        ),
    )


ANSWERS = {"f": "def f(x): return x", "g": "def g(x): return x", "why": "Because."}


def changed(assignment=None, answers=None, secret=b"s"):
    """The questions whose key changes."""
    before = question_keys(master(), ANSWERS, b"s")
    after = question_keys(assignment or master(), ANSWERS | (answers or {}), secret)
    return {question for question in before if before[question] != after[question]}


def test_another_written_question_means_reading_again():
    fewer = master()
    fewer = replace(fewer, cells=tuple(cell for cell in fewer.cells if cell.role != "written"))
    assert changed(fewer) == {"f", "g"}


def test_a_key_stands_for_all_that_a_verdict_depends_on():
    assert set(question_keys(master(), ANSWERS, b"s")) == {"f", "g"}
    assert changed(answers={"why": "Because not."}) == set()
    assert changed(answers={"g": "def g(x): return x  "}) == {"g"}  # a blank may stand within a text
    assert changed(answers={"f": "def f(x): return 1"}) == {"f", "g"}  # g may call f
    assert changed(answers={"g": "def g(x): return 1"}) == {"g"}
    assert changed(secret=b"t") == {"f", "g"} and changed(master(given="import cmath")) == {"f", "g"}
    assert changed(master(tests="assert student.f(1) == 3")) == {"f"} == changed(master(points=2.0))
    assert changed(master(later="assert student.g(1) == 3")) == {"g"}
    missing = question_keys(master(), {"g": ANSWERS["g"]}, b"s")
    assert missing["f"] != question_keys(master(), ANSWERS | {"f": ""}, b"s")["f"]


def test_parts_of_judgements_come_together_again():
    verdicts = (Verdict("f-test", "f", 1, "pass"), Verdict("g-test", "g", 1, "fail", "no"))
    whole = Judgement(verdicts, {"g": "E"}, {"f": "out"}, 0.0, {"f": "1", "g": "2"}, {"f": 0.1, "g": 0.2})
    one, other = part(whole, ["f"]), part(whole, ["g"])
    assert one.verdicts == verdicts[:1] and one.outputs == {"f": "out"} and one.cell_errors == {}
    assert joined(master(), other, one) == whole
    assert joined(master(), part(whole, []), whole) == whole
    changed = Judgement((Verdict("g-test", "g", 1, "pass"),))
    assert joined(master(), changed, whole).of("g") == changed.verdicts


def test_a_row_is_what_is_shown_of_a_result():
    row = Row.of(RESULT, (), True)
    assert (row.student, row.kinds, row.problems, row.reused) == (
        "ada",
        {"pass": 1, "fail": 1},
        ("renamed", "changed-cell"),
        True,
    )
    assert row.slowest is None and row.fault == ""
    fault = Row.of(Result(Submission("bob", {}), None, {}, 2.0, "odd"), (), False)
    assert (fault.student, fault.fault, fault.earned, fault.seconds) == ("bob", "odd", 0.0, 2.0)
