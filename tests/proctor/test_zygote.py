"""Children of the zygote: what a student's process can see and do, what it cannot, and that nothing of it is left.

Without bubblewrap on Linux these tests fail, and say why.
"""

import errno
import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from proctor import codec, jail
from proctor.candidate import read_message, write_message
from proctor.jail import Limits
from proctor.sandbox import readable
from proctor.zygote import OneByOne, Zygote, ZygoteLost, open_zygote

COURSE = Path(__file__).parents[2]
FORBIDS = ("ravine.gradient_descent", "torch.optim")
LIMITS = Limits(memory=2**30, cpu_seconds=20)

pytestmark = pytest.mark.slow


class Inside:
    """A candidate to talk to."""

    def __init__(self, zygote):
        self.channel, theirs = socket.socketpair()
        self.child = zygote.start("candidate", theirs, LIMITS)
        self.receive, self.send = self.channel.makefile("rb"), self.channel.makefile("wb")

    def __call__(self, code):
        write_message(self.send, codec.encode({"op": "evaluate", "code": code, "data": {}}))
        reply = codec.decode(read_message(self.receive))
        return reply.get("value", reply.get("kinds"))

    def close(self):
        for end in (self.send, self.receive, self.channel):
            end.close()
        self.child.close()
        return self.child.end


def ways():
    """Folders in /tmp that lead to the libraries, where the course lies in /tmp."""
    return {path.relative_to("/tmp").parts[0] for path in readable() if path.is_relative_to("/tmp")}


