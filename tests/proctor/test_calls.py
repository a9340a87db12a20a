"""Requests on the student's side: values, errors as plain data, and the student's own lines of a traceback."""

import pytest

from proctor import calls
from proctor.calls import StudentError, Unanswered, perform, unwrap


def cell(source, **names):
    namespace = dict(names)
    exec(compile(source, "<cell answer>", "exec"), namespace)
    return namespace


def call(namespace, name, *args, **kwargs):
    return perform({"op": "call", "name": name, "args": list(args), "kwargs": kwargs}, namespace)


def evaluate(namespace, code, **data):
    return perform({"op": "evaluate", "code": code, "data": data}, namespace)


def test_calls_return_values():
    assert call(cell("def f(a, *, b): return a - b"), "f", 5, b=2) == {"value": 3}


def test_evaluate_runs_statements_and_returns_the_last_line():
    names = cell("class C:\n    n = 0\n    def add(self, k):\n        self.n += k\n        return self.n")
    assert evaluate(names, "c = C()\n[c.add(k) for k in ks]", ks=[1, 2]) == {"value": [1, 3]}
    assert "c" not in names and "ks" not in names


@pytest.mark.parametrize("code", ["", "x = 1", "def f(): pass", "1 +"])
def test_evaluate_wants_an_expression_last(code):
    assert evaluate({}, code)["kinds"][0] == "SyntaxError"


@pytest.mark.parametrize(
    "source, kind, message",
    [
        ("", "NameError", "complete the answer cell"),
        ("f = 3", "TypeError", "'f' is a int"),
        ("def f(): return 1 / 0", "ZeroDivisionError", "division by zero"),
        ("def f(): raise SystemExit(3)", "SystemExit", "3"),
        ("def f(): raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("def f(): return f()", "RecursionError", "maximum recursion"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\ndef f(): raise E", "E", "could not be read"),
        ("def f(): raise ValueError('x' * 10000)", "ValueError", "x" * calls.MAX_MESSAGE),
    ],
)
def test_errors_are_described(source, kind, message):
    reply = call(cell(source), "f")
    assert reply["kinds"][0] == kind and message in reply["message"] and len(reply["message"]) <= calls.MAX_MESSAGE
    assert "exception" not in reply and "object" not in reply["kinds"]


def test_the_traceback_holds_the_lines_of_cells_only():
    reply = call(cell("def f():\n    g()\ndef g():\n    raise ValueError"), "f")
    assert reply["traceback"].splitlines() == ["line 2", "line 4"]
    reply = evaluate(cell("def g():\n    raise ValueError"), "secret_of_the_test = 1\ng()")
    assert "secret" not in reply["traceback"]


def test_unwrap_raises_what_the_code_raised():
    assert unwrap({"value": None}) is None
    with pytest.raises(StudentError, match="ZeroDivisionError: division by zero") as caught:
        unwrap(call(cell("def f(): return 1 / 0"), "f"))
    assert "ArithmeticError" in caught.value.kinds and not isinstance(caught.value, NotImplementedError)
    with pytest.raises(Unanswered):
        unwrap(call(cell("def f(): raise NotImplementedError()"), "f"))
    assert isinstance(Unanswered(["NotImplementedError"], ""), NotImplementedError)


def test_a_value_that_cannot_be_sent_is_no_exception_that_a_test_may_expect():
    assert calls.unsendable(ValueError("a set"))["kinds"] == ["CodecError"]
