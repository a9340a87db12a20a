"""Each check finds the fault it is for, and says what mends it."""

import io
import os
import sqlite3
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from proctor import doctor


def course(tmp_path, pins="numpy==1.0.0  # a reason\n"):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "requirements.txt").write_text(pins)
    return tmp_path


def test_a_course_is_looked_at_as_a_whole_and_a_students_copy_in_part(tmp_path):
    student = [one.name for one in doctor.doctor(tmp_path)]
    assert student == ["Python", "packages", "PyTorch", "directory"]
    names = [one.name for one in doctor.doctor(course(tmp_path))]
    expected = ["sandbox", "fast grading", "Chromium", "cores", "memory", "gradebook", "secret"]
    assert names == student + expected


def test_what_is_good_needs_no_fix_and_what_is_bad_has_one(tmp_path):
    for one in doctor.doctor(course(tmp_path)):
        assert one.detail
        assert bool(one.fix) == (not one.ok), one


def test_an_old_python_is_named(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert not doctor.python().ok
    assert "3.11" in doctor.python().fix


def test_a_package_that_differs_from_its_pin_is_named(tmp_path):
    found = doctor.packages(course(tmp_path, "numpy==1.0.0\nno-such-package-here==2\n"))
    assert not found.ok
    assert "pinned 1.0.0" in found.detail and "no-such-package-here is missing" in found.detail


def test_a_build_for_another_device_fits_its_pin(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda name: "2.13.0+cpu")
    assert doctor.packages(course(tmp_path, "torch==2.13.0\n")).ok


def test_pins_are_read_without_their_comments(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("# head\njupyter-book==1.0.4.post1  # why\nnumpy>=1\n\nruff==0.17.5\n")
    assert doctor.read_pins(path) == {"jupyter-book": "1.0.4.post1", "ruff": "0.17.5"}
    assert doctor.read_pins(tmp_path / "none.txt") == {}


@pytest.mark.parametrize(
    ("wish", "cuda", "ok"), [("auto", False, True), ("cuda", False, False), ("cuda", True, True), ("tpu", True, False)]
)
def test_the_wished_device_must_be_there(monkeypatch, wish, cuda, ok):
    torch = SimpleNamespace(
        __version__="2.13.0", cuda=SimpleNamespace(is_available=lambda: cuda, get_device_name=lambda i: "a GPU")
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setenv("RAVINE_DEVICE", wish)
    assert doctor.torch_build().ok is ok


def test_a_torch_that_does_not_import_is_a_finding(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "does not import" in doctor.torch_build().detail


def test_a_directory_that_cannot_be_written_to(tmp_path):
    assert doctor.writable(tmp_path).ok
    assert not doctor.writable(tmp_path / "gone").ok


def test_a_sandbox_that_does_not_start_is_reported_with_its_reason(monkeypatch):
    monkeypatch.setattr("proctor.sandbox.sandbox_problem", lambda: "bubblewrap is not installed")
    found = doctor.sandbox()
    assert (found.ok, found.detail) == (False, "bubblewrap is not installed")
    assert "bubblewrap" in found.fix


def test_a_kernel_without_namespaces_grades_slowly_and_learns_how_to_change_that(monkeypatch):
    monkeypatch.setattr("proctor.sandbox.sandbox_problem", lambda: None)
    monkeypatch.setattr("proctor.sandbox.jail_problem", lambda: "unshare: Operation not permitted")
    found = doctor.fast_grading()
    assert not found.ok and "Operation not permitted" in found.detail and found.fix
    monkeypatch.setattr("proctor.sandbox.jail_problem", lambda: None)
    assert doctor.fast_grading().ok
    monkeypatch.setattr("proctor.sandbox.sandbox_problem", lambda: "none")
    assert not doctor.fast_grading().ok


def test_a_missing_browser_is_a_finding(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert not doctor.chromium().ok
    assert "chromium" in doctor.chromium().fix


def test_little_memory_is_a_finding(monkeypatch):
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=8e9, available=1e9))
    assert not doctor.memory().ok


def test_a_gradebook_is_read_and_never_made(tmp_path):
    assert doctor.gradebook(tmp_path).ok
    assert not (tmp_path / "gradebook.db").exists()
    with sqlite3.connect(tmp_path / "gradebook.db") as connection:
        connection.execute("create table student (id text)")
        connection.execute("insert into student values ('ada')")
    connection.close()
    assert "1 students" in doctor.gradebook(tmp_path).detail


def test_a_damaged_gradebook_is_a_finding(tmp_path):
    (tmp_path / "gradebook.db").write_bytes(b"this is no database " * 100)
    found = doctor.gradebook(tmp_path)
    assert not found.ok and "backup" in found.fix


def test_the_secret_must_be_long_and_private(tmp_path):
    path = tmp_path / ".course-secret"
    assert doctor.secret(tmp_path).ok
    path.write_text("short")
    path.chmod(0o600)
    assert "5 bytes" in doctor.secret(tmp_path).detail
    path.write_text("x" * 64)
    assert doctor.secret(tmp_path).ok
    if os.name == "posix":
        path.chmod(0o644)
        assert doctor.secret(tmp_path).fix == "chmod 600 .course-secret"


def test_the_report_shows_the_fix_and_names_what_to_mend():
    out = io.StringIO()
    checks = [doctor.Check("Python", True, "3.11"), doctor.Check("sandbox", False, "[missing]", "install it")]
    doctor.print_checks(checks, Console(file=out, width=100))
    said = out.getvalue()
    assert "[missing]" in said and "→ install it" in said and said.strip().endswith("to mend: sandbox")
