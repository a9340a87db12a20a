"""What an instructor sees in the terminal while a class is graded, and at its end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from proctor.distribution import bins, span
from proctor.grade import Graded
from proctor.pages import clean
from proctor.results import Row

LINE_EVERY = 10.0  # seconds between lines where there is no terminal
WHOLE_CLASS = 40  # up to so many students, each has a row in the table
NOTABLE = ("inconsistent", "refused", "crash", "memory", "timeout")
MAX_TEXT = 2_000  # characters of a name or of remarks
BARS, BAR_WIDTH = 10, 30  # of the distribution


class Pace:
    """How grading gets on: what is done, how fast, how long it will take, and which question took longest."""

    def __init__(self):
        self.start, self.done, self.judged, self.slowest = time.monotonic(), 0, 0, None

    def add(self, row: Row, total: int) -> str:
        """Count one submission, and say how it stands."""
        self.done += 1
        self.judged += not row.reused
        if row.slowest and (self.slowest is None or row.slowest[1] > self.slowest[1][1]):
            self.slowest = row.student, row.slowest
        minutes = (time.monotonic() - self.start) / 60
        said = []
        if self.judged and minutes:
            # What had not changed took no time, and comes first where a run goes on from an earlier one.
            said.append(f"{self.judged / minutes:.0f} a minute")
            said.append(f"{_duration((total - self.done) * minutes * 60 / self.judged)} left")
        if self.slowest:
            student, (question, seconds) = self.slowest
            said.append(f"slowest: {question}, {seconds:.1f} s ({student})")
        return ", ".join(said)


@contextmanager
def progress(console: Console) -> Iterator[Callable[[Row, int], None]]:
    """Show how far grading is: a bar in a terminal, a line every ten seconds elsewhere.

    Yields:
        The function to call with each ``(row, total)``.
    """
    pace = Pace()
    if not console.is_terminal:
        said = pace.start

        def show(row, total):
            nonlocal said
            standing = pace.add(row, total)
            if time.monotonic() - said > LINE_EVERY:
                said = time.monotonic()
                console.print(f"graded {pace.done} of {total}: {standing}", markup=False)

        yield show
        return
    columns = (
        TextColumn("grading"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),  # a student's name is no markup
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda row, total: bar.update(task, advance=1, total=total, description=pace.add(row, total))


def print_plan(plan: dict[str, bool], console: Console) -> None:
    """Who would be judged, and how many would not, because their work has not changed."""
    to_judge = [student for student, changed in plan.items() if changed]
    same = len(plan) - len(to_judge)
    console.print(f"{len(to_judge)} of {len(plan)} submissions would be judged, {same} have not changed")
    if to_judge:
        console.print(", ".join(to_judge), markup=False)


def print_class(graded: Graded, console: Console) -> None:
    """A row a student, or of a large class those that need a look; how the class did; where everything lies."""
    whole = len(graded.rows) <= WHOLE_CLASS
    shown = [row for row in graded.rows if whole or _remarks(row)]
    title = f"{graded.assignment.title}: {len(graded.rows)} submissions"
    if not whole:
        title += f", {len(shown)} to look at"
    console.print(title, markup=False)
    if shown:
        table = Table(box=None)
        for heading, justify in (("student", "left"), ("score", "right"), ("waiting", "right"), ("remarks", "left")):
            table.add_column(heading, justify=justify, overflow="fold")
        for row in shown:
            table.add_row(*_cells(row, graded.assignment.points))
        console.print(table)
    scores = [row.earned for row in graded.rows if not row.fault]
    if not whole and scores:
        for line in distribution(scores, graded.assignment.points):
            console.print(line, markup=False)
    for line in _totals(graded, scores):
        console.print(line, markup=False)


def distribution(scores: list[float], points: float) -> list[str]:
    """A histogram in lines of text: points, number of students, bar.

    >>> distribution([0, 1, 2, 2], 2)[-2:]
    ['      1 to below 1.5      1  ███████████████', '            1.5 to 2      2  ██████████████████████████████']
    """
    counted = bins(scores, points, BARS)
    longest = max(count for *_, count in counted) or 1
    return [
        f"{span(low, high, points):>20} {count:>6}  {'█' * round(BAR_WIDTH * count / longest)}".rstrip()
        for low, high, count in counted
    ]


def _totals(graded, scores) -> Iterator[str]:
    judged, reused = len(scores), sum(row.reused for row in graded.rows)
    if scores:
        ordered = sorted(scores)
        median = (ordered[(judged - 1) // 2] + ordered[judged // 2]) / 2
        mean = sum(scores) / judged
        yield f"median {median:.4g}, mean {mean:.4g} of {graded.assignment.points:g} points"
    rate = f", {(judged - reused) / graded.seconds * 60:.0f} a minute" if judged > reused and graded.seconds else ""
    yield f"{judged} graded ({reused} unchanged since the last run) in {_duration(graded.seconds)}{rate}"
    if waiting := [row.waiting for row in graded.rows if row.waiting]:
        count = f"{len(waiting)} submission{'s' * (len(waiting) != 1)}"
        yield f"{sum(waiting):g} points of {count} wait for a grader: nbgrader's formgrader shows them"
    if graded.strangers:
        yield f"an extension, but no submission: {', '.join(graded.strangers)}"
    yield f"gradebook, autograded/, feedback/ and grades/ are in {graded.directory}"
    if graded.faults:
        yield f"{len(graded.faults)} could not be graded and have no score; run the same command again"


def _remarks(row) -> list[str]:
    if row.fault:
        return [f"not graded: {row.fault}"]
    kinds = [f"{row.kinds[kind]} {kind}" for kind in NOTABLE if row.kinds[kind]]
    return list(dict.fromkeys([*row.problems, *kinds]))


def _cells(row, points) -> tuple[str, str, str, str]:
    score = "-" if row.fault else f"{row.earned:.4g}/{points:g}"
    waiting = f"{row.waiting:g}" if row.waiting else ""
    student, remarks = clean(row.student, MAX_TEXT), clean(", ".join(_remarks(row)), MAX_TEXT)
    return escape(student), score, waiting, escape(remarks)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"
