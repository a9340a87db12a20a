"""What grading one submission gave, and the journal that keeps it.

One JSON file a student under ``results/<assignment>/``, written and then renamed, so that an interrupted run loses at
most the submissions it was working on; the next run judges only what has no result for the same work.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from proctor import seeds
from proctor.assignment import Assignment
from proctor.environment import judging_digest
from proctor.files import write_atomic
from proctor.intake import Problem, Submission
from proctor.verdict import Judgement

FORMAT = 1


@dataclass(frozen=True)
class Result:
    """One graded submission.

    Attributes:
        submission: what was handed in.
        judgement: the verdicts; None if the examiner could not finish, and then nothing counts.
        key: stands for master, secret and answers: equal keys give equal verdicts.
        seconds: wall time of judging.
        fault: why there is no judgement.
    """

    submission: Submission
    judgement: Judgement | None
    key: str
    seconds: float
    fault: str = ""


def work_key(assignment: Assignment, submission: Submission, secret: bytes) -> str:
    """A digest of all that the verdicts depend on."""
    answers = {id: seeds.normalized(text) for id, text in sorted(submission.answers.items())}
    salt = hashlib.sha256(secret).hexdigest()
    work = json.dumps([FORMAT, judging_digest(), assignment.name, assignment.digest, salt, answers])
    return hashlib.sha256(work.encode()).hexdigest()


class Journal:
    """The results of one assignment under a course directory."""

    def __init__(self, directory: Path, assignment: str):
        self.folder = Path(directory) / "results" / assignment

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
        data = asdict(result) | {"format": FORMAT}
        write_atomic(self.folder / f"{result.submission.student}.json", json.dumps(data, indent=1) + "\n")
