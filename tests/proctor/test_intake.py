"""Intake: whatever is handed in ends in a Submission with named problems, never in an exception."""

import copy
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from proctor import intake
from proctor.intake import PROBLEMS, Submission, parse, read_bytes, read_cells, read_submission, untouched
from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"
ASSIGNMENT = read_master(WARMUP)
RELEASE = json.loads(notebook_text(release_notebook(ASSIGNMENT, "https://example.org/course")))


@pytest.fixture
def notebook():
    return copy.deepcopy(RELEASE)


@pytest.fixture
def read(tmp_path):
    def read(content, name="warmup.ipynb"):
        if not isinstance(content, bytes | str):
            content = json.dumps(content)
        (tmp_path / name).write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return read_submission(tmp_path, ASSIGNMENT, "ada")

    return read


def codes(submission):
    assert all(problem.message.startswith(PROBLEMS[problem.code]) for problem in submission.problems)
    return [problem.code for problem in submission.problems]


def cell(notebook, id):
    return next(one for one in notebook["cells"] if one["id"] == id)


def test_a_release_is_read_without_a_problem(read, notebook):
    cell(notebook, "double")["source"] = "def double(x):\n    return 2 * x"
    submission = read(notebook)
    assert codes(submission) == [] and submission.student == "ada" and submission.size > 1000
    assert submission.answers["double"] == "def double(x):\n    return 2 * x"
    assert set(submission.answers) == {"double", "counter", "why"}
    assert untouched(ASSIGNMENT, submission.answers) == {"counter", "why"}


