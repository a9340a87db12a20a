"""Starts the zygote and, through it, its children.

The zygote itself (``proctor.zygote_process``) forks them inside the sandbox. One zygote serves many threads. Where the
kernel forbids user namespaces inside bubblewrap, ``OneByOne`` starts a sandbox for each child instead. Start either in
a thread that lives as long: bubblewrap ends with the thread that started it.
"""

import contextlib
import json
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict

from proctor import huge_pages, jail
from proctor.assignment import Assignment
from proctor.child import Child, End
from proctor.rules import imported, within
from proctor.sandbox import environment, sandbox_command
from proctor.zygote_process import EXAMINERS, MAX_PACKET

START_SECONDS = 120.0


class ZygoteLost(RuntimeError):
    """The zygote did not start, or ended; the message says why."""


class Zygote:
    """Starts the zygote, which imports ``LIBRARIES`` and waits for ``prepare``; then ``start`` forks a child of it.

    Safe to use from several threads.

    Args:
        forbids: modules that candidates do without.
        sandboxed: run it in bubblewrap and lock its children up; False runs everything with your own rights.
        namespaces: give each child namespaces of its own; False only where each has a sandbox of its own.
        env: its environment; by default nothing of this machine's but where programs are.

    Raises:
        SandboxMissing: if a sandbox is asked for and this machine has none.
    """

    def __init__(self, forbids=(), *, sandboxed: bool = True, namespaces: bool = True, env=None):
        self.forbids, self.preload, self.assignment = tuple(forbids), None, None
        self._spares: dict[tuple, tuple[Child, socket.socket]] = {}
        self._lock, self._stderr = threading.Lock(), tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._scratch = tempfile.TemporaryDirectory(prefix="proctor-", ignore_cleanup_errors=True)
        self._namespaces, self._ready = sandboxed and namespaces, False
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        self._candidates, self._examiners = self._lines = [ours for ours, _ in pairs]
        handles = [theirs.fileno() for _, theirs in pairs]
        settings = {"forbids": list(forbids), "confined": sandboxed, "namespaces": self._namespaces}
        command = [sys.executable, "-m", "proctor.zygote_process", *map(str, handles), json.dumps(settings)]
        self._process = subprocess.Popen(
            sandbox_command(command, forbids) if sandboxed else command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            cwd=self._scratch.name,
            env=huge_pages.FROM_THE_START | (env or environment(self._scratch.name)),
            pass_fds=handles,
            start_new_session=True,
        )
        for ours, theirs in pairs:
            theirs.close()
            ours.settimeout(START_SECONDS)

    @classmethod
    def of(cls, assignment: Assignment, *, sandboxed: bool = True) -> "Zygote":
        """One for an assignment."""
        return cls(assignment.forbids, sandboxed=sandboxed).prepare_for(assignment)

    def prepare_for(self, assignment: Assignment) -> "Zygote":
        """``prepare`` with what given cells import and answers may, and nothing forbidden; returns this."""
        names = imported(cell.source for cell in assignment.cells if cell.role == "given")
        preload = [name for name in [*names, *assignment.imports] if not within(name, assignment.forbids)]
        return self.prepare(preload, assignment)

    def prepare(self, preload=(), assignment: Assignment | None = None) -> "Zygote":
        """Say the rest, once; returns this.

        Args:
            preload: modules to import besides ``LIBRARIES``.
            assignment: what examiners are to know already; None if nothing.
        """
        self.preload, self.assignment = tuple(preload), assignment
        with tempfile.TemporaryFile() as work:
            pickle.dump(assignment, work)
            work.flush()
            with contextlib.suppress(ZygoteLost):  # waiting for it will say why
                self._say(self._candidates, {"preload": list(preload)}, work.fileno())
        return self

    def wait_until_ready(self) -> None:
        """Wait for the imports.

        Raises:
            JailError: if the kernel does not let it make namespaces.
            ZygoteLost: if it ended or took longer than ``START_SECONDS``.
        """
        with self._lock:
            if self._ready:
                return
            for line in self._lines:
                try:
                    data = line.recv(MAX_PACKET)
                except OSError as error:
                    self._lost(error)
                message = json.loads(data) if data else {}
                if "jail" in message:
                    raise jail.JailError(*message["jail"])
                if not message.get("ready"):
                    self._lost(message.get("error"))
            self._ready = True

    def settled(self) -> "Zygote | OneByOne":
        """This, once it is ready; closed, and something slower in its place, where the kernel allows no namespaces.

        Raises:
            ZygoteLost: if the libraries do not import; then it is closed.
        """
        try:
            self.wait_until_ready()
        except jail.JailError:
            self.close()
            return OneByOne(self.forbids, self.preload)
        except BaseException:
            self.close()
            raise
        return self

    def start(self, role: str, channel: socket.socket, limits: jail.Limits | None = None, **settings) -> Child:
        """Fork a child.

        Args:
            role: one of ``ROLES``.
            channel: its socket; closed in this process.
            limits: what it may use.
            settings: plain data for the role.

        Raises:
            ZygoteLost: if the zygote is gone.
        """
        with contextlib.closing(channel):
            return self._start(role, channel, limits, settings)

    def _start(self, role, channel, limits, settings):
        self.wait_until_ready()
        report, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {"role": role, "limits": limits and asdict(limits), "settings": settings}
        line = self._examiners if role in EXAMINERS else self._candidates
        try:
            with theirs, self._lock:
                self._say(line, request, channel.fileno(), theirs.fileno())
        except ZygoteLost:
            report.close()
            raise
        return Child(report, self._namespaces)

    def take(self, role: str, limits: jail.Limits, **settings) -> tuple["Child", socket.socket]:
        """A child and our end of its socket, as ``start`` makes them; the next one like it is forked ahead.

        Raises:
            ZygoteLost: if the zygote is gone.
        """
        kind = role, limits, json.dumps(settings)
        with self._lock:
            spare = self._spares.pop(kind, None)
        made = [self._fork(role, limits, settings) for _ in range(1 if spare else 2)]
        with self._lock:
            extra = self._spares.setdefault(kind, made[-1])
        if extra is not made[-1]:  # another thread was quicker
            _close_pair(*made[-1])
        return spare or made[0]

    def _fork(self, role, limits, settings):
        ours, theirs = socket.socketpair()
        try:
            return self.start(role, theirs, limits, **settings), ours
        except BaseException:
            ours.close()
            raise

    def close(self) -> None:
        """End the zygote and every child."""
        with self._lock:
            spares, self._spares = self._spares, {}
        for spare in spares.values():
            _close_pair(*spare)
        for line in self._lines:
            line.close()
        if self.preload is None:  # it may be importing for nobody
            self._process.kill()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stderr.close()
        self._scratch.cleanup()

    def _say(self, line, message: dict, *handles):
        try:
            socket.send_fds(line, [json.dumps(message).encode()], handles)
        except OSError as error:
            self._lost(error)

    def _lost(self, why):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        last = []
        with contextlib.suppress(ValueError):  # another thread has closed all
            self._stderr.seek(0)
            last = self._stderr.read().decode(errors="replace").strip().splitlines()[-1:]
        raise ZygoteLost(f"the process that forks graders ended ({'; '.join([str(why or '')[:500], *last])})") from None


