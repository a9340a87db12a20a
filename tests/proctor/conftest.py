"""What tests of the grader share: plain nbgrader as a person starts it, and its formgrader."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proctor.sandbox import HOW_TO, sandbox_problem

TOKEN = "course"
START_SECONDS = 120  # a server on a busy machine takes its time


def _environment(course: Path) -> dict[str, str]:
    """The environment without this machine's Jupyter settings, without an activated virtual environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTHONWARN"))}
    return kept | {"PATH": "/usr/bin:/bin", "HOME": str(course), "JUPYTER_NO_CONFIG": "1", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def sandbox() -> None:
    """For tests that need bubblewrap: skipped where there is none by nature, failed where it is only not installed."""
    if sys.platform != "linux":
        pytest.skip("bubblewrap exists only on Linux")
    if reason := sandbox_problem():
        pytest.fail(f"{HOW_TO} ({reason})")


@pytest.fixture(scope="session")
def nbgrader():
    """Run a stock command in a course directory: ``nbgrader(course, "autograde", "warmup")``; it must succeed."""

    def run(course: Path, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(
            command, cwd=course, env=_environment(course), capture_output=True, text=True, timeout=900
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done

    return run


@pytest.fixture(scope="session")
def formgrader():
    """Serve a course's formgrader: ``with formgrader(course) as address`` gives ``http://127.0.0.1:<port>``."""

    @contextmanager
    def serve(course: Path) -> Iterator[str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}"
        command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"]
        command += [f"--port={address.rpartition(':')[2]}", "--ServerApp.port_retries=0"]
        command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={course}"]
        command += ["--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"]
        with (course / "server.log").open("wb") as log:
            server = subprocess.Popen(command, cwd=course, env=_environment(course), stdout=log, stderr=log)
        try:
            _wait_for(f"{address}/api?token={TOKEN}", server, course / "server.log")
            yield address
        finally:
            server.terminate()
            try:
                server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    return serve


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=60).close()
            return
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()[-4000:]
            time.sleep(0.25)