@pytest.mark.parametrize(
    "content, code, said",
    [
        (b"", "empty", "holds nothing"),
        (b" \n\t ", "empty", "holds nothing"),
        (b"\xef\xbb\xbf", "not-a-notebook", "not valid JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "not-a-notebook", "not UTF-8"),
        (b"\x00" * 100, "not-a-notebook", "not valid JSON"),
        (b'{"cells": [', "not-a-notebook", "not valid JSON"),
        (b'{"nbformat": 4, "cells": []} trailing', "not-a-notebook", "not valid JSON"),
        (b"[" * 10**6, "not-a-notebook", "not valid JSON"),
        (b"[" * 10**5 + b"]" * 10**5, "not-a-notebook", "not valid JSON"),
        (b'{"nbformat": ' + b"9" * 5000 + b"}", "not-a-notebook", "not valid JSON"),
        (b"[]", "not-a-notebook", "no Jupyter notebook"),
        (b"3", "not-a-notebook", "no Jupyter notebook"),
        (b"null", "not-a-notebook", "no Jupyter notebook"),
        (b'{"a": 1}', "not-a-notebook", "no Jupyter notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "wrong-format", "expected nbformat 4, got 3"),
        (b'{"nbformat": "4"}', "wrong-format", "got '4'"),
        (b'{"nbformat": ' + b"[" * 500 + b"]" * 500 + b"}", "wrong-format", "expected nbformat 4, got a list"),
        (b'{"nbformat": 4}', "no-cells", "is no list"),
        (b'{"nbformat": 4, "cells": {"0": 1}}', "no-cells", "is no list"),
        (b'{"nbformat": 4, "cells": "abc"}', "no-cells", "is no list"),
    ],
)
def test_files_that_are_no_notebook(read, content, code, said):
    submission = read(content)
    assert codes(submission) == [code] and said in submission.problems[0].message
    assert submission.answers == {} and len(submission.problems[0].message) < 250


def test_a_notebook_in_another_encoding(read, notebook):
    text = json.dumps(notebook)
    assert codes(read(text.encode("utf-16"))) == ["not-a-notebook"]
    assert codes(read(b"\xef\xbb\xbf" + text.encode())) == []
    cell(notebook, "double")["source"] = ["a = 1\r\n", "b = 2"]
    cell(notebook, "double-one")["source"] = "".join(cell(notebook, "double-one")["source"]).replace("\n", "\r\n")
    submission = read(json.dumps(notebook, indent=1).replace("\n", "\r\n"))
    assert codes(submission) == [] and submission.answers["double"] == "a = 1\nb = 2"


def test_a_folder_without_the_notebook(tmp_path, read, notebook):
    assert codes(read_submission(tmp_path, ASSIGNMENT)) == ["missing"]
    assert codes(read_submission(tmp_path / "gone", ASSIGNMENT)) == ["missing"]
    assert codes(read(notebook, "copy.ipynb")) == ["renamed"]
    assert codes(read(notebook, "._copy.ipynb")) == ["renamed"]  # macOS leaves such files in archives
    unclear = read(notebook, "other.ipynb")
    assert codes(unclear) == ["missing"] and "copy.ipynb, other.ipynb; it is unclear" in unclear.problems[0].message
    extra = read(notebook)
    assert codes(extra) == ["extra-notebooks"] and set(extra.answers) == {"double", "counter", "why"}


def test_names_that_are_no_text_are_told_in_text(tmp_path, notebook):
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.ipynb")
    try:
        with open(path, "w") as file:
            json.dump(notebook, file)
    except OSError:
        pytest.skip("this file system has no such names")
    submission = read_submission(tmp_path, ASSIGNMENT)
    assert codes(submission) == ["renamed"] and submission.problems[0].message.encode()


def test_things_that_are_no_files(tmp_path):
    path = tmp_path / "warmup.ipynb"
    path.mkdir()
    assert codes(read_submission(tmp_path, ASSIGNMENT)) == ["not-a-file"]
    path.rmdir()
    (tmp_path / "secret.txt").write_text("{}")
    path.symlink_to(tmp_path / "secret.txt")
    assert codes(read_submission(tmp_path, ASSIGNMENT)) == ["not-a-file"]
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    assert codes(read_submission(tmp_path, ASSIGNMENT)) == ["not-a-file"]
    path.unlink()
    os.mkfifo(path)
    assert codes(read_submission(tmp_path, ASSIGNMENT)) == ["not-a-file"]
    path.unlink()
    folder = tmp_path / "link"
    folder.symlink_to(tmp_path)
    assert codes(read_submission(folder, ASSIGNMENT)) == ["not-a-file"]
    assert codes(read_submission(Path("/dev/zero"), ASSIGNMENT)) == ["not-a-file"]


def test_a_huge_file_is_not_read(tmp_path):
    with open(tmp_path / "warmup.ipynb", "wb") as file:
        file.truncate(33 * 2**20)
    submission = read_submission(tmp_path, ASSIGNMENT)
    assert codes(submission) == ["too-large"] and "clear the outputs" in submission.problems[0].message


def test_deleted_and_doubled_cells(read, notebook):
    twin = copy.deepcopy(cell(notebook, "double")) | {"source": "second", "id": "x"}
    cell(notebook, "double")["source"] = "first"
    notebook["cells"].append(twin)
    notebook["cells"].remove(cell(notebook, "counter"))
    submission = read(notebook)
    assert [(p.code, p.cell) for p in submission.problems] == [
        ("duplicate-cell", "double"),
        ("missing-cell", "counter"),
    ]
    assert submission.answers["double"] == "first" and "counter" not in submission.answers
    assert "counter" in untouched(ASSIGNMENT, submission.answers)


def test_changed_tests_are_told_and_text_may_change(read, notebook):
    cell(notebook, "double-one")["source"] = "pass"
    notebook["cells"][0]["source"] = "# My notes"
    next(one for one in notebook["cells"] if "shown to students" in "".join(one["source"]))["source"] = "x"
    submission = read(notebook)
    assert [(p.code, p.cell) for p in submission.problems] == [("changed-cell", "double-one")]


def test_added_cells_are_told(read, notebook):
    notebook["cells"].append({"cell_type": "code", "id": "mine", "metadata": {}, "source": "x = 1"})
    notebook["cells"].append({"cell_type": "code", "id": "blank", "metadata": {}, "source": " \n"})
    notebook["cells"].append({"cell_type": "markdown", "id": "note", "metadata": {}, "source": "note"})
    submission = read(notebook)
    assert codes(submission) == ["added-cells"] and "1 were ignored" in submission.problems[0].message


def test_lost_metadata_is_made_up_for_by_cell_ids(read, notebook):
    for one in notebook["cells"]:
        one["metadata"] = {}
    assert codes(read(notebook)) == []
    for one in notebook["cells"]:
        del one["id"]
    submission = read(notebook)
    assert codes(submission)[:3] == ["missing-cell"] * 3 and codes(submission)[3:] == ["added-cells"]


@pytest.mark.parametrize("odd", [None, 3, "x", [], {}, {"cell_type": "code", "source": 3}, {"cell_type": "heading"}])
def test_odd_cells_are_skipped(read, notebook, odd):
    notebook["cells"].insert(0, odd)
    submission = read(notebook)
    assert codes(submission) == ["bad-cell"] and len(submission.answers) == 3


@pytest.mark.parametrize(
    "source, code, kept",
    [
        ("x" * 200_001, "answer-too-long", None),
        ("x = 1\0", "bad-cell", None),
        ("x = '\ud800'", None, "x = '?'"),
        (["a\n", 3], "bad-cell", None),
        ("### BEGIN SOLUTION", None, "### BEGIN SOLUTION"),
    ],
)
def test_odd_answers(read, notebook, source, code, kept):
    cell(notebook, "double")["source"] = source
    submission = read(notebook)
    assert (code in codes(submission)) == (code is not None) and submission.answers.get("double") == kept
    assert "counter" in submission.answers and all(text.encode() for text in submission.answers.values())


def test_every_problem_is_reached_here():
    """`failed` is the grader's own."""
    text = Path(__file__).read_text()
    assert [code for code in PROBLEMS if f'"{code}"' not in text and code != "failed"] == []


def test_cells_for_check_have_four_plain_parts(tmp_path, notebook):
    notebook["cells"][1]["metadata"] = "odd"
    notebook["cells"][2]["source"] = ["a\n", "b"]
    notebook["cells"].append(None)
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook))
    metadata, cells, problems = read_cells(path)
    assert metadata["proctor"]["assignment"] == "warmup" and problems == ()
    assert all(set(one) == {"cell_type", "id", "metadata", "source"} for one in cells)
    assert cells[1]["metadata"] == {} and cells[2]["source"] == "a\nb" and len(cells) == len(notebook["cells"]) - 1
    path.write_text("{")
    assert read_cells(path)[:2] == ({}, []) and read_cells(path)[2][0].code == "not-a-notebook"


