"""Grades the sample class again and again: the grades must be the same each time, and nothing may be left behind.

    python benchmarks/repeat.py [ASSIGNMENT ...] [--rounds 5] [--jobs 2]

Each round grades a fresh copy of `_build/sample/submitted` from nothing. Looked at after each: the bytes of every table
of grades, processes that outlived the round, files left in the temporary directory, and the time, which must not creep
up. Exit status 0 when all rounds agree, 1 when one does not, 3 when there is no sandbox here.
"""

import argparse
import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

CLASS = Path("_build/sample/submitted")
GRACE = 5.0  # seconds; Python's fork server ends when it sees that its parent has
PR_SET_CHILD_SUBREAPER = 36  # of <sys/prctl.h>
SLOWER = 2.0  # a round that takes this many times the median of those before it: something piles up


def round_of_grading(name: str, jobs: int) -> tuple[dict[str, bytes], float, list[str]]:
    """Grade one assignment once.

    Args:
        name: the assignment.
        jobs: worker processes.

    Returns:
        The CSV files by name, seconds of wall time, and a sentence for each thing left behind.

    Raises:
        subprocess.CalledProcessError: if `proctor grade` fails; its status says why.
    """
    with tempfile.TemporaryDirectory(prefix="repeat-") as folder:
        course, scratch = Path(folder) / "class", Path(folder) / "tmp"
        shutil.copytree(CLASS, course / "submitted")
        scratch.mkdir()
        command = [sys.executable, "-m", "proctor.cli", "grade", name, "--jobs", str(jobs)]
        command += ["--submissions", str(course / "submitted")]
        started = time.perf_counter()
        # An own temporary directory: what is left of this round can be told from what others do here.
        done = subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": str(scratch)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output = done.communicate()[0]
        seconds = time.perf_counter() - started
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, output)
        left = _left_running()
        left += [f"temporary {path.name}" for path in scratch.iterdir()]
        grades = {path.name: path.read_bytes() for path in sorted((course / "grades").glob("*.csv"))}
    return grades, seconds, left


def repeat(rounds: int, jobs: int, only=(), say=print) -> list[str]:
    """Run the rounds; the faults found, as sentences.

    Args:
        rounds: how often, at least 2.
        jobs: worker processes.
        only: the assignments; all of the class when none is named.
        say: called with a line for each round.

    Raises:
        ValueError: for fewer than 2 rounds, or when there is no sample class.
    """
    if rounds < 2:
        raise ValueError(f"expected at least 2 rounds to compare, got {rounds}")
    there = {path.parent.name for path in CLASS.glob("*/*/*.ipynb")}
    if not there or (missing := set(only) - there):
        raise ValueError(
            f"there is no {', '.join(sorted(missing)) if there else 'class'} in {CLASS}: `make sample` writes it"
        )
    names = sorted(only or there)
    faults = []
    _adopt_orphans()
    for name in names:
        first, times = None, []
        for number in range(1, rounds + 1):
            grades, seconds, left = round_of_grading(name, jobs)
            say(f"{name} {number}/{rounds}: {seconds:.1f} s, {len(grades)} tables")
            first = grades if first is None else first
            if not grades:
                faults.append(f"{name}: round {number} wrote no grades")
            faults += [f"{name}: round {number} differs from the first in {file}" for file in _differing(first, grades)]
            faults += [f"{name}: round {number} left {thing}" for thing in left]
            if len(times) >= 2 and seconds > SLOWER * statistics.median(times):
                faults.append(f"{name}: round {number} took {seconds:.1f} s, {statistics.median(times):.1f} s before")
            times.append(seconds)
    return faults


def _adopt_orphans():
    """Make this process the parent of all whose own parent ends, whatever session or namespace they moved to."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _left_running() -> list[str]:
    deadline = time.monotonic() + GRACE
    while found := [one for one in psutil.Process().children(recursive=True) if _runs(one)]:
        if time.monotonic() > deadline:
            return [f"process {one.pid}" for one in found]
        time.sleep(0.2)
    return []


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _differing(one: dict, other: dict) -> list[str]:
    return sorted(file for file in one.keys() | other.keys() if one.get(file) != other.get(file))


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Grade the sample class again and again.")
    parser.add_argument("assignment", nargs="*", help="default: every one of the sample class")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    try:
        faults = repeat(options.rounds, options.jobs, options.assignment, say=lambda line: print(line, flush=True))
    except ValueError as error:
        print(f"repeat: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(error.output, file=sys.stderr)
        return error.returncode
    print("\n".join(faults) if faults else f"{options.rounds} rounds, the same grades each time, nothing left behind")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
