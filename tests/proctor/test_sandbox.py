"""The sandbox's command line; what is inside is looked at in test_zygote."""

import importlib.util
import sys
from pathlib import Path

import pytest

from proctor import sandbox
from proctor.sandbox import SandboxMissing, sandbox_command, sandbox_problem


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


def test_what_nbgraders_users_exchange_and_settings_of_servers_are_hidden(tmp_path, monkeypatch):
    exchange, settings = tmp_path / "share/nbgrader", tmp_path / "etc/jupyter"
    for folder in (exchange / "exchange/course/inbound", settings):
        folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    command = " ".join(sandbox._arguments())
    for folder in (exchange, settings):
        assert command.index(f"--ro-bind {tmp_path}") < command.index(f"--tmpfs {folder} --remount-ro {folder}")


def test_packages_are_covered_as_a_whole():
    covered = sandbox._covered(["ravine", "torch.optim", "ravine.gradient_descent", "ravine.no_such_module"])
    folder = str(Path(importlib.util.find_spec("ravine").origin).parent)
    assert covered[:2] == ["--tmpfs", folder] and not any("torch" in word for word in covered)
    assert "--ro-bind" in covered and f"{folder}/gradient_descent.py" in covered


def test_what_any_python_compiled_of_a_forbidden_module_is_covered(tmp_path, monkeypatch):
    compiled = tmp_path / "__pycache__"
    compiled.mkdir()
    for name in ("lion.cpython-311.pyc", "lion.cpython-312.opt-1.pyc", "lioness.cpython-311.pyc"):
        (compiled / name).touch()
    spec = importlib.util.spec_from_file_location("ravine.lion", tmp_path / "lion.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    covered = [Path(word).name for word in sandbox._covered(["ravine.lion"]) if word.startswith(str(tmp_path))]
    assert sorted(covered) == ["lion.cpython-311.pyc", "lion.cpython-312.opt-1.pyc", "lion.py"]
