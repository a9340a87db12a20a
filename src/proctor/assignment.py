"""An assignment: the cells of a master, each with its role, and the questions they make.

A master is a MyST text notebook ``solutions/<name>/<name>.md``; a release is the notebook that students get, with the
same cells without solutions and hidden tests. Both read into the same ``Assignment``, so that grading, checking and
auditing share one view of it. The cell options are described in CONTRIBUTING.md.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from proctor import markers

ROLES = ("text", "given", "show", "answer", "tests", "written")
ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class MasterError(ValueError):
    """A master that cannot be read; the message names file, cell, and what to do."""


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

    @property
    def solution(self) -> str:
        """The cell as the instructor runs it: markers removed, solution and hidden tests kept."""
        text = markers.without_region(self.source, markers.RUBRIC)
        return markers.without_markers(markers.without_markers(text, markers.SOLUTION), markers.HIDDEN_TESTS)

    @property
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

    def solutions(self) -> dict[str, str]:
        """The instructor's text of every answer and written cell, by id."""
        return {q.id: q.answer.solution for q in self.questions}

    def stubs(self) -> dict[str, str]:
        """The released text of every answer and written cell, by id."""
        return {q.id: q.answer.released for q in self.questions}


def find_assignments(root: Path) -> dict[str, Path]:
    """Masters below ``root/solutions``, by name in alphabetical order."""
    return {
        path.parent.name: path for path in sorted(Path(root).glob("solutions/*/*.md")) if path.stem == path.parent.name
    }


def find_master(root: Path, name: str) -> Path:
    """The master of one assignment; raises MasterError that lists the names there are."""
    masters = find_assignments(root)
    if name not in masters:
        known = ", ".join(masters) or "none"
        raise MasterError(f"no assignment {name!r} under {Path(root) / 'solutions'}; there are: {known}")
    return masters[name]


def read_master(path: Path) -> Assignment:
    """Read ``solutions/<name>/<name>.md``.

    Raises:
        MasterError: on a missing file, an unknown option, a repeated id, tests before any answer, or unpaired markers.
    """
    import jupytext

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MasterError(
            f"{path}: cannot be read ({error.strerror}); expected the text master of an assignment"
        ) from error
    notebook = jupytext.reads(text, fmt="md:myst")
    settings = notebook.metadata.get("proctor", {})
    digest = hashlib.sha256(text.encode()).hexdigest()
    return _assemble(path.stem, settings, digest, _master_cells(notebook, path), where=str(path))


def read_release(notebook, name: str) -> Assignment:
    """Read a released notebook (an ``nbformat`` notebook node) back into an assignment.

    Raises:
        MasterError: if the notebook carries no course metadata.
    """
    settings = notebook.metadata.get("proctor")
    if settings is None:
        raise MasterError(
            f"{name}: not a notebook of this course (no 'proctor' metadata); download the assignment again"
        )
    return _assemble(name, settings, settings.get("digest", ""), _release_cells(notebook), where=name)


def _assemble(name, settings, digest, cells, where) -> Assignment:
    unknown = set(settings) - {"title", "imports", "forbids", "cpu_seconds", "digest", "assignment"}
    if unknown:
        raise MasterError(f"{where}: unknown settings {sorted(unknown)} under 'proctor:' in the header")
    cells = tuple(cells)
    seen = set()
    for cell in cells:
        if cell.id in seen:
            raise MasterError(f"{where}: two cells have the id {cell.id!r}; every id must be unique")
        seen.add(cell.id)
    answers = {cell.id for cell in cells if cell.role == "answer"}
    for cell in cells:
        if missing := set(cell.uses) - answers:
            raise MasterError(f"{where}: cell {cell.id!r} uses {sorted(missing)}, which are no answers")
    return Assignment(
        name=name,
        title=settings.get("title", name.replace("-", " ").capitalize()),
        cells=cells,
        imports=tuple(settings.get("imports", ())),
        forbids=tuple(settings.get("forbids", ())),
        cpu_seconds=float(settings.get("cpu_seconds", 10.0)),
        digest=digest,
    )


def _master_cells(notebook, path) -> Iterator[Cell]:
    question = None
    for number, cell in enumerate(notebook.cells):
        where = f"{path}: cell {number}"
        role, id, points = _role(cell, number, where)
        if role in ("answer", "written"):
            question = id
        if role == "tests" and question is None:
            raise MasterError(f"{where}: tests {id!r} stand before any answer; a tests cell judges the answer above it")
        uses = cell.metadata.get("uses", ())
        result = Cell(
            id=id,
            kind=cell.cell_type,
            role=role,
            source=cell.source,
            points=points,
            question=question if role in ("answer", "tests", "written") else None,
            uses=tuple(uses.split() if isinstance(uses, str) else uses),
            tags=tuple(cell.metadata.get("tags", ())),
        )
        try:
            result.solution, result.released, result.rubric  # noqa: B018 - reading them checks the markers
        except markers.MarkerError as error:
            raise MasterError(f"{where} ({id}): {error}") from error
        yield result


def _role(cell, number, where) -> tuple[str, str, float]:
    options = {key: cell.metadata[key] for key in ("answer", "tests", "show", "written") if key in cell.metadata}
    unknown = set(cell.metadata) - set(options) - {"uses", "tags", "mystnb", "lines_to_next_cell"}
    if unknown:
        raise MasterError(
            f"{where}: unknown options {sorted(unknown)}; known are answer, tests, show, written, uses, tags"
        )
    if len(options) > 1:
        raise MasterError(f"{where}: has {sorted(options)}; a cell has one role")
    if not options:
        return ("text" if cell.cell_type == "markdown" else "given"), f"cell-{number:03d}", 0.0
    role, value = options.popitem()
    if role == "show":
        return role, f"cell-{number:03d}", 0.0
    if (cell.cell_type == "markdown") != (role == "written"):
        raise MasterError(f"{where}: a {cell.cell_type} cell cannot be {role!r}")
    words = str(value).split()
    if len(words) != (1 if role == "answer" else 2) or not ID.fullmatch(words[0]):
        form = "<id>" if role == "answer" else "<id> <points>"
        raise MasterError(f"{where}: expected '{role}: {form}', lower-case words with hyphens, got {value!r}")
    if role == "answer":
        return role, words[0], 0.0
    try:
        points = float(words[1])
    except ValueError:
        points = -1.0
    if not points > 0:
        raise MasterError(f"{where}: expected a positive number of points, got {words[1]!r}")
    return role, words[0], points


def _release_cells(notebook) -> Iterator[Cell]:
    seen = set()
    for number, cell in enumerate(notebook.cells):
        ours = cell.metadata.get("proctor", {})
        role = ours.get("role", "text" if cell.cell_type == "markdown" else "show")
        if role not in ROLES:
            raise MasterError(f"cell {number}: unknown role {role!r}; download the assignment again")
        id = cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id") or f"added-{number:03d}"
        if id in seen:  # a copy that a student made: the first one counts, as in grading
            continue
        seen.add(id)
        yield Cell(
            id=id,
            kind=cell.cell_type,
            role=role,
            source=cell.source,
            points=float(cell.metadata.get("nbgrader", {}).get("points", 0)) if role in ("tests", "written") else 0.0,
            question=ours.get("question"),
            uses=tuple(ours.get("uses", ())),
            tags=tuple(cell.metadata.get("tags", ())),
        )
