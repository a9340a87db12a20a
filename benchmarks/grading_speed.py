"""How long grading a class takes: `proctor grade` against plain nbgrader, on the same submissions, one after the other.

    python benchmarks/grading_speed.py [--students 20] [--jobs 2]          part of `make bench`

Plain means nbgrader as it comes: its own settings but for a time limit of 30 s a cell (without one, a submission that
loops would never end), one process, no sandbox. Both sides judge the same synthetic class with the same tests. Besides
the wall times it prints how many submissions each side brought to an end: a file that cannot be read is an end for
proctor (a score of 0 and a reason) and none for nbgrader. Exit status 1 when proctor is not the faster one, 3 when
there is no sandbox here.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from proctor.assignment import find_assignments, find_master, read_master
from proctor.release import notebook_text, source_notebook
from proctor.sample_class import write_sample_class

PLAIN = """\
c = get_config()
c.CourseDirectory.course_id = "plain"
c.Execute.timeout = 30
c.Execute.interrupt_on_timeout = True
"""


def grade_with_proctor(course: Path, name: str, folder: Path, jobs: int) -> tuple[float, int]:
    """Seconds of wall time, and submissions with a score.

    Args:
        course: the course's directory, with the masters.
        name: the assignment.
        folder: holds ``submitted/``; results are written beside it.
        jobs: worker processes.
    """
    command = [sys.executable, "-m", "proctor.cli", "grade", name, "--course", str(course), "--jobs", str(jobs)]
    seconds = _timed([*command, "--submissions", str(folder / "submitted")], folder, {0})
    with (folder / "grades" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return seconds, sum(row["score"] != "" for row in csv.DictReader(file))


def grade_with_nbgrader(course: Path, name: str, folder: Path) -> tuple[float, int]:
    """Seconds of wall time of ``nbgrader autograde`` alone, and submissions that it autograded.

    Args:
        course: the course's directory, with the masters.
        name: the assignment.
        folder: holds ``submitted/``; made a course of plain nbgrader.
    """
    (folder / "nbgrader_config.py").write_text(PLAIN, encoding="utf-8")
    source = folder / "source" / name / f"{name}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(notebook_text(source_notebook(read_master(find_master(course, name)))), encoding="utf-8")
    nbgrader = [sys.executable, "-m", "nbgrader"]
    _timed([*nbgrader, "generate_assignment", name, "--force"], folder, {0})
    # 1: it met a submission that it could not grade, and said so; it goes on with the rest.
    seconds = _timed([*nbgrader, "autograde", name, "--force"], folder, {0, 1})
    return seconds, sum(1 for _ in (folder / "autograded").glob(f"*/{name}/{name}.ipynb"))


def _timed(command: list[str], folder: Path, good: set[int]) -> float:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # nbgrader calls alembic
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode not in good:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
    return time.perf_counter() - started


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="proctor grade against plain nbgrader.")
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--assignment", default=None, help="the first one, by default")
    options = parser.parse_args()
    course = Path(__file__).resolve().parents[1]
    name = options.assignment or min(find_assignments(course))
    with tempfile.TemporaryDirectory(prefix="speed-") as scratch:
        folders = [Path(scratch) / side for side in ("proctor", "nbgrader")]
        for folder in folders:
            write_sample_class(course, folder, students=options.students, assignments=[name])
        try:
            ours = grade_with_proctor(course, name, folders[0], options.jobs)
            theirs = grade_with_nbgrader(course, name, folders[1])
        except subprocess.CalledProcessError as error:
            print(error.output, file=sys.stderr)
            return error.returncode
    print(f"{name}, {options.students} submissions")
    for side, (seconds, ended) in (("proctor grade", ours), ("nbgrader autograde", theirs)):
        rate = 60 * options.students / seconds
        print(f"  {side:<20} {seconds:7.1f} s  {rate:6.1f} a minute  {ended} of {options.students} brought to an end")
    print(f"  proctor is {theirs[0] / ours[0]:.1f} times as fast, with {options.jobs} processes against one")
    return 0 if ours[0] < theirs[0] else 1


if __name__ == "__main__":
    raise SystemExit(main())
