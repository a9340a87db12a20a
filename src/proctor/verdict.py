"""Verdicts: what the examiner says of each tests cell, and of a submission as a whole."""

from dataclasses import dataclass, field

KINDS = ("pass", "fail", "error", "unanswered", "timeout", "crash", "memory", "refused", "not-run", "inconsistent")


@dataclass(frozen=True)
class Verdict:
    """What became of one tests cell.

    Attributes:
        cell: id of the tests cell.
        question: id of the answer it judges.
        points: what it is worth.
        kind: one of ``KINDS``; only ``pass`` earns the points.
        message: for the student; never quotes a hidden test.
    """

    cell: str
    question: str
    points: float
    kind: str
    message: str = ""

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"expected a kind out of {KINDS}, got {self.kind!r}")

    @property
    def passed(self) -> bool:
        return self.kind == "pass"

    @property
    def earned(self) -> float:
        return self.points if self.passed else 0.0


@dataclass(frozen=True)
class Judgement:
    """All verdicts on one submission.

    Attributes:
        verdicts: one for each tests cell, in order; a cell without a verdict is a fail and stands here as ``not-run``.
        cell_errors: id of an answer or given cell -> what it raised when it ran for the student.
        outputs: answer id -> what its cell printed, capped.
        cpu_seconds: CPU time of the student's process.
        seeds: question id -> seed of its drawn inputs, hexadecimal.
        spent: question id -> wall seconds of its tests.
    """

    verdicts: tuple[Verdict, ...]
    cell_errors: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    seeds: dict[str, str] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def earned(self) -> float:
        return sum(verdict.earned for verdict in self.verdicts)

    def of(self, question: str) -> tuple[Verdict, ...]:
        """The verdicts of one question."""
        return tuple(verdict for verdict in self.verdicts if verdict.question == question)

    def to_dict(self) -> dict:
        """Plain data, for JSON; shares the dictionaries with this object."""
        return {**vars(self), "verdicts": [vars(verdict) for verdict in self.verdicts]}

    @classmethod
    def from_dict(cls, data: dict) -> "Judgement":
        """The judgement that ``to_dict`` wrote."""
        return cls(**{**data, "verdicts": tuple(Verdict(**verdict) for verdict in data["verdicts"])})
