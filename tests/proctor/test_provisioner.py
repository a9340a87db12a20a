"""Kernels forked from a zygote: what Jupyter expects, that ours are like anybody's, what a student's cannot do."""

import asyncio
import io
import os
import signal
import sys
import tarfile
import time
from contextlib import contextmanager

import nbclient
import nbformat
import psutil
import pytest
from jupyter_client import KernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from proctor import provisioner
from proctor.provisioner import MAX_FILES, MAX_WORK, archive
from proctor.sandbox import SandboxMissing

needs_kernel = pytest.mark.slow
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # pytest draws nowhere


@contextmanager
def kernel(trusted=False, name="ravine", env=(), **options):
    """Start a kernel; gives its manager, and a function that runs code and returns the outputs as text."""
    manager = KernelManager(kernel_name=name)
    manager.start_kernel(env={**ENVIRONMENT, provisioner.TRUSTED: str(int(trusted)), **dict(env)}, **options)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)

        def run(code):
            said = []

            def hear(message):
                said.append(message)
                if _text(message["content"]) == "interrupt me\n":
                    manager.provisioner.process.send_signal(signal.SIGINT)

            client.execute_interactive(code, timeout=60, output_hook=hear, allow_stdin=False)
            return [text for message in said if (text := _text(message["content"])) is not None]

        yield manager, run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _text(content):
    if "data" in content:
        return content["data"]["text/plain"]
    return content.get("text") or (f"{content['ename']}: {content['evalue']}" if "ename" in content else None)


def executed(*sources, trusted=False, **options):
    """The cells of a notebook that names the usual kernel, after nbclient ran it."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources], metadata=metadata)
    client = nbclient.NotebookClient(notebook, kernel_name="ravine", **options)
    asyncio.run(client.async_execute(env={**ENVIRONMENT, provisioner.TRUSTED: str(int(trusted))}))
    return notebook.cells


@pytest.fixture(scope="module")
def jailed(tmp_path_factory):
    """A student's kernel, for tests that leave nothing behind."""
    work = tmp_path_factory.mktemp("work")
    (work / "data.csv").write_text("1,2\n")
    (work / "other.ipynb").write_text("{}")
    (work / "link").symlink_to("/etc/passwd")
    with kernel(cwd=str(work), env={"PROCTOR_SEED": "abc", "SECRET": "no"}) as (_, run):
        yield run
    assert sorted(os.listdir(work)) == ["data.csv", "link", "other.ipynb"], "copied in, and nothing back"


@needs_kernel
@pytest.mark.parametrize("trusted", [True, False])
def test_cells_run_and_say_what_they_always_say(trusted):
    cells = executed(
        "print('out'); import sys; print('err', file=sys.stderr); 6 * 7",
        "import subprocess; _ = subprocess.run(['echo', 'a child'])",
        "%config InlineBackend.figure_formats = ['svg']\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "x = 1",
        "x",
        trusted=trusted,
    )
    assert [output.get("text") or output.data["text/plain"] for output in cells[0].outputs] == ["out\n", "err\n", "42"]
    if not trusted:  # ours has pytest's environment, in which ipykernel leaves this to pytest
        assert cells[1].outputs[0].text == "a child\n"
    assert "<svg" in cells[2].outputs[0].data["image/svg+xml"]
    assert cells[4].outputs[0].data["text/plain"] == "1" and cells[4].execution_count == 5


@needs_kernel
def test_ours_is_the_kernel_that_python3_would_be(tmp_path):
    code = """import os, sys, matplotlib, numpy as np
print(os.getcwd(), os.environ.get("ONE"), sys.path, matplotlib.get_backend(), sys.argv[-1])
np.random.rand()"""
    said, seeds = [], []
    for trusted, name in ((True, "ravine"), (True, "ravine"), (False, "python3")):
        with kernel(trusted, name, cwd=str(tmp_path), env={"ONE": "1"}) as (_, run):
            said.append(run(code))
            seeds.append(name == "python3" or run("import torch; torch.initial_seed()")[0])
    printed, drawn = zip(*said, strict=True)
    assert printed[0].split()[:-1] == printed[1].split()[:-1] == printed[2].split()[:-1], "all but the connection file"
    assert len(set(drawn)) == len(set(seeds)) == 3, "drawn anew in each"


@needs_kernel
@pytest.mark.parametrize("trusted", [True, False])
def test_it_is_interrupted_and_restarted(trusted):
    with kernel(trusted) as (manager, run):
        assert run("here = 1; 1 / 0") == ["ZeroDivisionError: division by zero"]
        waiting = "import time; print('interrupt me', flush=True); time.sleep(60)"
        assert run(waiting) == ["interrupt me\n", "KeyboardInterrupt: "]
        assert run("here") == ["1"]
        manager.restart_kernel(now=True)
        assert manager.is_alive()
        # What it says may come before the client listens to it again.
        said = next(filter(None, (run("here") for _ in range(20))))
        assert said == ["NameError: name 'here' is not defined"]


@needs_kernel
def test_a_cell_that_hangs_meets_its_limit():
    with pytest.raises(CellTimeoutError):
        executed("while True: pass", timeout=1)


