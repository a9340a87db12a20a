"""Reads masters and releases into assignments, and says what is wrong with one that cannot be read.

A master is a MyST text notebook ``solutions/<name>/<name>.md``; a release is the notebook that students get. The cell
options are described in CONTRIBUTING.md.
"""

import hashlib
import math
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from proctor import markers
from proctor.assignment import ROLES, Assignment, Cell

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NEEDED = frozenset(["torch", "numpy", "IPython", "proctor"])  # by ``proctor.candidate``
SETTINGS = frozenset(["title", "imports", "forbids", "cpu_seconds"])
RELEASE_SETTINGS = SETTINGS | {"assignment", "digest", "cells"}
# Which roles may hold a region: anywhere else its text would be released.
REGIONS = {
    markers.SOLUTION: ("answer", "written"),
    markers.HIDDEN_TESTS: ("tests",),
    markers.RUBRIC: ("written",),
}


class MasterError(ValueError):
    """A master that cannot be read; the message names file, cell, and what to do."""


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
        MasterError: on a file that is missing or no MyST notebook, an unknown option or setting, a repeated id, tests
            that follow no answer, or a marker that is unpaired, misspelled or in the wrong kind of cell.
    """
    # What takes a second and is not needed: a grammar of addresses for jsonschema, jupytext's part in Jupyter's server.
    for name in ("rfc3987_syntax", "jupytext.sync_contentsmanager", "jupytext.async_contentsmanager"):
        sys.modules.setdefault(name, None)
    import jupytext

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise MasterError(f"{path}: cannot be read ({reason}); expected the text master of an assignment") from error
    try:
        notebook = jupytext.reads(text, fmt="md:myst")
    except Exception as error:  # whatever the YAML and Markdown parsers raise
        said = str(error).strip().replace("\n", " ")
        raise MasterError(
            f"{path}: not a MyST notebook ({type(error).__name__}: {said}); mend the text there"
        ) from error
    settings = notebook.metadata.get("proctor", {})
    digest = hashlib.sha256(text.encode()).hexdigest()
    return _assemble(path.stem, settings, digest, _master_cells(notebook, path), str(path), SETTINGS)


def forbidden(path: Path) -> tuple[str, ...]:
    """What a master forbids, from its header alone, in a twentieth of the time; nothing where that cannot be read."""
    import yaml

    try:
        header = Path(path).read_text(encoding="utf-8").split("---\n", 2)[1]
        return tuple(yaml.safe_load(header)["proctor"]["forbids"])
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return ()


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
    digest = settings.get("digest", "") if isinstance(settings, dict) else ""
    return _assemble(name, settings, digest, _release_cells(notebook), name, RELEASE_SETTINGS)


def _assemble(name, settings, digest, cells, where, known) -> Assignment:
    if not isinstance(settings, dict):
        raise MasterError(f"{where}: expected settings under 'proctor:' in the header, got {settings!r}")
    if unknown := set(settings) - known:
        raise MasterError(f"{where}: unknown settings {sorted(unknown)} under 'proctor:' in the header")
    for setting in ("imports", "forbids"):
        names = settings.get(setting, [])
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise MasterError(f"{where}: {setting!r} in the header: expected a list of module names, got {names!r}")
    if needed := sorted({*settings.get("forbids", ())} & NEEDED):
        raise MasterError(
            f"{where}: 'forbids' in the header: the process in which answers run needs {', '.join(needed)}; forbid "
            "modules of it, such as torch.nn, or leave it out of 'imports'"
        )
    cpu_seconds = settings.get("cpu_seconds", 10.0)
    if isinstance(cpu_seconds, bool) or not isinstance(cpu_seconds, int | float) or not 0 < cpu_seconds < math.inf:
        raise MasterError(f"{where}: 'cpu_seconds' in the header: expected a positive number, got {cpu_seconds!r}")
    cells = tuple(cells)
    seen = set()
    for cell in cells:
        if cell.id in seen:
            raise MasterError(f"{where}: two cells have the id {cell.id!r}; every id must be unique")
        seen.add(cell.id)
    above = set()
    for number, cell in enumerate(cells):
        if missing := set(cell.uses) - above:
            if known is SETTINGS:
                raise MasterError(f"{where}: cell {cell.id!r} uses {sorted(missing)}, which are no answers above it")
            uses = tuple(id for id in cell.uses if id in above)  # a student deleted that answer
            cells = (*cells[:number], replace(cell, uses=uses), *cells[number + 1 :])
        if cell.role == "answer":
            above.add(cell.id)
    return Assignment(
        name=name,
        title=str(settings.get("title", name.replace("-", " ").capitalize())),
        cells=cells,
        imports=tuple(settings.get("imports", ())),
        forbids=tuple(settings.get("forbids", ())),
        cpu_seconds=float(cpu_seconds),
        digest=digest,
    )


def _master_cells(notebook, path) -> Iterator[Cell]:
    question, written = None, False
    for number, cell in enumerate(notebook.cells):
        where = f"{path}: cell {number}"
        role, id, points = _role(cell, number, where)
        if role in ("answer", "written"):
            question, written = id, role == "written"
        if role == "tests" and (question is None or written):
            place = "follow a written answer" if written else "stand before any answer"
            raise MasterError(f"{where}: tests {id!r} {place}; a tests cell judges the answer cell above it")
        uses = cell.metadata.get("uses", ())
        if uses and role != "answer":
            raise MasterError(f"{where} ({id}): only an answer has 'uses'; move it to the answer cell")
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
            for region, roles in REGIONS.items():
                if markers.has_region(cell.source, region) and role not in roles:
                    raise markers.MarkerError(f"{role!r} cells cannot hold a {region} region: it would be released")
            if role == "written" and _outside_regions(cell.source):
                raise markers.MarkerError(
                    "text outside RUBRIC and SOLUTION is never released; put it into the cell above"
                )
            result.solution, result.released  # noqa: B018 - reading them checks the markers
        except markers.MarkerError as error:
            raise MasterError(f"{where} ({id}): {error}") from error
        yield result


def _outside_regions(source: str) -> str:
    outside = markers.without_region(markers.without_region(source, markers.RUBRIC), markers.SOLUTION)
    return outside.strip()


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
    if len(words) != (1 if role == "answer" else 2) or not ID.fullmatch(words[0]) or words[0] == "install":
        form = "<id>" if role == "answer" else "<id> <points>"
        raise MasterError(f"{where}: expected '{role}: {form}', lower-case words with hyphens, got {value!r}")
    if role == "answer":
        return role, words[0], 0.0
    try:
        points = float(words[1])
    except ValueError:
        points = -1.0
    if not 0 < points < math.inf:
        raise MasterError(f"{where}: expected a positive number of points, got {words[1]!r}")
    return role, words[0], points


def _release_cells(notebook) -> Iterator[Cell]:
    seen = set()
    for number, cell in enumerate(notebook.cells):
        ours = cell.metadata.get("proctor", {})
        if not ours:  # text, the install cell, or a cell that the student added
            continue
        role = ours.get("role")
        if role not in ROLES:
            raise MasterError(f"cell {number}: unknown role {role!r}; download the assignment again")
        id = cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id")
        if id in seen or not id:  # a copy that a student made: the first one counts, as in grading
            continue
        seen.add(id)
        source = cell.source
        try:
            markers.without_region(markers.without_region(source, markers.SOLUTION), markers.HIDDEN_TESTS)
        except markers.MarkerError as error:
            if role != "answer":
                raise MasterError(f"cell {id!r} was changed ({error}); download the assignment again") from error
            source = markers.CODE_STUB  # answers come from the submission; this text is only what they began with
        yield Cell(
            id=id,
            kind=cell.cell_type,
            role=role,
            source=source,
            points=float(cell.metadata.get("nbgrader", {}).get("points", 0)) if role in ("tests", "written") else 0.0,
            question=ours.get("question"),
            uses=tuple(ours.get("uses", ())),
            tags=tuple(cell.metadata.get("tags", ())),
        )
