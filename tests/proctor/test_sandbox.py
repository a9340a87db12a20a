"""The sandbox: what a student's process can see and do. Without bubblewrap on Linux these tests fail, and say why."""

import importlib.util
import sys
from pathlib import Path

import pytest

from proctor import sandbox
from proctor.launch import start_candidate
from proctor.sandbox import SandboxMissing, sandbox_command, sandbox_problem

COURSE = Path(__file__).parents[2]
FORBIDS = ("ravine.gradient_descent", "torch.optim")


@pytest.fixture(scope="module")
def inside():
    if sys.platform != "linux":
        pytest.skip("bubblewrap exists only on Linux")
    if reason := sandbox_problem():
        pytest.fail(f"{sandbox.HOW_TO} ({reason})")
    candidate = start_candidate(FORBIDS, sandboxed=True)

    def evaluate(code):
        reply = candidate.request({"op": "evaluate", "code": code, "data": {}}, 20)
        return reply.get("value", reply.get("kinds"))

    yield evaluate
    candidate.close()


@pytest.mark.slow
def test_no_file_of_the_course_or_of_anybody_is_there(inside):
    for path in (COURSE / "solutions", COURSE / "tests", COURSE / "pyproject.toml", COURSE / ".course-secret"):
        assert inside(f"import os\nos.path.exists({str(path)!r})") is False
    assert set(inside("import os\nos.listdir(os.path.expanduser('~'))")) <= {".cache", ".ipython", ".mpl"}
    assert (
        inside("import os\n[os.path.exists(p) for p in ('/etc/passwd', '/etc/shadow', '/var', '/run')]") == [False] * 4
    )
    # A course that lies in /tmp: the folders on the way to the libraries are there, and empty but for them.
    ways = {str(path.relative_to("/tmp").parts[0]) for path in sandbox._readable() if path.is_relative_to("/tmp")}
    assert set(inside("import os\nos.listdir('/tmp')")) == ways
    assert inside("import os\nlen([p for p in os.listdir('/proc') if p.isdigit()]) < 5") is True
    assert inside("import os\n[name for name in os.environ if 'SECRET' in name or 'TOKEN' in name]") == []


@pytest.mark.slow
def test_there_is_no_network(inside):
    assert inside("import socket\nsocket.create_connection(('127.0.0.1', 22), 1)")[0] == "ConnectionRefusedError"
    assert inside("import socket\nsocket.create_connection(('192.0.2.1', 80), 1)")[0] == "OSError"
    assert inside("import socket\n[name for _, name in socket.if_nameindex()]") == ["lo"]


@pytest.mark.slow
def test_only_scratch_places_are_writable_and_they_are_small(inside):
    places = ["/", "/usr", "/etc", "/dev", sys.prefix, "/tmp", "/dev/shm", "."]
    assert inside(f"import os\n[p for p in {places} if os.access(p, os.W_OK)]") == ["/tmp", "/dev/shm", "."]
    for place in ("/tmp", "/dev/shm", "."):
        space = inside(f"import os\ns = os.statvfs({place!r})\ns.f_blocks * s.f_frsize")
        assert 0 < space <= sandbox.MAX_SCRATCH
    assert inside("open('/tmp/x', 'wb').write(bytes(65 * 2**20))")[0] == "OSError"


@pytest.mark.slow
def test_no_rights_are_left(inside):
    assert inside("import os\nos.getuid()") == 1000
    assert inside("[line.split()[1] for line in open('/proc/self/status') if line.startswith('CapEff')]") == ["0" * 16]


@pytest.mark.slow
def test_forbidden_modules_cannot_be_had(inside):
    source = importlib.util.find_spec("ravine.gradient_descent").origin
    assert inside(f"open({source!r}).read()")[0] == "PermissionError"
    assert inside("import ravine.gradient_descent") == ["SyntaxError", "Exception"]  # a statement is no expression
    assert inside("__import__('ravine.gradient_descent')")[0] == "ModuleNotFoundError"
    assert inside("import ravine\nravine.gradient_descent")[0] in ("AttributeError", "ModuleNotFoundError")
    assert inside("import sys\n[m for m in sys.modules if m.startswith('torch.optim')]") == []
    assert inside("import torch\ntorch.optim")[0] == "AttributeError"
    unhooked = "import sys\nsys.meta_path = [f for f in sys.meta_path if 'Forbidden' not in type(f).__name__]\n"
    assert inside(unhooked + "__import__('ravine.gradient_descent')")[0] == "ModuleNotFoundError"


def test_a_machine_without_bubblewrap_says_what_to_install(monkeypatch):
    sandbox_problem.cache_clear()
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    try:
        with pytest.raises(SandboxMissing, match=r"apt-get install bubblewrap"):
            sandbox_command(["true"])
    finally:
        sandbox_problem.cache_clear()


def test_a_bubblewrap_that_fails_is_a_problem(monkeypatch):
    sandbox_problem.cache_clear()
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: "/usr/bin/bwrap")
    monkeypatch.setattr(sandbox, "_arguments", lambda: [sys.executable, "-c", "import sys; sys.exit('no namespaces')"])
    try:
        assert sandbox_problem() == "bubblewrap fails: no namespaces"
    finally:
        sandbox_problem.cache_clear()


def test_packages_are_covered_as_a_whole():
    covered = sandbox._covered(["ravine", "torch.optim", "ravine.gradient_descent", "ravine.no_such_module"])
    folder = str(Path(importlib.util.find_spec("ravine").origin).parent)
    assert covered[:2] == ["--tmpfs", folder] and not any("torch" in word for word in covered)
    assert "--ro-bind" in covered and f"{folder}/gradient_descent.py" in covered
