"""Similar answers: a copy is found under other names, what everybody writes is not, and the time stays bounded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from proctor.similarity import (
    MIN_WEIGHT,
    RUN,
    WINDOW,
    alike,
    fingerprints,
    known_runs,
    own_fingerprints,
    runs,
    shared_lines,
    tokens,
)

STUB = 'def search(f, low, high):\n    """Find a root of f."""\n    raise NotImplementedError()\n'
ANSWER = """
def search(f, low, high):
    # the sign changes between the ends
    left, right = f(low), f(high)
    rounds = 0
    while high - low > 1e-9 and rounds < 200:
        middle = low + 0.5 * (high - low)
        value = f(middle)
        if value == 0 or abs(value) < 1e-15:
            return middle
        if left * value < 0:
            high, right = middle, value
        else:
            low, left = middle, value
        rounds = rounds + 1
    return 0.5 * (low + high)
"""
RENAMED = """
def search(g, a, b):
    '''My own work.'''
    ya, yb = g(a), g(b)
    n = 0
    while b - a > 1e-9 and n < 200:

        m = a + 0.5 * (b - a)   # halve
        y = g(m)
        if y == 0 or abs(y) < 1e-15:
            return m
        if ya * y < 0:
            b, yb = m, y
        else:
            a, ya = m, y
        n = n + 1
    return 0.5 * (a + b)
"""
NONE = np.empty(0, np.uint64)


def unlike(number):
    """An answer of nobody else: arithmetic in an order of its own."""
    draw = np.random.default_rng(number)
    lines = [f"    x{i} = f({draw.integers(99)}) {draw.choice(list('+-*/'))} {draw.integers(999)}" for i in range(12)]
    return "\n".join(["def search(f, low, high):", *lines, f"    return x{draw.integers(12)}\n"])


def pairs(texts, known=(), prose=False):
    known = known_runs(known, prose)
    return alike({student: own_fingerprints(text, known, prose) for student, text in texts.items()})


def crowd(size):
    return {f"s{number}": unlike(number) for number in range(size)}


def test_names_comments_docstrings_and_layout_do_not_count():
    assert [word for word, _ in tokens(ANSWER)] == [word for word, _ in tokens(RENAMED)]
    assert tokens("x.sum(axis=1)")[2] == ("sum", 0)
    assert tokens("return f'{x:.2f} of {y}'")[1][0] == "s"


@pytest.mark.parametrize("broken", ["def f(:\n  x = (1,\n", "'''open", "x = 1\n   y", "\x0c$?`", "(" * 999, ""])
def test_code_that_does_not_parse_is_read_as_far_as_it_goes(broken):
    assert fingerprints(runs(tokens(broken))).dtype == np.uint64


def test_a_copy_under_other_names_is_found_and_nothing_else():
    (pair,) = pairs({**crowd(40), "ann": ANSWER, "bob": RENAMED}, [STUB])
    assert (pair.first, pair.second, pair.share) == ("ann", "bob", 1.0)
    assert pair.weight >= MIN_WEIGHT


def test_what_the_instructor_wrote_is_nobodys_own():
    assert pairs({**crowd(40), "ann": ANSWER, "bob": RENAMED}, [STUB, ANSWER]) == []
    assert pairs({f"s{number}": STUB for number in range(40)}, [STUB]) == []


def test_what_most_of_the_class_wrote_is_no_evidence():
    assert pairs({**crowd(10), **{f"c{number}": ANSWER for number in range(30)}}) == []
    ring = pairs({**crowd(54), **{f"c{number}": ANSWER for number in range(6)}})
    assert len(ring) == 15


def test_equal_answers_to_a_short_question_are_not_flagged():
    short = "def edges():\n    largest = max(eigenvalues)\n    return 2 / largest, 3 / 14\n"
    assert pairs({**crowd(40), "ann": short, "bob": short}) == []


def test_a_copied_half_is_found_with_its_share():
    half = ANSWER + "\n".join(unlike(7).splitlines()[1:])
    (pair,) = pairs({**crowd(5), "ann": ANSWER, "bob": half})
    assert pair.share > 0.9
    long = ANSWER + "".join(unlike(number) for number in range(50, 60))
    other = RENAMED + "".join(unlike(number) for number in range(70, 80))
    assert pairs({**crowd(40), "ann": long, "bob": other}) == []


def test_a_class_of_two_can_be_alike():
    assert [pair.weight for pair in pairs({"ann": ANSWER, "bob": RENAMED})] == [pytest.approx(len(
        own_fingerprints(ANSWER, NONE)))]  # fmt: skip
    assert pairs({"ann": ANSWER}) == pairs({}) == []


def test_written_answers_are_words():
    text = " ".join(f"word{number % 37} and{number}" for number in range(40))
    assert len(pairs({**{f"s{n}": f"other {n} " * 40 for n in range(9)}, "ann": text, "bob": text.upper()}, (), True))
    assert tokens("The loss, it falls", prose=True)[1] == ("loss", 0)


def test_the_lines_that_two_share_are_told():
    first, second = shared_lines("a = 1\n" + ANSWER, RENAMED, NONE)
    assert 0 not in first and {4, 5, 15} <= first and second
    assert shared_lines(ANSWER, RENAMED, known_runs([ANSWER])) == (set(), set())


@given(some.lists(some.integers(0, 5), min_size=RUN + WINDOW - 1, max_size=60), some.lists(some.integers(6, 9)))
def test_a_run_of_fifteen_tokens_is_never_missed(shared, before):
    """The guarantee of winnowing: 15 tokens in a row in common give a fingerprint in common."""
    words = [(str(number), 0) for number in shared]
    other = [(str(number), 0) for number in before] + words + [("end", 0)] * 20
    mine, theirs = fingerprints(runs(words)), fingerprints(runs(other))
    assert len(np.intersect1d(mine, theirs)) >= 1


def test_a_large_class_takes_seconds():
    import time

    texts = crowd(300) | {f"c{number}": ANSWER for number in range(100)}
    start = time.process_time()
    assert pairs(texts) == []
    assert time.process_time() - start < 5
