"""How much faster than plain nbgrader: honest submissions of gradient-descent graded by both, side by side in one run.

    python benchmarks/grading.py [--students 100] [--rounds 3]
    python benchmarks/grading.py --overhead [--students 100]

Every submission is right, put together from the master's solution and the right answers of ``wrong.py``, and every
answer of every run is a text of its own, so that no cache helps. Plain nbgrader means its own steps and defaults on
this course's source notebook: one process against ``proctor grade --jobs 1``, and two processes with half of the class
and a database each, started together, against ``--jobs 2``. Sandbox and examiner are on. Times are wall time of the
whole command; the rounds alternate in order. ``--plain-students`` measures nbgrader on fewer and scales what exceeds
its start-up. ``--overhead`` measures, for every assignment, what a submission costs beyond running its cells.

Written as JSON into ``_build/benchmarks``. Exit status 0; 1 when a ratio is below ``--at-least``; 3 without a sandbox.
"""

import argparse
import contextlib
import io
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import torch

from proctor.assignment import Assignment
from proctor.grade import grade
from proctor.masters import find_assignments, find_master, read_master
from proctor.release import notebook_text, release_notebook, source_notebook
from proctor.sandbox import sandbox_problem
from proctor.variants import read_variants

ROOT = Path(__file__).parents[1]
ASSIGNMENT, WORKERS, AIM = "gradient-descent", (1, 2), 25.0
NBGRADER = [sys.executable, "-m", "nbgrader"]


def write_class(directory: Path, assignment: Assignment, numbers: range, run: str) -> list[dict[str, str]]:
    """Write ``directory/<student>/<assignment>/`` for students of these numbers; returns the answers of each.

    Every answer names the student and the ``run``: nobody shares a text with another, and no run with the last.
    """
    rights = read_variants(find_master(ROOT, assignment.name).with_name("wrong.py")).right
    classroom = []
    for number in numbers:
        student, draw, answers = f"student-{number + 1:03d}", random.Random(number), {}
        for question in assignment.questions:
            others = [entry.source for entry in rights if entry.question == question.id]
            answers[question.id] = f"{draw.choice([question.answer.solution, *others])}\n# {student}, {run}\n"
        notebook = release_notebook(assignment)
        for cell in notebook.cells:
            cell.source = answers.get(cell.id, cell.source)
        folder = directory / student / assignment.name
        folder.mkdir(parents=True)
        (folder / f"{assignment.name}.ipynb").write_text(notebook_text(notebook), encoding="utf-8")
        classroom.append(answers)
    return classroom


