"""Starts notebook kernels in a fraction of a second: forked from a zygote, in the sandbox unless they are ours.

Jupyter finds it by the kernelspec ``ravine`` (``share/jupyter/kernels/ravine``), so everything that starts kernels can
use it: nbclient, nbval, Jupyter Book, and plain ``nbgrader autograde``, which runs students' code.

- By default a kernel is jailed like everything of a student's (``proctor.jail``): no network, nobody else's files. The
  directory that it is started in is copied in, without links and notebooks, and nothing is copied back.
- With ``PROCTOR_TRUSTED=1`` in the environment, as for the course's own chapters, it is an ordinary kernel, but faster.

Where the system cannot fork safely (macOS, Windows), a trusted kernel is started the usual way. Where user namespaces
do not nest, each kernel gets a bubblewrap of its own. Without bubblewrap a kernel that is not trusted is refused.
"""

import asyncio
import atexit
import io
import json
import os
import signal
import socket
import stat
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path

from jupyter_client.provisioning import LocalProvisioner

from proctor.candidate import MAX_MEMORY, write_message
from proctor.child import Child
from proctor.jail import Limits
from proctor.limits import over_limit, usage_of
from proctor.zygote import OneByOne, Zygote, ZygoteLost, open_zygote

TRUSTED = "PROCTOR_TRUSTED"
PRELOAD = ("torch.optim", "proctor.kernel")
PASSED_ON = ("PROCTOR_SEED",)  # of the environment, to a kernel in the sandbox
CHANNELS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
LIMITS = Limits(memory=MAX_MEMORY + 2**30, cpu_seconds=1800)  # ipykernel's eight threads reserve address space
MAX_WORK, MAX_FILES = 32 * 2**20, 1000  # of a directory that is copied in
START_SECONDS = 60.0


class RavineProvisioner(LocalProvisioner):
    """Provides ``ravine`` kernels to Jupyter's kernel managers."""

    _folder, _trusted, _forked = None, False, False

    async def pre_launch(self, **kwargs):
        """Choose the addresses of the sockets, before they are written into the connection file."""
        self._trusted = (kwargs.get("env") or os.environ).get(TRUSTED) == "1"
        self._forked = not self._trusted or sys.platform == "linux"
        if self._forked:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="proctor-", ignore_cleanup_errors=True)
            self.parent.transport, self.parent.ip = "ipc", f"{self._folder.name}/k"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd, **kwargs):
        """Fork a kernel.

        Raises:
            SandboxMissing: if it is not trusted and this machine has no sandbox.
            ZygoteLost: if the libraries do not import, or the kernel ended before it began.
        """
        if not self._forked:
            return await super().launch_kernel(cmd, **kwargs)
        listening = [_listen(f"{self.parent.ip}-{self.connection_info[name]}") for name in CHANNELS]
        handles, directory, files = [one.fileno() for one in listening], kwargs.get("cwd"), b""
        if self._trusted:
            environment = {name: value for name, value in kwargs["env"].items() if name != TRUSTED}
            given = (kwargs.get("stdout"), kwargs.get("stderr"))
            handles += [one.fileno() if hasattr(one, "fileno") else number for number, one in enumerate(given, 1)]
        else:
            environment = {name: kwargs["env"][name] for name in PASSED_ON if name in kwargs["env"]}
            files = archive(Path(directory) if directory else None)
        connection = {name: self.connection_info[name] for name in (*CHANNELS, "transport", "ip", "signature_scheme")}
        request = {
            "arguments": cmd[2:],
            "sockets": CHANNELS,
            "connection": connection | {"key": self.parent.session.key.decode()},
            "environment": environment,
            "directory": str(directory or os.getcwd()),
        }
        try:
            starting = _starter.submit(_start, self._trusted, handles, json.dumps(request).encode(), files)
            self.process = ForkedKernel(await asyncio.wrap_future(starting), self._trusted)
        except BaseException:
            await self.cleanup()
            raise
        finally:
            for one in listening:
                one.close()
        self.pid = self.process.pid
        return self.connection_info

    async def cleanup(self, restart=False):
        """End the kernel, if it has not ended, and remove its sockets."""
        await super().cleanup(restart=restart)
        if isinstance(self.process, ForkedKernel):
            self.process.close()
        if self._folder is not None and not restart:
            self._folder.cleanup()
            self._folder = None


