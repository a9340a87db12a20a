"""The student's process, served in this one: cells mean what they mean in a notebook, and replies are plain data."""

import io
import os
import struct
import sys

import pytest

from proctor import calls, candidate, codec
from proctor.candidate import read_message, write_message
from proctor.forked import run_forked
from proctor.launch import fork_candidate

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a candidate")


@pytest.fixture(scope="module")
def process():
    import torch  # noqa: F401 - so that the fork has it

    process = fork_candidate()
    process.request({"op": "cell", "source": "import warnings\nwarnings.resetwarnings()"}, 20)  # pytest's filters
    yield process
    process.close()


@pytest.fixture
def run(process):
    return lambda source: process.request({"op": "cell", "source": source}, 20)


@pytest.fixture
def evaluate(process):
    return lambda code, **data: process.request({"op": "evaluate", "code": code, "data": data}, 20)["value"]


def test_messages_are_read_as_written():
    stream = io.BytesIO()
    for data in (b"", b"abc"):
        write_message(stream, data)
    stream.seek(0)
    assert [read_message(stream), read_message(stream)] == [b"", b"abc"]
    with pytest.raises(EOFError):
        read_message(stream)
    with pytest.raises(EOFError):
        read_message(io.BytesIO(struct.pack(">Q", 5) + b"1234"))
    with pytest.raises(codec.CodecError):
        read_message(io.BytesIO(struct.pack(">Q", 2**60)))


@pytest.mark.parametrize(
    "source, code, value",
    [
        ("%matplotlib inline\na1 = 1", "a1", 1),
        ("a2 = !echo hello", "list(a2)", ["hello"]),
        ("import asyncio\nawait asyncio.sleep(0)\na3 = 3", "a3", 3),
        ("class A4: pass\nimport __main__\na4 = __main__.A4 is A4", "a4", True),
        ("%%capture out\nprint('x')", "out.stdout", "x\n"),
        ("a5 = __name__", "a5", "__main__"),
        ("if True:\r\n    a6 = 6\r\n", "a6", 6),
        ("a7 = 'ü\\ud800'", "len(a7)", 2),
    ],
)
def test_cells_mean_what_they_mean_in_a_notebook(run, evaluate, source, code, value):
    reply = run(source)
    assert reply["value"] is None
    assert evaluate(code) == value


@pytest.mark.parametrize(
    "source, kind",
    [
        ("def f(:", "SyntaxError"),
        ("  x = 1\n y = 2", "IndentationError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit", "SystemExit"),
        ("exit()", "SystemExit"),
        ("quit", None),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("%no_such_magic", None),
        ("x = '\0'", "SyntaxError"),
        ("def f(): f()\nf()", "RecursionError"),
    ],
)
def test_errors_in_a_cell_are_replies_and_the_process_goes_on(run, evaluate, source, kind):
    reply = run(source)
    assert kind is None or reply["kinds"][0] == kind
    assert evaluate("1 + 1") == 2


def test_names_defined_before_an_error_stay(run, evaluate):
    assert run("kept = 1\n1 / 0")["kinds"][0] == "ZeroDivisionError"
    assert evaluate("kept") == 1


def test_prints_are_kept_and_capped(run):
    assert run("import sys\nprint('out')\nprint('err', file=sys.stderr)\n3")["printed"].startswith("out\nerr\n")
    printed = run("for _ in range(10**4): print('x' * 100)")["printed"]
    assert len(printed) == calls.MAX_OUTPUT


def test_raw_bytes_to_the_streams_go_nowhere(run, evaluate):
    assert run("import os\nfor fd in (1, 2): os.write(fd, b'\\xff' * 100)")["value"] is None
    assert evaluate("os.read(0, 1) == b''") is True


def test_a_value_that_is_no_plain_data_is_an_error_of_its_own_kind(process, run):
    run("def returns_an_exception(x): return ValueError('negative')")
    reply = process.request({"op": "call", "name": "returns_an_exception", "args": [1], "kwargs": {}}, 20)
    assert reply["kinds"] == ["CodecError"] and "type ValueError cannot be sent" in reply["message"]


def test_memory_is_bounded(run, evaluate):
    assert "MemoryError" in run("import numpy\nnumpy.ones(10**10)")["kinds"]
    assert "can't allocate memory" in run("import torch\ntorch.empty(10**10)")["message"]
    assert evaluate("1") == 1


def test_files_are_bounded(run, tmp_path):
    path = str(tmp_path / "big")
    run(f"import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nopen({path!r}, 'wb').write(bytes(65 * 2**20))")
    assert os.path.getsize(path) <= candidate.MAX_FILE


def forbidden():
    import torch

    candidate.forbid(["torch.optim", "statistics"])
    found = [name for name in sys.modules if name.startswith(("torch.optim", "statistics"))]
    attempts = {}
    for name in ("torch.optim", "torch.optim.sgd", "statistics", "fractions"):
        try:
            __import__(name)
            attempts[name] = "imported"
        except ModuleNotFoundError as error:
            attempts[name] = str(error)
    return found, attempts, hasattr(torch, "optim")


def test_forbidden_modules_are_neither_importable_nor_reachable_by_name():
    import statistics  # noqa: F401 - loaded ones are taken away too

    import torch.optim  # noqa: F401

    found, attempts, reachable = run_forked(forbidden)
    assert found == [] and reachable is False and attempts.pop("fractions") == "imported"
    assert all("may not be used in this assignment" in said for said in attempts.values())


def without_scipy():
    candidate.forbid(["scipy"])
    return [name for name in sys.modules if name.startswith("scipy")]


def test_a_compiled_library_is_taken_away_without_harm():
    import scipy.optimize._highspy._core  # classes of pybind11

    assert "simplex_constants" in vars(scipy.optimize._highspy._core)
    assert run_forked(without_scipy) == []
