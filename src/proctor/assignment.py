"""An assignment: the cells of a master, each with its role, and the questions they make.

A master is a MyST text notebook ``solutions/<name>/<name>.md``; a release is the notebook that students get, with the
same cells without solutions and hidden tests. Both read into the same ``Assignment``, so that grading, checking and
auditing share one view of it. The cell options are described in CONTRIBUTING.md.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from proctor import markers

ROLES = ("text", "given", "show", "answer", "tests", "written")


@dataclass(frozen=True)
class Cell:
    """One cell of a master or of a release.

    Attributes:
        id: the grade id (``gradient-step``), or ``cell-007`` where the cell has none.
        kind: ``code`` or ``markdown``.
        role: one of ``ROLES``.
        source: text, markers included.
        points: what a tests or written cell is worth, else 0.
        question: id of the answer that a tests cell judges; an answer's own id; else None.
        uses: for an answer, the ids of other answers that its tests need.
        tags: notebook tags.
    """

    id: str
    kind: str
    role: str
    source: str
    points: float = 0
    question: str | None = None
    uses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @cached_property
    def solution(self) -> str:
        """The cell as the instructor runs it: markers removed, solution and hidden tests kept."""
        text = markers.without_region(self.source, markers.RUBRIC)
        return markers.without_markers(markers.without_markers(text, markers.SOLUTION), markers.HIDDEN_TESTS)

    @cached_property
    def released(self) -> str:
        """The cell as the student gets it: stub for the solution, no hidden tests, no rubric."""
        if self.role == "written":
            return markers.TEXT_STUB
        if self.role == "answer":
            return markers.with_stub(self.source)
        return markers.without_region(self.source, markers.HIDDEN_TESTS)

    @property
    def rubric(self) -> str:
        """What the grader of a written answer goes by."""
        return markers.region_text(self.source, markers.RUBRIC).strip()


@dataclass(frozen=True)
class Question:
    """An answer cell and the tests cells that judge it; a written answer has none and is graded by hand."""

    answer: Cell
    tests: tuple[Cell, ...]

    @property
    def id(self) -> str:
        return self.answer.id

    @property
    def written(self) -> bool:
        return self.answer.role == "written"

    @property
    def uses(self) -> tuple[str, ...]:
        return self.answer.uses

    @property
    def points(self) -> float:
        return self.answer.points + sum(cell.points for cell in self.tests)


@dataclass(frozen=True)
class Assignment:
    """A master or a release, read.

    Attributes:
        name: topic and folder name.
        title: for people.
        cells: all cells in order.
        imports: what an answer may import.
        forbids: modules that are neither importable nor reachable while grading.
        cpu_seconds: CPU limit of one question.
        digest: SHA-256 of the master's text.
    """

    name: str
    title: str
    cells: tuple[Cell, ...]
    imports: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    cpu_seconds: float = 10.0
    digest: str = ""

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        tests: dict[str, list[Cell]] = {}
        for cell in self.cells:
            if cell.role == "tests":
                tests.setdefault(cell.question, []).append(cell)
        answers = [cell for cell in self.cells if cell.role in ("answer", "written")]
        return tuple(Question(answer, tuple(tests.get(answer.id, ()))) for answer in answers)

    @property
    def points(self) -> float:
        return sum(question.points for question in self.questions)

    def question(self, id: str) -> Question:
        """The question with this id; raises KeyError with the ids there are."""
        for question in self.questions:
            if question.id == id:
                return question
        raise KeyError(f"no question {id!r} in {self.name}; there are {[q.id for q in self.questions]}")

    @cached_property
    def question_digests(self) -> dict[str, str]:
        """Question id -> SHA-256 of all in the master that its verdicts depend on.

        That is its tests, all given cells before the last of them, what may be imported, and the CPU limit.
        """
        common = [self.name, self.imports, self.forbids, self.cpu_seconds]
        given, tests, digests = [], {}, {}
        for cell in self.cells:
            if cell.role == "given":
                given.append(cell.source)
            elif cell.role == "tests":
                tests.setdefault(cell.question, []).append((cell.id, cell.points, cell.source))
                work = json.dumps([common, given, tests[cell.question]])
                digests[cell.question] = hashlib.sha256(work.encode()).hexdigest()
        return digests

    def used_by(self, questions: Iterable[Question]) -> set[str]:
        """Ids of all answers that the questions use, directly or through others."""
        found, todo = set(), [id for question in questions for id in question.uses]
        while todo:
            id = todo.pop()
            if id not in found:
                found.add(id)
                todo += self.question(id).uses
        return found

    def solutions(self) -> dict[str, str]:
        """The instructor's text of every answer and written cell, by id."""
        return {q.id: q.answer.solution for q in self.questions}

    def stubs(self) -> dict[str, str]:
        """The released text of every answer and written cell, by id."""
        return {q.id: q.answer.released for q in self.questions}
