"""Answers that resemble each other more than the task makes them.

Winnowing (Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003, the
method behind MOSS): an answer becomes a sequence of tokens in which names that a student chose are all alike; of the
hashes of its runs of ``RUN`` tokens the smallest in each window of ``WINDOW`` is kept. Two answers that share
RUN + WINDOW - 1 = 15 tokens in a row share a fingerprint. What the instructor wrote (stub, solution, the answers that
``wrong.py`` foresees) is nobody's own and is taken away; what many of the class wrote weighs little.

A fingerprint in df of n answers weighs log(n / df) / log(n / 2): 1 if two answers have it, 0 if all have it. A pair is
shown for a question when what it shares weighs at least ``MIN_WEIGHT`` and at least ``MIN_SHARE`` of what the shorter
answer holds beyond the task. ``MIN_WEIGHT`` fingerprints are about 40 tokens, four lines, that nobody else wrote: equal
answers to a short question cannot reach it. Likeness is a reason to read both answers, and proves nothing.
"""

import builtins
import io
import keyword
import re
import token
import tokenize
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

RUN = 10
WINDOW = 6
MIN_WEIGHT = 10.0
MIN_SHARE = 0.5
MAX_TEXT = 200_000  # characters of an answer that are read
_BLOCK = 256  # rows of the product that are in memory at a time
_BASE = np.uint64(0x9E3779B97F4A7C15)
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins))
_SPACE = (token.INDENT, token.DEDENT, token.ENDMARKER, tokenize.NL, tokenize.COMMENT, tokenize.ENCODING)


@dataclass(frozen=True)
class Likeness:
    """Two answers to one question.

    Attributes:
        first: the student who comes first in the order given.
        second: the other.
        weight: what they share, in fingerprints that no third answer has.
        share: the same as a share of what the shorter answer holds beyond the task, 0 to 1.
    """

    first: str
    second: str
    weight: float
    share: float


def tokens(text: str, prose: bool = False) -> list[tuple[str, int]]:
    """The tokens of an answer and the lines that they stand on, counted from 0.

    Names that are neither Python's own nor attributes become ``v``, strings ``s``; comments, docstrings and layout are
    dropped. Of code that cannot be read to its end, the part before is taken. Prose is words.

    >>> [word for word, _ in tokens("total = np.sum(x)  # all")]
    ['v', '=', 'v', '.', 'sum', '(', 'v', ')', ';']
    """
    text = text[:MAX_TEXT]
    if prose:
        lines = enumerate(text.lower().split("\n"))
        return [(word, number) for number, line in lines for word in re.findall(r"\w+", line)]
    found: list[tuple[str, int]] = []
    try:
        for one in tokenize.generate_tokens(io.StringIO(text).readline):
            _take(one, found)
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def _take(one, found):
    line, last = one.start[0] - 1, found[-1][0] if found else ";"
    if one.type in _SPACE:
        return
    if one.type == token.NEWLINE:
        if last == "s" and (len(found) < 2 or found[-2][0] == ";"):
            found.pop()  # a string that is a whole line: a docstring
        elif last != ";":
            found.append((";", line))
    elif one.type == token.NAME and one.string not in _KEPT and last != ".":
        found.append(("v", line))
    elif one.type == token.STRING or token.tok_name[one.type].startswith("FSTRING"):
        if last != "s":  # from Python 3.12 on an f-string comes in parts
            found.append(("s", line))
    else:
        found.append((one.string, line))


def runs(words: list[tuple[str, int]]) -> np.ndarray:
    """A hash for every ``RUN`` tokens in a row, in order, shape (tokens - RUN + 1,) of uint64."""
    if len(words) < RUN:
        return np.empty(0, np.uint64)
    values = np.array([zlib.crc32(word.encode("utf-8", "replace")) for word, _ in words], np.uint64)
    powers = _BASE ** np.arange(RUN, dtype=np.uint64)  # modulo 2^64
    mixed = (np.lib.stride_tricks.sliding_window_view(values, RUN) * powers).sum(axis=1, dtype=np.uint64)
    mixed ^= mixed >> np.uint64(31)
    return mixed * _BASE


