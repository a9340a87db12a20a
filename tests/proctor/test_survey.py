"""A class gathered: counts by submission, what is to be looked at, and a broken file says nothing of a question."""

from pathlib import Path

import pytest

from proctor.intake import Problem, Submission
from proctor.marks import Manual
from proctor.masters import read_master
from proctor.survey import FLAGS, read_class, survey
from proctor.verdict import KINDS, Judgement, Verdict

MASTER = read_master(Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md")
RIGHT = MASTER.solutions()
CELLS = [("double-one", "double", 1), ("double-drawn", "double", 2), ("counter-adds", "counter", 2)]
NAMED = "got 4, which is not right. This is what you get with this mistake: the square instead."


def entry(student, kinds=("pass", "pass", "pass"), messages=("", "", ""), answers=RIGHT, problems=(), manual=None):
    verdicts = tuple(Verdict(*cell, *said) for cell, *said in zip(CELLS, kinds, messages, strict=True))
    return Submission(student, dict(answers), problems), Judgement(verdicts), manual or {}


def test_a_submission_counts_once_however_often_it_errs():
    found = survey(MASTER, [
        entry("ada", ("fail", "fail", "pass"), ("x: got 3, which is not right.", NAMED, "")),
        entry("bob", ("fail", "fail", "pass"), ("x: got 2, which is not right.", NAMED, "")),
        entry("cem", ("pass", "pass", "error"), ("", "", "the code raised E: no (line 4: x)")),
    ])  # fmt: skip
    double, counter, _ = found.tallies
    assert double.mistakes == {"the square instead": 2}
    assert double.errors.most_common() == [("x: got …, which is not right.", 2)]
    assert counter.errors.most_common() == [("the code raised E: no", 1)]
    assert double.passed == {"double-one": 1, "double-drawn": 1} and counter.passed == {"counter-adds": 2}
    assert double.item.difficulty == pytest.approx(1 / 3)
    assert found.scores == {"ada": 2, "bob": 2, "cem": 3} and found.readable == 3 and not found.stale


def test_a_student_cannot_name_a_mistake():
    """Only a test can: the name stands in it, and it is said of a value."""
    own = "got 'x'. This is what you get with this mistake: the grader is broken."
    found = survey(MASTER, [
        entry("ada", ("pass", "fail", "pass"), ("", own, "")),
        entry("bob", ("pass", "error", "pass"), ("", NAMED, "")),
    ])  # fmt: skip
    assert not found.tallies[0].mistakes and sum(count for _, count in found.tallies[0].errors.most_common()) == 2


def test_what_waits_for_a_grader_is_not_known_and_what_was_read_is():
    waits, read = entry("ada"), entry("bob", manual={"why": Manual(3.0), "counter-adds": Manual(1.0)})
    found = survey(MASTER, [waits, read])
    assert found.tallies[2].waiting == 1 and found.tallies[2].item.difficulty is None
    assert found.scores == {"ada": 5, "bob": 7}
    assert survey(MASTER, [read]).tallies[2].item.difficulty == 1.0


def test_a_stub_is_left_open_and_a_broken_file_says_nothing_of_a_question():
    stubs = entry("ada", ("unanswered",) * 3, ("not answered yet",) * 3, MASTER.stubs())
    gone = entry("bob", ("unanswered",) * 3, ("no cell",) * 3, {}, (Problem("empty", "the file is empty"),))
    found = survey(MASTER, [stubs, gone])
    assert [tally.blank for tally in found.tallies] == [1, 1, 1]
    assert found.tallies[0].errors.most_common() == [] and found.readable == 1
    assert [(flag.kind, flag.student) for flag in found.flags] == [("unreadable", "bob")]


def test_what_a_person_should_look_at_is_named_with_what_was_seen():
    changed = Problem("changed-cell", "the originals were used (double-one)", "double-one")
    found = survey(MASTER, [
        entry("eve", ("crash", "not-run", "refused"), ("ended", "not run", "uses os"), problems=(changed,)),
        entry("ada", ("timeout", "timeout", "inconsistent"), ("CPU limit", "CPU limit", "another result")),
        entry("bob", problems=(Problem("renamed", "another name"),)),
    ])  # fmt: skip
    assert [(flag.kind, flag.student, flag.question) for flag in found.flags] == [
        ("refused", "eve", "counter"),
        ("inconsistent", "ada", "counter"),
        ("crash", "eve", "double"),
        ("timeout", "ada", "double"),
        ("changed-cell", "eve", ""),
    ]
    assert found.flags[0].evidence == "uses os"
    assert {kind for kind in FLAGS if "-" not in kind} <= {*KINDS, "unreadable"}


def test_copies_are_paired_unless_the_instructor_foresaw_them():
    own = "\n".join(f"value{i} = [{i}, x] + sorted({{{i}: y}})[{i}:]" for i in range(9))
    crowd = [entry(f"s{n}", answers={**RIGHT, "double": f"def double(x):\n    return {n} * x"}) for n in range(9)]
    copies = [entry(name, answers={**RIGHT, "double": own.replace("value", name)}) for name in ("ann", "bob")]
    (pair,) = survey(MASTER, [*crowd, *copies]).pairs
    assert (pair.first, pair.second, [id for id, _ in pair.questions]) == ("ann", "bob", ["double"])
    assert pair.weight == pair.questions[0][1].weight > 10
    assert survey(MASTER, [*crowd, *copies], {"double": [own]}).pairs == ()


def test_results_of_other_tests_are_told():
    verdicts = Judgement((Verdict("old-test", "double", 1, "pass"),))
    assert survey(MASTER, [(Submission("ada", RIGHT), verdicts, {}), entry("bob")]).stale == 1


def test_an_empty_class_is_a_class():
    found = survey(MASTER, [])
    assert (found.scores, found.readable, found.flags, found.pairs) == ({}, 0, (), ())


def test_results_are_read_from_the_journal_one_at_a_time(tmp_path):
    from proctor.results import Journal, Result

    journal = Journal(tmp_path, "warmup")
    for name in ("bob", "ada"):
        submission, judgement, _ = entry(name)
        journal.write(Result(submission, judgement, {}, 1.0))
    (journal.folder / "eve.json").write_text("{")
    entries = read_class(tmp_path, MASTER, ["ada", "bob", "eve", "not judged yet"])
    assert next(entries)[0].student == "ada"
    assert [submission.student for submission, _, _ in entries] == ["bob"]
    assert [submission.student for submission, _, _ in read_class(tmp_path, MASTER, ["bob"])] == ["bob"]
    assert not (tmp_path / "gradebook.db").exists()
    assert list(read_class(tmp_path / "none", MASTER, ["ada"])) == []
