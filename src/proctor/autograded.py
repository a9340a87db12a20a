"""The autograded notebook: what the formgrader shows and ``nbgrader generate_feedback`` starts from.

It is rebuilt from the master: only the text of answer cells is the student's, and the only outputs are what the
candidate printed and our verdicts. The rubric of a written question stands before the answer. Student text cannot run
in the grader's browser: where Markdown would make a tag or an active link of it, it is broken by a zero-width space.
"""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

from proctor import markers
from proctor.assignment import Assignment, Cell
from proctor.checksums import cell_checksum
from proctor.release import release_notebook

RUBRIC_ROLE = "rubric"
ZERO_WIDTH = "\u200b"
MAX_OUTPUT = 20_000


def rebuilt_notebook(assignment: Assignment, answers: dict[str, str]):
    """The master's notebook with the student's answers: whole tests, stubs for no answer, no ``:show:`` cells.

    Args:
        assignment: the master.
        answers: text by question id.

    Returns:
        A notebook node with nbgrader's metadata and the checksums of the stubs, as after ``nbgrader autograde``.
    """
    return _read(_text(assignment, answers, {}, (), {}))


def autograded_notebook(assignment: Assignment, submission, judgement):
    """What ``autograded_text`` writes, as a notebook node."""
    return _read(autograded_text(assignment, submission, judgement))


def autograded_text(assignment: Assignment, submission, judgement) -> str:
    """The rebuilt notebook with what was printed and what was judged as outputs, as the text of the file.

    The text depends on master, answers and verdicts alone: no times. Nearly all of it is the same for everybody, so it
    is put together from cells that were serialized once.

    Args:
        assignment: the master.
        submission: its ``answers`` are put in, its ``problems`` are said at the top.
        judgement: verdicts, output and errors of the answer cells; the seeds are kept in the metadata.
    """
    outputs: dict[str, list] = {}
    for id, printed in judgement.outputs.items():
        if printed:
            outputs[id] = [_printed(printed)]
    for id, error in judgement.cell_errors.items():
        if error:
            outputs.setdefault(id, []).append(_error("error", error))
    verdicts = {verdict.cell: verdict for verdict in judgement.verdicts}
    for question in assignment.questions:
        for cell in question.tests:
            verdict = verdicts.get(cell.id)
            if verdict is None:
                outputs[cell.id] = [_error("not-run", "not run")]
            elif not verdict.passed:
                outputs[cell.id] = [_error(verdict.kind, verdict.message)]
    return _text(assignment, submission.answers, outputs, submission.problems, {"seeds": dict(judgement.seeds)})


def read_answers(path: Path) -> dict[str, str]:
    """The answers in an autograded notebook, by question id; empty if there is none that can be read."""
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        return {
            cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
            for cell in cells
            if cell["metadata"].get("nbgrader", {}).get("solution")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def harmless_markdown(text: str) -> str:
    """Markdown that shows the same words and makes no HTML tags, script links, or images from elsewhere.

    >>> harmless_markdown("a < b, <b>, $x<y$").replace(ZERO_WIDTH, "|")
    'a < b, <|b>, $x<|y$'
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "<" + ZERO_WIDTH, text)
    text = re.sub(r"&(?=[#A-Za-z])", "&" + ZERO_WIDTH, text)
    text = re.sub(r"!(?=\[)", "!" + ZERO_WIDTH, text)
    return re.sub(r"(?i)(javascript|vbscript|data|attachment)(?=\s*\\?:)", r"\1" + ZERO_WIDTH, text)


def _text(assignment: Assignment, answers: Mapping[str, str], outputs: Mapping[str, list], problems, ours: dict) -> str:
    """What ``nbformat`` would write: keys sorted, indented by one space, texts as lists of lines."""
    nodes, texts, metadata = _template(assignment)
    cells = [_dumps(_problems_cell(problems), 2)] if problems else []
    for node, text in zip(nodes, texts, strict=True):
        role, id = node["metadata"].get("proctor", {}).get("role"), node["id"]
        answer = answers.get(id) if role in ("answer", "written") else None
        if answer is None and (role not in ("answer", "tests") or id not in outputs):
            cells.append(text)
            continue
        changed = dict(node)
        if answer is not None:
            changed["source"] = (answer if role == "answer" else harmless_markdown(answer)).splitlines(True)
        if role != "written":
            changed["outputs"] = outputs.get(id, [])
        cells.append(_dumps(changed, 2))
    metadata = _dumps(metadata | {"proctor": metadata["proctor"] | ours}, 1)
    body = ",\n  ".join(cells)
    return f'{{\n "cells": [\n  {body}\n ],\n "metadata": {metadata},\n "nbformat": 4,\n "nbformat_minor": 5\n}}\n'


@lru_cache(maxsize=4)
def _template(assignment: Assignment) -> tuple[list[dict], list[str], dict]:
    """The cells of the rebuilt notebook with stubs for answers, the text of each, and the notebook's metadata."""
    notebook, cells = release_notebook(assignment), {cell.id: cell for cell in assignment.cells}
    nodes = []
    for node in notebook.cells:
        cell = cells[node.id]
        if cell.role == "show":
            continue
        if cell.role == "tests":
            node.source = cell.source
            node.metadata.nbgrader["checksum"] = cell_checksum(node)
        elif cell.role == "written":
            nodes.append(_rubric_cell(cell))
            node.source = harmless_markdown(cell.released)
        nodes.append({**deepcopy(node), "source": node.source.splitlines(True)})
    return nodes, [_dumps(node, 2) for node in nodes], notebook.metadata


def _dumps(value, depth: int) -> str:
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    return text.replace("\n", "\n" + " " * depth)


def _read(text: str):
    import nbformat

    return nbformat.reads(text, as_version=4)


def _rubric_cell(cell: Cell) -> dict:
    sample = markers.region_text(cell.source, markers.SOLUTION).strip()
    text = f"**For the grader: rubric of `{cell.id}` ({cell.points:g} points)**\n\n{cell.rubric}"
    if sample:
        text += f"\n\n**Sample answer**\n\n{sample}"
    return _markdown(f"{cell.id}-rubric", RUBRIC_ROLE, text)


def _problems_cell(problems) -> dict:
    text = "\n".join(f"- {problem.message}" for problem in problems)
    return _markdown("proctor-problems", "problems", harmless_markdown(f"**About the file handed in**\n\n{text}"))


def _markdown(id: str, role: str, text: str) -> dict:
    metadata = {"deletable": False, "editable": False, "proctor": {"role": role}}
    return {"cell_type": "markdown", "id": id, "metadata": metadata, "source": text.splitlines(True)}


def _printed(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text[:MAX_OUTPUT].splitlines(True)}


def _error(kind: str, message: str) -> dict:
    text = message[:MAX_OUTPUT]
    return {"output_type": "error", "ename": kind, "evalue": text, "traceback": [f"{kind}: {text}"]}
