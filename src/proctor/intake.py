"""Reads what a student handed in, trusting nothing of it but the text of the answer cells.

The notebook that is graded is rebuilt from the master. A submission may be missing, empty, binary, huge, a link, of
another format, with cells deleted, doubled, moved or edited: each is a named problem, and whatever can be graded is
graded.
"""

import json
import os
import re
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from proctor.assignment import Assignment

MAX_FILE = 32 * 2**20
MAX_VALUES = 1_000_000
MAX_ANSWER = 200_000

PROBLEMS = {
    "missing": "no notebook was handed in",
    "renamed": "the notebook has another name than the assignment",
    "extra-notebooks": "more than one notebook was handed in",
    "not-a-file": "not a regular file",
    "too-large": "larger than can be read",
    "empty": "the file is empty",
    "not-a-notebook": "not a Jupyter notebook",
    "wrong-format": "a notebook of another format version",
    "no-cells": "the notebook has no list of cells",
    "bad-cell": "a cell that is not a cell",
    "missing-cell": "an answer cell was deleted",
    "duplicate-cell": "an answer cell stands there more than once",
    "changed-cell": "a test cell or given cell was changed",
    "added-cells": "cells were added",
    "answer-too-long": "an answer is longer than can be graded",
    "failed": "the examiner could not finish",
}
# What begins or parts values in JSON: a string (closed or not, whatever stands in it), a bracket, a comma.
_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)


@dataclass(frozen=True)
class Problem:
    """What was wrong with a submission: a code out of ``PROBLEMS``, a sentence for the student, the cell if any."""

    code: str
    message: str
    cell: str | None = None


@dataclass(frozen=True)
class Submission:
    """What can be graded of a submission.

    Attributes:
        student: id of the student.
        answers: id -> text of each answer and written cell that was found.
        problems: what was wrong, in order.
        size: bytes of the notebook, 0 if there is none.
    """

    student: str
    answers: dict[str, str]
    problems: tuple[Problem, ...] = ()
    size: int = 0

    def to_dict(self) -> dict:
        """Plain data, for JSON; shares the dictionaries with this object."""
        return {**vars(self), "problems": [vars(problem) for problem in self.problems]}


def read_submission(path: Path, assignment: Assignment, student: str = "student") -> Submission:
    """Read one submission; whatever is wrong with it becomes a ``Problem``, never an exception.

    Args:
        path: the notebook, or the folder it was handed in in.
        assignment: master or release of what was to be done.
        student: id, for the result.
    """
    data, problems = read_bytes(path, assignment.name)
    return parse(data, assignment, student, problems)


def read_bytes(path: Path, name: str) -> tuple[bytes | None, tuple[Problem, ...]]:
    """Find the notebook and read it, without a look at what it says: safe in the process that holds the grades.

    Neither follows a link (the file, its folder, the student's folder) nor waits for a pipe or a device, and reads no
    more than ``MAX_FILE`` bytes, however the file grows.

    Args:
        path: the notebook, or the folder ``<student>/<assignment>`` it was handed in in.
        name: the assignment's; decides which notebook of a folder counts.

    Returns:
        The notebook's bytes, None if there is none that can be read; and the problems.
    """
    path, problems, data = Path(path), [], None
    try:
        if links := [one.name for one in (path.parent, path) if one.is_symlink()]:
            problems.append(_problem("not-a-file", f"{_listed(links)} is a link"))
        elif notebook := _choose(path, name, problems) if path.is_dir() else path:
            data = _read_regular(notebook, problems)
    except OSError as error:
        code = "missing" if isinstance(error, FileNotFoundError) else "not-a-file"
        problems.append(_problem(code, f"{_short(path.name)} cannot be read ({error.strerror})"))
    return data, tuple(problems)


def parse(
    data: bytes | None, assignment: Assignment, student: str = "student", problems: tuple[Problem, ...] = ()
) -> Submission:
    """Take the answers out of a notebook's bytes; whatever is wrong becomes a ``Problem``, never an exception.

    The bytes are a student's: this belongs into a process that may die. Its memory is bounded by ``MAX_FILE`` and
    ``MAX_VALUES``.

    Args:
        data: what ``read_bytes`` found, None for nothing.
        assignment: master or release of what was to be done.
        student: id, for the result.
        problems: those of ``read_bytes``; they come first in the result.
    """
    problems = list(problems)
    notebook = _notebook(data, problems) if data is not None else None
    answers = _answers(notebook["cells"], assignment, problems) if notebook else {}
    return Submission(student, answers, tuple(problems), len(data or b""))


def read_cells(path: Path) -> tuple[dict, list[dict], tuple[Problem, ...]]:
    """The notebook's own metadata and its cells, each with exactly ``cell_type``, ``id``, ``metadata`` and ``source``.

    For ``proctor check``, where a student's notebook also says what was to be done; never for grading. A file that
    cannot be read gives no cell, and the problems.
    """
    data, found = read_bytes(path, Path(path).stem)
    problems = list(found)
    notebook = _notebook(data, problems) if data is not None else None
    if notebook is None:
        return {}, [], tuple(problems)
    cells = [_plain_cell(cell) for cell in notebook["cells"] if _text(cell) is not None]
    return _dict(notebook.get("metadata")), cells, tuple(problems)


def _plain_cell(cell: dict) -> dict:
    parts = {"cell_type": cell["cell_type"], "id": cell.get("id"), "metadata": _dict(cell.get("metadata"))}
    return parts | {"source": _text(cell)}


def _dict(value) -> dict:
    return value if isinstance(value, dict) else {}


