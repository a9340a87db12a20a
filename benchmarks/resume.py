"""Kills `proctor grade` with SIGKILL at random moments and resumes it: nothing may be lost, skipped or judged twice.

    python benchmarks/resume.py [--kills 20] [--assignment NAME] [--students 12] [--jobs 2] [--seed 0]

A class is graded once undisturbed. Copies of it are graded by runs that are killed, with all their processes: after a
random time, or as soon as the database, a notebook, a page, a journal entry or a temporary file was written, which is
where one step of `proctor.desk` ends and the next begins. The run that is let through to the end must leave what the
undisturbed one left: gradebook rows, autograded notebooks, feedback pages, CSV, journal, and no file more. A journal
entry that an earlier run wrote must be the same file at the end: its submission was not judged again. Exit status 0
when all is so, 1 when not, 3 when there is no sandbox here.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil

from proctor.masters import find_assignments
from proctor.sample_class import write_sample_class
from proctor.seeds import course_secret

ROOT = Path(__file__).parents[1]
WRITTEN = ("autograded", "feedback", "grades", "results")
TIMES = ("seconds", "cpu_seconds", "spent")  # of a journal entry: differ from run to run
MOMENTS = {
    "notebook": "autograded/*/*/*.ipynb",
    "page": "feedback/*/*/*.html",
    "journal entry": "results/*/*.json",
    "temporary file": "*/**/.*.tmp",
    "transaction": "gradebook.db-wal",
    "table": "grades/*.csv",
}
TABLES = {
    "student": "SELECT id FROM student",
    "submission": """SELECT assignment.name, student_id, submitted_assignment.timestamp, late_submission_penalty
        FROM submitted_assignment JOIN assignment ON assignment.id = submitted_assignment.assignment_id
        LEFT JOIN submitted_notebook ON submitted_notebook.assignment_id = submitted_assignment.id""",
    **{
        table: f"""SELECT base_cell.name, student_id, {columns} FROM {table} JOIN base_cell ON base_cell.id = cell_id
        JOIN submitted_notebook ON submitted_notebook.id = {table}.notebook_id
        JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id"""
        for table, columns in (
            ("grade", "auto_score, manual_score, extra_credit, needs_manual_grade"),
            ("comment", "auto_comment, manual_comment"),
        )
    },
    "source": "SELECT name, cell_type, locked, source, checksum FROM source_cell",
    "cell": "SELECT name, type, max_score FROM base_cell LEFT JOIN grade_cells ON grade_cells.id = base_cell.id",
    "schema": "SELECT version_num FROM alembic_version",
}


def canonical(course: Path) -> dict[str, str]:
    """All that grading leaves in a course directory, without times and without what is drawn at random.

    Args:
        course: holds ``gradebook.db``, ``autograded/``, ``feedback/``, ``grades/`` and ``results/``.

    Returns:
        A name for each database row and file -> its values, or the SHA-256 of its content.
    """
    found = {}
    with closing(sqlite3.connect(course / "gradebook.db")) as database:
        for table, query in TABLES.items():
            for number, row in enumerate(sorted(map(repr, database.execute(query)))):
                found[f"{table} {number}"] = row
    for path in sorted(path for folder in WRITTEN for path in (course / folder).rglob("*") if path.is_file()):
        if path.name != ".lock":
            found[str(path.relative_to(course))] = hashlib.sha256(_timeless(path)).hexdigest()
    return found


def _timeless(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix != ".json":
        return data
    entry = json.loads(data)
    for part in (entry, entry["judgement"]):
        for name in TIMES:
            part.pop(name, None)
    return json.dumps(entry, sort_keys=True).encode()


def differences(expected: dict[str, str], got: dict[str, str]) -> list[str]:
    """A sentence for each row or file that is not the same in two dumps."""
    return [
        f"{name}: expected {expected.get(name, 'nothing')}, got {got.get(name, 'nothing')}"
        for name in sorted(expected.keys() | got.keys())
        if expected.get(name) != got.get(name)
    ]


def resume(
    root: Path,
    name: str,
    *,
    kills: int,
    students: int,
    jobs: int = 2,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> list[str]:
    """Grade a class undisturbed, then again and again with runs killed and resumed, until ``kills`` were killed.

    Args:
        root: the course, with ``solutions/``.
        name: the assignment.
        kills: how many runs are killed.
        students: how large the class is; the one whose answer never ends is left out.
        jobs: submissions judged at a time.
        seed: of the class and of the moments.
        say: called with a line for each run.

    Returns:
        The faults found, as sentences.

    Raises:
        subprocess.CalledProcessError: if an undisturbed run fails; its status says why.
    """
    draw, faults, killed = random.Random(seed), [], 0
    with tempfile.TemporaryDirectory(prefix="resume-") as scratch:
        handed_in, course = Path(scratch) / "handed-in", Path(scratch) / "undisturbed"
        _hand_in(root, name, handed_in, students, seed)
        shutil.copytree(handed_in, course)
        started = time.monotonic()
        _finish(_start(course, name, jobs))
        seconds, expected = time.monotonic() - started, canonical(course)
        say(f"undisturbed: {seconds:.1f} s, {len(expected)} rows and files")
        shutil.rmtree(course)
        while killed < kills:
            course, done = Path(scratch) / f"killed-{killed}", {}
            shutil.copytree(handed_in, course)
            while killed < kills and (moment := _kill_at_random(_start(course, name, jobs), course, draw, seconds)):
                killed += 1
                entries = _entries(course)
                faults += [f"kill {killed}: {entry} was judged again" for entry in _replaced(done, entries)]
                done |= entries
                say(f"kill {killed}/{kills} {moment}: {len(entries)} submissions in the journal")
            _finish(_start(course, name, jobs))
            faults += [f"after kill {killed}: {entry} was judged again" for entry in _replaced(done, _entries(course))]
            found = differences(expected, canonical(course))
            faults += [f"after kill {killed}: {difference}" for difference in found]
            say(f"resumed to the end: {len(found)} differences")
            shutil.rmtree(course)
    return faults


def _hand_in(root: Path, name: str, course: Path, students: int, seed: int) -> None:
    shutil.copytree(Path(root) / "solutions" / name, course / "solutions" / name)
    manifest = write_sample_class(root, course, students=students, seed=seed, assignments=[name])
    for student, work in manifest["students"].items():
        if work[name]["kind"] == "looping":  # its CPU limit would be waited for in every run
            shutil.rmtree(course / "submitted" / student)
    course_secret(course)


def _start(course: Path, name: str, jobs: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "proctor.cli", "grade", name, "--course", str(course), "--jobs", str(jobs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _finish(process: subprocess.Popen) -> None:
    output = process.communicate()[0]
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, output)


def _kill_at_random(process: subprocess.Popen, course: Path, draw: random.Random, seconds: float) -> str | None:
    """Kill a run at a moment drawn at random; says which, or None if the run ended before."""
    what, times, after = draw.choice(["time", *MOMENTS]), draw.randint(1, 4), draw.uniform(0.0, seconds)
    started = time.monotonic()
    after = after if what == "time" else 3 * seconds  # others may be busy with this machine
    before = _state(course, what)
    while process.poll() is None:
        if time.monotonic() > started + after:
            what = "time"
            break
        if (now := _state(course, what)) != before:
            before, times = now, times - 1
            if not times:
                break
        time.sleep(0.0005)
    if not _kill_tree(process):
        _finish(process)
        return None
    return f"after {after:.1f} s" if what == "time" else f"when a {what} was written"


def _state(course: Path, what: str) -> set:
    if what == "time":
        return set()
    found = set()
    for path in course.glob(MOMENTS[what]):
        with suppress(FileNotFoundError):  # a temporary file, renamed meanwhile
            status = path.stat()
            found.add((path.name, path.parent, status.st_ino, status.st_size))
    return found


def _kill_tree(process: subprocess.Popen) -> bool:
    """Kill a run and all its processes, without giving one of them time to clean up; False if it had ended."""
    if process.poll() is not None:
        return False
    try:
        family = [psutil.Process(process.pid)]
        family += family[0].children(recursive=True)
    except psutil.NoSuchProcess:
        return False
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.communicate()
    alive = psutil.wait_procs(family[1:], timeout=10)[1]
    if alive:
        raise RuntimeError(f"expected that SIGKILL ends every process of a run, {alive} did not end")
    return process.returncode < 0


def _entries(course: Path) -> dict[str, tuple[int, int]]:
    """Journal entries, each as the file that it is."""
    status = {path.name: path.stat() for path in course.glob(MOMENTS["journal entry"])}
    return {name: (one.st_ino, one.st_mtime_ns) for name, one in status.items()}


def _replaced(before: dict, after: dict) -> list[str]:
    return sorted(name for name in before if before[name] != after.get(name))


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Kill `proctor grade` again and again, and resume it.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--assignment", default=next(iter(find_assignments(ROOT)), None))
    parser.add_argument("--students", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        faults = resume(
            ROOT,
            options.assignment,
            kills=options.kills,
            students=options.students,
            jobs=options.jobs,
            seed=options.seed,
            say=lambda line: print(line, flush=True),
        )
    except subprocess.CalledProcessError as error:
        print(error.output, file=sys.stderr)
        return error.returncode
    print("\n".join(faults) if faults else f"{options.kills} runs killed, nothing lost, skipped or judged twice")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
