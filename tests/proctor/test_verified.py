"""The report of proctor verify: what it counts, and what a reader of the terminal sees."""

import io
from dataclasses import asdict

from rich.console import Console

from proctor.verified import Report, Row, bar, print_report

ROWS = (
    Row("master", "", "seed 0", ok=True),
    Row("master", "", "seed 1", seed=1, ok=True),
    Row("untouched", "", "the release as it is", ok=True),
    Row("wrong", "step", "uphill", ok=True),
    Row("wrong", "step", "uphill", seed=1, ok=False, detail="must fail step-values, but passes"),
    Row("wrong", "step", "uphill", seed=2, ok=False, detail="must fail step-values, but passes"),
    Row("mutant", "step", "line 1: a -> b", ok=True),
    Row("mutant", "step", "line 2: a -> b", ok=False, detail="no test notices"),
    Row("mutant", "step", "line 3: a -> b", ok=True, reason="the same function"),
    Row("right", "step", "in place", ok=True),
)
REPORT = Report("tiny", ROWS, ("wrong.py:3: no such mutant",), 2, 1.25)


def printed(report):
    console = Console(file=io.StringIO(), width=200, highlight=False)
    print_report(report, console)
    return console.file.getvalue()


def test_counts_are_by_answer_and_not_by_seed():
    assert REPORT.counts("wrong") == (0, 1)
    assert REPORT.counts("master") == (2, 2)
    assert REPORT.counts("mutant", "step") == (2, 3)
    assert REPORT.counts("mutant", "other") == (0, 0)


def test_kill_rate_leaves_out_what_is_listed_as_equivalent():
    assert REPORT.kill_rate == 0.5
    assert [row.name for row in REPORT.survivors] == ["line 2: a -> b"]
    assert Report("tiny", (), (), 1, 0.0).kill_rate == 1.0


def test_ok_needs_rows_no_problem_and_every_demand():
    good = tuple(row for row in ROWS if row.ok)
    assert Report("tiny", good, (), 1, 0.0).ok
    assert not Report("tiny", good, ("a problem",), 1, 0.0).ok
    assert not Report("tiny", ROWS, (), 1, 0.0).ok
    assert not Report("tiny", (), (), 1, 0.0).ok


def test_a_report_survives_json():
    assert Report.from_dict(asdict(REPORT)) == REPORT
    assert Report.from_dict(asdict(REPORT), cached=True).cached


def test_the_table_says_what_is_wrong_once_and_how_to_list_a_survivor():
    text = printed(REPORT)
    assert "kill rate 50.0%; 1 survive, 1 are listed as equivalent" in text
    assert "problem: wrong.py:3: no such mutant" in text
    assert text.count("uphill") == 1
    assert "wrong: step, uphill: must fail step-values, but passes (seed 1, 2 seeds in all)" in text
    assert "equivalent('step', 'line 2: a -> b', why=…)" in text


def test_progress_outside_a_terminal_is_a_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr("proctor.verified.LINE_EVERY", -1.0)
    with bar("tiny", 2) as step:
        step()
    assert capsys.readouterr().err == "verifying tiny: 1 of 2\n"
