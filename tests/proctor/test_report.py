"""What an instructor sees: a row a student, no markup of a student's, plain lines where there is no terminal."""

import io
from pathlib import Path

from rich.console import Console

from proctor import report
from proctor.grade import Graded
from proctor.intake import Problem, Submission
from proctor.marks import marks
from proctor.masters import read_master
from proctor.report import print_class, progress
from proctor.results import Result
from proctor.verdict import Judgement, Verdict

MASTER = read_master(Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md")


def result(student, kinds=("pass", "pass", "pass"), problems=(), answers=None, fault=""):
    cells = [("double-one", "double", 1), ("double-drawn", "double", 2), ("counter-adds", "counter", 2)]
    verdicts = tuple(Verdict(*cell, kind) for cell, kind in zip(cells, kinds, strict=True))
    answers = MASTER.solutions() if answers is None else answers
    return Result(Submission(student, answers, problems), None if fault else Judgement(verdicts), "k", 1.0, fault)


def printed(results, width=200, **options):
    out = io.StringIO()
    standings = {
        one.submission.student: marks(MASTER, one.submission, one.judgement) for one in results if one.judgement
    }
    graded = Graded(MASTER, tuple(results), standings, frozenset({"ada"}), 30.0, Path("/somewhere"))
    print_class(graded, Console(file=out, width=width, **options))
    return out.getvalue()


def test_a_row_a_student():
    text = printed([result("ada"), result("bob", ("fail", "timeout", "crash"), (Problem("renamed", "r"),))])
    assert "Warm-up: 2 submissions" in text and "5/8" in text and "0/8" in text
    row = next(line for line in text.splitlines() if line.strip().startswith("bob"))
    assert "renamed, 1 timeout, 1 crash" in row
    assert "2 graded (1 unchanged since the last run) in 30.0 s, 4 a minute" in text and "/somewhere" in text


def test_faults_are_told_apart_from_scores():
    text = printed([result("ada"), result("bob", fault="a worker process died")])
    assert "not graded: a worker process died" in text and "1 graded" in text
    assert "1 could not be graded and have no score; run the same command again" in text


def test_names_are_not_markup():
    text = printed([result("[red]eve[/red]"), result("[/]")])
    assert "[red]eve[/red]" in text and "[/]" in text


def test_an_empty_class_and_a_narrow_terminal():
    assert "0 graded" in printed([])
    assert "bob" in printed([result("bob")], width=30)


def test_progress_without_a_terminal_is_a_line_now_and_then(monkeypatch):
    clock = iter([0.0, 1.0, 11.0, 11.0, 12.0])
    monkeypatch.setattr(report.time, "monotonic", lambda: next(clock))
    out = io.StringIO()
    with progress(Console(file=out)) as show:
        for number in range(3):
            show(result(f"s{number}"), 3, False)
    assert out.getvalue() == "graded 2 of 3\n"


def test_progress_in_a_terminal_is_a_bar():
    out = io.StringIO()
    with progress(Console(file=out, force_terminal=True, width=100)) as show:
        show(result("ada"), 2, True)
        show(result("[/]"), 2, False)
    assert "grading" in out.getvalue()
