"""What an instructor sees in the terminal while a class is graded, and at its end."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from proctor.grade import Graded
from proctor.results import Result

LINE_EVERY = 10.0


@contextmanager
def progress(console: Console) -> Iterator[Callable[[Result, int, bool], None]]:
    """Show how far grading is: a bar in a terminal, a line every ten seconds elsewhere.

    Yields:
        The function to call with ``(result, total, reused)`` for each result.
    """
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),  # a student's name
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(result, total, reused):
            said = f"{result.submission.student} {'(unchanged)' * reused}"
            bar.update(task, advance=1, total=total, description=said)

        yield show


def _lines(console):
    state = {"done": 0, "said": time.monotonic()}

    def show(result, total, reused):
        state["done"] += 1
        if time.monotonic() - state["said"] > LINE_EVERY:
            state["said"] = time.monotonic()
            console.print(f"graded {state['done']} of {total}", markup=False)

    return show


def print_class(graded: Graded, console: Console) -> None:
    """A table with a row a student, then how the class did, what waits for a grader, and where everything lies."""
    table = Table(title=f"{graded.assignment.title}: {len(graded.results)} submissions", title_justify="left", box=None)
    for heading, justify in (("student", "left"), ("score", "right"), ("waiting", "right"), ("remarks", "left")):
        table.add_column(heading, justify=justify, overflow="fold")
    for result in graded.results:
        table.add_row(*_row(graded, result))
    console.print(table)
    judged = len(graded.results) - len(graded.faults)
    rate = len(graded.results) / graded.seconds * 60 if graded.seconds else 0.0
    console.print(
        f"{judged} graded ({len(graded.reused)} unchanged since the last run) in {graded.seconds:.1f} s, "
        f"{rate:.0f} a minute; gradebook, autograded/, feedback/ and grades/ are in {graded.directory}",
        markup=False,
    )
    if graded.faults:
        console.print(
            f"{len(graded.faults)} could not be graded and have no score; run the same command again", markup=False
        )


def _row(graded, result) -> tuple[str, str, str, str]:
    from rich.markup import escape

    student = escape(result.submission.student)
    remarks = [problem.code for problem in result.submission.problems]
    if result.judgement is None:
        return student, "-", "", escape(f"not graded: {result.fault}")
    standing = graded.standings[result.submission.student]
    kinds = Counter(verdict.kind for verdict in result.judgement.verdicts)
    remarks += [f"{count} {kind}" for kind, count in kinds.items() if kind in ("timeout", "crash", "memory", "refused")]
    waiting = sum(mark.waiting for mark in standing)
    score = f"{sum(mark.earned for mark in standing):g}/{graded.assignment.points:g}"
    return student, score, f"{waiting:g}" if waiting else "", escape(", ".join(dict.fromkeys(remarks)))
