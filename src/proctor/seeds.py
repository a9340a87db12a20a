"""Random inputs for tests that nobody can foresee and anybody with the secret can draw again.

The seed of a question is an HMAC over assignment, question, a digest of the question's tests and the normalized answer,
keyed with the course's secret: the same answer always gets the same inputs, so scores repeat, also after another
question of the master was mended; a student, who lacks the secret, cannot compute them.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

SECRET_FILE = ".course-secret"


def rng(label: str) -> np.random.Generator:
    """A generator for this test's inputs.

    Args:
        label: says which inputs; the same label in the same question draws the same numbers.

    Returns:
        A NumPy generator; under ``proctor grade`` seeded from the course's secret, in a notebook from ``PROCTOR_SEED``
        (an empty string if unset), so that a notebook repeats itself.
    """
    key = os.environ.get("PROCTOR_SEED", "").encode() if _base is None else _base
    return np.random.default_rng(int.from_bytes(_digest(key, label)))


@contextmanager
def use_seed(base: bytes) -> Iterator[None]:
    """Let ``rng`` draw from ``base`` for as long as the block lasts."""
    global _base
    before, _base = _base, base
    try:
        yield
    finally:
        _base = before


def question_seed(secret: bytes, assignment: str, question: str, digest: str, answer: str) -> bytes:
    """The seed of one question for one answer (32 bytes)."""
    return _digest(secret, assignment, question, digest, normalized(answer))


def normalized(answer: str) -> str:
    """An answer without what cannot matter: line-end style, trailing white space, blank lines round it."""
    return "\n".join(line.rstrip() for line in answer.replace("\r\n", "\n").split("\n")).strip("\n")


def course_secret(root: Path, make: bool = True) -> bytes:
    """The course's secret, from ``.course-secret`` at the root; made on first use and never committed.

    Args:
        root: the course.
        make: False for who only looks: where there is none yet, any will do, and none is written.

    Raises:
        ValueError: if the file is there and empty.
    """
    path = Path(root) / SECRET_FILE
    if not path.exists():
        if not make:
            return secrets.token_bytes()
        _make_secret(path)
    secret = path.read_bytes().strip()
    if not secret:
        raise ValueError(f"{path} is empty; remove it, and a new secret is made (drawn inputs then change)")
    return secret


def _make_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # for its owner's eyes only
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_hex(32) + "\n")
    try:
        os.link(temporary, path)  # never replaces: of two first runs at once both use the first one's secret
    except OSError:
        if not path.exists():  # a file system without links
            os.replace(temporary, path)
    Path(temporary).unlink(missing_ok=True)


def assignment_secret(root: Path, assignment: str, make: bool = True) -> bytes:
    """The secret of one assignment, which says nothing of the others': what leaves this process for a worker."""
    return _digest(course_secret(root, make), assignment)


def _digest(key: bytes, *parts: str) -> bytes:
    # Lengths first: ("ab", "c") and ("a", "bc") must not meet.
    message = b"".join(len(part.encode()).to_bytes(8) + part.encode() for part in parts)
    return hmac.new(key, message, hashlib.sha256).digest()


_base: bytes | None = None
