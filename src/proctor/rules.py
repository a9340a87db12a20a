"""What an answer may import: a static reading of its text, so that the student gets a sentence and not a riddle.

This is help, not a wall: the wall is that the process in which answers run cannot import the forbidden modules.
"""

import ast
from collections.abc import Iterable

# Small modules of the standard library that no question needs to keep away.
ALWAYS = frozenset(
    """
    __future__ abc collections copy dataclasses enum fractions functools itertools math numbers operator random
    statistics typing warnings
    """.split()  # noqa: SIM905 - a list literal would be twenty lines
)


def breaches(source: str, imports: tuple[str, ...], forbids: tuple[str, ...]) -> list[str]:
    """Modules that an answer uses although the assignment does not allow them.

    Args:
        source: text of the answer cell; what does not parse is left to the run, which reports it better.
        imports: dotted names that may be imported, submodules included.
        forbids: dotted names that may not be used, submodules included; they win over ``imports``.

    Returns:
        The names, sorted.
    """
    if "import" not in source and not any(name.rpartition(".")[2] in source for name in forbids):
        return []  # most answers: to parse them takes longer than many a test
    try:
        tree = ast.parse(_python(source))
    except TimeoutError:
        raise
    except Exception:  # IPython's translation fails in its own ways
        return []
    found, inner = set(), set()
    for node in ast.walk(tree):  # parents first
        if isinstance(node, ast.Attribute):
            inner.add(node.value)  # of a.b.c only the whole is looked at, or long chains would take for ever
            dotted = None if node in inner else _dotted(node)
            if dotted and within(dotted, forbids):
                found.add(next(name for name in forbids if within(dotted, (name,))))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name in _imported(node):
                if within(name, forbids) or not within(name, (*imports, *ALWAYS)):
                    found.add(name)
    return sorted(found)


def imported(sources: Iterable[str]) -> list[str]:
    """Dotted names that cells import, sorted; some may be names in a module and no modules."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(_python(source)))]
    return sorted({name for node in nodes for name in _imported(node) if not name.startswith(".")})


def _python(source):
    if not any(line.lstrip().startswith(("%", "!")) for line in source.split("\n")):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        # `from torch import optim` names a module too; `from torch import tensor` is harmless and covered by `torch`.
        return [module] + [f"{module}.{alias.name}" for alias in node.names]
    return []


def _dotted(node) -> str | None:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def within(name: str, modules: Iterable[str]) -> bool:
    """Whether a dotted name is one of the modules or lies in one."""
    return any(name == one or name.startswith(one + ".") for one in modules)
