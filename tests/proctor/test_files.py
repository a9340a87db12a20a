"""Atomic writing: old bytes or new ones, nothing left behind."""

import os
import stat

import pytest

from proctor.files import read_small, remove_leftovers, write_atomic


def test_writes_and_says_whether_anything_changed(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    assert write_atomic(path, "one\ntwo ü\n")
    assert path.read_bytes() == "one\ntwo ü\n".encode()
    os.utime(path, (1000, 1000))
    assert not write_atomic(path, "one\ntwo ü\n")
    assert path.stat().st_mtime == 1000
    assert write_atomic(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert [one.name for one in path.parent.iterdir()] == ["file.txt"]


def test_failure_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    write_atomic(path, "old")

    def fail(*args):
        raise OSError("disk")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_readable_by_others(tmp_path):
    write_atomic(tmp_path / "x", "")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) & 0o044 == 0o044 or os.name == "nt"


def test_what_a_killed_writer_left_is_removed(tmp_path, monkeypatch):
    folder = tmp_path / "feedback" / "ada" / "warmup"
    with monkeypatch.context() as killed:
        killed.setattr(os, "replace", lambda *_: None)  # the process ends here: neither renamed nor removed
        write_atomic(folder / "warmup.html", "new", durable=False)
    (folder / ".keep.txt").touch()
    assert len(list(folder.iterdir())) == 2
    remove_leftovers(tmp_path, "feedback/*/other/*", "grades/warmup*.csv")
    assert len(list(folder.iterdir())) == 2
    remove_leftovers(tmp_path, "feedback/*/warmup/*")
    assert [path.name for path in folder.iterdir()] == [".keep.txt"]


def test_what_utf8_cannot_hold_is_replaced(tmp_path):
    write_atomic(tmp_path / "x", "a\ud800b")
    assert (tmp_path / "x").read_text() == "a?b"


def test_a_small_file_may_be_a_trap(tmp_path):
    path = tmp_path / "stamp"
    path.write_bytes(b"x" * 100)
    assert read_small(path, 100) == b"x" * 100
    os.symlink(path, tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    for name, limit in (("gone", 100), ("link", 100), ("pipe", 100), ("stamp", 99), (".", 100)):
        with pytest.raises(OSError):
            read_small(tmp_path / name, limit)
