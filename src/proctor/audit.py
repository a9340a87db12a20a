"""Looks for mistakes in masters, and for the instructor's text where students could see it.

nbgrader accepts a misspelt marker, releases the answer, and says nothing; so every line that looks like a marker must
be one. The other checks are of the same kind: what is silent until a class has the notebook.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from proctor import leaks, markers
from proctor.assignment import Assignment, Cell
from proctor.masters import MasterError, find_assignments, read_master
from proctor.notebooks import audit_notebooks

POINTS, QUESTIONS = (20, 40), (8, 14)
REGIONS = (markers.SOLUTION, markers.HIDDEN_TESTS, markers.RUBRIC)
MARKERS = [f"### {edge} {region}" for edge in ("BEGIN", "END") for region in REGIONS]
ALLOWED = {"answer": {markers.SOLUTION}, "tests": {markers.HIDDEN_TESTS}, "written": {markers.SOLUTION, markers.RUBRIC}}
PRIVATE = (
    "solutions",
    "wrong.py",
    ".course-secret",
    "gradebook.db",
    "_nbgrader",
    "submitted",
    "autograded",
    "feedback",
)
LIKENESS = 0.8


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        severity: ``error`` or ``warning``.
        file: where, relative to the course or the tree.
        cell: id of the cell; empty where the file as a whole is meant.
        message: what is wrong.
        fix: what to do.
    """

    severity: str
    file: str
    cell: str
    message: str
    fix: str


def audit(root: Path, tree: Path | None = None) -> list[Finding]:
    """Examine a course.

    Args:
        root: its directory.
        tree: the public tree, to be searched too.

    Returns:
        The findings: of each master, of ``notebooks/``, and of the places that students see.
    """
    root = Path(root).resolve()
    findings, read = [], {}
    for name, path in find_assignments(root).items():
        where = str(path.relative_to(root))
        findings += audit_markers(path, where)
        try:
            read[name] = read_master(path)
        except MasterError as error:
            # A marker or a file that cannot be read: that has been said, and better.
            if not isinstance(error.__cause__, (markers.MarkerError, OSError, UnicodeError)):
                message = str(error).removeprefix(str(path)).lstrip(": ")
                findings.append(Finding("error", where, "", message, "mend the master as the message says"))
        else:
            findings += audit_assignment(read[name], where)
    findings += (Finding(*finding) for finding in audit_notebooks(root, read))
    library = [path.read_text(encoding="utf-8") for path in sorted((root / "src" / "ravine").rglob("*.py"))]
    secrets = [secret for assignment in read.values() for secret in leaks.secrets(assignment, library)]
    for place in (root / "notebooks", root / "_build" / "html"):
        findings += audit_place(place, root, secrets)
    if tree is not None:
        tree = Path(tree).resolve()
        findings += [*audit_place(tree, tree, secrets), *audit_names(tree)]
    return findings


def audit_markers(path: Path, where: str) -> Iterator[Finding]:
    """Find every line of a master that looks like a marker and is none, or stands where no marker may."""
    import jupytext

    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
    except (OSError, UnicodeError) as error:
        yield Finding("error", where, "", f"cannot be read: {error}", "write the master as UTF-8 text")
        return
    for number, cell in enumerate(notebook.cells):
        role = next((role for role in ALLOWED if role in cell.metadata), "")
        name = str(cell.metadata.get(role, f"cell-{number:03d}")).split()[0]
        yield from _marker_lines(cell.source, role, where, name)
        for region in REGIONS:
            try:
                markers.split_regions(cell.source, region)
            except markers.MarkerError as error:
                yield Finding("error", where, name, str(error), "write one BEGIN and one END, indented alike")


def _marker_lines(source: str, role: str, where: str, cell: str) -> Iterator[Finding]:
    for number, line in enumerate(source.split("\n"), start=1):
        meant = _meant_marker(line)
        if meant is None:
            continue
        region = meant.split(" ", 2)[2]
        if line.strip() != meant:
            message = f"line {number}: {line.strip()!r} looks like a marker and is none, so it would hide nothing"
            yield Finding("error", where, cell, message, f"write exactly {meant!r}, alone on its line")
        elif region not in ALLOWED.get(role, ()):
            kind = f"a {role} cell" if role else "a cell without role"
            message = f"line {number}: {meant!r} stands in {kind}, where it hides nothing"
            yield Finding("error", where, cell, message, "move the region into the cell whose role it belongs to")


def _meant_marker(line: str) -> str | None:
    """The marker that a line is or was meant to be; None for an ordinary line."""
    text = " ".join(re.sub(r"[^A-Z ]", " ", line.upper()).split())
    for marker in MARKERS:
        words = marker.removeprefix("### ")
        alone = len(text) <= len(words) + 3
        if words in text and (alone or line.lstrip().startswith("#")):
            return marker
        comment = line.lstrip().startswith("#") or text.startswith(("BEGIN ", "END "))
        if (
            alone
            and comment
            and SequenceMatcher(None, text.replace(" ", ""), words.replace(" ", "")).ratio() >= LIKENESS
        ):
            return max(MARKERS, key=lambda other: SequenceMatcher(None, text, other.removeprefix("### ")).ratio())
    return None


