"""Collecting: what lies where afterwards, twice, after an interruption, and with hands on it in between."""

import csv
import hashlib
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proctor import collect as collecting
from proctor.collect import collect, find_attempts, submitted_at
from proctor.downloads import DownloadError
from proctor.lms import TableError
from proctor.masters import MasterError

COURSE = Path(__file__).parent / "files" / "course"
ONE, TWO, THREE = (f'{{"nbformat": 4, "cells": [], "n": {n}}}'.encode() for n in (1, 2, 3))


@pytest.fixture
def course(tmp_path):
    shutil.copytree(COURSE / "solutions", tmp_path / "course" / "solutions")
    return tmp_path / "course"


@pytest.fixture
def pack(tmp_path):
    def pack(files, day=1):
        path = tmp_path / f"submissions-{day}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, (2026, 10, day, 8, 0, 0)), content)
        return path

    return pack


def tree(folder):
    """Path -> (content, time of the last change) of every file."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def texts(folder):
    return {path: content for path, (content, _) in tree(folder).items() if not path.startswith("solutions")}


def receipts(course):
    return list(csv.DictReader((course / "receipts" / "warmup.csv").read_text().splitlines()))


def test_canvas_with_names_and_times(course, pack, tmp_path):
    (tmp_path / "names.csv").write_text("id,student,submitted\n7,ada,2026-10-01T23:59:00+02:00\n8,bob,\n")
    archive = pack({"ada_7_99_warmup.ipynb": ONE, "ada_7_101_warmup-1.ipynb": TWO, "bob_LATE_8_100_x.ipynb": THREE})
    done = collect(course, "warmup", archive, names=tmp_path / "names.csv")
    assert [(one.student, one.found.order) for one in done.new] == [("ada", 99), ("ada", 101), ("bob", 100)]
    assert (done.known, done.problems, done.untimed) == (0, (), ("bob",))
    stamp = b"2026-10-01 21:59:00.000000 UTC"
    assert {path: text for path, text in texts(course).items() if not path.startswith("receipts")} == {
        "attempts/ada/warmup/101/timestamp.txt": stamp,
        "attempts/ada/warmup/101/warmup.ipynb": TWO,
        "attempts/ada/warmup/99/timestamp.txt": stamp,
        "attempts/ada/warmup/99/warmup.ipynb": ONE,
        "attempts/bob/warmup/100/warmup.ipynb": THREE,
        "submitted/ada/warmup/timestamp.txt": stamp,
        "submitted/ada/warmup/warmup.ipynb": TWO,
        "submitted/bob/warmup/warmup.ipynb": THREE,
    }
    first, _, bob = receipts(course)
    assert first["sha256"] == hashlib.sha256(ONE).hexdigest() and first["bytes"] == str(len(ONE))
    assert (first["student"], first["attempt"], first["file"]) == ("ada", "99", "ada_7_99_warmup.ipynb")
    assert first["submitted"] == "2026-10-01T21:59:00+00:00" and (bob["submitted"], bob["late"]) == ("", "late")
    assert [folder.name for folder in find_attempts(course, "warmup", "ada")] == ["99", "101"]
    assert find_attempts(course, "warmup", "eve") == []


def test_the_time_is_read_back_as_nbgrader_reads_it(course, pack, tmp_path):
    (tmp_path / "names.csv").write_text("id,student,submitted\n7,ada,2026-10-01T23:59:00+02:00\n")
    collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE}), names=tmp_path / "names.csv")
    folder = course / "submitted" / "ada" / "warmup"
    assert submitted_at(folder) == datetime(2026, 10, 1, 21, 59, tzinfo=UTC)
    (folder / "timestamp.txt").write_text("2026-10-01 12:00:00 UTC")  # nbgrader's older form
    assert submitted_at(folder) == datetime(2026, 10, 1, 12, tzinfo=UTC)
    for text in ("", "no date", "\0" * 100):
        (folder / "timestamp.txt").write_text(text)
        assert submitted_at(folder) is None
    assert submitted_at(course) is None


def test_a_second_time_changes_nothing(course, pack):
    archive = pack({"ada_7_99_warmup.ipynb": ONE, "ada_7_101_warmup-1.ipynb": TWO, "bob_8_100_warmup.ipynb": THREE})
    collect(course, "warmup", archive)
    mended = course / "submitted" / "7" / "warmup" / "warmup.ipynb"
    mended.write_bytes(b"mended by hand")
    before = tree(course)
    done = collect(course, "warmup", archive)
    assert (done.new, done.known) == ((), 3) and tree(course) == before


def test_a_dry_run_writes_nothing(course, pack):
    before = tree(course)
    done = collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE}), dry_run=True)
    assert len(done.new) == 1 and tree(course) == before


def test_moodle_again_after_a_second_attempt(course, pack):
    ada, bob = "Ada_17_assignsubmission_file_/warmup.ipynb", "Bob_18_assignsubmission_file_/warmup.ipynb"
    first, second = pack({ada: ONE, bob: ONE}, day=1), pack({ada: TWO, bob: ONE}, day=2)
    collect(course, "warmup", first)
    done = collect(course, "warmup", second)
    assert [one.student for one in done.new] == ["17"] and done.known == 1
    assert [folder.name for folder in find_attempts(course, "warmup", "17")] == ["20261001080000", "20261002080000"]
    assert len(find_attempts(course, "warmup", "18")) == 1
    before = {path: text for path, text in texts(course).items() if path.startswith("submitted")}
    assert before["submitted/17/warmup/warmup.ipynb"] == TWO
    assert collect(course, "warmup", first).new == ()  # an old download again: the last attempt stays
    assert {path: text for path, text in texts(course).items() if path.startswith("submitted")} == before


def test_going_back_to_an_earlier_notebook_is_an_attempt(course, pack):
    archive = pack({"a_7_1_warmup.ipynb": ONE, "a_7_2_warmup-1.ipynb": TWO, "a_7_3_warmup-2.ipynb": ONE})
    assert len(collect(course, "warmup", archive).new) == 3
    assert texts(course)["submitted/7/warmup/warmup.ipynb"] == ONE
    assert len(find_attempts(course, "warmup", "7")) == 3


def test_the_time_of_an_earlier_attempt_does_not_stay(course, pack, tmp_path):
    (tmp_path / "names.csv").write_text("id,student,submitted\n7,ada,2026-10-01T23:59:00Z\n")
    collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE}), names=tmp_path / "names.csv")
    (tmp_path / "names.csv").write_text("id,student\n7,ada\n")
    second = pack({"ada_7_101_warmup-1.ipynb": TWO}, day=2)
    collect(course, "warmup", second, names=tmp_path / "names.csv")
    assert not (course / "submitted" / "ada" / "warmup" / "timestamp.txt").exists()
    (tmp_path / "names.csv").write_text("id,student,submitted\n7,ada,2026-10-02T01:00:00Z\n")
    collect(course, "warmup", second, names=tmp_path / "names.csv")  # the time is learned later
    assert (course / "submitted" / "ada" / "warmup" / "timestamp.txt").read_text().startswith("2026-10-02 01:00:00")
    assert [line["submitted"][:10] for line in receipts(course)] == ["2026-10-01", "2026-10-02"]


def test_the_same_notebook_again_does_not_make_its_attempt_late(course, pack, tmp_path):
    names, folder = tmp_path / "names.csv", course / "submitted" / "ada" / "warmup"
    names.write_text("id,student,submitted\n7,ada,2026-10-01T12:00:00Z\n")
    collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE}), names=names)
    before = texts(course)
    names.write_text("id,student,submitted\n7,ada,2026-10-05T12:00:00Z\n")
    done = collect(course, "warmup", pack({"ada_LATE_7_120_warmup-1.ipynb": ONE}, day=5), names=names)
    assert (done.new, done.known) == ((), 1) and texts(course) == before
    assert submitted_at(folder) == datetime(2026, 10, 1, 12, tzinfo=UTC)
    collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE}), names=names)  # its own number: a corrected time
    assert submitted_at(folder) == datetime(2026, 10, 5, 12, tzinfo=UTC)
    names.write_text("id,student\n7,ada\n")
    (folder / "timestamp.txt").write_text("mended by hand")
    collect(course, "warmup", pack({"ada_LATE_7_120_warmup-1.ipynb": ONE}, day=5), names=names)
    assert (folder / "timestamp.txt").read_text() == "mended by hand"


def test_a_time_is_written_beside_a_notebook_only(course, pack, tmp_path):
    (tmp_path / "names.csv").write_text("id,student,submitted\n7,ada,2026-10-01T12:00:00Z\n")
    archive = pack({"ada_7_99_warmup.ipynb": ONE})
    collect(course, "warmup", archive, names=tmp_path / "names.csv")
    shutil.rmtree(course / "submitted" / "ada" / "warmup")
    collect(course, "warmup", archive, names=tmp_path / "names.csv")
    assert not (course / "submitted" / "ada" / "warmup").exists()
    assert submitted_at(course / "attempts" / "ada" / "warmup" / "99") == datetime(2026, 10, 1, 12, tzinfo=UTC)


def test_stopped_anywhere_the_next_run_completes_it(course, pack, tmp_path, monkeypatch):
    (tmp_path / "names.csv").write_text(
        "id,student,submitted\n7,ada,2026-10-01T23:59:00Z\n8,bob,2026-10-01T10:00:00Z\n"
    )
    collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE}, 1), names=tmp_path / "names.csv")
    archive = pack({"ada_7_101_warmup.ipynb": TWO, "ada_7_102_warmup.ipynb": ONE, "bob_8_100_warmup.ipynb": THREE}, 2)
    whole = shutil.copytree(course, tmp_path / "whole")
    collect(whole, "warmup", archive, names=tmp_path / "names.csv")
    write, calls = collecting.write_atomic, 0
    for stop in range(13):
        here = shutil.copytree(course, tmp_path / f"stopped-{stop}")
        calls = 0

        def stopping(path, content, stop=stop):
            nonlocal calls
            calls += 1
            if calls > stop:
                raise KeyboardInterrupt
            return write(path, content)

        monkeypatch.setattr(collecting, "write_atomic", stopping)
        with pytest.raises(KeyboardInterrupt):
            collect(here, "warmup", archive, names=tmp_path / "names.csv")
        (here / "submitted" / "ada" / "warmup" / ".warmup.ipynb.x.tmp").write_text(
            "half"
        )  # as a killed writer leaves it
        monkeypatch.setattr(collecting, "write_atomic", write)
        collect(here, "warmup", archive, names=tmp_path / "names.csv")
        assert texts(here) == texts(whole), stop
    assert calls == 13  # the last one stopped at the last file


def test_what_cannot_be_collected_is_named_and_the_rest_is(course, pack, tmp_path):
    (tmp_path / "names.csv").write_text("id,student\n7,ada\n")
    archive = pack({"ada_7_99_warmup.ipynb": ONE, "bob_8_100_warmup.ipynb": TWO, "odd.ipynb": TWO})
    done = collect(course, "warmup", archive, names=tmp_path / "names.csv")
    assert [one.student for one in done.new] == ["ada"] and len(done.problems) == 2
    changed = pack({"ada_7_99_warmup.ipynb": TWO}, day=2)
    done = collect(course, "warmup", changed, names=tmp_path / "names.csv")
    assert done.problems == ("ada: another notebook is there already as attempt 99",)
    assert texts(course)["attempts/ada/warmup/99/warmup.ipynb"] == ONE


def test_a_receipt_is_no_formula(course, pack):
    collect(course, "warmup", pack({"=cmd/ada_7_99_warmup.ipynb": ONE}))
    assert receipts(course)[0]["file"] == "'=cmd/ada_7_99_warmup.ipynb"


def test_what_is_wrong_as_a_whole_writes_nothing(course, pack, tmp_path):
    before = tree(course)
    with pytest.raises(MasterError, match="no assignment 'gone'"):
        collect(course, "gone", pack({"ada_7_99_warmup.ipynb": ONE}))
    with pytest.raises(DownloadError, match="unsafe name"):
        collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE, "../../x_8_1_warmup.ipynb": TWO}))
    with pytest.raises(TableError, match=r"gone\.csv"):
        collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE}), names=tmp_path / "gone.csv")
    assert tree(course) == before


def test_another_folder_of_submissions(course, pack, tmp_path):
    collect(course, "warmup", pack({"ada_7_99_warmup.ipynb": ONE}), submissions=tmp_path / "class" / "handed-in")
    assert sorted(texts(tmp_path / "class")) == [
        "attempts/7/warmup/99/warmup.ipynb",
        "handed-in/7/warmup/warmup.ipynb",
        "receipts/warmup.csv",
    ]