class ForkedKernel:
    """What ``subprocess.Popen`` is of a process, of a kernel that the zygote forked."""

    stdin = stdout = stderr = None

    def __init__(self, child: Child, trusted: bool):
        self._child, self._trusted = child, trusted

    @property
    def pid(self) -> int | None:
        """Its process id on the host."""
        return self._child.pid

    def poll(self) -> int | None:
        """Its exit status, None while it runs; one that uses more than a student's processes may is ended here."""
        if self._child.wait(0):
            return self._status()
        if not self._trusted and over_limit(usage_of(self.pid), 0, 0, inf):
            self.kill()
        return None

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        _ = self._child.end
        self.close()
        return self._status()

    def send_signal(self, number: int) -> None:
        """Interrupt it; any other signal ends it and all that it started."""
        if number == signal.SIGINT:
            self._child.send_signal(number)
        else:
            self._child.kill()

    def kill(self) -> None:
        """End it and all that it started."""
        self._child.kill()

    terminate = kill

    def close(self) -> None:
        """End it, and give back what is left of it."""
        self._child.close()

    def _status(self):
        status = self._child.end.status
        return -signal.SIGKILL if status is None else status


def archive(directory: Path | None) -> bytes:
    """The files of a student's directory, as a tar file.

    Links, devices, notebooks, and files past ``MAX_WORK`` bytes or ``MAX_FILES`` files in all, are left out.

    Args:
        directory: what to read; None: nothing.
    """
    packed, room, count = io.BytesIO(), MAX_WORK, 0
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for parent, _, names in os.walk(directory or os.devnull):
            for path in sorted(Path(parent, name) for name in names if not name.endswith(".ipynb")):
                try:
                    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                except OSError:  # a link, a socket, or not ours to read
                    continue
                with os.fdopen(handle, "rb") as file:
                    about = os.fstat(handle)
                    if not stat.S_ISREG(about.st_mode) or about.st_size > room or count == MAX_FILES:
                        continue
                    entry = tarfile.TarInfo(str(path.relative_to(directory)))
                    entry.size, entry.mode = about.st_size, 0o644
                    tar.addfile(entry, file)
                    room, count = room - about.st_size, count + 1
    return packed.getvalue()


def _listen(path: str) -> socket.socket:
    Path(path).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(128)
    return listening


def _start(trusted, handles, request, files) -> Child:
    ours, theirs = socket.socketpair()
    with ours:
        ours.settimeout(START_SECONDS)
        child = _fork(trusted, theirs)
        try:
            socket.send_fds(ours, [b"!"], handles)
            with ours.makefile("wb") as stream:
                write_message(stream, request)
                write_message(stream, files)
        except OSError as error:
            child.close()
            raise ZygoteLost(f"the kernel ended before it began ({child.end.error or error})") from None
    return child


def _fork(trusted, channel):
    settings = {"trusted": True} if trusted else {"limits": LIMITS}
    if trusted not in _zygotes:
        _zygotes[trusted] = _open(trusted)
    with channel:  # start() closes what it is given
        try:
            return _zygotes[trusted].start("kernel", channel.dup(), **settings)
        except ZygoteLost:  # somebody ended it
            _zygotes.pop(trusted).close()
            _zygotes[trusted] = _open(trusted)
            return _zygotes[trusted].start("kernel", channel.dup(), **settings)


def _open(trusted) -> Zygote | OneByOne:
    if not trusted:
        return open_zygote(preload=PRELOAD)
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    zygote = Zygote(sandboxed=False, env={**os.environ, **threads}).prepare(PRELOAD)
    zygote.wait_until_ready()
    return zygote


def close_all() -> None:
    """End the zygotes of this process, and all kernels with them; the next kernel starts one anew."""
    while _zygotes:
        _zygotes.popitem()[1].close()


_zygotes: dict[bool, Zygote | OneByOne] = {}
# Everything that has to do with them happens in one thread, which lives as long as this process does: bubblewrap ends
# with the thread that started it.
_starter = ThreadPoolExecutor(1, thread_name_prefix="zygotes")
atexit.register(close_all)
