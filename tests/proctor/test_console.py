"""What an instructor sees in the terminal: how far it is, who needs a look, how the class did."""

import io
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from proctor import console
from proctor.assignment import Assignment, Cell
from proctor.console import BARS, WHOLE_CLASS, distribution, print_class, progress
from proctor.grade import Graded
from proctor.results import Row

TASK = Assignment("warmup", "Warm-up", (Cell("a", "code", "answer", "", question="a"),
                                        Cell("t", "code", "tests", "", points=8, question="a")))  # fmt: skip


def printed(rows, seconds=30.0, width=200):
    out = io.StringIO()
    print_class(Graded(TASK, tuple(rows), seconds, Path("/somewhere")), Console(file=out, width=width))
    return out.getvalue()


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""

    class Clock:
        now = 0.0

    monkeypatch.setattr(console.time, "monotonic", lambda: Clock.now)
    return Clock


def test_a_row_a_student():
    kinds = Counter({"timeout": 1, "crash": 2, "pass": 1})
    text = printed([Row("ada", 5.0, 3.0, reused=True), Row("bob", 0.5, kinds=kinds, problems=("renamed",))])
    assert "Warm-up: 2 submissions" in text and "5/8" in text and "0.5/8" in text
    row = next(line for line in text.splitlines() if line.strip().startswith("bob"))
    assert "renamed, 2 crash, 1 timeout" in row
    assert "2 graded (1 unchanged since the last run) in 30 s, 2 a minute" in text and "/somewhere" in text
    assert "median 2.75, mean 2.75 of 8 points" in text
    assert "3 points of 1 submission wait for a grader" in text


def test_nothing_in_a_row_commands_the_terminal():
    text = printed([Row("a\x1b[2Jda", fault="broke\x1b]0;owned\x07")])
    assert "\x1b" not in text and "\x07" not in text and "ada" in text


def test_an_extension_of_nobody_is_named():
    out = io.StringIO()
    print_class(Graded(TASK, (Row("ada", 5.0),), 1.0, Path("/x"), ("adda",)), Console(file=out, width=200))
    assert "an extension, but no submission: adda" in out.getvalue()


def test_faults_are_told_apart_from_scores():
    text = printed([Row("ada", 5.0), Row("bob", fault="a worker process died")])
    assert "not graded: a worker process died" in text and "1 graded" in text and "mean 5 of 8" in text
    assert "1 could not be graded and have no score; run the same command again" in text


def test_of_a_large_class_those_that_need_a_look():
    rows = [Row(f"s{number}", number % 9, waiting=1.0) for number in range(WHOLE_CLASS)]
    text = printed([*rows, Row("eve", 2.0, kinds=Counter(refused=1))])
    assert "41 submissions, 1 to look at" in text and "1 refused" in text and "s17" not in text
    assert "7 to 8" in text and "█" in text
    quiet = printed([Row(f"s{number}", 8.0) for number in range(WHOLE_CLASS + 1)])
    assert "41 submissions, 0 to look at" in quiet and "remarks" not in quiet


def test_the_distribution_has_a_line_for_each_interval():
    lines = distribution([0, 0, 7.9, 8, 9.5], 8)
    assert lines[0].split() == ["0", "to", "below", "1", "2", "█" * 20] and len(lines) == 8 <= BARS
    assert lines[1].split() == ["1", "to", "below", "2", "0"] and lines[-1].split()[:4] == ["7", "to", "8", "3"]
    assert distribution([0.0], 0)


def test_names_are_not_markup():
    text = printed([Row("[red]eve[/red]"), Row("[/]", fault="[bold]")])
    assert "[red]eve[/red]" in text and "[/]" in text and "[bold]" in text


def test_an_empty_class_and_a_narrow_terminal():
    assert "0 graded" in printed([])
    assert "bob" in printed([Row("bob")], width=30)


def test_without_a_terminal_there_is_a_line_now_and_then(clock):
    out = io.StringIO()
    with progress(Console(file=out, width=200)) as show:
        for seconds, row in ((1, Row("s0", reused=True)), (11, Row("s1", slowest=("q", 2.0))), (12, Row("s2"))):
            clock.now = seconds
            show(row, 100)
    assert out.getvalue() == "graded 2 of 100: 5 a minute, 18 min left, slowest: q, 2.0 s (s1)\n"


def test_the_slowest_question_stays(clock):
    pace = console.Pace()
    clock.now = 60.0
    assert pace.add(Row("ada", slowest=("q", 1.5)), 2) == "1 a minute, 60 s left, slowest: q, 1.5 s (ada)"
    clock.now = 90.0
    assert pace.add(Row("bob", slowest=("r", 0.5)), 2) == "1 a minute, 0 s left, slowest: q, 1.5 s (ada)"


def test_a_run_that_finds_nothing_changed_says_no_rate(clock):
    assert console.Pace().add(Row("ada", reused=True), 2) == ""


def test_in_a_terminal_there_is_a_bar():
    out = io.StringIO()
    with progress(Console(file=out, force_terminal=True, width=160)) as show:
        show(Row("[/]", slowest=("q", 1.0)), 2)
        show(Row("ada"), 2)
    assert "grading" in out.getvalue() and "2/2" in out.getvalue() and "slowest: q, 1.0 s ([/])" in out.getvalue()
