"""How much faster than plain nbgrader: the same sample submissions graded by both, one after the other, in one run.

    python benchmarks/grading.py [--assignment gradient-descent] [--students 20] [--jobs 2] [--output FILE]

Two classes are graded. The *whole* class holds every kind of submission; plain nbgrader loses some of them (a crash, a
file that is no notebook), and how many it scored rightly is said beside its time. The *sound* class leaves out what
plain nbgrader cannot grade, so that both do the same work; its ratio is the one to quote. Plain nbgrader means:
nbgrader's own steps and defaults, one process, this course's source notebook. The result is written as JSON. Exit
status 0, 1 when proctor is not faster by ``--at-least`` on the sound class, 3 when there is no sandbox here.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from proctor.masters import find_assignments, find_master, read_master
from proctor.release import notebook_text, source_notebook
from proctor.sample_class import write_sample_class

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "_build" / "benchmarks"
LIMIT_SECONDS = 1800
NOT_FOR_PLAIN = set(
    "crashing looping truncated empty binary missing old-format renamed duplicated".split()  # noqa: SIM905 - one line
)


@dataclass(frozen=True)
class Run:
    """One way of grading one class.

    Attributes:
        seconds: wall time, the program's start included.
        status: exit status; None if it was stopped at the limit.
        right: submissions whose score is the one due.
        scored: submissions with any result; the log says what became of the others.
        aborts: times that the program stopped in the middle of the class and was started again without the culprit.
    """

    seconds: float
    status: int | None
    right: int
    scored: int
    aborts: int = 0


def plain(folder: Path, name: str, due: dict[str, float]) -> Run:
    """Grade ``folder/submitted`` with nbgrader's own steps; the assignment is recorded before the clock starts."""
    source = folder / "source" / name / f"{name}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(notebook_text(source_notebook(read_master(find_master(ROOT, name)))), encoding="utf-8")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"JUPYTER_NO_CONFIG": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "nbgrader"]
    subprocess.run(
        [*command, "generate_assignment", name], cwd=folder, env=environment, check=True, capture_output=True
    )
    seconds, status, aborts = _autograde(folder, name, [*command, "autograde", name], environment)
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        found = {submission.student.id: submission.score for submission in book.assignment_submissions(name)}
    graded = _autograded(folder, name) & set(found)
    right = sum(found[student] == due[student] for student in graded)
    return Run(seconds, status, right, len(graded), aborts)


def _autograde(folder: Path, name: str, command, environment) -> tuple[float, int | None, int]:
    """Run until every submission was tried: some make nbgrader stop, and are left out when it is started again."""
    students = {path.parent.parent.name for path in (folder / "submitted").glob(f"*/{name}/*.ipynb")}
    left_out, seconds, aborts = set(), 0.0, 0
    while True:
        log = LOGS / f"{folder.name}-{aborts}.log"
        took, status = _timed(
            [*command, f"--CourseDirectory.student_id_exclude={','.join(sorted(left_out))}"], folder, environment, log
        )
        seconds += took
        text = log.read_text(encoding="utf-8", errors="replace")
        left_out |= set(re.findall(r"error processing assignment: \S*/submitted/([^/]+)/", text))
        if not students - left_out - _autograded(folder, name):
            return seconds, status, aborts
        left_out.add(re.findall(r"(?:Sanitizing|Autograding) \S*/(?:submitted|autograded)/([^/]+)/", text)[-1])
        aborts += 1


def _autograded(folder: Path, name: str) -> set[str]:
    return {path.parent.parent.name for path in (folder / "autograded").glob(f"*/{name}/{name}.ipynb")}


def ours(folder: Path, name: str, due: dict[str, float], jobs: int) -> Run:
    """Grade ``folder/submitted`` with ``proctor grade``."""
    command = [sys.executable, "-m", "proctor.cli", "grade", name, "--jobs", str(jobs)]
    command += ["--submissions", str(folder / "submitted")]
    timed = _timed(command, ROOT, dict(os.environ), LOGS / f"{folder.name}.log")
    results = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "results" / name).glob("*.json")]
    found = {result["submission"]["student"]: _earned(result["judgement"]) for result in results}
    return Run(*timed, right=sum(found[student] == due[student] for student in found), scored=len(found))


