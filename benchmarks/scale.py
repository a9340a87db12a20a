"""A whole class in one go: how many submissions a minute, and that memory does not grow with the class.

    python benchmarks/scale.py [--assignment gradient-descent] [--students 100 1000] [--jobs 2] [--at-most 1.2]

For each size a synthetic class is written, no two submissions with the same answers, and graded by one `proctor grade`.
Meanwhile the memory of its process tree is looked at, five times a second: the sum of the proportional set sizes, in
which a page that several processes share counts once. The result is written as JSON. Exit status 0; 1 when a submission
did not get its due score, or when the largest class took more than 1.2 times the memory of the smallest, all processes
together or the writing process alone; 3 when there is no sandbox here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from proctor.markers import CODE_STUB
from proctor.results import Journal
from proctor.sample_class import write_sample_class

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "_build" / "benchmarks" / "scale.json"
INTERVAL = 0.2  # seconds between two looks at the memory
STUB = CODE_STUB.split("\n")[0]  # an answer that was left open stays as released


@dataclass(frozen=True)
class Run:
    """One class, graded.

    Attributes:
        students: size of the class.
        seconds: wall time, the program's start included.
        tree: highest memory of all processes together, bytes.
        main: highest memory of the process that writes, bytes.
        wrong: what did not get its due score, as sentences.
    """

    students: int
    seconds: float
    tree: int
    main: int
    wrong: tuple[str, ...]

    @property
    def per_minute(self) -> float:
        return 60 * self.students / self.seconds


def grade_class(root: Path, name: str, students: int, jobs: int) -> Run:
    """Write a class of ``students`` and grade it.

    Args:
        root: the course.
        name: the assignment.
        students: how many.
        jobs: workers of ``proctor grade``.

    Raises:
        subprocess.CalledProcessError: if ``proctor grade`` fails; its status says why, ``output`` what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        directory = Path(folder)
        manifest = write_sample_class(root, directory, students=students, assignments=[name])["students"]
        for path in (directory / "submitted").glob("*/*/*.ipynb"):
            make_distinct(path)
        command = [sys.executable, "-m", "proctor.cli", "grade", name, "--course", str(root), "--jobs", str(jobs)]
        command += ["--submissions", str(directory / "submitted")]
        with tempfile.TemporaryFile() as log:
            started, tree, main = time.perf_counter(), 0, 0
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            while process.poll() is None:
                sizes = memory(process.pid)
                tree, main = max(tree, sum(sizes)), max(main, sizes[0])
                time.sleep(INTERVAL)
            seconds = time.perf_counter() - started
            if process.returncode:
                log.seek(0)
                raise subprocess.CalledProcessError(process.returncode, command, log.read().decode("utf-8", "replace"))
        wrong = []
        for student, due in ((student, entry[name]["score"]) for student, entry in manifest.items()):
            result = Journal(directory, name).read(student)
            earned = result.judgement.earned if result else None
            if earned != due:
                wrong.append(f"{student}, {manifest[student][name]['kind']}: due {due:g}, got {earned}")
    return Run(students, seconds, tree, main, tuple(wrong))


def make_distinct(path: Path) -> None:
    """Sign every answer of a notebook with a comment, so that grading cannot reuse another student's verdicts."""
    try:
        notebook = json.loads(path.read_bytes())
        cells = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")]
    except (ValueError, KeyError):
        return  # one of those that are no notebook
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and STUB not in source:
            cell["source"] = f"{source}\n# {path.parts[-3]}\n"
    path.write_text(json.dumps(notebook), encoding="utf-8")


def memory(pid: int) -> list[int]:
    """Memory of a process, first, and of each of its descendants, bytes; those that are gone count 0."""
    try:
        process = psutil.Process(pid)
        return [_size(one) for one in (process, *process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return [0]


def _size(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.AccessDenied:  # a jailed process, and we are not root: what it does not share with files
        info = process.memory_info()
        return info.rss - info.shared
    except psutil.NoSuchProcess:
        return 0


def growth(runs: list[Run]) -> float:
    """Memory of the last run over that of the first: all processes, or the writing one, whichever grew more."""
    return max(runs[-1].tree / runs[0].tree, runs[-1].main / runs[0].main)


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Grade classes of several sizes; memory must not grow with them.")
    parser.add_argument("--assignment", default="gradient-descent")
    parser.add_argument("--students", type=int, nargs="+", default=[100, 1000], help="sizes, smallest first")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--at-most", type=float, default=1.2, metavar="RATIO", help="fail above this growth")
    options = parser.parse_args()
    runs = []
    for students in options.students:
        try:
            runs.append(grade_class(ROOT, options.assignment, students, options.jobs))
        except subprocess.CalledProcessError as error:
            print(error.output, file=sys.stderr)
            return error.returncode
        run = runs[-1]
        print(
            f"{students} students: {run.seconds:.0f} s, {run.per_minute:.0f} a minute, {len(run.wrong)} not as due; "
            f"peak {run.tree / 2**20:.0f} MiB, of it the writing process {run.main / 2**20:.0f} MiB",
            flush=True,
        )
        print("".join(f"  {sentence}\n" for sentence in run.wrong[:20]), end="")
    ratio = growth(runs)
    print(f"growth of memory: {ratio:.2f}; promised: at most {options.at_most}")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    result = {"assignment": options.assignment, "jobs": options.jobs, "cores": os.cpu_count(), "growth": ratio}
    result["runs"] = [asdict(run) | {"per_minute": run.per_minute} for run in runs]
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(ratio > options.at_most or any(run.wrong for run in runs))


if __name__ == "__main__":
    raise SystemExit(main())