def audit_assignment(assignment: Assignment, where: str) -> Iterator[Finding]:
    """Check the questions of a master that can be read, and the names its cells use."""

    def finding(severity, cell, message, fix):
        return Finding(severity, where, cell, message, fix)

    low, high = POINTS
    if not low <= assignment.points <= high:
        yield finding("warning", "", f"{assignment.points:g} points in all", f"an assignment has {low} to {high}")
    low, high = QUESTIONS
    if not low <= len(assignment.questions) <= high:
        yield finding("warning", "", f"{len(assignment.questions)} questions", f"an assignment has {low} to {high}")
    for question in assignment.questions:
        source = question.answer.source
        if not markers.has_region(source, markers.SOLUTION):
            what = "a sample answer" if question.written else "a solution"
            yield finding("error", question.id, f"no {what} is marked", "put it between ### BEGIN SOLUTION and END")
        if question.written:
            if not question.answer.rubric:
                yield finding("error", question.id, "a written question without rubric", "add ### BEGIN RUBRIC … END")
            continue
        if not question.tests:
            yield finding("error", question.id, "no tests cell judges this answer", "add a tests cell below it")
        elif not any(markers.region_text(cell.source, markers.HIDDEN_TESTS).strip() for cell in question.tests):
            fix = "add a hidden region: visible tests alone can be satisfied by their own numbers"
            yield finding("error", question.id, "no hidden test judges this answer", fix)
    for cell, message, fix in _names(assignment):
        yield finding("error", cell, message, fix)
    for cell in assignment.cells:
        if cell.role == "tests" and _reveals(cell):
            message = "reveal=True prints the expected value of inputs that are not drawn"
            yield finding("error", cell.id, message, "draw the inputs with rng(…), or leave reveal out")


def _names(assignment: Assignment) -> Iterator[tuple[str, str, str]]:
    """Given and tests cells run where there are no answers: they may use names of given cells, and their own."""
    known, answers = set(dir(builtins)) | {"__name__"}, {}
    for cell in assignment.cells:
        if cell.kind != "code":
            continue
        try:
            used, bound = names(cell.solution)
        except SyntaxError as error:
            # Jupyter's own lines (%matplotlib, !ls) are not Python and may stand in cells that are only shown.
            if cell.role != "show":
                yield cell.id, f"line {error.lineno}: not Python: {error.msg}", "mend the line"
            continue
        if cell.role == "answer":
            answers |= dict.fromkeys(bound - set(answers), cell.id)
        if cell.role in ("given", "tests"):
            for name in sorted(used - bound - known):
                if name in answers:
                    fix = f"ask student.{name} for a value" if cell.role == "tests" else "give it the role :show:"
                    yield cell.id, f"uses {name!r}, which only the answer {answers[name]!r} defines", fix
                elif cell.role == "tests":
                    fix = "define it in this cell or in a given cell above: a tests cell sees no other tests cell"
                    yield cell.id, f"uses {name!r}, which no given cell above defines", fix
        if cell.role == "given":
            known |= bound


def names(source: str) -> tuple[set[str], set[str]]:
    """The names that code reads, and those that it binds anywhere.

    Raises:
        SyntaxError: if it is not Python.
    """
    used, bound = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return used, bound


def _reveals(cell: Cell) -> bool:
    calls = [node for node in ast.walk(_parsed(cell)) if isinstance(node, ast.Call)]
    draws = any(isinstance(call.func, ast.Name) and call.func.id == "rng" for call in calls)
    keywords = [keyword for call in calls for keyword in call.keywords if keyword.arg == "reveal"]
    return not draws and any(getattr(keyword.value, "value", True) is not False for keyword in keywords)


def _parsed(cell: Cell) -> ast.AST:
    try:
        return ast.parse(cell.solution)
    except SyntaxError:
        return ast.Module([], [])


def audit_place(folder: Path, base: Path, secrets: list[leaks.Secret]) -> Iterator[Finding]:
    """Search every file below a folder for the masters' secrets."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    for path in files:
        if path.suffix.lower() in leaks.ARCHIVES:
            message = "an archive, which this search does not open"
            yield Finding("warning", str(path.relative_to(base)), "", message, "publish its files, or look into it")
    for leak in leaks.search(files, secrets):
        secret = leak.secret
        message = f"shows the {secret.what} of {secret.assignment}: {leak.evidence[0].strip()!r}"
        more = len(leak.evidence) - 1
        fix = "take it out; if it is public on purpose, the question asks for what the course shows"
        yield Finding("error", str(leak.path.relative_to(base)), secret.cell, message + f" (+{more})" * bool(more), fix)


def audit_names(tree: Path) -> Iterator[Finding]:
    """Find files and folders in the public tree that belong to the instructor by their name."""
    for path in sorted(tree.rglob("*")):
        relative = path.relative_to(tree)
        if relative.name in PRIVATE and ".git" not in relative.parts:
            yield Finding("error", str(relative), "", "belongs to the instructor", "leave it out of the public tree")


def print_findings(findings: Iterable[Finding], console) -> None:
    """One line for each finding, errors first, and a line that counts them."""
    findings = sorted(findings, key=lambda finding: finding.severity)
    for finding in findings:
        where = f"{finding.file}" + f" [{finding.cell}]" * bool(finding.cell)
        console.print(f"{finding.severity}: {where}: {finding.message}; {finding.fix}", markup=False)
    errors = sum(finding.severity == "error" for finding in findings)
    console.print(f"{errors} errors, {len(findings) - errors} warnings", markup=False)
