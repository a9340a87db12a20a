"""The process in which a student's cells run.

It holds an IPython shell, so that cells mean what they mean in a notebook, and serves requests one by one over a
stream: ``cell`` runs an answer or a given cell (``show``: with the value of its last line), ``call`` and ``evaluate``
ask for values (``proctor.calls``). It decides nothing: verdicts are made in the examiner's process, and whatever comes
out of this one is plain data.

Before each request the global random generators are seeded with the request itself: whoever asks the same again gets
the same again, from code that draws random numbers too.

Started by ``proctor.zygote`` and ``proctor.launch``, forked or as ``python -m proctor.candidate``.
"""

import ast
import contextlib
import hashlib
import importlib.abc
import io
import os
import random
import struct
import sys
import warnings

import numpy as np

from proctor import calls, codec

MAX_MEMORY = 2 * 2**30  # bytes, beyond what the libraries take
MAX_FILE = 64 * 2**20
_LENGTH = struct.Struct(">Q")


def read_message(stream) -> bytes:
    """One length-prefixed message; raises EOFError when the stream ends, CodecError when it claims too much."""
    head = _read_exactly(stream, _LENGTH.size)
    (length,) = _LENGTH.unpack(head)
    if length > codec.MAX_BYTES:
        raise codec.CodecError(f"expected at most {codec.MAX_BYTES} bytes, got {length}")
    return _read_exactly(stream, length)


def write_message(stream, data: bytes) -> None:
    """Write one length-prefixed message and flush."""
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _read_exactly(stream, count):
    data = stream.read(count) if count else b""
    if len(data) == count:
        return data
    parts, missing = [data], count - len(data)
    while missing:  # an unbuffered stream gives what is there
        if not parts[-1]:
            raise EOFError("the other side closed the stream")
        parts.append(stream.read(missing))
        missing -= len(parts[-1])
    return b"".join(parts)


def serve(requests, replies) -> None:
    """Answer requests until the stream ends.

    Args:
        requests: binary stream of messages.
        replies: binary stream for the replies, one a request.
    """
    warnings.resetwarnings()  # whoever forked this process may have made warnings errors
    warnings.simplefilter("default")
    shell = _prepared or _shell()
    sys.modules["__main__"] = shell.user_module  # classes and `import __main__` of a cell find each other
    seed(b"")
    while True:
        try:
            data = read_message(requests)
        except EOFError:
            return
        request = codec.decode(data)
        if request["op"] in ("call", "evaluate"):
            seed(data)
        printed = _Printed()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            reply = _reply(request, shell)
        try:
            data = codec.encode({**reply, "printed": printed.getvalue()})
        except codec.CodecError as error:
            data = codec.encode({**calls.unsendable(error), "printed": printed.getvalue()})
        write_message(replies, data)


def _reply(request: dict, shell) -> dict:
    if request["op"] == "configure":
        forbid(request["forbids"])
        return {"value": None}
    if request["op"] == "cell":
        try:
            run_cell(shell, request["source"], request.get("show", True))
        except BaseException as error:
            return calls.describe(error)
        return {"value": None}
    return calls.perform(request, shell.user_ns)


def run_cell(shell, source: str, show: bool = True) -> None:
    """Run a cell as a notebook does; raises what it raises. What is plain Python is spared most of IPython's ceremony.

    Args:
        shell: IPython's.
        source: the cell's text.
        show: whether to show the value of its last line, which takes longer than most cells.
    """
    name = shell.compile.cache(source)  # where tracebacks find its lines
    try:
        body = shell.compile.ast_parse(source, name).body
        shown = [body.pop()] if show and body and isinstance(body[-1], ast.Expr) else []
        modules = [(ast.Module(body, []), "exec"), *((ast.Interactive([one]), "single") for one in shown)]
        steps = [shell.compile(tree, name, mode) for tree, mode in modules]
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # IPython's own syntax, or none at all
        result = shell.run_cell(source, store_history=False)
        if error := result.error_before_exec or result.error_in_exec:
            raise error from None
        return
    with shell.builtin_trap, shell.display_trap:
        for code in steps:
            exec(code, shell.user_global_ns, shell.user_ns)