class Race:
    """Grades one class either way; what is prepared once lies in ``scratch``."""

    def __init__(self, scratch: Path, assignment: Assignment):
        self.scratch, self.assignment, self.name = scratch, assignment, assignment.name
        self.due = sum(question.points for question in assignment.questions if not question.written)
        self.environment = {**os.environ, "JUPYTER_NO_CONFIG": "1", "OMP_NUM_THREADS": "1"}
        self.environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        source = scratch / "course" / "source" / self.name / f"{self.name}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(notebook_text(source_notebook(assignment)), encoding="utf-8")
        self.timed([([*NBGRADER, "generate_assignment", self.name], scratch / "course")])

    def plain(self, students: int, workers: int, run: str) -> float:
        """Seconds of plain nbgrader: as many processes as workers, each with its part of the class and a database."""
        folders = [self.scratch / f"{run}-{number}" for number in range(workers)]
        for number, folder in enumerate(folders):
            shutil.copytree(self.scratch / "course", folder)
            write_class(folder / "submitted", self.assignment, range(number, students, workers), run)
        seconds = self.timed([([*NBGRADER, "autograde", self.name], folder) for folder in folders])
        self._check(folders, students)
        return seconds

    def proctor(self, students: int, workers: int, run: str) -> float:
        """Seconds of ``proctor grade --jobs workers``."""
        folder = self.scratch / run
        write_class(folder / "submitted", self.assignment, range(students), run)
        command = [sys.executable, "-m", "proctor.cli", "grade", self.name, f"--jobs={workers}"]
        seconds = self.timed([([*command, f"--submissions={folder / 'submitted'}"], ROOT)])
        self._check([folder], students)
        return seconds

    def timed(self, commands: list[tuple[list[str], Path]], expected: int = 0) -> float:
        """Wall time of all commands, each with its directory, started together; another exit status ends the race."""
        started, running = time.perf_counter(), []
        for number, (command, folder) in enumerate(commands):
            with (self.scratch / f"log-{number}").open("w") as log:
                running.append(subprocess.Popen(command, cwd=folder, env=self.environment, stdout=log, stderr=log))
        codes = [process.wait() for process in running]
        seconds = time.perf_counter() - started
        for number, code in enumerate(codes):
            if code != expected:
                sys.exit(
                    f"{commands[number]} ended with {code}:\n{(self.scratch / f'log-{number}').read_text()[-3000:]}"
                )
        return seconds

    def _check(self, folders: list[Path], students: int) -> None:
        """Who grades wrongly is not in the race: everybody must have full marks."""
        from nbgrader.api import Gradebook

        found = []
        for folder in folders:
            with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
                found += [submission.score for submission in book.assignment_submissions(self.name)]
        if found != [self.due] * students:
            sys.exit(f"expected {students} times {self.due} points, got {sorted(found)} in {folders[0]}")


def race(assignment: Assignment, students: int, plain_students: int, rounds: int) -> dict:
    """Measure every way in every round; seconds by ``<way> <workers>``, one a round."""
    seconds = {f"{way} {count}": [] for count in WORKERS for way in ("plain", "proctor")}
    with tempfile.TemporaryDirectory(prefix="grading-") as scratch:
        one = Race(Path(scratch), assignment)
        # Before the first submission, of which there is none; it also brings the libraries into the disk cache.
        start = one.timed([([*NBGRADER, "autograde", one.name, "--student=nobody"], Path(scratch) / "course")], 1)
        for number in range(rounds):
            for label in list(seconds)[:: 1 if number % 2 == 0 else -1]:
                way, count = label.split()
                size = plain_students if way == "plain" else students
                took = getattr(one, way)(size, int(count), f"{way}-{count}-{number}")
                if size < students:
                    took = start + (took - start) * students / size
                seconds[label].append(took)
                print(f"  round {number + 1}, {way}, {count}: {took:.1f} s", file=sys.stderr, flush=True)
    middle = {label: statistics.median(times) for label, times in seconds.items()}
    ratios = {count: middle[f"plain {count}"] / middle[f"proctor {count}"] for count in WORKERS}
    counts = {"students": students, "plain_students": plain_students, "rounds": rounds}
    return {"assignment": assignment.name, **counts, "start_up": start, "seconds": seconds, "ratios": ratios}


def race_table(result: dict) -> str:
    """The race for people."""
    students, measured = result["students"], result["plain_students"]
    lines = [f"{'workers':>7} {'plain nbgrader':>34} {'proctor grade':>34} {'ratio':>7}"]
    for workers, ratio in result["ratios"].items():
        cells = []
        for way in ("plain", "proctor"):
            times = result["seconds"][f"{way} {workers}"]
            middle = statistics.median(times)
            cells.append(f"{middle:.1f} s ({min(times):.1f}-{max(times):.1f}), {60 * students / middle:.0f}/min")
        lines.append(f"{workers:>7} {cells[0]:>34} {cells[1]:>34} {ratio:>6.1f}x")
    lines.append(f"{students} submissions of {result['assignment']}; median (range) of {result['rounds']} rounds.")
    if measured < students:
        factor = f"what exceeds its start-up of {result['start_up']:.1f} s is multiplied by {students / measured:g}"
        lines.append(f"SCALED: plain nbgrader graded {measured} only; {factor}.")
    return "\n".join(lines)


