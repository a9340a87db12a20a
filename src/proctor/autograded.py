"""The autograded notebook: what the formgrader shows and ``nbgrader generate_feedback`` starts from.

It is rebuilt from the master: only the text of answer cells is the student's, and the only outputs are what the
candidate printed and our verdicts. The rubric of a written question stands before the answer. Student text cannot run
in the grader's browser: where Markdown would make a tag or an active link of it, it is broken by a zero-width space.
"""

import re
from pathlib import Path

from proctor import markers
from proctor.assignment import Assignment, Cell
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
    from nbgrader.utils import compute_checksum

    notebook, cells = release_notebook(assignment), {cell.id: cell for cell in assignment.cells}
    kept = []
    for node in notebook.cells:
        cell = cells[node.id]
        if cell.role == "show":
            continue
        if cell.role == "tests":
            node.source = cell.source
            node.metadata.nbgrader["checksum"] = compute_checksum(node)
        elif cell.role == "answer":
            node.source = answers.get(cell.id, cell.released)
        elif cell.role == "written":
            kept.append(_rubric_cell(cell))
            node.source = harmless_markdown(answers.get(cell.id, cell.released))
        kept.append(node)
    notebook.cells = kept
    return notebook


def autograded_notebook(assignment: Assignment, submission, judgement, seconds: float):
    """The rebuilt notebook with what was printed and what was judged as outputs.

    Args:
        assignment: the master.
        submission: its ``answers`` are put in, its ``problems`` are said at the top.
        judgement: verdicts, output and errors of the answer cells.
        seconds: wall time of grading, kept in the metadata beside the seeds.
    """
    from nbformat.v4 import new_markdown_cell, new_output

    notebook = rebuilt_notebook(assignment, submission.answers)
    verdicts = {verdict.cell: verdict for verdict in judgement.verdicts}
    for cell in notebook.cells:
        role = cell.metadata.get("proctor", {}).get("role")
        if role == "answer":
            if printed := judgement.outputs.get(cell.id):
                cell.outputs.append(new_output("stream", name="stdout", text=printed[:MAX_OUTPUT]))
            if error := judgement.cell_errors.get(cell.id):
                cell.outputs.append(_error("error", error))
        elif role == "tests":
            verdict = verdicts.get(cell.id)
            if verdict is None or not verdict.passed:
                cell.outputs.append(
                    _error(verdict.kind if verdict else "not-run", verdict.message if verdict else "not run")
                )
    if submission.problems:
        text = "\n".join(f"- {problem.message}" for problem in submission.problems)
        heading = new_markdown_cell(harmless_markdown(f"**About the file handed in**\n\n{text}"), id="proctor-problems")
        heading.metadata.update(deletable=False, editable=False, proctor={"role": "problems"})
        notebook.cells.insert(0, heading)
    notebook.metadata["proctor"] |= {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(judgement.cpu_seconds, 3),
        "seeds": dict(judgement.seeds),
    }
    return notebook


def read_answers(path: Path) -> dict[str, str]:
    """The answers in an autograded notebook, by question id; empty if there is none that can be read."""
    import json

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
    """Markdown that shows the same words and makes neither HTML tags nor script links.

    >>> harmless_markdown("a < b, <b>, $x<y$").replace(ZERO_WIDTH, "|")
    'a < b, <|b>, $x<|y$'
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "<" + ZERO_WIDTH, text)
    text = re.sub(r"&(?=[#A-Za-z])", "&" + ZERO_WIDTH, text)
    return re.sub(r"(?i)(javascript|vbscript|data)(?=\s*\\?:)", r"\1" + ZERO_WIDTH, text)


def _rubric_cell(cell: Cell):
    from nbformat.v4 import new_markdown_cell

    sample = markers.region_text(cell.source, markers.SOLUTION).strip()
    text = f"**For the grader: rubric of `{cell.id}` ({cell.points:g} points)**\n\n{cell.rubric}"
    if sample:
        text += f"\n\n**Sample answer**\n\n{sample}"
    node = new_markdown_cell(text, id=f"{cell.id}-rubric")
    node.metadata.update(deletable=False, editable=False, proctor={"role": RUBRIC_ROLE})
    return node


def _error(kind: str, message: str):
    from nbformat.v4 import new_output

    text = message[:MAX_OUTPUT]
    return new_output("error", ename=kind, evalue=text, traceback=[f"{kind}: {text}"])
