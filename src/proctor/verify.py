"""Tests the tests of an assignment: does every test cell tell right from wrong?

``proctor verify`` demands, for every assignment,

- of the master: full marks, whatever inputs are drawn;
- of the release untouched, and of an empty answer cell: nothing, on each question;
- of each wrong answer of ``wrong.py``: to fail exactly the test cells it names;
- of each automatic mutant of a solution: to fail, unless ``wrong.py`` lists it as equivalent with the reason;
- of each right answer written differently: full marks, whatever inputs are drawn.

A variant runs the given cells, the answers that its question uses, and its question only. The result is kept under
``_build/verify/`` for as long as nothing changes that it depends on.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

from proctor.assignment import Assignment, Question
from proctor.environment import JUDGING, file_digest, judging_digest
from proctor.files import write_atomic
from proctor.masters import read_master
from proctor.mutants import Mutant, find_mutant, mutants
from proctor.trials import Outcome, Trial, run_trials
from proctor.variants import Variants, read_variants
from proctor.verified import Report, Row, bar, print_report

__all__ = ["Report", "print_report", "verify_assignment"]

# What a verdict depends on; a test compares this with what is in fact imported.
MODULES = (
    *JUDGING,
    "environment",
    "forked",
    "huge_pages",
    "mutants",
    "mutations",
    "trials",
    "variants",
    "verified",
    "verify",
)
LOOP_FACTOR, LOOP_SECONDS = 5.0, 0.25
ALONE = "alone with the answers it uses"

Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]


def verify_assignment(
    path: Path,
    *,
    jobs: int = 1,
    seeds: int = 20,
    wrong_seeds: int = 3,
    force: bool = False,
    progress: Progress = bar,
    cache: Path | None = None,
) -> Report:
    """Verify one assignment.

    Args:
        path: its master ``solutions/<name>/<name>.md``; ``wrong.py`` lies beside it.
        jobs: worker processes.
        seeds: how many times inputs are drawn for the master and for each right answer; mutants get one of them.
        wrong_seeds: how many of them each wrong answer gets.
        force: run even if nothing has changed.
        progress: opens a display, given a title and the number of trials; what it yields is called after each trial.
        cache: folder of kept results; ``_build/verify`` of the course by default.

    Returns:
        The report; ``report.ok`` says whether every demand is met.

    Raises:
        MasterError: if the master cannot be read.
        VariantsError: if ``wrong.py`` cannot be read.
    """
    path, start = Path(path), time.monotonic()
    wrong = path.with_name("wrong.py")
    kept = (cache or path.resolve().parents[2] / "_build" / "verify") / f"{path.stem}.json"
    key = _key(path, wrong, seeds, wrong_seeds)
    if not force and (report := _read(kept, key)):
        return report
    assignment, variants = read_master(path), read_variants(wrong)
    trials, made = list(_trials(assignment, variants, seeds, wrong_seeds)), _mutants(assignment)
    with progress(assignment.name, len(trials) + sum(map(len, made.values()))) as on_done:
        outcomes = run_trials(assignment, trials, jobs=jobs, on_done=on_done)
        limits = _limits(assignment, outcomes)
        outcomes += run_trials(assignment, _mutant_trials(assignment, made, limits), jobs=jobs, on_done=on_done)
    problems = [*variants.problems(assignment), *_equivalents_without_mutant(variants, made)]
    rows = tuple(_row(outcome, variants) for outcome in outcomes)
    report = Report(assignment.name, rows, tuple(problems), seeds, time.monotonic() - start)
    if not any(outcome.fault for outcome in outcomes):
        write_atomic(kept, json.dumps({"key": key, "report": asdict(report)}, indent=1) + "\n")
    return report


def _trials(assignment: Assignment, variants: Variants, seeds: int, wrong_seeds: int) -> Iterator[Trial]:
    solutions, stubs = assignment.solutions(), assignment.stubs()
    for seed in range(seeds):
        yield Trial("master", None, f"seed {seed}", solutions, seed)
    yield Trial("untouched", None, "the release as it is", stubs)
    for question in _judged(assignment):
        id, stub = question.id, stubs[question.id]
        yield Trial("master", id, ALONE, solutions)
        yield Trial("untouched", id, "the stub, with the answers it uses", {**solutions, id: stub})
        yield Trial("untouched", id, "an empty cell", {**solutions, id: ""})
        for wrong in variants.wrong:
            if wrong.question == id:
                for seed in range(min(seeds, wrong_seeds)):
                    yield Trial("wrong", id, wrong.name, {**solutions, id: wrong.source}, seed)
        for right in variants.right:
            if right.question == id:
                for seed in range(seeds):
                    yield Trial("right", id, right.name, {**solutions, id: right.source}, seed)


def _mutants(assignment: Assignment) -> dict[str, list[Mutant]]:
    return {question.id: mutants(question.answer.source) for question in _judged(assignment)}


def _limits(assignment: Assignment, outcomes: list[Outcome]) -> dict[str, float]:
    """CPU limit of a mutant, by question: a mutant may loop for ever, and many of them do."""
    used = {outcome.trial.question: outcome.cpu_seconds for outcome in outcomes if outcome.trial.name == ALONE}
    return {id: min(assignment.cpu_seconds, LOOP_SECONDS + LOOP_FACTOR * seconds) for id, seconds in used.items()}


def _mutant_trials(assignment, made, limits) -> Iterator[Trial]:
    solutions = assignment.solutions()
    for id, those in made.items():
        for mutant in those:
            yield Trial("mutant", id, mutant.name, {**solutions, id: mutant.source}, cpu_seconds=limits[id])


def _judged(assignment: Assignment) -> list[Question]:
    return [question for question in assignment.questions if not question.written]


def _row(outcome: Outcome, variants: Variants) -> Row:
    trial = outcome.trial
    row = Row(trial.kind, trial.question or "", trial.name, trial.seed)
    if outcome.fault:
        return row.but(ok=False, detail=f"could not be judged: {outcome.fault}")
    failed = [verdict.cell for verdict in outcome.failed]
    if trial.kind in ("master", "right"):
        said = "; ".join(f"{verdict.cell}: {verdict.message}" for verdict in outcome.failed)
        return row.but(ok=not failed, detail=f"must get full marks, but fails {said}" if failed else "")
    passed = [verdict.cell for verdict in outcome.verdicts if verdict.passed]
    if trial.kind == "untouched":
        return row.but(ok=not passed, detail=f"must get nothing, but passes {', '.join(passed)}" if passed else "")
    if trial.kind == "wrong":
        wanted = next(w.fails for w in variants.wrong if (w.question, w.name) == (trial.question, trial.name))
        return row.but(ok=set(failed) == set(wanted), detail=_difference(outcome, wanted))
    reason = _reason(variants, trial)
    if reason and failed:
        detail = f"listed as equivalent, but {failed[0]} tells it from the solution: take the entry out"
        return row.but(ok=False, detail=detail, reason=reason)
    return row.but(ok=bool(failed or reason), detail="" if failed or reason else "no test notices", reason=reason)


def _difference(outcome: Outcome, wanted: tuple[str, ...]) -> str:
    failed = {verdict.cell: verdict.message for verdict in outcome.failed}
    missed = [cell for cell in wanted if cell not in failed]
    more = [f"{cell} ({message})" for cell, message in failed.items() if cell not in wanted]
    parts = [f"must fail {', '.join(missed)}, but passes"] * bool(missed)
    parts += [f"must fail {', '.join(wanted)} only, but fails also {'; '.join(more)}"] * bool(more)
    return "; ".join(parts)


def _reason(variants: Variants, trial: Trial) -> str:
    """Why ``wrong.py`` says that this mutant is equivalent; empty where it does not say so."""
    for entry in variants.equivalent:
        if entry.question == trial.question and entry.mutant in (trial.name, trial.name.partition(": ")[2]):
            return entry.why
    return ""


def _equivalents_without_mutant(variants: Variants, made: dict[str, list[Mutant]]) -> Iterator[str]:
    for entry in variants.equivalent:
        if entry.question in made:
            try:
                find_mutant(made[entry.question], entry.mutant)
            except ValueError as error:
                yield f"{entry.where}: {error}"


def _key(master: Path, wrong: Path, *seeds: int) -> str:
    """Digest of all that the report depends on."""
    return file_digest([master, wrong], f"{seeds} {judging_digest(MODULES)}")


def _read(path: Path, key: str) -> Report | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Report.from_dict(kept["report"], cached=True) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
