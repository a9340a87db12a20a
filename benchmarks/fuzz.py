"""Damaged notebooks, a thousand of them: each ends in named problems and a normal verdict, never in a crash or a stop.

    python benchmarks/fuzz.py [--assignment gradient-descent] [--notebooks 1000] [--graded 100] [--seed 0]

A valid notebook with answers of known score (the master's, the release's, those of wrong.py) is damaged as text, as
JSON, in its cells, metadata and outputs. All notebooks are read; a part is graded too, in one class. Demanded: no
exception and no fault; every problem has its name and a sentence that can be printed; an answer whose text is a known
one gets what it is due, whatever was done around it; nothing gets more than its question is worth. What breaks this is
kept in _build/fuzz. Exit status 0, 1 when something does, 3 when there is no sandbox here.
"""

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from damages import fuzzed

from proctor.assignment import Assignment
from proctor.grade import grade
from proctor.intake import PROBLEMS, Submission, read_submission
from proctor.masters import find_master, read_master
from proctor.release import notebook_text, release_notebook
from proctor.results import Journal
from proctor.sandbox import SandboxMissing
from proctor.seeds import normalized
from proctor.variants import Variants, read_variants

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "_build" / "fuzz"


def notebooks(assignment: Assignment, variants: Variants, count: int, seed: int) -> Iterator[tuple[str, bytes, str]]:
    """Yield name, bytes and what was done to them, of ``count`` damaged notebooks; each depends on seed and number."""
    notebook, answers = release_notebook(assignment), known(assignment, variants)
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        for cell in notebook.cells:
            if cell.id in answers:
                cell.source = rng.choice([next(iter(answers[cell.id])), *answers[cell.id]])
        yield f"fuzzed-{number:04d}", *fuzzed(notebook_text(notebook).encode(), rng)


def known(assignment: Assignment, variants: Variants) -> dict[str, dict[str, float]]:
    """Question -> text (normalized) of each answer whose score is known -> that score; the solution comes first."""
    scores = {}
    for question in assignment.questions:
        tests = {cell.id: cell.points for cell in question.tests}
        rights = [question.answer.solution, *(one.source for one in variants.right if one.question == question.id)]
        wrongs = {one.source: one.fails for one in variants.wrong if one.question == question.id}
        wrongs[question.answer.released] = wrongs[""] = tests
        scores[question.id] = {normalized(text): sum(tests.values()) for text in rights}
        for text, fails in wrongs.items():
            scores[question.id][normalized(text)] = sum(points for id, points in tests.items() if id not in fails)
    return scores


def misread(submission: Submission, assignment: Assignment) -> list[str]:
    """What is wrong with how a damaged notebook was read, as sentences; none if all is well."""
    faults, ids = [], {question.id for question in assignment.questions}
    for code, message in ((problem.code, problem.message) for problem in submission.problems):
        if not message.startswith(PROBLEMS[code]) or not message.isprintable() or len(message) > 500:
            faults.append(f"the problem {code} says {message[:200]!r}")
    if len(submission.problems) > 4 + 2 * len(ids):
        faults.append(f"{len(submission.problems)} problems")
    if set(submission.answers) < ids and not submission.problems:
        faults.append(f"not a word on what became of {sorted(ids - set(submission.answers))}")
    with contextlib.suppress(UnicodeEncodeError):
        json.dumps(submission.answers, ensure_ascii=False).encode()
        return faults
    return [*faults, "an answer cannot be written as UTF-8"]


def misjudged(submission: Submission, judgement, assignment: Assignment, variants: Variants) -> list[str]:
    """Where a verdict is not what the answers are due, as sentences; none if all is well."""
    scores, faults = known(assignment, variants), []
    due = {id: scores[id].get(normalized(submission.answers.get(id, ""))) for id in scores}
    for question in assignment.questions:
        earned = sum(verdict.earned for verdict in judgement.of(question.id))
        highest = question.points if due[question.id] is None else due[question.id]
        # Exactly so much, if nothing unknown runs beside it and what it uses is right.
        used = assignment.used_by([question])
        sure = None not in due.values() and all(due[id] == assignment.question(id).points for id in used)
        if earned > highest or (sure and earned < highest):
            faults.append(f"{question.id} earned {earned:g}, is due {highest:g}")
    return faults


def read_all(assignment: Assignment, variants: Variants, count: int, seed: int = 0) -> tuple[list[str], Counter]:
    """Read ``count`` damaged notebooks; returns what went wrong, as sentences, and how often each problem was named."""
    faults, named = [], Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{assignment.name}.ipynb"
        for name, data, damage in notebooks(assignment, variants, count, seed):
            path.write_bytes(data)
            try:
                submission = read_submission(path, assignment, name)
                wrong = misread(submission, assignment)
                named.update({problem.code for problem in submission.problems} or {"no problem"})
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            faults += _kept(name, data, damage, wrong)
    return faults, named


def grade_some(root: Path, name: str, count: int, seed: int = 0, jobs: int = 1) -> tuple[list[str], Counter]:
    """Grade the first ``count`` of them as one class; returns what went wrong, and how often each kind was the verdict.

    Raises:
        SandboxMissing: if there is no sandbox here.
    """
    master = find_master(root, name)
    assignment, variants = read_master(master), read_variants(master.with_name("wrong.py"))
    faults, kinds = [], Counter()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        handed_in = list(notebooks(assignment, variants, count, seed))
        for student, data, _ in handed_in:
            path = directory / "submitted" / student / name / f"{name}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
        graded = grade(root, name, submissions=directory / "submitted", jobs=jobs)
        for row, (student, data, damage) in zip(graded.rows, handed_in, strict=True):
            kinds += row.kinds
            wrong = [row.fault]
            if not row.fault:
                result = Journal(directory, name).read(student)
                wrong = misjudged(result.submission, result.judgement, assignment, variants)
            faults += _kept(student, data, damage, wrong)
    return faults, kinds


def _kept(name: str, data: bytes, damage: str, wrong: list[str]) -> list[str]:
    """The sentences with the notebook's name before them; the notebook is kept, if there are any."""
    if wrong:
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{name}.ipynb").write_bytes(data)
    return [f"{name} ({damage}): {sentence}" for sentence in wrong]


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Read and grade damaged notebooks.")
    parser.add_argument("--assignment", default="gradient-descent")
    parser.add_argument("--notebooks", type=int, default=1000, help="how many are read")
    parser.add_argument("--graded", type=int, default=100, help="how many of them are graded too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    master = find_master(ROOT, options.assignment)
    started = time.perf_counter()
    faults, named = read_all(
        read_master(master), read_variants(master.with_name("wrong.py")), options.notebooks, options.seed
    )
    seconds = time.perf_counter() - started
    print(f"{options.notebooks} read in {seconds:.0f} s: {_counts(named)}", flush=True)
    try:
        more, kinds = grade_some(ROOT, options.assignment, options.graded, options.seed, options.jobs)
    except SandboxMissing as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 3
    print(f"{options.graded} graded: {_counts(kinds)}")
    faults += more
    print("\n".join(faults) if faults else "none crashed, none was without a named problem or its due verdicts")
    return 1 if faults else 0


def _counts(counter: Counter) -> str:
    return ", ".join(f"{what} {count}" for what, count in counter.most_common())


if __name__ == "__main__":
    raise SystemExit(main())