@needs_kernel
@pytest.mark.parametrize("trusted", [True, False])
def test_a_dead_kernel_is_noticed(trusted):
    began = time.monotonic()
    with pytest.raises(DeadKernelError):
        executed("import os; os._exit(3)", trusted=trusted)
    assert time.monotonic() - began < 10


@needs_kernel
@pytest.mark.parametrize("trusted", [True, False])
def test_a_zygote_that_somebody_ended_is_started_again(trusted):
    assert executed("1", trusted=trusted)
    zygote = provisioner._zygotes[trusted]
    ended = [zygote._process, *psutil.Process(zygote._process.pid).children(recursive=True)]
    zygote._process.kill()
    zygote._process.wait()
    psutil.wait_procs(ended[1:], 5)
    assert executed("6 * 7", trusted=trusted)[0].outputs[0].data["text/plain"] == "42"
    assert provisioner._zygotes[trusted] is not zygote


@needs_kernel
def test_a_students_kernel_sees_its_own_files_and_nothing_else(jailed):
    assert jailed("import os; os.getuid(), os.getpid(), os.getppid(), os.getcwd()") == ["(1000, 1, 0, '/sandbox')"]
    assert jailed("sorted(n for n in os.listdir() if n[0] != '.'), open('data.csv').read()") == [
        "(['data.csv'], '1,2\\n')"
    ]
    assert jailed("sorted(os.listdir('/proc'))") == ["['cpuinfo', 'meminfo']"]
    assert jailed("os.environ.get('PROCTOR_SEED'), os.environ.get('SECRET')") == ["('abc', None)"]
    assert jailed(f"os.path.exists({__file__!r}), os.access('/usr', os.W_OK)") == ["(False, False)"]
    assert jailed("_ = open('new', 'w').write('kept nowhere')") == []


@needs_kernel
def test_a_students_kernel_has_no_network_and_no_way_out(jailed):
    assert jailed("import socket; socket.socket()")[0].startswith("OSError: [Errno 97]")
    assert jailed("import ctypes; ctypes.CDLL(None).ptrace(16, 1, 0, 0)") == ["-1"]
    assert "MemoryError" in jailed("import numpy as np; np.ones(2**30)")[0]
    assert jailed("socket.socket(socket.AF_UNIX).connect('/tmp/k-1')")[0].startswith("FileNotFoundError")


@needs_kernel
def test_no_signal_reaches_anybody_else(jailed):
    code = """import contextlib, os
for target in (0, -1, os.getppid(), -os.getpgid(0)):
    with contextlib.suppress(OSError):
        os.kill(target, 9)
os._exit(1)"""
    with pytest.raises(DeadKernelError):
        executed(code)
    assert jailed("'alive'") == ["'alive'"]
    assert executed("1")[0].outputs[0].data["text/plain"] == "1", "the zygote forks on"


@needs_kernel
@pytest.mark.parametrize("trusted", [True, False])
def test_nothing_is_left_of_it(trusted):
    with kernel(trusted) as (manager, run):
        run("import subprocess; _ = subprocess.Popen(['sleep', '1234567'])")
        folder, process = manager.provisioner._folder.name, manager.provisioner.process
        assert os.path.isdir(folder) and process.poll() is None
    assert not os.path.exists(folder) and process.poll() == -signal.SIGKILL
    assert b"sleep\x001234567\x00" not in [_command(number) for number in os.listdir("/proc") if number.isdigit()]


def _command(number):
    try:
        with open(f"/proc/{number}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


@needs_kernel
def test_a_kernel_that_multiplies_is_ended(monkeypatch):
    with kernel() as (manager, run):
        monkeypatch.setattr("proctor.limits.MAX_PROCESSES", 2)
        assert manager.is_alive()
        run("import subprocess; _ = [subprocess.Popen(['sleep', '60']) for _ in range(3)]")
        manager.is_alive()
        assert manager.provisioner.process.wait() == -signal.SIGKILL


def test_links_and_notebooks_and_what_is_too_large_stay_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "small").write_text("here")
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", MAX_WORK + 1)
    (tmp_path / "link").symlink_to(__file__)
    (tmp_path / "one.ipynb").write_text("{}")
    os.mkfifo(tmp_path / "pipe")
    with tarfile.open(fileobj=io.BytesIO(archive(tmp_path))) as tar:
        assert tar.getnames() == ["folder/small"]
    with tarfile.open(fileobj=io.BytesIO(archive(None))) as tar:
        assert tar.getnames() == []


def test_a_directory_of_too_many_files_is_cut_off(tmp_path):
    for number in range(MAX_FILES + 1):
        (tmp_path / str(number)).touch()
    with tarfile.open(fileobj=io.BytesIO(archive(tmp_path))) as tar:
        assert len(tar.getnames()) == MAX_FILES


def test_without_a_sandbox_a_students_kernel_is_refused(monkeypatch):
    monkeypatch.setattr("proctor.sandbox.sandbox_problem", lambda: "bubblewrap is not installed")
    monkeypatch.setattr(provisioner, "_zygotes", {})
    with pytest.raises(SandboxMissing, match="bubblewrap is not installed"):
        executed("1")


@needs_kernel
def test_where_forking_is_unsafe_ours_starts_the_usual_way(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with kernel(True) as (manager, run):
        assert manager.transport == "tcp" and run("1 + 1") == ["2"]
