"""Requests to a student's code, and the replies: what ``student.f(...)`` does on the student's side.

The same ``perform`` serves a student's own notebook, plain nbgrader and the isolated process of ``proctor grade``, so
that a test cell means the same everywhere. Requests and replies are dicts of plain data (see ``proctor.codec``).
"""

import ast
import functools
import traceback

MAX_MESSAGE = 2000
MAX_TRACEBACK = 4000
MAX_OUTPUT = 20_000  # characters that one request may print
EVALUATE = "<evaluate>"


class StudentError(RuntimeError):
    """The student's code raised an exception.

    Attributes:
        kinds: class names of the exception, most special first (``["ZeroDivisionError", "ArithmeticError", …]``).
        message: its text.
        traceback: the lines of the student's own cells, as text.
    """

    def __init__(self, kinds, message, traceback=""):
        self.kinds, self.message, self.traceback = list(kinds), message, traceback
        super().__init__(f"{self.kinds[0]}: {message}" if message else self.kinds[0])


class Unanswered(StudentError, NotImplementedError):
    """The answer still holds the stub, or raises NotImplementedError itself."""


def perform(request: dict, namespace: dict, keep_exception: bool = False) -> dict:
    """Do what a request asks, in the student's namespace.

    Args:
        request: ``{"op": "call", "name", "args", "kwargs"}`` or ``{"op": "evaluate", "code", "data"}``.
        namespace: the student's global names.
        keep_exception: put the exception itself under ``"exception"`` (only where the reply stays in this process).

    Returns:
        ``{"value": …}``, or ``{"kinds": […], "message": …, "traceback": …}`` if the student's code raised.
    """
    try:
        if request["op"] == "call":
            name = request["name"]
            if name not in namespace:
                raise NameError(f"name {name!r} is not defined; run or complete the answer cell that defines it")
            value = namespace[name]
            if not callable(value):
                raise TypeError(f"{name!r} is a {type(value).__name__}, expected something to call")
            return {"value": value(*request["args"], **request["kwargs"])}
        return {"value": evaluate(request["code"], {**namespace, **request["data"]})}
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the student's code are answers too
        reply = describe(error)
        if keep_exception:
            reply["exception"] = error
        return reply


def evaluate(code: str, scope: dict):
    """Run the statements of ``code`` in ``scope`` and return the value of its last line.

    Raises:
        SyntaxError: if the last statement is not an expression.
    """
    before, last = _compiled(code)
    exec(before, scope)
    return eval(last, scope)


@functools.lru_cache(maxsize=64)
def _compiled(code: str):
    tree = ast.parse(code)
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        raise SyntaxError("the last line of evaluate(...) must be an expression")
    last = ast.Expression(tree.body.pop().value)
    return compile(tree, EVALUATE, "exec"), compile(last, EVALUATE, "eval")


def describe(error: BaseException) -> dict:
    """An exception as plain data: class names, text, and the part of the traceback that lies in notebook cells."""
    try:
        message = str(error)
    except Exception:
        message = "(the exception's text could not be read)"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _in_cell(frame.filename)]
    lines = [f"line {frame.lineno}: {frame.line or ''}".rstrip(": ") for frame in frames]
    return {
        "kinds": [cls.__name__ for cls in type(error).__mro__ if cls not in (BaseException, object)],
        "message": message[:MAX_MESSAGE],
        "traceback": "\n".join(lines)[-MAX_TRACEBACK:],
    }


def unsendable(error: BaseException) -> dict:
    """The reply for a value that is not plain data; no kind of it is one that a test may expect the code to raise."""
    return {**describe(error), "kinds": ["CodecError"]}


def _in_cell(filename: str) -> bool:
    return "ipykernel_" in filename or filename.startswith(("<ipython-input", "<cell"))


def unwrap(reply: dict):
    """The value of a reply.

    Raises:
        Unanswered: if the student's code raised NotImplementedError.
        StudentError: if it raised anything else.
    """
    if "value" in reply:
        return reply["value"]
    kinds = [str(kind) for kind in reply["kinds"]] or ["Exception"]
    cls = Unanswered if "NotImplementedError" in kinds else StudentError
    raise cls(kinds, str(reply["message"]), str(reply["traceback"])) from reply.get("exception")


def checked(reply: dict) -> dict:
    """A reply with exactly the parts it should have: it was made in a process that may be in anybody's hands."""
    printed = writable(reply.get("printed"), MAX_OUTPUT)
    if "value" in reply:
        return {"value": reply["value"], "printed": printed}
    kinds = reply.get("kinds")
    kinds = [writable(kind, 100) for kind in kinds[:20]] if isinstance(kinds, list) and kinds else ["Exception"]
    message, trace = writable(reply.get("message"), MAX_MESSAGE), writable(reply.get("traceback"), MAX_TRACEBACK)
    return {"kinds": kinds, "message": message, "traceback": trace, "printed": printed}


def writable(value, limit: int) -> str:
    """At most so many characters, all of which can be written as UTF-8; empty for what is no text."""
    return value[:limit].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def said(reply: dict) -> str:
    """The exception in a reply, as one line."""
    return f"{reply['kinds'][0]}: {reply['message']}".rstrip(": ")
