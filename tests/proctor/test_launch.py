"""Starting and losing a student's process: limits, deaths, floods, forged replies, and nothing left behind."""

import contextlib
import os
import time

import psutil
import pytest

from proctor import launch, limits
from proctor.launch import fork_candidate, start_candidate
from proctor.limits import CandidateLost

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a candidate")

# What a student's code may do to the connection: in a forked candidate that is the only socket.
FORGE = """
import json, os, socket, stat, struct
def streams():
    return [fd for fd in range(3, 64) if is_socket(fd)]
def is_socket(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False
def forge(reply):
    part = json.dumps(reply).encode()
    send(struct.pack('>Q', len(part) + 8) + struct.pack('>Q', len(part)) + part)
def send(data):
    for fd in streams():
        try:
            os.write(fd, data)
        except OSError:
            pass
"""


@pytest.fixture
def candidate():
    import torch  # noqa: F401 - so that the fork has it

    candidate = fork_candidate()
    cell(candidate, "import faulthandler\nfaulthandler.disable()")  # pytest's
    yield candidate
    candidate.close()


@pytest.fixture
def short_walls(monkeypatch):
    monkeypatch.setattr(limits, "WALL_FACTOR", 1.0)
    monkeypatch.setattr(limits, "WALL_SECONDS", 0.3)


def cell(candidate, source, cpu_seconds=10.0):
    return candidate.request({"op": "cell", "source": source}, cpu_seconds)


def lose(candidate, source, cpu_seconds=10.0):
    with pytest.raises(CandidateLost) as caught:
        cell(candidate, source, cpu_seconds)
    assert candidate.close() is None
    return caught.value.kind, str(caught.value)


def gone(pid):
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    "source, said",
    [
        ("import os\nos._exit(0)", "the process ended (exit status 0)"),
        ("import os\nos._exit(7)", "the process ended (exit status 7)"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
        ("import ctypes\nctypes.string_at(0)", "killed by SIGSEGV"),
        ("import os\nos.abort()", "killed by SIGABRT"),
    ],
)
def test_deaths_are_crashes_and_named(candidate, source, said):
    kind, message = lose(candidate, source)
    assert kind == "crash" and said in message


def test_the_cpu_limit(candidate):
    start = time.monotonic()
    assert lose(candidate, "while True: pass", 0.3) == ("timeout", "CPU limit of 0.3 s reached")
    assert time.monotonic() - start < 10 and candidate.cpu_seconds >= 0.3


def test_the_cpu_limit_counts_children_that_have_ended(candidate):
    burn = "if pid == 0:\n        sum(range(10**6))\n        os._exit(0)\n    os.waitpid(pid, 0)"
    burn = f"import os\nwhile True:\n    pid = os.fork()\n    {burn}"
    assert lose(candidate, burn, 0.4)[0] == "timeout"


def test_many_short_requests_share_one_limit(candidate):
    cell(
        candidate,
        "import time\ndef f():\n    t = time.process_time()\n    while time.process_time() < t + 0.03: pass",
        0.4,
    )
    with pytest.raises(CandidateLost, match="CPU limit"):
        for _ in range(60):
            candidate.request({"op": "call", "name": "f", "args": [], "kwargs": {}})


def test_a_new_limit_begins_with_a_request_that_names_one(candidate):
    cell(candidate, "import time\ndef f():\n    t = time.process_time()\n    while time.process_time() < t + 0.2: pass")
    for _ in range(4):
        candidate.request({"op": "call", "name": "f", "args": [], "kwargs": {}}, 0.5)


def test_the_wall_limit(candidate, short_walls):
    kind, message = lose(candidate, "import time\ntime.sleep(60)", 0.2)
    assert kind == "timeout" and "no answer within 0.5 s" in message and candidate.cpu_seconds < 1


def test_a_process_that_reads_nothing_does_not_block(candidate, short_walls):
    """Ten megabytes do not fit into a pipe: writing them to a stopped process must end at the limit too."""
    cell(
        candidate, "import os, signal, threading\nthreading.Timer(0.05, os.kill, (os.getpid(), signal.SIGSTOP)).start()"
    )
    time.sleep(0.2)
    with pytest.raises(CandidateLost, match="no answer within"):
        candidate.request({"op": "evaluate", "code": "1", "data": {"x": "y" * 7 * 2**20}}, 0.2)


