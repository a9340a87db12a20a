"""What grading one submission gave, and the journal that keeps it.

One JSON file a student under ``results/<assignment>/``, written and then renamed. The verdict on a question depends on
its tests, on the answers that ran before them, on the secret and on the judging code: a digest of all that is its key,
and equal keys mean equal verdicts. So the next run judges only what changed, and the same work of two students is
judged once.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from proctor.assignment import Assignment
from proctor.environment import judging_digest
from proctor.files import write_atomic
from proctor.intake import Problem, Submission
from proctor.marks import Mark
from proctor.verdict import Judgement, Verdict

FORMAT = 2
PARTS = ("cell_errors", "outputs", "seeds", "spent")  # of a judgement, by question or cell


@dataclass(frozen=True)
class Result:
    """One graded submission.

    Attributes:
        submission: what was handed in.
        judgement: the verdicts; None if the examiner could not finish, and then nothing counts.
        keys: question id -> digest of all that its verdict depends on.
        seconds: wall time of judging.
        fault: why there is no judgement.
        digest: SHA-256 of the bytes handed in.
    """

    submission: Submission
    judgement: Judgement | None
    keys: dict[str, str]
    seconds: float
    fault: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Row:
    """One submission in a class: what is shown of it, small enough to keep for thousands.

    Attributes:
        student: id.
        earned: points so far, what graders entered included.
        waiting: points that a grader has yet to decide.
        kinds: how many verdicts there are of each kind.
        problems: codes of what was wrong with the file.
        reused: whether its work had not changed since the last run.
        seconds: wall time of judging.
        fault: why it could not be judged.
        slowest: the question whose tests took longest, and their wall seconds.
    """

    student: str
    earned: float = 0.0
    waiting: float = 0.0
    kinds: Counter = field(default_factory=Counter)
    problems: tuple[str, ...] = ()
    reused: bool = False
    seconds: float = 0.0
    fault: str = ""
    slowest: tuple[str, float] | None = None

    @classmethod
    def of(cls, result: Result, marks: Iterable[Mark], reused: bool) -> "Row":
        """The row of a result and its marks."""
        problems = tuple(problem.code for problem in result.submission.problems)
        if result.judgement is None:
            return cls(result.submission.student, problems=problems, seconds=result.seconds, fault=result.fault)
        marks, spent = tuple(marks), result.judgement.spent
        return cls(
            result.submission.student,
            sum(mark.earned for mark in marks),
            sum(mark.waiting for mark in marks),
            Counter(verdict.kind for verdict in result.judgement.verdicts),
            problems,
            reused,
            result.seconds,
            slowest=max(spent.items(), key=lambda item: item[1], default=None),
        )


def question_keys(assignment: Assignment, answers: dict[str, str], secret: bytes) -> dict[str, str]:
    """Question id -> digest of all that its verdicts depend on."""
    written = [question.id for question in assignment.questions if question.written]  # what is read for a person, too
    common = [FORMAT, judging_digest(), hashlib.sha256(secret).hexdigest(), written]
    so_far, keys = hashlib.sha256(json.dumps(common).encode()), {}
    for cell in assignment.cells:
        if cell.role == "answer":  # to the letter: a blank within a text can matter
            so_far.update(json.dumps([cell.id, answers.get(cell.id)]).encode())
        elif cell.role == "tests":
            whole = so_far.copy()
            whole.update(json.dumps(assignment.question_digests[cell.question]).encode())
            keys[cell.question] = whole.hexdigest()
    return keys


def part(judgement: Judgement, questions: Iterable[str]) -> Judgement:
    """What a judgement says of some questions."""
    questions = set(questions)
    parts = {name: {id: value for id, value in getattr(judgement, name).items() if id in questions} for name in PARTS}
    return Judgement(tuple(verdict for verdict in judgement.verdicts if verdict.question in questions), **parts)


def joined(assignment: Assignment, one: Judgement, other: Judgement) -> Judgement:
    """Two judgements of different questions as one; of what both say, the first counts."""
    verdicts: dict[str, Verdict] = {verdict.cell: verdict for verdict in (*other.verdicts, *one.verdicts)}
    order = [cell.id for cell in assignment.cells if cell.id in verdicts]
    parts = {name: {**getattr(other, name), **getattr(one, name)} for name in PARTS}
    cpu_seconds = one.cpu_seconds + other.cpu_seconds
    return Judgement(tuple(verdicts[id] for id in order), cpu_seconds=cpu_seconds, **parts)


class Journal:
    """The results of one assignment under a course directory."""

    def __init__(self, directory: Path, assignment: str):
        self.folder = Path(directory) / "results" / assignment

    def students(self) -> list[str]:
        """Students who have a result, in alphabetical order."""
        return sorted(path.stem for path in self.folder.glob("*.json") if not path.name.startswith("."))

    def read(self, student: str) -> Result | None:
        """The student's result, or None if there is none that can be read."""
        try:
            data = json.loads((self.folder / f"{student}.json").read_text(encoding="utf-8"))
            if data.pop("format") != FORMAT:
                return None
            problems = tuple(Problem(**problem) for problem in data["submission"].pop("problems"))
            submission = Submission(**data.pop("submission"), problems=problems)
            return Result(submission, Judgement.from_dict(data.pop("judgement")), **data)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def write(self, result: Result) -> None:
        """Keep the result of a submission that was judged."""
        submission, judgement = result.submission.to_dict(), result.judgement.to_dict()
        data = {**vars(result), "submission": submission, "judgement": judgement, "format": FORMAT}
        write_atomic(self.folder / f"{result.submission.student}.json", json.dumps(data) + "\n", durable=False)
