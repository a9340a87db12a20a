"""What a test cell asserts with: messages that say what was expected and got, and which misconception it looks like.

``mistakes`` maps the name of a misconception to the value it gives; when the student's value is that one, the message
says so. Where the values take time, give a function that returns the mapping: it is called for a wrong value only. The
expected value itself is printed only with ``reveal=True``, which is for inputs that were drawn: for fixed inputs it
would hand out the answer.
"""

import math
import sys
from collections.abc import Callable, Mapping

import numpy as np

from proctor.calls import StudentError
from proctor.proxy import StudentFunction

Mistakes = Mapping | Callable[[], Mapping] | None


def assert_close(got, expected, *, rtol=1e-6, atol=1e-9, name="the result", mistakes: Mistakes = None, reveal=False):
    """Fail unless ``got`` has the shape of ``expected`` and ``|got - expected| <= atol + rtol * |expected|``.

    Args:
        got: a number, nested list, NumPy array or torch tensor; what the student's code returned.
        expected: the right value, likewise.
        rtol: relative tolerance, no unit.
        atol: absolute tolerance, in the unit of the values.
        name: what the value is, for the message.
        mistakes: name of a misconception -> the value it gives; or a function that returns this.
        reveal: whether the message may print the expected value.

    Raises:
        AssertionError: with a message for the student.
    """
    want = _numbers(expected, name)
    have = _numbers(got, name)
    if have.shape != want.shape:
        hint = _named(have, want, mistakes, rtol, atol) or _looks_like_shape(have, want)
        raise AssertionError(f"{name}: expected shape {want.shape}, got shape {have.shape}.{hint}")
    if _close(have, want, rtol, atol):
        return
    if have.size and not np.isfinite(have).all() and np.isfinite(want).all():
        raise AssertionError(
            f"{name}: expected finite numbers, got {_short(have)}.{_named(have, want, mistakes, rtol, atol)}"
        )
    shown = f"expected {_short(want)}, got {_short(have)}" if reveal else f"got {_short(have)}, which is not right"
    raise AssertionError(f"{name}: {shown}.{_named(have, want, mistakes, rtol, atol)}")


def assert_equal(got, expected, *, name="the result", mistakes: Mistakes = None, reveal=False):
    """Fail unless ``got`` equals ``expected`` and is of the same kind; for strings, integers, bools and lists of them.

    Raises:
        AssertionError: with a message for the student.
    """
    have, want = _plain(got), _plain(expected)
    if type(have) is type(want) and have == want:
        return
    if type(have) is not type(want):
        raise AssertionError(
            f"{name}: expected a value of type {type(want).__name__}, got {type(have).__name__} ({have!r:.80})."
        )
    shown = f"expected {want!r:.200}, got {have!r:.200}" if reveal else f"got {have!r:.200}, which is not right"
    known = [mistake for mistake, value in _mapping(mistakes).items() if _plain(value) == have]
    raise AssertionError(f"{name}: {shown}.{_sentence(known)}")


def assert_raises(error: type[BaseException], function, *args, **kwargs):
    """Fail unless the student's ``function(*args, **kwargs)`` raises ``error``.

    Args:
        error: the exception class, for example ValueError.
        function: ``student.f``, or another function that asks the student's code.

    Raises:
        AssertionError: if it returns, or raises something else.
    """
    called = repr(function) if isinstance(function, StudentFunction) else "the code"
    try:
        value = function(*args, **kwargs)
    except StudentError as raised:
        # A stub's NotImplementedError is a RuntimeError and an Exception too: it must not pass for either.
        if isinstance(raised, NotImplementedError) and error is not NotImplementedError:
            raise
        if error.__name__ in raised.kinds:
            return
        raise AssertionError(f"{called}: expected {error.__name__}, but it raised {raised}") from None
    raise AssertionError(f"{called}: expected {error.__name__}, but it returned {value!r:.80}")


def _plain(value):
    torch = sys.modules.get("torch")
    if isinstance(value, np.ndarray | np.generic) or (torch is not None and isinstance(value, torch.Tensor)):
        return value.tolist()
    if isinstance(value, list | tuple):
        return (tuple if isinstance(value, tuple) else list)(_plain(item) for item in value)
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _numbers(value, name) -> np.ndarray:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, list | tuple):
        value = [_numbers(item, name) for item in value]
        if len(shapes := dict.fromkeys(item.shape for item in value)) > 1:
            raise AssertionError(f"{name}: expected parts of equal shape, got shapes {list(shapes)[:3]}.")
    if value is None:
        raise AssertionError(f"{name}: expected numbers, got None. Is a return statement missing?")
    if isinstance(value, str | dict):
        raise AssertionError(f"{name}: expected numbers, got a {type(value).__name__} ({value!r:.80}).")
    array = np.asarray(value)
    try:
        return array.astype(complex if array.dtype.kind == "c" else float)
    except (TypeError, ValueError, OverflowError):
        raise AssertionError(f"{name}: expected numbers, got a {type(value).__name__} ({value!r:.80}).") from None


def _close(a, b, rtol, atol) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))


def _named(have, want, mistakes, rtol, atol) -> str:
    known = []
    for mistake, value in _mapping(mistakes).items():
        wrong = _numbers(value, mistake)
        if _close(have, wrong, rtol, atol) and not _close(want, wrong, rtol, atol):
            known.append(mistake)
    return _sentence(known)


def _mapping(mistakes: Mistakes) -> Mapping:
    return (mistakes() if callable(mistakes) else mistakes) or {}


def _sentence(known) -> str:
    return f" This is what you get with this mistake: {' or '.join(known)}." if known else ""


def _looks_like_shape(have, want) -> str:
    if have.size == want.size and have.size > 1:
        return " The number of entries is right: check the axes."
    return " A single number came back: is a sum or mean taken over too much?" if have.size == 1 < want.size else ""


def _short(array) -> str:
    if array.ndim == 0:
        value = array.item()
        return f"{value:.7g}" if not isinstance(value, complex) and math.isfinite(value) else str(value)
    return np.array2string(array, precision=5, threshold=8, separator=", ").replace("\n", "")