def overhead(name: str, students: int) -> dict[str, float]:
    """Milliseconds of one submission of an assignment with one worker, medians, and seconds to the first result.

    ``all``: from one result to the next; ``judging``: its own wall time, as ``grade`` says; ``bare``: its cells in a
    warm process; ``added``: all - bare.
    """
    assignment, times, judging = read_master(find_master(ROOT, name)), [time.perf_counter()], []

    def note(row, *_):
        times.append(time.perf_counter())
        judging.append(row.seconds)

    with tempfile.TemporaryDirectory(prefix="overhead-") as scratch:
        classroom = write_class(Path(scratch) / "submitted", assignment, range(students), "overhead")
        grade(ROOT, name, submissions=Path(scratch) / "submitted", jobs=1, on_result=note)
    start, *steps = [after - before for before, after in pairwise(times)]
    bare(assignment, classroom[0])  # imports, caches
    samples = {"all": steps, "bare": [bare(assignment, answers) for answers in classroom], "judging": judging}
    cost = {column: 1000 * statistics.median(values) for column, values in samples.items()}
    return cost | {"added": cost["all"] - cost["bare"], "start": start}


def bare(assignment: Assignment, answers: dict[str, str]) -> float:
    """Seconds to run given, answer and tests cells in this process, as a script: no shell, fork or sandbox."""
    cells = [cell for cell in assignment.cells if cell.role in ("given", "answer", "tests")]
    texts = [answers[cell.id] if cell.role == "answer" else cell.solution for cell in cells]
    torch.set_num_threads(1)  # as where submissions are graded
    before, module = sys.modules["__main__"], types.ModuleType("__main__")
    sys.modules["__main__"] = module  # where `student` looks for the answers
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            started = time.perf_counter()
            for text in texts:
                exec(text, vars(module))
            return time.perf_counter() - started
    finally:
        sys.modules["__main__"] = before


def overhead_table(costs: dict[str, dict]) -> str:
    """What a submission costs, for people."""
    columns = ("all", "bare", "added", "judging", "start")
    lines = ["milliseconds a submission " + "".join(f"{column:>10}" for column in columns)]
    lines += [f"{name:<26}" + "".join(f"{cost[one]:>10.1f}" for one in columns) for name, cost in costs.items()]
    return "\n".join([*lines, "all = bare + added; judging is part of all; start: seconds to the first result, once"])


def machine() -> dict:
    """What the numbers depend on, without names."""
    versions = {package: version(package) for package in ("nbgrader", "nbclient", "ipykernel", "torch", "numpy")}
    system = f"{platform.system()} {platform.machine()}"
    return {"cores": os.cpu_count(), "system": system, "python": platform.python_version(), "versions": versions}


def main() -> int:
    """Measure, print, write; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--plain-students", type=int, help="measure nbgrader on fewer, and scale")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-least", type=float, default=AIM, metavar="RATIO", help=f"fail below it (default: {AIM})")
    parser.add_argument("--overhead", action="store_true", help="milliseconds a submission, for every assignment")
    options = parser.parse_args()
    if reason := sandbox_problem():
        print(f"grading: there is no sandbox here: {reason}", file=sys.stderr)
        return 3
    if options.overhead:
        result = {"overhead": {name: overhead(name, options.students) for name in find_assignments(ROOT)}}
        table, ratios = overhead_table(result["overhead"]), {}
    else:
        few = min(options.plain_students or options.students, options.students)
        result = race(read_master(find_master(ROOT, ASSIGNMENT)), options.students, few, options.rounds)
        table, ratios = race_table(result), result["ratios"]
    path = ROOT / "_build" / "benchmarks" / ("overhead.json" if options.overhead else "grading.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**result, "machine": machine()}, indent=1) + "\n", encoding="utf-8")
    print(f"{table}\nWritten: {path.relative_to(ROOT)}")
    return 0 if all(ratio >= options.at_least for ratio in ratios.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