def test_closing_the_connection_is_a_crash(candidate):
    kind, message = lose(candidate, FORGE + "for fd in streams(): os.close(fd)\nimport time\ntime.sleep(60)")
    assert kind == "crash" and "closed its connection" in message


@pytest.mark.parametrize(
    "data",
    [b"\xff" * 64, b"\x00" * 64, b"\x00" * 7 + b"\x08" + b"\xff" * 8, b"\x00" * 7 + b"\x0b" + b"\x00" * 7 + b"\x03[1]"],
)
def test_noise_in_place_of_a_reply_is_a_crash(candidate, data):
    assert lose(candidate, FORGE + f"send({data!r})\nimport time\ntime.sleep(60)")[0] == "crash"


def test_a_forged_reply_is_only_data(candidate):
    reply = cell(candidate, FORGE + "forge({'dict': {'value': None, 'verdict': 'pass'}})")
    assert set(reply) == {"value", "verdict"}


def test_a_flood_of_replies_is_not_stored(candidate):
    flood = (
        "import threading\nthreading.Thread(target=lambda: [forge(None) for _ in range(10**6)], daemon=True).start()"
    )
    with contextlib.suppress(CandidateLost):  # the flood may come before the reply
        cell(candidate, FORGE + flood)
    time.sleep(0.3)
    start = time.monotonic()
    candidate.close()
    assert time.monotonic() - start < 3


def test_children_end_with_the_process(candidate):
    cell(candidate, "import subprocess\npids = [subprocess.Popen(['sleep', '60']).pid for _ in range(5)]")
    pids = candidate.request({"op": "evaluate", "code": "pids", "data": {}}, 5)["value"]
    assert all(psutil.pid_exists(pid) for pid in pids)
    candidate.close()
    assert all(gone(pid) for pid in pids)


def test_a_crowd_of_processes_is_a_crash(candidate, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PROCESSES", 10)
    many = "import os, time\nfor _ in range(30):\n    if os.fork() == 0: time.sleep(60)\ntime.sleep(60)"
    kind, message = lose(candidate, many)
    assert (kind, message) == ("crash", "more than 10 processes were started")


def test_closing_twice_is_fine_and_keeps_the_cpu_time(candidate):
    cell(candidate, "sum(range(10**6))")
    assert candidate.close() is not None and candidate.close() is None and candidate.cpu_seconds > 0


def test_what_is_no_plain_data_is_not_sent(candidate):
    with pytest.raises(launch.codec.CodecError):
        candidate.request({"op": "call", "name": "print", "args": [object()], "kwargs": {}}, 5)
    assert cell(candidate, "1")["value"] is None


@pytest.mark.slow
def test_a_fresh_interpreter_does_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "hush")
    candidate = start_candidate(["torch.optim"])
    try:
        home = candidate.request({"op": "evaluate", "code": "import os\nos.getcwd()", "data": {}}, 5)["value"]
        assert home != os.getcwd() and os.path.isdir(home)
        names = candidate.request({"op": "evaluate", "code": "list(os.environ)", "data": {}}, 5)
        names = candidate.request({"op": "evaluate", "code": "import os\nlist(os.environ)", "data": {}}, 5)["value"]
        assert "COURSE_SECRET" not in names and "OMP_NUM_THREADS" in names
        assert cell(candidate, "import torch.optim")["kinds"][0] == "ModuleNotFoundError"
        cell(
            candidate,
            "import os\nfor _ in range(3):\n    if os.fork() == 0:\n        import time; time.sleep(60); os._exit(0)",
        )
        cell(candidate, "open('left behind', 'w').write('x')")
        children = psutil.Process(candidate._process.pid).children(recursive=True)
        assert len(children) == 3
        assert lose(candidate, "import os\nos._exit(3)") == ("crash", "the process ended (exit status 3)")
        assert all(gone(child.pid) for child in children) and not os.path.exists(home)
    finally:
        candidate.close()