class OneByOne:
    """A sandbox for each child, used like ``Zygote``: slower, for kernels that allow no namespaces in bubblewrap."""

    assignment = None

    def __init__(self, forbids=(), preload=()):
        self._forbids, self._preload = forbids, preload

    def start(self, role: str, channel: socket.socket, limits: jail.Limits | None = None, **settings) -> Child:
        """Start a sandbox and fork its one child."""
        zygote = Zygote(self._forbids, namespaces=False).prepare(self._preload)
        return _OnlyChild(zygote, zygote.start(role, channel, limits, **settings))

    def take(self, role: str, limits: jail.Limits, **settings) -> tuple[Child, socket.socket]:
        """A child and our end of its socket."""
        ours, theirs = socket.socketpair()
        return self.start(role, theirs, limits, **settings), ours

    def close(self) -> None:
        """Nothing is left to close: each sandbox ends with its child."""


class _OnlyChild(Child):
    def __init__(self, zygote: Zygote, child: Child):
        super().__init__(child._report, False)
        self._zygote = zygote

    @property
    def pid(self):
        """The sandbox itself: what runs inside is among its children."""
        return self._zygote._process.pid

    @property
    def end(self):
        """The sandbox holds nothing else: if it ended before it could say how, the child was killed with it."""
        end = super().end
        return End(-signal.SIGKILL, end.cpu_seconds, end.error) if end.status is None else end

    def kill(self):
        self._zygote._process.kill()

    def close(self):
        self._zygote.close()
        super().close()


def _close_pair(child: Child, channel: socket.socket):
    child.close()
    channel.close()


def open_zygote(forbids=(), preload=(), *, sandboxed: bool = True) -> Zygote | OneByOne:
    """The fastest way of starting children that this machine allows, ready; see ``Zygote`` and ``Zygote.settled``."""
    return Zygote(forbids, sandboxed=sandboxed).prepare(preload).settled()
