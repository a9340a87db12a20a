"""The journal: what was written is read back, and what is damaged counts as not there."""

import json

import pytest

from proctor.assignment import Assignment
from proctor.intake import Problem, Submission
from proctor.results import Journal, Result, work_key
from proctor.verdict import Judgement, Verdict

RESULT = Result(
    Submission("ada", {"q": "x = 'é'"}, (Problem("renamed", "r", None), Problem("changed-cell", "c", "t")), 10),
    Judgement((Verdict("t", "q", 1, "pass"), Verdict("u", "q", 1, "fail", "no")), {"q": "E"}, {}, 0.5, {"q": "00"}),
    "key",
    1.25,
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
        *("", "{", "null", "3", "[]", "{}", '"x"', "\xff", '{"format": 0}', '{"format": 1}', "[" * 100_000),
        '{"format": 1, "submission": "x"}',
        '{"format": 1, "submission": []}',
        '{"format": 1, "submission": null}',
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
        {"format": 2},
        {"submission": {"student": "ada", "answers": {}, "problems": 3}},
    ],
)
def test_other_shapes_count_as_missing(tmp_path, change):
    journal = Journal(tmp_path, "a")
    journal.write(RESULT)
    path = journal.folder / "ada.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert journal.read("ada") is None


def test_the_key_stands_for_master_secret_and_answers():
    assignment, work = Assignment("a", "A", (), digest="d"), Submission("ada", {"q": "x = 1", "r": "y"})
    key = work_key(assignment, work, b"s")
    same = Submission("bob", {"r": "y", "q": "x = 1  \r\n"}, (Problem("renamed", "r"),), 99)
    assert work_key(assignment, same, b"s") == key
    others = [
        work_key(Assignment("a", "A", (), digest="e"), work, b"s"),
        work_key(Assignment("b", "A", (), digest="d"), work, b"s"),
        work_key(assignment, work, b"t"),
        work_key(assignment, Submission("ada", {"q": "x = 2", "r": "y"}), b"s"),
        work_key(assignment, Submission("ada", {"q": "x = 1"}), b"s"),
    ]
    assert len({key, *others}) == 6
