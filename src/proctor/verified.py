"""What ``proctor verify`` found: the report, and how it looks in a terminal."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

LINE_EVERY = 10.0
DEMANDS = {
    "master": ("the master", "full marks"),
    "untouched": ("the release, untouched", "0 on each question"),
    "wrong": ("wrong answers", "fail the cells they name"),
    "mutant": ("automatic mutants", "fail, or listed as equivalent"),
    "right": ("right answers, different", "full marks"),
}


@dataclass(frozen=True)
class Row:
    """One trial and whether its demand is met.

    Attributes:
        kind: a key of ``DEMANDS``.
        question: id; empty where the whole assignment ran.
        name: of the wrong answer, mutant, right answer, or seed.
        seed: number of the drawn inputs.
        ok: whether the demand is met.
        detail: what went wrong, empty if nothing.
        reason: of a mutant that is listed as equivalent, why it is.
    """

    kind: str
    question: str
    name: str
    seed: int = 0
    ok: bool = False
    detail: str = ""
    reason: str = ""

    def but(self, **changes) -> "Row":
        """The row with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Report:
    """The outcome of verifying one assignment.

    Attributes:
        assignment: its name.
        rows: one for each trial.
        problems: what is wrong with ``wrong.py`` itself.
        seeds: how many times inputs were drawn for honest answers.
        seconds: wall time of the run.
        cached: whether the run was an earlier one, of which nothing has changed.
    """

    assignment: str
    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    seeds: int
    seconds: float
    cached: bool = False

    @property
    def ok(self) -> bool:
        """Whether every demand is met."""
        return bool(self.rows) and not self.problems and all(row.ok for row in self.rows)

    @property
    def survivors(self) -> tuple[Row, ...]:
        """Mutants that no test notices and no entry explains."""
        return tuple(row for row in self.rows if row.kind == "mutant" and not row.ok and not row.reason)

    @property
    def kill_rate(self) -> float:
        """The part of the mutants that fail, those listed as equivalent left out; 1.0 where there are none."""
        counted = [row for row in self.rows if row.kind == "mutant" and not row.reason]
        return sum(row.ok for row in counted) / len(counted) if counted else 1.0

    def counts(self, kind: str, question: str | None = None) -> tuple[int, int]:
        """How many answers of this kind meet the demand, and how many there are; seeds of one answer count once."""
        met: dict[tuple[str, str], bool] = {}
        for row in self.rows:
            if row.kind == kind and question in (None, row.question):
                met[row.question, row.name] = met.get((row.question, row.name), True) and row.ok
        return sum(met.values()), len(met)

    @classmethod
    def from_dict(cls, data: dict, cached: bool = False) -> "Report":
        """The report of which ``dataclasses.asdict`` made ``data``."""
        rows = tuple(Row(**row) for row in data["rows"])
        return cls(**{**data, "rows": rows, "problems": tuple(data["problems"]), "cached": cached})


def print_report(report: Report, console) -> None:
    """Print the table of demands, a line for each question, and every answer that does not do what it must."""
    from rich.table import Table

    state = "unchanged since the last run" if report.cached else "verified"
    console.print(f"{report.assignment}: {state} in {report.seconds:.1f} s, {len(report.rows)} trials", markup=False)
    table = Table(box=None, pad_edge=False)
    for heading, justify in (("answer", "left"), ("must", "left"), ("does", "right")):
        table.add_column(heading, justify=justify)
    for kind, (who, must) in DEMANDS.items():
        good, total = report.counts(kind)
        seeds = f", {report.seeds} seeds" if kind in ("master", "right") else ""
        table.add_row(who, must + seeds, f"{good}/{total}")
    console.print(table)
    console.print(_kill_line(report), markup=False)
    console.print(_questions(report))
    for problem in report.problems:
        console.print(f"problem: {problem}", markup=False)
    for line in _failures(report):
        console.print(line, markup=False)


def _kill_line(report: Report) -> str:
    listed = sum(1 for row in report.rows if row.kind == "mutant" and row.reason)
    survivors = len(report.survivors)
    return f"kill rate {report.kill_rate:.1%}; {survivors} survive, {listed} are listed as equivalent"


def _questions(report: Report):
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading, justify in (("question", "left"), ("wrong", "right"), ("mutants", "right"), ("right", "right")):
        table.add_column(heading, justify=justify)
    for question in dict.fromkeys(row.question for row in report.rows if row.question):
        cells = ["{}/{}".format(*report.counts(kind, question)) for kind in ("wrong", "mutant", "right")]
        table.add_row(question, *cells)
    return table


def _failures(report: Report) -> Iterator[str]:
    """One line for each answer that fails its demand, and how many seeds it failed; survivors as entries to copy."""
    bad = [row for row in report.rows if not row.ok]
    times = Counter((row.kind, row.question, row.name) for row in bad)
    seen = set()
    for row in bad:
        key = row.kind, row.question, row.name
        if key in seen:
            continue
        seen.add(key)
        if row.kind == "mutant" and not row.reason:
            yield f"survivor: {row.detail}: equivalent({row.question!r}, {row.name!r}, why=…)"
            continue
        where = f"{row.question}, " if row.question else ""
        often = f" (seed {row.seed}, {times[key]} seeds in all)" if times[key] > 1 or row.seed else ""
        yield f"{row.kind}: {where}{row.name}: {row.detail}{often}"


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Show how far a run is, on standard error: a bar in a terminal, a line every ten seconds elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines(title, total)
        return
    columns = (TextColumn("verifying {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as display:
        task = display.add_task(title, total=total)
        yield lambda: display.advance(task)


@contextmanager
def silent(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Show nothing."""
    yield lambda: None


def _lines(title: str, total: int) -> Callable[[], None]:
    done, said = 0, time.monotonic()

    def step():
        nonlocal done, said
        done += 1
        if time.monotonic() - said > LINE_EVERY:
            said = time.monotonic()
            print(f"verifying {title}: {done} of {total}", file=sys.stderr, flush=True)

    return step
