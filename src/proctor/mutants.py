"""Automatic mutants of an answer: the solution with one small mistake each, to see whether the tests notice.

A mutant changes one place between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` (in the whole cell where there are no
markers), never a docstring, an annotation, or the text of an error message. Its name says where and what::

    line 7: params - lr * grad -> params + lr * grad

so that ``equivalent("gradient-step", "params - lr * grad -> params + lr * grad", why=…)`` can list it; lines are those
of the answer cell. The order and the names depend on the cell's text alone.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from proctor.mutations import rewrites

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
NEUTRAL = ("{0} = 0 * {0}", "{0} = 1")


@dataclass(frozen=True)
class Mutant:
    """One wrong version of an answer.

    Attributes:
        name: ``line N: before -> after``, unique within the answer.
        source: text of the answer cell with the mistake.
    """

    name: str
    source: str


@dataclass(frozen=True)
class _Place:
    """A node of the tree and where it hangs, so that another can hang there for a moment."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants(source: str) -> list[Mutant]:
    """Make every mutant of an answer.

    Args:
        source: text of the answer cell in the master, solution markers included.

    Returns:
        The mutants in the order of the text; no two of the same text, none of the text of the solution.

    Raises:
        ValueError: if the cell is not Python.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno}: an answer must be Python, got {error.msg}: {error.text!r}") from error
    lines = _solution_lines(source)
    original = ast.unparse(tree)
    found: dict[str, tuple[int, str, str]] = {}
    for line, short, long, text in _changes(tree, lines):
        if text != original and text not in found:
            found[text] = line, short, long
    return [Mutant(name, text) for name, text in zip(_names(found.values()), found, strict=True)]


def find_mutant(mutants: list[Mutant], name: str) -> Mutant:
    """The mutant of this name; ``line 7:`` may be left off where no other line has the same.

    Raises:
        ValueError: if there is none, with the nearest names, or more than one.
    """
    found = [mutant for mutant in mutants if name in (mutant.name, mutant.name.partition(": ")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"{len(found)} mutants have the name {name!r}; put the line before it, as in {found[0].name!r}"
        )
    near = get_close_matches(name, [mutant.name for mutant in mutants], n=3, cutoff=0.3)
    raise ValueError(f"no mutant has the name {name!r}; the nearest are {near}")


def _names(changes) -> list[str]:
    changes = list(changes)
    shorts = Counter((line, short) for line, short, _ in changes)
    names, seen = [], Counter()
    for line, short, long in changes:
        name = f"line {line}: {short if shorts[line, short] == 1 else long}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _changes(tree: ast.Module, lines: set[int]) -> Iterator[tuple[int, str, str, str]]:
    """Yield ``(line, name, longer name, text of the cell)`` of every change, top to bottom."""
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for place in _places(tree, tree, lines):
        if isinstance(place.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _whole_function(tree, place.node, parents[place.node], lines)
        if place.node.lineno not in lines:
            continue
        for other in rewrites(place.node, place.parent):
            unit = _unit(place, parents)
            long_unit = _statement(place.node, parents)
            before = _brief(unit), _brief(long_unit)
            place.put(other)
            try:
                changed = [other if node is place.node else node for node in (unit, long_unit)]
                after = [_brief(node) for node in changed]
                text = ast.unparse(tree)
            finally:
                place.put(place.node)
            names = [
                f"drop {old}" if new == "pass" else f"{old} -> {new}" for old, new in zip(before, after, strict=True)
            ]
            yield place.node.lineno, *names, text


def _places(tree: ast.Module, node: ast.AST, lines: set[int]) -> Iterator[_Place]:
    """Yield the expressions and statements that may be changed, top to bottom."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_comment", "format_spec"):
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_left_alone(child):
                continue
            if isinstance(child, (ast.expr, ast.stmt, ast.Slice)):
                yield _Place(child, node, field, index if isinstance(value, list) else None)
            if not isinstance(child, (ast.Raise, ast.JoinedStr)):
                yield from _places(tree, child, lines)


def _is_left_alone(node: ast.AST) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert, ast.Pass))


def _whole_function(tree, function, parent, lines) -> Iterator[tuple[int, str, str, str]]:
    """A parameter that is ignored, and a body that only returns something."""
    body = function.body
    first = next((n for n, item in enumerate(body) if item.lineno in lines and not _is_left_alone(item)), None)
    if first is None:
        return
    where = f"{parent.name}.{function.name}" if isinstance(parent, ast.ClassDef) else function.name
    parameters = _parameters(function)
    read = {node.id for item in body[first:] for node in ast.walk(item) if isinstance(node, ast.Name)}
    bodies = []
    for name, default in parameters.items():
        if name in read:
            lines_of_code = [f"{name} = {default}"] if default else [form.format(name) for form in NEUTRAL]
            bodies += [(f"{where}: ignore {name}: {code}", code, body[first:]) for code in lines_of_code]
    if any(isinstance(node, ast.Return) and node.value for item in body for node in ast.walk(item)):
        subject = next((name for name in parameters), None)
        returned = ["None", "0", "1"] + ([subject, f"0 * {subject}"] if subject else [])
        bodies += [(f"{where}: return {value}", f"return {value}", []) for value in returned]
    for name, code, rest in bodies:
        statement = ast.parse(code).body[0]
        function.body = [*body[:first], ast.copy_location(statement, body[first]), *rest]
        try:
            text = ast.unparse(ast.fix_missing_locations(tree))
        finally:
            function.body = body
        yield function.lineno, name, name, text


def _parameters(function) -> dict[str, str | None]:
    """Names of the parameters, ``self`` left out, each with the text of its default."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    pairs = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return {a.arg: ast.unparse(default) if default else None for a, default in pairs if a.arg not in ("self", "cls")}


def _unit(place: _Place, parents) -> ast.AST:
    """The smallest piece of code round the node that can be read alone: for ``2``, the ``x ** 2`` it stands in."""
    node = place.node
    if isinstance(node, (ast.Constant, ast.Name, ast.Slice, ast.UnaryOp)):
        while not isinstance(node, ast.stmt):
            node = parents[node]
            if isinstance(node, (ast.BinOp, ast.Call, ast.Subscript, ast.Compare)):
                break
    return node


def _statement(node: ast.AST, parents) -> ast.AST:
    while not isinstance(node, ast.stmt):
        node = parents[node]
    return node


def _brief(node: ast.AST) -> str:
    """The node on one line; of a compound statement, its head."""
    text = ast.unparse(node)
    if isinstance(node, ast.FunctionDef):
        head = [line for line in text.split("\n") if line.lstrip().startswith(("@", "def "))]
        return " ".join(head[: len(node.decorator_list) + 1])
    return text.split("\n")[0]


def _solution_lines(source: str) -> set[int]:
    """Numbers of the lines between the markers; all lines when there are none."""
    inside, lines = False, set()
    for number, line in enumerate(source.split("\n"), start=1):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            lines.add(number)
    return lines or set(range(1, source.count("\n") + 2))
