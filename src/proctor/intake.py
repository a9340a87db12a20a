"""Reads what a student handed in, trusting nothing of it but the text of the answer cells.

The notebook that is graded is rebuilt from the master. A submission may be missing, empty, binary, huge, a link, of
another format, with cells deleted, doubled, moved or edited: each is a named problem, and whatever can be graded is
graded.
"""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from proctor.assignment import Assignment

MAX_FILE = 32 * 2**20
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


def read_submission(path: Path, assignment: Assignment, student: str = "student") -> Submission:
    """Read one submission; whatever is wrong with it becomes a ``Problem``, never an exception.

    Args:
        path: the notebook, or the folder it was handed in in.
        assignment: master or release of what was to be done.
        student: id, for the result.
    """
    problems: list[Problem] = []
    data = _find(Path(path), assignment.name, problems)
    notebook = _notebook(data, problems) if data is not None else None
    if notebook is None:
        return Submission(student, {}, tuple(problems), len(data or b""))
    answers = _answers(notebook["cells"], assignment, problems)
    return Submission(student, answers, tuple(problems), len(data))


def read_cells(path: Path) -> tuple[dict, list[dict], tuple[Problem, ...]]:
    """The notebook's own metadata and its cells, each with exactly ``cell_type``, ``id``, ``metadata`` and ``source``.

    For ``proctor check``, where a student's notebook also says what was to be done; never for grading.

    Args:
        path: the notebook, or a folder that holds one.

    Returns:
        Metadata, cells, and the problems; without any cell if the file cannot be read.
    """
    problems: list[Problem] = []
    data = _find(Path(path), Path(path).stem, problems)
    notebook = _notebook(data, problems) if data is not None else None
    if notebook is None:
        return {}, [], tuple(problems)
    cells = [_plain_cell(cell) for cell in notebook["cells"] if _text(cell) is not None]
    return _dict(notebook.get("metadata")), cells, tuple(problems)


def _plain_cell(cell: dict) -> dict:
    parts = {"cell_type": cell["cell_type"], "id": cell.get("id"), "metadata": _dict(cell.get("metadata"))}
    return parts | {"source": _writable(_text(cell))}


def _dict(value) -> dict:
    return value if isinstance(value, dict) else {}


def _find(path: Path, name: str, problems) -> bytes | None:
    if path.is_dir() and not path.is_symlink():
        path = _choose(path, name, problems)
    return _read_regular(path, problems) if path is not None else None


def _choose(folder: Path, name: str, problems) -> Path | None:
    notebooks = sorted(one for one in folder.glob("*.ipynb") if not one.name.startswith("."))
    right = folder / f"{name}.ipynb"
    if not notebooks:
        problems.append(_problem("missing", f"expected {name}.ipynb in the folder"))
        return None
    if right not in notebooks:
        if len(notebooks) > 1:
            names = ", ".join(one.name for one in notebooks)
            problems.append(_problem("missing", f"expected {name}.ipynb, got {names}; it is unclear which one counts"))
            return None
        problems.append(
            _problem("renamed", f"expected {name}.ipynb, got {notebooks[0].name}; it was graded all the same")
        )
        return notebooks[0]
    if len(notebooks) > 1:
        extra = ", ".join(one.name for one in notebooks if one != right)
        problems.append(_problem("extra-notebooks", f"only {name}.ipynb was graded; ignored: {extra}"))
    return right


def _read_regular(path: Path, problems) -> bytes | None:
    # Opened without following links and without blocking on a pipe; the checks are made on what was opened.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        problems.append(_problem("missing", f"expected {path.name}"))
        return None
    except OSError as error:
        problems.append(_problem("not-a-file", f"{path.name} cannot be opened as a regular file ({error.strerror})"))
        return None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        problems.append(_problem("not-a-file", f"{path.name} is no regular file"))
        return None
    with os.fdopen(handle, "rb") as file:
        if status.st_size > MAX_FILE:
            problems.append(_problem("too-large", f"at most {MAX_FILE} bytes, got {status.st_size}; clear the outputs"))
            return None
        data = file.read(MAX_FILE + 1)
    if not data.strip():
        problems.append(_problem("empty", "the file holds nothing"))
        return None
    return data


def _notebook(data: bytes, problems) -> dict | None:
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        kind = "the file is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "the file is not valid JSON"
        problems.append(_problem("not-a-notebook", f"{kind}; save the notebook again in Jupyter and hand that file in"))
        return None
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        problems.append(_problem("not-a-notebook", "the file is JSON, but no Jupyter notebook"))
        return None
    if notebook["nbformat"] != 4:
        problems.append(
            _problem(
                "wrong-format", f"expected nbformat 4, got {notebook['nbformat']!r:.20}; save it with a current Jupyter"
            )
        )
        return None
    if not isinstance(notebook.get("cells"), list):
        problems.append(_problem("no-cells", "the notebook's 'cells' is no list"))
        return None
    return notebook


def _answers(cells: list, assignment: Assignment, problems) -> dict[str, str]:
    known = {cell.id: cell for cell in assignment.cells}
    found: dict[str, str] = {}
    added, changed = 0, []
    for number, cell in enumerate(cells):
        text = _text(cell)
        if text is None:
            problems.append(_problem("bad-cell", f"cell {number} of the notebook was ignored"))
            continue
        id = _id(cell, known)
        if id is None:
            added += _is_added(cell)
            continue
        expected = known[id]
        if expected.role in ("answer", "written"):
            _take(id, text, found, problems)
        elif expected.role in ("given", "tests") and text.strip() != expected.released.strip():
            changed.append(id)
    for question in assignment.questions:
        if question.id not in found:
            problems.append(_problem("missing-cell", "this question could not be graded", question.id))
    if changed:
        names = ", ".join(changed[:4]) + (f" and {len(changed) - 4} more" if len(changed) > 4 else "")
        problems.append(_problem("changed-cell", f"the originals were used ({names})", changed[0]))
    if added:
        problems.append(_problem("added-cells", f"{added} were ignored; helpers belong inside the answer cell"))
    return found


def _is_added(cell: dict) -> bool:
    """Whether a cell of no known id is the student's own (the install cell that releases begin with is not)."""
    return cell.get("cell_type") == "code" and cell.get("id") != "install" and bool(_text(cell).strip())


def _take(id: str, text: str, found: dict, problems) -> None:
    if id in found:
        problems.append(_problem("duplicate-cell", "the first one was graded", id))
    elif len(text) > MAX_ANSWER:
        problems.append(_problem("answer-too-long", f"at most {MAX_ANSWER} characters, got {len(text)}", id))
    elif "\0" in text:
        problems.append(_problem("bad-cell", "the answer holds a null byte", id))
    else:
        found[id] = _writable(text)


def _text(cell) -> str | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return source.replace("\r\n", "\n") if isinstance(source, str) else None


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
    return Problem(code, f"{PROBLEMS[code]}: {_writable(detail)}", cell)


def _writable(text: str) -> str:
    """The text without lone surrogates (of a JSON escape, of a file name), which cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()
