"""Writes notebooks from text: masters into nbgrader sources and releases, chapters into downloadable notebooks.

People write Markdown; this writes ``_nbgrader/source/<name>/<name>.ipynb`` (with solutions, for nbgrader) and
``notebooks/<name>/<name>.ipynb`` (for students), and ``notebooks/book/<part>/<topic>.ipynb``. Output depends on the
text alone: cell ids are pinned, nothing is stamped, and a file whose bytes would not change is not touched.
"""

from dataclasses import dataclass
from pathlib import Path

from proctor import markers
from proctor.assignment import Assignment, Cell
from proctor.checksums import cell_checksum
from proctor.files import write_atomic
from proctor.masters import find_assignments, find_master, read_master

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
INSTALL = """\
# On Colab this installs the course's library; anywhere else it does nothing.
import sys

if "google.colab" in sys.modules:
    %pip install --quiet "out-of-the-ravine @ git+{repository}"
"""


@dataclass(frozen=True)
class Written:
    """A generated file, and whether its bytes changed."""

    path: Path
    changed: bool


def source_notebook(assignment: Assignment):
    """The nbgrader source notebook: solutions with nbgrader's markers, all tests, no outputs."""
    return _notebook(assignment, lambda cell: _source_text(cell), install=None)


def release_notebook(assignment: Assignment, repository: str | None = None):
    """What a student gets: stubs, visible tests, nbgrader metadata with checksums, the guarded install cell first."""
    notebook = _notebook(assignment, lambda cell: cell.released, install=repository)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["checksum"] = cell_checksum(cell)
    return notebook


def chapter_notebook(text: str, repository: str | None = None):
    """A chapter as a notebook: the same cells, ids pinned, the guarded install cell first.

    Raises:
        ValueError: if the text is not a MyST notebook.
    """
    import jupytext

    read = jupytext.reads(text, fmt="md:myst")
    cells = [
        _cell(cell.cell_type, cell.source, f"cell-{number:03d}", dict(cell.metadata))
        for number, cell in enumerate(read.cells)
    ]
    return _assemble(cells, {}, install=repository)


def release(root: Path, names: list[str] | None = None) -> list[Written]:
    """Generate the notebooks of the named assignments (all, when none is named) and of every chapter.

    Args:
        root: the course's directory.
        names: assignments; None or empty for all, chapters included.

    Returns:
        Every generated file, in order.

    Raises:
        MasterError: if a master cannot be read; nothing of that master is written.
    """
    root = Path(root)
    repository = public_repository(root)
    written = []
    for name in names or find_assignments(root):
        assignment = read_master(find_master(root, name))
        source, released = source_notebook(assignment), release_notebook(assignment, repository)
        written.append(_write(source, root / "_nbgrader" / "source" / name / f"{name}.ipynb"))
        written.append(_write(released, root / "notebooks" / name / f"{name}.ipynb"))
    if not names:
        written += [_write(notebook, path) for path, notebook in chapter_notebooks(root, repository)]
    return written


def chapter_notebooks(root: Path, repository: str | None = None):
    """Yield ``(path, notebook)`` for every chapter ``book/<part>/<topic>.md``."""
    for path in sorted((root / "book").glob("*/*.md")):
        text = path.read_text(encoding="utf-8")
        if "file_format: mystnb" in text[:400]:
            yield root / "notebooks" / path.relative_to(root).with_suffix(".ipynb"), chapter_notebook(text, repository)


def public_repository(root: Path) -> str | None:
    """The public tree's repository, from the one setting ``repository: url:`` of ``_config.yml``; None without one."""
    import yaml

    config = root / "_config.yml"
    if not config.exists():
        return None
    settings = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    return (settings.get("repository") or {}).get("url")


def notebook_text(notebook) -> str:
    """The notebook as the exact text that is written: sorted keys, one-space indent, final newline."""
    import nbformat

    return nbformat.writes(notebook, indent=1).rstrip("\n") + "\n"


def _write(notebook, path: Path) -> Written:
    return Written(path, write_atomic(path, notebook_text(notebook)))


def _source_text(cell: Cell) -> str:
    # nbgrader replaces a written cell as a whole when it has no markers: so neither rubric nor sample can be released.
    if cell.role == "written":
        sample = markers.region_text(cell.source, markers.SOLUTION).strip()
        return f"**Rubric**\n\n{cell.rubric}\n\n**Sample answer**\n\n{sample}"
    return cell.source


def _notebook(assignment: Assignment, text, install: str | None):
    cells = [_cell(cell.kind, text(cell), cell.id, _metadata(cell)) for cell in assignment.cells]
    settings = {
        "assignment": assignment.name,
        "title": assignment.title,
        "imports": list(assignment.imports),
        "forbids": list(assignment.forbids),
        "cpu_seconds": assignment.cpu_seconds,
        "digest": assignment.digest,
        "cells": [cell.id for cell in assignment.cells if cell.role not in ("text", "show")],
    }
    return _assemble(cells, {"proctor": settings}, install)


def _assemble(cells, metadata, install):
    from nbformat.v4 import new_notebook

    if install is not None:
        cell = _cell("code", INSTALL.format(repository=install), "install", {"tags": ["remove-cell"]})
        # The title stays the first cell: Jupyter Book takes the page's name from it.
        cells.insert(1 if cells and cells[0].cell_type == "markdown" else 0, cell)
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC, **metadata})
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _cell(kind, source, id, metadata):
    from nbformat.v4 import new_code_cell, new_markdown_cell

    make = new_markdown_cell if kind == "markdown" else new_code_cell
    return make(
        source=source.rstrip("\n"), id=id, metadata={k: v for k, v in metadata.items() if v not in (None, [], {})}
    )


def _metadata(cell: Cell) -> dict:
    ours = {"role": cell.role, "question": cell.question, "uses": list(cell.uses)}
    metadata = {"tags": list(cell.tags), "proctor": {k: v for k, v in ours.items() if v}}
    if cell.role in ("text", "show"):
        return metadata if cell.role == "show" else {"tags": list(cell.tags)}
    graded = cell.role in ("tests", "written")
    metadata["nbgrader"] = {
        "grade": graded,
        "solution": cell.role in ("answer", "written"),
        "locked": cell.role in ("given", "tests"),
        "task": False,
        "grade_id": cell.id,
        "schema_version": 3,
        "cell_type": cell.kind,
    } | ({"points": cell.points} if graded else {})
    return metadata
