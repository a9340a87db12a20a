"""Answers whose verdict is known: the wrong ones, the right ones written differently, the mutants that change nothing.

``solutions/<name>/wrong.py`` lists them as data; ``proctor verify`` demands of each what its entry says, and
``proctor sample-class`` makes students out of them::

    from proctor.variants import equivalent, right, wrong

    wrong("gradient-step", "goes uphill", fails=["gradient-step-values"], source='''
    def gradient_step(params, grad, *, lr):
        return params + lr * grad
    ''')
    right("gradient-step", "in place on a copy", source='''...''')
    equivalent("gradient-step", "x - 0 -> x + 0", why="adding and subtracting zero are the same")

The sources are never run here: only the file that lists them is.
"""

import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from proctor.assignment import Assignment


class VariantsError(ValueError):
    """A ``wrong.py`` that cannot be used; the message names the file, the line and the entry."""


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: it must fail exactly the test cells ``fails`` of its question."""

    question: str
    name: str
    fails: tuple[str, ...]
    source: str
    where: str = ""


@dataclass(frozen=True)
class Right:
    """A right answer written differently: it must get full marks."""

    question: str
    name: str
    source: str
    where: str = ""


@dataclass(frozen=True)
class Equivalent:
    """An automatic mutant that is the same function as the solution, and the reason why it is."""

    question: str
    mutant: str
    why: str
    where: str = ""


@dataclass(frozen=True)
class Variants:
    """What one ``wrong.py`` lists, in its order."""

    path: Path
    wrong: tuple[Wrong, ...] = ()
    right: tuple[Right, ...] = ()
    equivalent: tuple[Equivalent, ...] = ()

    def problems(self, assignment: Assignment) -> Iterator[str]:
        """Say, one line each, where the entries do not fit the assignment.

        Every question judged by tests needs a wrong answer and a right one written differently; every entry names a
        question and test cells that exist.
        """
        questions = {question.id: question for question in assignment.questions if not question.written}
        for entry in (*self.wrong, *self.right, *self.equivalent):
            if entry.question not in questions:
                known = ", ".join(questions) or "none"
                yield f"{entry.where}: no question {entry.question!r} with tests in the master; there are: {known}"
            elif isinstance(entry, Wrong):
                cells = [cell.id for cell in questions[entry.question].tests]
                for cell in entry.fails:
                    if cell not in cells:
                        yield f"{entry.where}: {cell!r} is no test cell of this question; there are: {', '.join(cells)}"
        for id in questions:
            if not any(entry.question == id for entry in self.wrong):
                yield f"{self.path}: question {id!r} has no wrong answer; add wrong({id!r}, …) for a plausible mistake"
            if not any(entry.question == id for entry in self.right):
                yield f"{self.path}: question {id!r} has no second right answer; add right({id!r}, …)"


_reading: ContextVar[list | None] = ContextVar("variants being read", default=None)


def wrong(question: str, name: str, *, fails: Iterable[str], source: str) -> None:
    """List a wrong answer.

    Args:
        question: id of the answer whose cell it replaces.
        name: the mistake in a few words; unique within the question.
        fails: ids of exactly the test cells of this question that must fail, at least one.
        source: the whole text of the answer cell; common indentation and blank lines around it are dropped.

    Raises:
        VariantsError: if a value has the wrong form, or outside of a file that ``read_variants`` reads.
    """
    where = _where("wrong", question, name)
    if isinstance(fails, str) or not all(isinstance(cell, str) for cell in fails):
        raise VariantsError(f"{where}: fails must be a list of test cell ids, got {fails!r}")
    if not tuple(fails):
        raise VariantsError(f"{where}: fails names no test cell; a wrong answer must fail one at least")
    _add(Wrong(question, name, tuple(fails), _text(source, where), where))


def right(question: str, name: str, *, source: str) -> None:
    """List a right answer that is written differently from the solution; arguments and errors as for ``wrong``."""
    where = _where("right", question, name)
    _add(Right(question, name, _text(source, where), where))


def equivalent(question: str, mutant: str, *, why: str) -> None:
    """List an automatic mutant that cannot be told from the solution.

    Args:
        question: id of the answer.
        mutant: its name as ``proctor verify`` prints it; ``line 7:`` may be left off where no other line has the same.
        why: the reason why no test can tell.

    Raises:
        VariantsError: if the reason is empty, or outside of a file that ``read_variants`` reads.
    """
    where = _where("equivalent", question, mutant)
    if not isinstance(why, str) or not why.strip():
        raise VariantsError(f"{where}: needs why=…, the reason why no test can tell the mutant from the solution")
    _add(Equivalent(question, mutant, why, where))


def read_variants(path: Path) -> Variants:
    """Run a ``wrong.py`` and collect what it lists.

    Args:
        path: the file. It is trusted, as the master is.

    Returns:
        Its entries by kind. A file that does not exist lists none.

    Raises:
        VariantsError: if the file does not run, an entry is malformed, or two entries have the same name.
    """
    path = Path(path)
    if not path.exists():
        return Variants(path)
    with _collecting() as entries:
        try:
            exec(
                compile(path.read_text(encoding="utf-8"), str(path), "exec"),
                {"__name__": path.stem, "__file__": str(path)},
            )
        except VariantsError:
            raise
        except Exception as error:
            line = _line(path, error)
            raise VariantsError(f"{path}:{line}: does not run: {type(error).__name__}: {error}") from error
    seen = {}
    for entry in entries:
        key = type(entry), entry.question, entry.mutant if isinstance(entry, Equivalent) else entry.name
        if key in seen:
            raise VariantsError(f"{entry.where}: listed before at {seen[key]}; names are unique within a question")
        seen[key] = entry.where
    by_kind = {kind: tuple(entry for entry in entries if type(entry) is kind) for kind in (Wrong, Right, Equivalent)}
    return Variants(path, by_kind[Wrong], by_kind[Right], by_kind[Equivalent])


@contextmanager
def _collecting():
    token = _reading.set([])
    try:
        yield _reading.get()
    finally:
        _reading.reset(token)


def _add(entry) -> None:
    entries = _reading.get()
    if entries is None:
        raise VariantsError(f"{entry.where}: wrong, right and equivalent belong in a file that proctor verify reads")
    entries.append(entry)


def _where(kind: str, question: str, name: str) -> str:
    caller = sys._getframe(2)
    where = f"{caller.f_code.co_filename}:{caller.f_lineno}: {kind}({question!r}, {name!r})"
    if not all(isinstance(value, str) and value for value in (question, name)):
        raise VariantsError(f"{where}: question and name must be texts")
    return where


def _text(source: str, where: str) -> str:
    if not isinstance(source, str):
        raise VariantsError(f"{where}: source must be the text of the answer cell, got {type(source).__name__}")
    return textwrap.dedent(source).strip("\n")


def _line(path: Path, error: BaseException) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    lines = [1]
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return lines[-1]