def _choose(folder: Path, name: str, problems) -> Path | None:
    with os.scandir(folder) as entries:
        names = sorted(one.name for one in entries if one.name.endswith(".ipynb") and not one.name.startswith("."))
    right = f"{name}.ipynb"
    if right in names:
        if len(names) > 1:
            extra = _listed([one for one in names if one != right])
            problems.append(_problem("extra-notebooks", f"only {right} was graded; ignored: {extra}"))
        return folder / right
    if len(names) != 1:
        got = f"{_listed(names)}; it is unclear which one counts" if names else "no notebook"
        problems.append(_problem("missing", f"expected {right} in the folder, got {got}"))
        return None
    problems.append(_problem("renamed", f"expected {right}, got {_listed(names)}; it was graded all the same"))
    return folder / names[0]


def _read_regular(path: Path, problems) -> bytes | None:
    # Looked at before it is opened, because opening a device may do something; opened without following links and
    # without waiting for a pipe, and looked at again, because it may have been exchanged in between.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if stat.S_ISREG(os.lstat(path).st_mode):
        with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode):
                data = file.read(MAX_FILE + 1) if status.st_size <= MAX_FILE else b""
                if (size := max(status.st_size, len(data))) <= MAX_FILE:
                    return data
                problems.append(_problem("too-large", f"at most {MAX_FILE} bytes, got {size}; clear the outputs"))
                return None
    problems.append(_problem("not-a-file", f"{_short(path.name)} is no regular file"))
    return None


def _notebook(data: bytes, problems) -> dict | None:
    if not data.strip():
        problems.append(_problem("empty", "the file holds nothing"))
        return None
    # Small values cost up to fifty times their bytes once parsed: they are counted before.
    if next(islice(_VALUE.finditer(data), MAX_VALUES, None), None):
        problems.append(_problem("too-large", f"at most {MAX_VALUES} values; clear the outputs"))
        return None
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        kind = "the file is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "the file is not valid JSON"
        problems.append(_problem("not-a-notebook", f"{kind}; save the notebook again in Jupyter and hand that file in"))
        return None
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        problems.append(_problem("not-a-notebook", "the file is JSON, but no Jupyter notebook"))
        return None
    version = notebook["nbformat"]
    if version != 4:
        got = f"a {type(version).__name__}" if isinstance(version, dict | list) else _short(repr(version))
        problems.append(_problem("wrong-format", f"expected nbformat 4, got {got}; save it with a current Jupyter"))
        return None
    if not isinstance(notebook.get("cells"), list):
        problems.append(_problem("no-cells", "the notebook's 'cells' is no list"))
        return None
    return notebook


def _answers(cells: list, assignment: Assignment, problems) -> dict[str, str]:
    """The text of each answer cell. One problem for each thing that is wrong, however many cells have it."""
    known = {cell.id: cell for cell in assignment.cells}
    texts: dict[str, list[str]] = {question.id: [] for question in assignment.questions}
    bad, added, changed = 0, 0, []
    for cell in cells:
        text = _text(cell)
        id = _id(cell, known) if text is not None else None
        if text is None:
            bad += 1
        elif id is None:
            # The student's own; the install cell that releases begin with is not.
            added += cell["cell_type"] == "code" and cell.get("id") != "install" and bool(text.strip())
        elif id in texts:
            texts[id].append(text)
        elif known[id].role in ("given", "tests") and id not in changed and text.strip() != known[id].released.strip():
            changed.append(id)
    if bad:
        problems.append(_problem("bad-cell", f"{bad} of the notebook's cells were ignored"))
    answers = {id: those[0] for id, those in texts.items() if _is_answer(id, those, problems)}
    if changed:
        problems.append(_problem("changed-cell", f"the originals were used ({_listed(changed)})", changed[0]))
    if added:
        problems.append(_problem("added-cells", f"{added} were ignored; helpers belong inside the answer cell"))
    return answers


def _is_answer(id: str, texts: list[str], problems) -> bool:
    """Whether the first of the texts handed in for a question can be graded."""
    if not texts:
        problems.append(_problem("missing-cell", "this question could not be graded", id))
        return False
    if len(texts) > 1:
        problems.append(_problem("duplicate-cell", "the first one was graded", id))
    if len(texts[0]) > MAX_ANSWER:
        problems.append(_problem("answer-too-long", f"at most {MAX_ANSWER} characters, got {len(texts[0])}", id))
    elif "\0" in texts[0]:
        problems.append(_problem("bad-cell", "the answer holds a null byte", id))
    else:
        return True
    return False


def _text(cell) -> str | None:
    """The cell's source, writable as UTF-8 (lone surrogates replaced); None if this is no cell."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    return source.replace("\r\n", "\n").encode("utf-8", "replace").decode()


def _id(cell: dict, known) -> str | None:
    """The cell's grade id; its cell id, which a release pins to the same value, where the metadata was lost."""
    nbgrader = _dict(_dict(cell.get("metadata")).get("nbgrader"))
    for id in (nbgrader.get("grade_id"), cell.get("id")):
        if isinstance(id, str) and id in known:
            return id
    return None


def untouched(assignment: Assignment, answers: dict[str, str]) -> set[str]:
    """Ids of the questions whose answer is still the released stub, or is not there."""
    blank = set()
    for question in assignment.questions:
        text = answers.get(question.id, "").strip()
        if not text or text == question.answer.released.strip():
            blank.add(question.id)
    return blank


def _problem(code: str, detail: str, cell: str | None = None) -> Problem:
    """A problem told in one line of printable text, whatever names and values its detail quotes."""
    printable = "".join(char if char.isprintable() else "?" for char in detail)
    return Problem(code, f"{PROBLEMS[code]}: {printable}", cell)


def _listed(names: list[str]) -> str:
    return ", ".join(map(_short, names[:4])) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