def seed(data: bytes) -> None:
    """Seed the global generators of ``random``, NumPy and torch with a digest of ``data``."""
    import torch

    number = int.from_bytes(hashlib.sha256(data).digest()[:4])
    random.seed(number)
    np.random.seed(number)
    torch.default_generator.manual_seed(number)


def take_part(channel) -> None:
    """The role of a zygote's child: serve on a socket."""
    serve(channel.makefile("rb"), channel.makefile("wb"))


def warm_up() -> None:
    """Make the shell and run a first cell, for which IPython imports half of itself: children inherit both."""
    global _prepared
    _prepared = _shell()
    _prepared.display_formatter.format(1)
    for op in (
        {"op": "cell", "source": _WARM_UP},
        {"op": "evaluate", "code": "_warm_up(x)", "data": {"x": np.ones(3)}},
    ):
        codec.encode(_reply(codec.decode(codec.encode(op)), _prepared))
    _prepared.user_ns.pop("_warm_up")


def _shell():
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False  # no SQLite file, no thread
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    shell.display_formatter.active_types = ["text/plain"]  # nobody looks at a picture
    shell.showtraceback = shell.showsyntaxerror = lambda *args, **kwargs: None  # the reply carries the error
    shell.enable_gui = lambda gui=None: None  # `%matplotlib inline` asks for it
    shell.ask_exit = lambda: sys.exit()  # `exit()` in a cell is as much as `sys.exit()`
    return shell


class _Printed(io.StringIO):
    """Keeps the first ``calls.MAX_OUTPUT`` characters that are printed."""

    def write(self, text):
        room = calls.MAX_OUTPUT - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)


class _Forbidden(importlib.abc.MetaPathFinder):
    def __init__(self, names):
        self.names = tuple(names)

    def find_spec(self, fullname, path=None, target=None):
        if any(fullname == name or fullname.startswith(name + ".") for name in self.names):
            raise ModuleNotFoundError(f"{fullname} may not be used in this assignment", name=fullname)
        return None


def forbid(names) -> None:
    """Make modules unimportable in this process; loaded ones are taken away and emptied, classes and all."""
    sys.meta_path.insert(0, _Forbidden(names))
    for name in names:
        for loaded in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
            _empty(sys.modules.pop(loaded))
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            vars(sys.modules[parent]).pop(child, None)


def _empty(module):
    """Leave nothing to those who find a module or its classes among the objects in memory.

    Classes of compiled modules stay whole: pybind11 frees twice what is deleted from one (scipy.optimize has some).
    """
    written_in_python = (getattr(module, "__file__", None) or "").endswith(".py")
    for value in list(vars(module).values()) if written_in_python else ():
        if isinstance(value, type) and value.__module__ == module.__name__:
            for name in list(vars(value)):
                with contextlib.suppress(AttributeError, TypeError):
                    delattr(value, name)
    vars(module).clear()


def limit() -> None:
    """Bound memory, file size and core dumps of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, value in (("RLIMIT_DATA", 2 * MAX_MEMORY), ("RLIMIT_FSIZE", MAX_FILE), ("RLIMIT_CORE", 0)):
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(getattr(resource, name), (value, value))


def main() -> None:
    """Serve on standard input and output; what the student's code writes there goes nowhere."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    os.environ["MPLBACKEND"] = "Agg"
    import matplotlib.pyplot  # noqa: F401 - loaded before the student's clock starts
    import torch

    torch.set_num_threads(1)
    limit()
    write_message(replies, codec.encode("ready"))
    serve(requests, replies)


_prepared = None
_WARM_UP = """
def _warm_up(x):
    import torch

    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    loss = (torch.tensor(x) @ w - 1).square().mean()
    (gradient,) = torch.autograd.grad(loss, w)
    return (w - 0.1 * gradient).detach(), loss.item()
"""

if __name__ == "__main__":
    main()
