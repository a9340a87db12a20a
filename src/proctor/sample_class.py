"""A synthetic class: submissions of every kind, with the score that each must get.

Answers are put together from the master and its ``wrong.py``, so the score is known from the construction; files are
then damaged in the ways that files are. ``expected.json`` beside ``submitted/`` says what was done to whom. The class
shows an instructor the whole road without real students' work, and shows the tests that the grader gives what is due.
"""

import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from proctor.assignment import Assignment, Question
from proctor.files import write_atomic
from proctor.masters import find_assignments, find_master, read_master
from proctor.release import notebook_text, release_notebook
from proctor.variants import Variants, read_variants

MANIFEST = "expected.json"
FORMAT = 1

# What each student does, in the order in which a small class takes them; larger classes draw the rest from EVERYDAY.
KINDS = (
    "right",
    "partly",
    "mistaken",
    "blank",
    "crashing",
    "looping",
    "truncated",
    "different",
    "deleted",
    "empty",
    "binary",
    "missing",
    "chatty",
    "recursive",
    "changed",
    "duplicated",
    "old-format",
    "renamed",
    "partly",
    "mistaken",
)
EVERYDAY = ("right", "right", "different", "partly", "partly", "partly", "mistaken", "mistaken", "chatty", "blank")
NAMES = """
    ada alan amina anders carlos chen clara dalia emeka emmy farid grace hedy hiro ines ivan jun kofi lena lin maryam
    mei nadia noor olga omar pablo priya ravi rosa sana sofia tariq tomas uma vera wei yara yusuf zoe
""".split()  # noqa: SIM905 - a list literal would be forty lines
SENTENCES = (
    "I think the loss stops falling because the steps have become too small to matter.",
    "The curve is flat there, so the gradient is small, and a small gradient means a small step.",
    "Because of the learning rate. With a larger one it would have gone on, or diverged.",
    "At first the steep direction decides, later the flat one, and along the flat one progress is slow.",
)

CRASH = 'import warnings\n\nwarnings.sys.modules["os"]._exit(3)\n'
LOOP = "while True:\n    pass\n"
RECURSE = "def again(n):\n    return again(n + 1)\n\n\nagain(0)\n"
CHATTER = (
    'import warnings\n\nwarnings.warn("a warning costs nothing", stacklevel=1)\n'
    'for _ in range(2000):\n    print("." * 80)\n\n'
)


@dataclass
class _Work:
    """One student's answers to one assignment: text and due points by question."""

    answers: dict[str, str]
    scores: dict[str, float]
    waiting: float = 0.0
    did: dict[str, str] = field(default_factory=dict)


