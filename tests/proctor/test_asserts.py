"""Assertions: what passes, what fails, and what the student is told, and is not told."""

import numpy as np
import pytest
import torch

from proctor import assert_close, assert_equal, assert_raises, student
from proctor.calls import StudentError, Unanswered
from proctor.proxy import use_channel

SECRET = 123.456


def fails(function, *args, **kwargs):
    with pytest.raises(AssertionError) as caught:
        function(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize(
    "got, expected",
    [
        (1, 1.0),
        (1.0 + 1e-8, 1.0),
        ([1, 2], np.array([1.0, 2.0])),
        (torch.tensor([1.0, 2.0]), (1, 2)),
        (torch.ones(2, requires_grad=True), [1, 1]),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        ([[1, 2], [3, 4]], torch.tensor([[1, 2], [3, 4]])),
        (float("inf"), np.inf),
        ([np.nan, 1], [np.nan, 1]),
        (1 + 2j, np.complex64(1 + 2j)),
        ([], []),
        (2**70, float(2**70)),
    ],
)
def test_close_values_pass(got, expected):
    assert_close(got, expected)


@pytest.mark.parametrize(
    "got, expected, said",
    [
        (1.1, 1.0, "the result: got 1.1, which is not right."),
        (None, 1.0, "got None. Is a return statement missing?"),
        ([1, None], [1, 2], "got None"),
        ("1", 1, "expected numbers, got a str ('1')"),
        ({"a": 1}, 1, "expected numbers, got a dict"),
        ([1, "x"], [1, 2], "got a str ('x')"),
        (np.array([object()]), [1], "expected numbers, got a ndarray"),
        (10**400, 1.0, "expected numbers, got a int"),
        (np.nan, 1.0, "expected finite numbers, got nan"),
        ([1, np.inf], [1, 2], "expected finite numbers, got [ 1., inf]"),
        (1.0, np.nan, "got 1, which is not right"),
        (-np.inf, np.inf, "got -inf, which is not right"),
        ([1, 2, 3], [1, 2], "expected shape (2,), got shape (3,)"),
        (np.ones((2, 3)), np.ones((3, 2)), "The number of entries is right: check the axes."),
        (1.0, [1, 1], "A single number came back"),
        ([[1, 2], [3]], [1, 2], "expected parts of equal shape, got shapes [(2,), (1,)]"),
        ([[1] * n for n in range(1, 900)], [1, 2], "[(1,), (2,), (3,)]"),
        (1 + 1e-3j, 1.0, "which is not right"),
    ],
)
def test_what_is_not_close_fails_with_a_reason(got, expected, said):
    assert said in fails(assert_close, got, expected)


def test_the_expected_value_is_told_only_when_revealed():
    for got in (1.0, np.nan, [1.0], None, "x", 10**400):
        assert "123.4" not in fails(assert_close, got, SECRET, mistakes={"m": SECRET + 1})
    assert "expected 123.456, got 1." in fails(assert_close, 1, SECRET, reveal=True)
    for got in (1, "b", [1], None):
        assert "hidden-word" not in fails(assert_equal, got, "hidden-word", mistakes={"m": "other"})
    assert "expected 'hidden-word', got 'b'" in fails(assert_equal, "b", "hidden-word", reveal=True)


def test_mistakes_are_named():
    mistakes = {"twice": 2.0, "the square": 4.0, "the right one": 1.0, "a sum": [1.0, 2.0], "diverges": np.inf}
    assert fails(assert_close, 2, 1.0, mistakes=mistakes).endswith("with this mistake: twice.")
    assert "mistake" not in fails(assert_close, 3, 1.0, mistakes=mistakes)
    assert "mistake: a sum." in fails(assert_close, [1, 2], 1.0, mistakes=mistakes)
    assert "mistake: diverges." in fails(assert_close, np.inf, 1.0, mistakes=mistakes)
    assert "mistake: b or c." in fails(assert_equal, 2, 1, mistakes={"a": 1, "b": 2, "c": 2})


def test_tolerances():
    assert_close(1.05, 1.0, rtol=0.1)
    assert_close(0.05, 0.0, atol=0.1)
    fails(assert_close, 0.05, 0.0)
    fails(assert_close, 1.05, 1.0, rtol=0.01)


@pytest.mark.parametrize(
    "got, expected",
    [
        ("a", "a"),
        (True, True),
        ([1, [2, "x"]], [1, [2, "x"]]),
        (np.int64(3), 3),
        (np.array([1, 2]), [1, 2]),
        (torch.tensor([True]), [True]),
        ([np.array([1, 2])], [[1, 2]]),
        ((torch.tensor(1), {"a": np.array([1])}), (1, {"a": [1]})),
        (None, None),
    ],
)
def test_equal_values_pass(got, expected):
    assert_equal(got, expected)


@pytest.mark.parametrize("got, expected", [(1, True), (1.0, 1), ("1", 1), ((1,), [1]), (None, 0), ([1], [2])])
def test_what_is_not_equal_or_of_another_kind_fails(got, expected):
    assert fails(assert_equal, got, expected).startswith("the result: ")


def test_messages_are_short():
    assert len(fails(assert_close, np.arange(10**5), np.zeros(10**5), reveal=True)) < 400
    assert len(fails(assert_equal, "x" * 10**6, "y" * 10**6, reveal=True)) < 600
    assert len(fails(assert_equal, ["x"] * 10**5, 3)) < 200


def raising(kinds, cls=StudentError):
    def channel(request):
        raise cls(kinds, "text")

    return use_channel(channel)


def test_the_expected_exception_passes_by_class_or_base():
    with raising(["MyError", "ValueError", "Exception"]):
        assert_raises(ValueError, student.f, 1)
        assert_raises(Exception, lambda: student.evaluate("f()"))
        assert "student.f: expected KeyError, but it raised MyError: text" in fails(assert_raises, KeyError, student.f)
        assert fails(assert_raises, KeyError, lambda: student.f()).startswith("the code: expected KeyError")


@pytest.mark.parametrize("expected", [ValueError, RuntimeError, Exception])
def test_a_stub_passes_for_no_exception(expected):
    """NotImplementedError is a RuntimeError: a test that expects one must not pass on an untouched notebook."""
    with raising(["NotImplementedError", "RuntimeError", "Exception"], Unanswered), pytest.raises(Unanswered):
        assert_raises(expected, student.f)


def test_not_implemented_can_be_asked_for():
    with raising(["NotImplementedError", "RuntimeError", "Exception"], Unanswered):
        assert_raises(NotImplementedError, student.f)


def test_a_value_instead_of_an_exception_fails():
    with use_channel(lambda request: {"value": 3}):
        assert fails(assert_raises, ValueError, student.f) == "student.f: expected ValueError, but it returned 3"


def test_a_name_of_the_students_is_no_value():
    with pytest.raises(AssertionError, match="expected numbers"):
        assert_close(student.f, 1.0)
    with pytest.raises(AssertionError, match="expected a value of type int"):
        assert_equal(student.f, 1)
