"""``student``: how a test cell asks the student's code for a value.

In a student's notebook and under plain nbgrader the request is served in the running kernel; ``proctor grade`` puts a
channel to another process in its place. Either way arguments and results go through ``proctor.codec``, so a test sees
the same plain data, and an answer that cannot be sent fails the same way.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from proctor import calls, codec

Channel = Callable[[dict], dict]


class StudentFunction:
    """A name of the student's, to be called. It is no value: it has no truth and no attributes to test."""

    __slots__ = ("_name",)

    def __init__(self, name):
        self._name = name

    def __call__(self, /, *args, **kwargs):
        return calls.unwrap(_channel({"op": "call", "name": self._name, "args": list(args), "kwargs": kwargs}))

    def __bool__(self):
        raise TypeError(f"student.{self._name} is not a value; call it, or ask student.evaluate({self._name!r})")

    def __eq__(self, other):
        raise TypeError(f"student.{self._name} is not a value; call it, or ask student.evaluate({self._name!r})")

    __hash__ = None

    def __repr__(self):
        return f"student.{self._name}"


class Student:
    """The student's code, seen from a test cell.

    ``student.f(*args, **kwargs)`` calls the student's ``f``; ``student.evaluate("expression", **data)`` evaluates in
    the student's names with ``data`` bound. Plain data goes in and plain data comes back.

    Raises:
        Unanswered: the answer still raises NotImplementedError.
        StudentError: the student's code raised.
        CodecError: an argument or a result is not plain data.
    """

    def __getattr__(self, name: str) -> StudentFunction:
        if name.startswith("_"):
            raise AttributeError(name)
        return StudentFunction(name)

    def evaluate(self, code: str, /, **data):
        """The value of the last line of ``code``, in the student's names with ``data`` bound."""
        return calls.unwrap(_channel({"op": "evaluate", "code": code, "data": data}))


def local_channel(request: dict) -> dict:
    """Serve a request in this kernel, through the codec both ways."""
    reply = calls.perform(codec.decode(codec.encode(request)), _notebook_names(), keep_exception=True)
    if "value" not in reply:
        return reply
    try:
        return {"value": codec.decode(codec.encode(reply["value"]))}
    except codec.CodecError as error:
        return calls.unsendable(error) | {"exception": error}


def _notebook_names() -> dict:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell.user_ns if shell is not None else sys.modules["__main__"].__dict__


@contextmanager
def use_channel(channel: Channel) -> Iterator[None]:
    """Send every request of ``student`` through ``channel`` for as long as the block lasts."""
    global _channel
    before, _channel = _channel, channel
    try:
        yield
    finally:
        _channel = before


_channel: Channel = local_channel
student = Student()
