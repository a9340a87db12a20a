"""Searches what students can see for what they must not see: solutions, hidden tests, rubrics, sample answers.

Code is looked for line by line, white space taken out, so that a changed indentation or a copy inside HTML or a
notebook is found; prose by runs of ten words, so that new line breaks and markup do not matter. What the assignment
itself shows (stubs, visible tests, its text) is no secret, nor is a line that any program could hold.
"""

import ast
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proctor import markers
from proctor.assignment import Assignment, Cell

TEXT = {
    ".css",
    ".csv",
    ".html",
    ".htm",
    ".ipynb",
    ".js",
    ".json",
    ".md",
    ".py",
    ".rst",
    ".svg",
    ".toml",
    ".txt",
    ".xml",
}
TEXT |= {".bib", ".cfg", ".cff", ".inv", ".yaml", ".yml", ""}
ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".whl", ".bz2", ".xz", ".7z", ".pkl", ".pickle"}
# Characters of a line without white space: fewer are never looked at, fewer say little, so many need no second line.
SHORTEST, TELLING, LONG = 8, 16, 45
LINES = 2
WORDS = 10
COMMON = re.compile(r"(import|from|return|def|class|elif|else|if|for|while|with|try|except|@)\b")


@dataclass(frozen=True)
class Secret:
    """A region of a master that must not be seen.

    Attributes:
        assignment: its name.
        cell: id of the cell.
        what: ``solution``, ``hidden tests``, ``rubric`` or ``sample answer``.
        lines: its telling lines, white space taken out.
        shingles: its telling runs of words.
    """

    assignment: str
    cell: str
    what: str
    lines: frozenset[str] = frozenset()
    shingles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Leak:
    """A secret found: where, and the lines or words that give it away."""

    path: Path
    secret: Secret
    evidence: tuple[str, ...]


def secrets(assignment: Assignment, public: Iterable[str] = ()) -> list[Secret]:
    """What a master hides.

    Args:
        assignment: a master.
        public: further texts that anybody may see; their lines are no secret.

    Returns:
        The regions that hold something telling.
    """
    seen_lines, seen_words = set(), " "
    for text in (*(cell.released for cell in assignment.cells), *public):
        seen_lines |= _lines(text)
        seen_words += _words(text)
    found = []
    for cell in assignment.cells:
        for what, text in _hidden(cell):
            if cell.kind == "markdown":
                told = frozenset(s for s in _shingles(text) if s not in seen_words)
                found.append(Secret(assignment.name, cell.id, what, shingles=told))
            else:
                # An answer of one short line, as ``return 2 / 25``, is a secret too.
                lines = (_code_lines(text) or _lines(text)) - seen_lines
                found.append(Secret(assignment.name, cell.id, what, lines=frozenset(lines)))
    return [secret for secret in found if secret.lines or secret.shingles]


def search(paths: Iterable[Path], secrets: list[Secret]) -> Iterator[Leak]:
    """Yield every secret that one of the files shows.

    Raises:
        OSError: if a file cannot be read.
    """
    for path in paths:
        if path.suffix.lower() not in TEXT:
            continue
        text = visible_text(path)
        lines, words = _lines(text), _words(text)
        for secret in secrets:
            evidence = sorted(secret.lines & lines, key=len, reverse=True)
            if len(evidence) >= min(LINES, len(secret.lines) or LINES) or (evidence and len(evidence[0]) >= LONG):
                yield Leak(path, secret, tuple(evidence))
                continue
            told = sorted(shingle for shingle in secret.shingles if shingle in words)
            if told:
                yield Leak(path, secret, tuple(told))


def visible_text(path: Path) -> str:
    """The text of a file, line by line: of a notebook or JSON every string in it, of HTML what the tags leave."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    if path.suffix.lower() in (".ipynb", ".json"):
        try:
            return "\n".join(_strings(json.loads(text)))
        except (ValueError, RecursionError):
            return text
    if path.suffix.lower() in (".html", ".htm", ".svg", ".xml"):
        # Comments and attributes are visible to who looks, so only the angle brackets of tags go; spans join a line.
        return html.unescape(re.sub(r"</?\w[^>]*>", "", text)) + "\n" + html.unescape(text)
    return text


def _hidden(cell: Cell) -> Iterator[tuple[str, str]]:
    if cell.role == "written":
        yield "rubric", cell.rubric
        yield "sample answer", markers.region_text(cell.source, markers.SOLUTION)
    elif cell.role == "answer":
        held = markers.has_region(cell.source, markers.SOLUTION)
        yield "solution", markers.region_text(cell.source, markers.SOLUTION) if held else cell.source
    elif cell.role == "tests":
        yield "hidden tests", markers.region_text(cell.source, markers.HIDDEN_TESTS)


def _code_lines(text: str) -> set[str]:
    """Lines that say something: long enough, and not what every program holds."""
    telling = set()
    for line in text.split("\n"):
        line = line.strip()
        bare = "".join(line.split())
        if len(bare) < TELLING or (COMMON.match(line) and len(bare) < LONG) or line.startswith(("import ", "from ")):
            continue
        if not _is_name_only(line):
            telling.add(bare)
    return telling


def _is_name_only(line: str) -> bool:
    """Whether the line only passes names on (``self.max_norm = max_norm``), as any program may."""
    try:
        body = ast.parse(line).body
    except SyntaxError:
        return False
    if len(body) != 1 or not isinstance(body[0], ast.Assign):
        return False
    return isinstance(body[0].value, (ast.Name, ast.Attribute, ast.Constant))


def _lines(text: str) -> set[str]:
    return {bare for line in text.split("\n") if len(bare := "".join(line.split())) >= SHORTEST}


def _words(text: str) -> str:
    return " " + " ".join(re.findall(r"[^\W_]+", text.lower())) + " "


def _shingles(text: str) -> list[str]:
    words = _words(text).split()
    return [" " + " ".join(words[start : start + WORDS]) + " " for start in range(max(0, len(words) - WORDS + 1))]


def _strings(value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield "".join(value)  # nbformat stores a text as a list of lines
        yield from (text for item in value for text in _strings(item))
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in _strings(item))