def test_reading_and_parsing_are_two_steps(tmp_path, notebook):
    assert read_bytes(tmp_path, "warmup")[0] is None
    (tmp_path / "copy.ipynb").write_bytes(b"\xff")
    data, problems = read_bytes(tmp_path, "warmup")
    assert data == b"\xff" and [one.code for one in problems] == ["renamed"]  # what the bytes say is not looked at
    assert codes(parse(data, ASSIGNMENT, "ada", problems)) == ["renamed", "not-a-notebook"]
    assert parse(None, ASSIGNMENT, "ada", problems) == Submission("ada", {}, problems, 0)
    assert set(parse(json.dumps(notebook).encode(), ASSIGNMENT).answers) == {"double", "counter", "why"}


def test_folders_that_are_links_are_not_followed(tmp_path, notebook):
    folder = tmp_path / "ada" / "warmup"
    folder.mkdir(parents=True)
    (folder / "warmup.ipynb").write_text(json.dumps(notebook))
    (tmp_path / "eve").symlink_to("ada")
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "warmup").symlink_to(folder)
    assert codes(read_submission(folder, ASSIGNMENT)) == []
    for path in (
        tmp_path / "eve" / "warmup",
        tmp_path / "bob" / "warmup",
        tmp_path / "bob" / "warmup" / "warmup.ipynb",
    ):
        submission = read_submission(path, ASSIGNMENT)
        assert codes(submission) == ["not-a-file"] and "is a link" in submission.problems[0].message


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    submission = read_submission(tmp_path, ASSIGNMENT)
    assert codes(submission) == ["not-a-file"] and "(Permission denied)" in submission.problems[0].message


def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch):
    path, look = tmp_path / "warmup.ipynb", os.fstat
    path.write_bytes(b"x" * 20)
    monkeypatch.setattr(intake, "MAX_FILE", 10)
    monkeypatch.setattr(os, "fstat", lambda handle: os.stat_result([*look(handle)[:6], 5, *look(handle)[7:10]]))
    assert codes(read_submission(path, ASSIGNMENT)) == ["too-large"]  # 5 bytes when it was opened
    path.unlink()
    os.mkfifo(path)
    regular = os.stat_result([0o100644, *[0] * 9])
    monkeypatch.setattr(os, "lstat", lambda _: regular)
    monkeypatch.setattr(os, "fstat", look)
    assert codes(read_submission(tmp_path, ASSIGNMENT)) == ["not-a-file"]  # a pipe now: looked at again, not waited for