def _earned(judgement: dict) -> float:
    return sum(verdict["points"] for verdict in judgement["verdicts"] if verdict["kind"] == "pass")


def _timed(command, folder, environment, log: Path) -> tuple[float, int | None]:
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with log.open("wb") as output:
        try:
            status = subprocess.run(
                command, cwd=folder, env=environment, stdout=output, stderr=output, timeout=LIMIT_SECONDS, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            status = None
    return time.perf_counter() - started, status


def measure(name: str, students: int, jobs: int) -> dict:
    """Grade both classes both ways.

    Raises:
        SystemExit: with status 3 if ``proctor grade`` finds no sandbox.
    """
    classes = {}
    with tempfile.TemporaryDirectory(prefix="grading-") as scratch:
        whole = Path(scratch) / "class"
        manifest = write_sample_class(ROOT, whole, students=students, assignments=[name])["students"]
        subprocess.run([sys.executable, "-c", "import torch, nbgrader.apps"], check=True)  # both from warm disk caches
        for label, excluded in (("sound", NOT_FOR_PLAIN), ("whole", set())):
            taken = {student: entry[name] for student, entry in manifest.items() if entry[name]["kind"] not in excluded}
            due = {student: entry["score"] for student, entry in taken.items()}
            runs = {}
            for way in ("proctor", "plain"):
                folder = Path(scratch) / f"{label}-{way}"
                for student in taken:
                    shutil.copytree(whole / "submitted" / student, folder / "submitted" / student)
                runs[way] = ours(folder, name, due, jobs) if way == "proctor" else plain(folder, name, due)
                print(f"  {label} class, {way}: {runs[way].seconds:.1f} s", file=sys.stderr, flush=True)
                if way == "proctor" and runs[way].status == 3:
                    raise SystemExit(3)
            classes[label] = {
                "submissions": len(taken),
                "excluded": sorted({entry[name]["kind"] for entry in manifest.values()} & excluded),
                "ratio": runs["plain"].seconds / runs["proctor"].seconds,
                **{way: asdict(run) for way, run in runs.items()},
            }
    return {
        "assignment": name,
        "students": students,
        "jobs": jobs,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in ("nbgrader", "torch", "ipykernel")},
        "classes": classes,
    }


def table(result: dict) -> str:
    """The result for people."""
    lines = [f"{'class':<7} {'n':>3} {'plain nbgrader':>32} {'proctor':>32} {'ratio':>7}"]
    for label, measured in result["classes"].items():
        cells = [
            f"{measured[way]['seconds']:7.1f} s, {measured[way]['right']:>2} right, {measured[way]['scored']:>2} scored"
            for way in ("plain", "proctor")
        ]
        lines.append(
            f"{label:<7} {measured['submissions']:>3} {cells[0]:>32} {cells[1]:>32} {measured['ratio']:>6.1f}x"
        )
    if aborts := result["classes"].get("whole", {}).get("plain", {}).get("aborts"):
        lines.append(
            f"On the whole class plain nbgrader stopped {aborts} times and was started again without the culprit."
        )
    kinds = ", ".join(result["classes"]["sound"]["excluded"]) or "nothing"
    lines.append(f"Left out of the sound class, because plain nbgrader cannot grade it: {kinds}.")
    lines.append(f"proctor used {result['jobs']} workers on {result['cores']} cores; nbgrader has one process.")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, write; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--assignment", default=next(iter(find_assignments(ROOT)), None))
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, default=LOGS / "grading.json")
    parser.add_argument("--at-least", type=float, default=1.0, metavar="RATIO", help="fail below this ratio")
    options = parser.parse_args()
    result = measure(options.assignment, options.students, options.jobs)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(table(result))
    print(f"Written: {options.output}")
    return 0 if result["classes"]["sound"]["ratio"] >= options.at_least else 1


if __name__ == "__main__":
    raise SystemExit(main())