def write_sample_class(
    root: Path, directory: Path, students: int = 20, seed: int = 0, assignments: list[str] | None = None
) -> dict:
    """Write ``directory/submitted/<student>/<assignment>/`` for a whole class, and ``directory/expected.json``.

    Args:
        root: the course, with ``solutions/``.
        directory: where the class lives; made if missing. Students that an earlier call wrote there and this one does
            not are removed; nothing else is.
        students: how many, at least 1.
        seed: the same seed gives the same class, byte for byte.
        assignments: names; None for all.

    Returns:
        The manifest: for each student and assignment the kind, the score due, the points that wait for a grader, each
        question's score, and what was done to it.

    Raises:
        ValueError: if ``students`` is below 1, or an assignment is unknown or lists no wrong answer.
    """
    if students < 1:
        raise ValueError(f"expected at least 1 student, got {students}")
    root, directory = Path(root), Path(directory)
    manifest = {"format": FORMAT, "seed": seed, "students": {}}
    draw = random.Random(seed)
    names = _names(students)
    for name in assignments or find_assignments(root):
        path = find_master(root, name)
        assignment, variants = read_master(path), read_variants(path.parent / "wrong.py")
        if not variants.wrong:
            raise ValueError(f"{variants.path}: lists no wrong answer; a class of right answers only shows nothing")
        kinds = [*KINDS[:students], *(draw.choice(EVERYDAY) for _ in range(students - len(KINDS)))]
        draw.shuffle(kinds)
        for student, kind in zip(names, kinds, strict=True):
            folder = directory / "submitted" / student / name
            expected = _hand_in(folder, assignment, variants, kind, random.Random(f"{seed} {name} {student}"))
            manifest["students"].setdefault(student, {})[name] = expected
    _remove_earlier(directory, manifest)
    write_atomic(directory / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return manifest


def _names(students: int) -> list[str]:
    return [NAMES[i] if i < len(NAMES) else f"student-{i + 1:03d}" for i in range(students)]


def _hand_in(folder: Path, assignment: Assignment, variants: Variants, kind: str, draw: random.Random) -> dict:
    work = _answers(assignment, variants, kind, draw)
    notebook = release_notebook(assignment)
    for cell in notebook.cells:
        cell.source = work.answers.get(cell.id, cell.source)
    files, graded = _files(assignment, notebook, work, kind, draw)
    for old in folder.glob("*") if folder.is_dir() else ():
        if old.name not in files:
            old.unlink()
    for name, content in files.items():
        write_atomic(folder / name, content)
    scores = work.scores if graded else dict.fromkeys(work.scores, 0.0)
    return {
        "kind": kind,
        "score": sum(scores.values()),
        "points": assignment.points,
        "waiting": work.waiting if graded else 0.0,
        "questions": scores,
        "did": work.did,
    }


def _answers(assignment: Assignment, variants: Variants, kind: str, draw: random.Random) -> _Work:
    """Choose an answer to every question, in order."""
    work = _Work({}, {})
    spoiled = _spoiled_question(assignment, draw) if kind in ("crashing", "looping", "recursive") else None
    for question in assignment.questions:
        if question.written:
            if kind != "blank":
                work.answers[question.id] = draw.choice(SENTENCES)
                work.waiting += question.points
            work.scores[question.id] = 0.0
        elif question.id == spoiled:
            work.answers[question.id] = {"crashing": CRASH, "looping": LOOP, "recursive": RECURSE}[kind]
            work.scores[question.id], work.did[question.id] = 0.0, kind
        else:
            _answer(work, assignment, question, variants, kind, draw)
    return work


def _answer(work, assignment, question, variants, kind, draw):
    if kind == "blank" or any(work.did.get(used, "right") != "right" for used in assignment.used_by([question])):
        choice = "blank"  # what a question gets whose parts are wrong is not known, so it is left open
    elif kind == "partly":
        choice = draw.choices(("right", "wrong", "blank"), weights=(5, 3, 2))[0]
    else:
        choice = "wrong" if kind == "mistaken" else "right"
    mistakes = [entry for entry in variants.wrong if entry.question == question.id]
    others = [entry for entry in variants.right if entry.question == question.id]
    text, score = question.answer.solution, question.points
    if choice == "blank":
        work.scores[question.id], work.did[question.id] = 0.0, "blank"
        return
    if choice == "wrong" and mistakes:
        mistake = draw.choice(mistakes)
        text, work.did[question.id] = mistake.source, mistake.name
        score -= sum(cell.points for cell in question.tests if cell.id in mistake.fails)
    elif others and (kind == "different" or draw.random() < 0.3):
        text = draw.choice(others).source
    if kind == "chatty" and question is _first_tested(assignment):
        text = CHATTER + text
    work.answers[question.id], work.scores[question.id] = text, score


def _first_tested(assignment: Assignment) -> Question:
    return next(question for question in assignment.questions if not question.written)


def _spoiled_question(assignment: Assignment, draw: random.Random) -> str:
    return draw.choice([question.id for question in assignment.questions if not question.written])


def _files(assignment, notebook, work, kind, draw) -> tuple[dict[str, str | bytes], bool]:
    """What lies in the folder, by file name, and whether the answers in it can be graded."""
    name, text = f"{assignment.name}.ipynb", notebook_text(notebook)
    if kind == "empty":
        return {name: b""}, False
    if kind == "binary":
        return {name: bytes(draw.randrange(256) for _ in range(4096)) + b"\xff\xfe"}, False
    if kind == "truncated":
        return {name: text[: 2 * len(text) // 3]}, False
    if kind == "missing":
        return {"notes.txt": "I could not open the notebook.\n"}, False
    if kind == "old-format":
        cells = [{"cell_type": "code", "input": cell.source, "outputs": []} for cell in notebook.cells]
        old = {"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}
        return {name: json.dumps(old)}, False
    if kind == "renamed":
        return {f"{assignment.name}-final-version.ipynb": text}, True
    if kind in _DAMAGES:
        _DAMAGES[kind](notebook, assignment, work, draw)
        text = notebook_text(notebook)
    return {name: text}, True


def _delete(notebook, assignment, work, draw):
    """Delete an answer that no other needs, with its tests, as one slip of the keyboard does."""
    used = {id for question in assignment.questions for id in question.uses}
    question = draw.choice([one for one in assignment.questions if not one.written and one.id not in used])
    gone = {question.id, *(cell.id for cell in question.tests)}
    notebook.cells = [cell for cell in notebook.cells if cell.id not in gone]
    work.scores[question.id], work.did[question.id] = 0.0, "deleted"


def _duplicate(notebook, assignment, work, draw):
    """Copy an answer cell and spoil the copy: the first one counts."""
    from copy import deepcopy

    question = _first_tested(assignment)
    at = next(number for number, cell in enumerate(notebook.cells) if cell.id == question.id)
    copy = deepcopy(notebook.cells[at])
    copy.id, copy.source = f"{question.id}-copy", "raise SystemExit\n"
    notebook.cells.insert(at + 1, copy)
    work.did[question.id] = "duplicated"


def _change(notebook, assignment, work, draw):
    """Rewrite tests, points, tags and flags, and claim another kernel; nothing of that counts."""
    for cell in notebook.cells:
        ours = cell.metadata.get("nbgrader")
        if ours and ours.get("grade") and not ours.get("solution"):
            cell.source = "assert True"
            ours.update(points=100.0, locked=False)
            cell.metadata["tags"] = ["raises-exception"]
    notebook.metadata["kernelspec"] = {"name": "bash", "display_name": "Bash", "language": "bash"}
    work.did["*"] = "tests and metadata changed"


_DAMAGES = {"deleted": _delete, "duplicated": _duplicate, "changed": _change}


def _remove_earlier(directory: Path, manifest: dict) -> None:
    try:
        earlier = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))["students"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for student in set(earlier) - set(manifest["students"]):
        if Path(student).name == student:
            shutil.rmtree(directory / "submitted" / student, ignore_errors=True)