def all_gone(processes):
    """Whether none of them is left after a moment."""
    _, alive = psutil.wait_procs(processes, timeout=5)
    return not [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def zygote(sandbox):
    opened = open_zygote(FORBIDS)
    assert isinstance(opened, Zygote), "this kernel allows no namespaces inside bubblewrap"
    yield opened
    opened.close()


@pytest.fixture
def inside(zygote):
    candidate = Inside(zygote)
    yield candidate
    candidate.close()


def test_no_file_of_the_course_or_of_anybody_is_there(inside):
    for path in (COURSE / "solutions", COURSE / "tests", COURSE / "pyproject.toml", COURSE / ".course-secret"):
        assert inside(f"import os\nos.path.exists({str(path)!r})") is False
    # A home, not a person's; a course that lies in /tmp or a home is hidden there too, libraries included.
    assert inside("import os\nos.listdir(os.path.expanduser('~'))") == []
    assert inside("import os\nos.getcwd() == os.path.expanduser('~')") is True
    nothing = ("/etc/passwd", "/etc/shadow", "/var", "/run", "/sys/class", "/sys/fs", "/sys/devices")
    assert inside(f"import os\n[p for p in {nothing} if os.path.exists(p)]") == []
    assert inside("import os\nsorted(os.listdir('/proc'))") == sorted(jail.CPU_INFO)
    assert inside("import os\n[name for name in os.environ if 'SECRET' in name or 'TOKEN' in name]") == []
    assert inside("import os\n[fd for fd in range(3, 256) if os.path.exists(f'/dev/fd/{fd}')]") == []


def test_there_is_no_network(inside):
    for family in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET"):
        assert inside(f"import socket\nsocket.socket(socket.{family})")[0] == "OSError"
    assert inside("import socket\nsocket.create_connection(('127.0.0.1', 22), 1)")[0] == "OSError"
    assert inside("import socket\nlen(socket.socketpair())") == 2


def test_only_scratch_places_are_writable_and_they_are_small(inside):
    places = ["/", "/usr", "/etc", "/dev", "/proc", sys.prefix, "/tmp", "/dev/shm", "."]
    assert inside(f"import os\n[p for p in {places} if os.access(p, os.W_OK)]") == ["/tmp", "/dev/shm", "."]
    for place in ("/tmp", "/dev/shm", "."):
        space = inside(f"import os\ns = os.statvfs({place!r})\ns.f_blocks * s.f_frsize")
        assert 0 < space <= jail.SCRATCH
    assert inside("open('/tmp/x', 'wb').write(bytes(65 * 2**20))")[0] == "OSError"


def test_no_rights_are_left(inside):
    assert inside("import os\nos.getpid()") == 1 and inside("import os\nos.getuid()") == 1000
    denied = {
        "ptrace": "libc.ptrace(0, 0, 0, 0)",
        "mount": "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "unshare": "libc.unshare(0x10000000)",
        "memfd": "libc.memfd_create(b'x', 0)",
        "shared memory": "libc.shmget(0, 4096, 0o1600)",
        "capabilities": "libc.prctl(24, 1, 0, 0, 0)",
        "another user": "libc.setuid(0)",
    }
    prelude = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    assert {what: inside(prelude + code) for what, code in denied.items()} == dict.fromkeys(denied, -1)
    assert inside(prelude + "libc.prctl(39, 0, 0, 0, 0)") == 1  # no new privileges
    assert inside("import os\nos.chroot('/tmp')")[0] == "PermissionError"


def test_newer_system_calls_are_as_if_not_there(inside):
    for number in (457, 458, 467):  # statmount and listmount tell of the host; open_tree_attr has no name yet
        code = (
            f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n(libc.syscall({number}, 0), ctypes.get_errno())"
        )
        assert inside(code) == (-1, errno.ENOSYS)
    assert inside("import socket\nsocket.socketpair(socket.AF_INET)")[0] == "OSError"


def test_terminals_are_not_shared(zygote):
    one, other = Inside(zygote), Inside(zygote)
    try:
        assert one("import os\nkept = os.openpty()\n[os.ttyname(kept[1]), os.listdir('/dev/pts')]")[1] == ["0", "ptmx"]
        assert other("import os\nos.listdir('/dev/pts')") == ["ptmx"]
    finally:
        one.close()
        other.close()


def test_memory_is_bounded_however_it_is_asked_for(inside):
    assert inside("bytes(2**31)")[0] == "MemoryError"
    assert inside("import mmap\nmmap.mmap(-1, 2**31)")[0] in ("OSError", "MemoryError")
    assert "allocate" in inside("import torch\ntry: torch.ones(2**29)\nexcept RuntimeError as e: x = str(e)\nx")
    assert inside("len(bytes(2**28))") == 2**28


def test_forbidden_modules_cannot_be_had(inside):
    source = importlib.util.find_spec("ravine.gradient_descent").origin
    assert inside(f"open({source!r}).read()")[0] == "PermissionError"
    assert inside("__import__('ravine.gradient_descent')")[0] == "ModuleNotFoundError"
    assert inside("import ravine\nravine.gradient_descent")[0] in ("AttributeError", "ModuleNotFoundError")
    assert inside("import sys\n[m for m in sys.modules if m.startswith('torch.optim')]") == []
    assert inside("import torch\ntorch.optim")[0] == "AttributeError"
    unhooked = "import sys\nsys.meta_path = [f for f in sys.meta_path if 'Forbidden' not in type(f).__name__]\n"
    assert inside(unhooked + "__import__('ravine.gradient_descent')")[0] == "ModuleNotFoundError"
    assert (
        inside("import gc\n[o for o in gc.get_objects() if getattr(o, '__module__', '') == 'ravine.optimizer']") == []
    )


def test_nothing_is_left_of_forbidden_modules_that_libraries_had_loaded(inside):
    unhooked = "import sys\nsys.meta_path = [f for f in sys.meta_path if 'Forbidden' not in type(f).__name__]\n"
    assert inside(f"{unhooked}hasattr(__import__('torch.optim', fromlist=['x']), 'SGD')") is False
    found = "[c for c in base.__subclasses__() if c.__name__ in ('SGD', 'Adam')]"
    search = "import torch\nbase = [c for c in object.__subclasses__() if c.__name__ == 'Optimizer'][0]\n"
    assert inside(f"{search}[name for c in {found} for name in vars(c) if name[:2] != '__']") == []
    folder = str(Path(importlib.util.find_spec("torch").origin).parent / "optim")
    assert inside(f"import os\nos.listdir({folder!r})") == []
    python = f"import subprocess, sys\nsubprocess.run([{sys.executable!r}, '-c', 'import torch'], stderr=-1).returncode"
    assert inside(python) == 1


def test_libraries_work_inside(inside):
    assert (
        inside("import torch\nx = torch.ones(3, requires_grad=True)\n(x * x).sum().backward()\nx.grad.tolist()")
        == [2] * 3
    )
    assert inside("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('/tmp/a.svg')\nTrue") is True
    assert inside("import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\nTrue") is True
    assert inside("import subprocess\nsubprocess.run(['echo', 'x'], capture_output=True, text=True).stdout") == "x\n"


@pytest.mark.parametrize("target", ["0", "-1", "os.getppid()", "2"])
def test_signals_reach_nobody_else(zygote, target):
    one, other = Inside(zygote), Inside(zygote)
    one(f"import os, signal\nsignal.signal(15, signal.SIG_IGN)\ntry: os.kill({target}, 15)\nexcept OSError: pass\n1")
    assert other("1 + 1") == 2
    assert one.close().status is not None and other("1 + 1") == 2
    other.close()
    Inside(zygote).close()


def test_children_start_with_equal_generators_and_do_not_share_what_they_write(zygote):
    draws = []
    for _ in range(2):
        candidate = Inside(zygote)
        draws.append(
            candidate("import numpy as np, random, torch\n[np.random.rand(), random.random(), torch.rand(1).item()]")
        )
        assert set(candidate("import os\nos.listdir('/tmp') + os.listdir('/dev/shm')")) == ways()
        assert candidate("open('/tmp/mine', 'w').write('x') + open('/dev/shm/mine', 'w').write('x')") == 2
        candidate.close()
    assert draws[0] == draws[1]


def test_nothing_outlives_a_child_and_its_time_is_counted(zygote):
    candidate = Inside(zygote)
    daemon = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: pass
    os._exit(0)
time.sleep(0.5)
1"""
    assert candidate(daemon) == 1
    tree = psutil.Process(candidate.child.pid).children(recursive=True)
    assert tree
    end = candidate.close()
    assert end.status in (0, -9) and end.cpu_seconds > 0
    assert all_gone(tree)


def test_how_a_child_ended_is_told(zygote):
    for code, status in (("import os\nos._exit(5)", 5), ("import ctypes\nctypes.string_at(0)", -11)):
        candidate = Inside(zygote)
        with pytest.raises(EOFError):
            candidate(code)
        assert candidate.child.wait(5) and candidate.close().status == status


def test_a_child_that_cannot_be_locked_up_says_so_and_runs_nothing(zygote):
    ours, theirs = socket.socketpair()
    child = zygote.start("candidate", theirs, Limits(memory="much", cpu_seconds=1))
    assert child.end.status == 1 and "Error" in child.end.error
    assert ours.recv(1) == b""
    ours.close()
    child.close()


def test_the_zygote_can_be_lost_and_leaves_nothing(zygote):
    opened = open_zygote()
    candidate = Inside(opened)
    pid, tree = candidate.child.pid, psutil.Process(opened._process.pid).children(recursive=True)
    opened._process.kill()
    assert pid in [one.pid for one in tree] and all_gone(tree)
    with pytest.raises(ZygoteLost, match="the process that forks graders ended"):
        for _ in range(3):
            opened.take("candidate", LIMITS)
    candidate.close()
    opened.close()


def test_without_namespaces_each_child_has_a_sandbox_of_its_own(zygote):
    slow = OneByOne(FORBIDS)
    candidate = Inside(slow)
    assert candidate("import os\nos.getuid()") == 1000
    assert candidate(f"import os\nos.path.exists({str(COURSE / 'solutions')!r})") is False
    assert candidate("import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)") == -1
    assert candidate("bytes(2**32)")[0] == "MemoryError"
    tree = psutil.Process(candidate.child.pid).children(recursive=True)
    candidate.close()
    assert all_gone(tree)


def test_a_kernel_without_namespaces_is_found_out(monkeypatch):
    monkeypatch.setattr(Zygote, "wait_until_ready", lambda self: (_ for _ in ()).throw(jail.JailError(1, "no")))
    assert isinstance(open_zygote(), OneByOne)


def test_without_a_sandbox_it_runs_with_our_rights():
    opened = open_zygote(sandboxed=False)
    candidate = Inside(opened)
    assert candidate("import os\nos.getuid()") == os.getuid()
    assert candidate("import subprocess\nsubprocess.Popen(['sleep', '60']).pid > 1") is True
    tree = psutil.Process(candidate.child.pid).children(recursive=True)
    assert tree and candidate.close().status in (0, -9) and all_gone(tree)
    opened.close()


def test_an_ordinary_user_can_use_it():
    """The zygote as somebody else than root, from a Python that anybody may read."""
    if os.getuid() != 0:
        pytest.skip("this is an ordinary user already: every test above shows it")
    if not Path("/usr/bin/python3").exists():
        pytest.skip("no Python that another user can read")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import jail\n"  # it needs the standard library only
    code += "jail.become_root_of_processes(); print('inside')"
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--", "/usr/bin/python3", "-c", code]
    done = subprocess.run(
        [*command, str(COURSE / "src" / "proctor")], capture_output=True, text=True, user=65534, group=65534
    )
    assert done.stdout == "inside\n", done.stderr