def fingerprints(hashes: np.ndarray) -> np.ndarray:
    """The hashes that winnowing keeps, each once, sorted."""
    if len(hashes) < WINDOW:
        return hashes[hashes == hashes.min()][:1] if len(hashes) else hashes
    windows = np.lib.stride_tricks.sliding_window_view(hashes, WINDOW)
    return np.unique(windows.min(axis=1))


def own_fingerprints(text: str, known: np.ndarray, prose: bool = False) -> np.ndarray:
    """The fingerprints of an answer beyond what the task gives; ``known`` is what ``known_runs`` returns."""
    prints = fingerprints(runs(tokens(text, prose)))
    return prints[~np.isin(prints, known)]


def known_runs(texts: Iterable[str], prose: bool = False) -> np.ndarray:
    """All runs of the texts that the instructor wrote: stub, solution, foreseen answers."""
    return np.unique(np.concatenate([np.empty(0, np.uint64), *(runs(tokens(text, prose)) for text in texts)]))


def alike(prints: dict[str, np.ndarray]) -> list[Likeness]:
    """The pairs of answers to one question that are worth a look, the heaviest first.

    The product of the sparse matrix (answers, fingerprints) with its transpose is an inverted index: work grows with
    the number of answers, as long as no fingerprint is in a fixed part of them.

    Args:
        prints: student -> the answer's own fingerprints.
    """
    from scipy import sparse

    students = [student for student, own in prints.items() if len(own) >= MIN_WEIGHT]
    if len(students) < 2:
        return []
    n = len(prints)
    columns, inverse = np.unique(np.concatenate([prints[student] for student in students]), return_inverse=True)
    rows = np.repeat(np.arange(len(students)), [len(prints[student]) for student in students])
    every, counts = np.unique(np.concatenate(list(prints.values())), return_counts=True)  # short answers' too
    frequency = counts[np.searchsorted(every, columns)]
    weights = np.minimum(1.0, np.log(n / frequency) / np.log(n / 2)) if n > 2 else np.ones(len(columns))
    table = sparse.csr_matrix((np.ones(len(rows)), (rows, inverse)), shape=(len(students), len(columns)))
    weights[frequency < 2] = 1.0
    totals = table @ weights
    shared_only = table[:, (frequency > 1) & (weights > 0)]
    weighted = shared_only.multiply(weights[(frequency > 1) & (weights > 0)]).tocsr()
    found = []
    for start in range(0, len(students), _BLOCK):
        product = (weighted[start : start + _BLOCK] @ shared_only.T).tocoo()
        kept = (product.data >= MIN_WEIGHT) & (product.row + start < product.col)
        for row, column, weight in zip(product.row[kept] + start, product.col[kept], product.data[kept], strict=True):
            share = float(weight / min(totals[row], totals[column]))
            if share >= MIN_SHARE:
                found.append(Likeness(students[row], students[column], float(weight), share))
    return sorted(found, key=lambda pair: (-pair.weight, pair.first, pair.second))


def shared_lines(first: str, second: str, known: np.ndarray, prose: bool = False) -> tuple[set[int], set[int]]:
    """Numbers of the lines, from 0, of each text that lie wholly in runs which both hold and the task does not."""
    words = tokens(first, prose), tokens(second, prose)
    hashes = runs(words[0]), runs(words[1])
    common = np.setdiff1d(np.intersect1d(*hashes), known)
    lines: tuple[set[int], set[int]] = set(), set()
    for which in (0, 1):
        covered = np.zeros(len(words[which]), bool)
        for start in np.flatnonzero(np.isin(hashes[which], common)):
            covered[start : start + RUN] = True
        lines[which].update(line for _, line in words[which])
        lines[which].difference_update(
            line for (_, line), inside in zip(words[which], covered, strict=True) if not inside
        )
    return lines
