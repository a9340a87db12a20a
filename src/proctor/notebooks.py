"""Checks the generated ``notebooks/``: current, without outputs, with every picture in its place.

A step of ``proctor audit``; ``proctor release`` is the remedy for nearly all that it finds.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from proctor.assignment import Assignment

IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^)\s>]+)|<img\b[^>]*?\bsrc\s*=\s*[\"']([^\"']+)", re.IGNORECASE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
RELEASE = "run `proctor release`"

Found = tuple[str, str, str, str, str]


def audit_notebooks(root: Path, assignments: dict[str, Assignment]) -> Iterator[Found]:
    """Yield ``(severity, file, cell, message, fix)`` for what is wrong in ``root/notebooks``.

    Args:
        root: the course.
        assignments: its masters, by name.
    """
    from proctor.release import chapter_notebooks, notebook_text, public_repository, release_notebook

    repository = public_repository(root)
    wanted = {
        root / "notebooks" / name / f"{name}.ipynb": notebook_text(release_notebook(assignment, repository))
        for name, assignment in assignments.items()
    }
    wanted |= {path: notebook_text(notebook) for path, notebook in chapter_notebooks(root, repository)}
    present = {path for path in (root / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts}
    for path in sorted(present | set(wanted)):
        where = str(path.relative_to(root))
        if path not in present:
            yield "error", where, "", "has not been generated", RELEASE
        elif path not in wanted:
            yield "error", where, "", "no master or chapter makes this notebook", "delete it"
        else:
            text = path.read_text(encoding="utf-8", errors="replace")
            if text != wanted[path]:
                yield "error", where, "", "is not what its text makes", RELEASE
            yield from _cells(path, text, where)


def _cells(path: Path, text: str, where: str) -> Iterator[Found]:
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat raises many kinds, and each means the same here
        yield "error", where, "", f"is no notebook: {error}", RELEASE
        return
    for cell in notebook.cells:
        id = cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id", "")
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield "error", where, id, "holds a stored output", RELEASE
        attached = cell.get("attachments", {})
        for one, two in IMAGE.findall(cell.source if cell.cell_type == "markdown" else ""):
            target = one or two
            if target.startswith("attachment:"):
                there = target.removeprefix("attachment:") in attached
            elif ELSEWHERE.match(target) or target.startswith(("//", "#")):
                there = True
            else:
                there = (path.parent / target.split("#")[0].split("?")[0]).is_file()
            if not there:
                fix = "give a path from the notebook's folder to a file that is published"
                yield "error", where, id, f"the picture {target!r} is missing", fix