@pytest.mark.slow
def test_a_folder_of_very_many_files(tmp_path, notebook):
    for number in range(20_000):
        os.close(os.open(tmp_path / f"{number}.ipynb", os.O_CREAT))
    (tmp_path / "warmup.ipynb").write_text(json.dumps(notebook))
    start = time.monotonic()
    submission = read_submission(tmp_path, ASSIGNMENT)
    seconds = time.monotonic() - start
    shutil.rmtree(tmp_path)  # pytest would keep them
    assert seconds < 5 and len(submission.answers) == 3
    assert codes(submission) == ["extra-notebooks"] and "19996 more" in submission.problems[0].message


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[31mred", "\u202egnp.exe", "x" * 200, "\udce9"])
def test_odd_file_names_are_told_in_one_short_printable_line(tmp_path, notebook, name):
    try:
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook))
    except OSError:
        pytest.skip("this file system has no such names")
    submission = read_submission(tmp_path, ASSIGNMENT)
    message = submission.problems[0].message
    assert codes(submission) == ["renamed"] and len(submission.answers) == 3
    assert message.isprintable() and message.encode() and len(message) < 250


def test_a_file_of_brackets_is_refused_before_it_costs_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("parsed"))
    for unit in (b"[", b"[],", b'{"":', b'"",', b"0,", b'"\\","",'):
        start = time.monotonic()
        submission = parse(b"[" + unit * (2**22 // len(unit)), ASSIGNMENT)
        assert codes(submission) == ["too-large"] and "values; clear the outputs" in submission.problems[0].message
        assert time.monotonic() - start < 5


def test_only_what_is_no_text_counts_as_values(notebook, monkeypatch):
    monkeypatch.setattr(intake, "MAX_VALUES", 1000)
    cell(notebook, "double")["source"] = '[{"a": 1}, "]' * 5000 + "\\"
    assert codes(parse(json.dumps(notebook).encode(), ASSIGNMENT)) == []
    notebook["cells"][0]["attachments"] = [0] * 1000
    assert codes(parse(json.dumps(notebook).encode(), ASSIGNMENT)) == ["too-large"]


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5, 99, None, "5"])
def test_every_minor_version_is_read(notebook, minor):
    notebook["nbformat_minor"] = minor
    for one in notebook["cells"]:
        one["source"] = "".join(one["source"]) if minor == 3 else one["source"]
        one["attachments"] = {"x.png": {"image/png": "AAAA"}}
        if minor != 5:
            del one["id"]
    submission = parse(json.dumps(notebook).encode(), ASSIGNMENT)
    assert set(submission.answers) == {"double", "counter", "why"}
    assert "missing-cell" not in codes(submission) and "changed-cell" not in codes(submission)


def test_json_that_other_readers_take_otherwise(notebook):
    text = json.dumps(notebook)
    assert codes(parse(text.replace('"nbformat": 4', '"nbformat": 3, "nbformat": 4').encode(), ASSIGNMENT)) == []
    assert codes(parse(text.replace('"nbformat": 4', '"nbformat": NaN').encode(), ASSIGNMENT)) == ["wrong-format"]
    assert codes(parse(text.replace('"nbformat_minor": 5', '"nbformat_minor": Infinity').encode(), ASSIGNMENT)) == []
    deep = text.replace('"nbformat_minor": 5', '"nbformat_minor": ' + "[" * 10**5 + "]" * 10**5)
    assert codes(parse(deep.encode(), ASSIGNMENT)) == ["not-a-notebook"]


def test_a_problem_is_told_once_however_many_cells_have_it(notebook):
    notebook["cells"] += [None] * 1000 + [
        cell(notebook, "double"),
        cell(notebook, "double-one") | {"source": "x"},
    ] * 500
    submission = parse(json.dumps(notebook).encode(), ASSIGNMENT)
    assert codes(submission) == ["bad-cell", "duplicate-cell", "changed-cell"]
    assert "1000 of the notebook's cells" in submission.problems[0].message


def test_limits_are_those_of_the_page():
    assert intake.MAX_FILE == 32 * 2**20
