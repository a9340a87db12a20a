"""Intake: whatever is handed in ends in a Submission with named problems, never in an exception."""

import copy
import json
import os
import random
from pathlib import Path

import pytest

from proctor import intake
from proctor.intake import PROBLEMS, read_cells, read_submission, untouched
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
        (b'{"nbformat": ' + b"[" * 500 + b"]" * 500 + b"}", "wrong-format", "expected nbformat 4, got [[["),
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


ODD = [None, True, -1, 2**70, 1e308, "", "\0", "\ud800", "double", [], {}, [[]], {"grade_id": "double"}, "x" * 10_000]


def mutated(rng, value, depth=0):
    """The value with some of its parts replaced, removed, doubled or moved."""
    if rng.random() < 0.02:
        return rng.choice(ODD)
    if isinstance(value, dict):
        result = {key: mutated(rng, one, depth + 1) for key, one in value.items() if rng.random() > 0.01}
        return result | (
            {rng.choice(["id", "nbgrader", "cells", "source"]): rng.choice(ODD)} if rng.random() < 0.02 else {}
        )
    if isinstance(value, list):
        result = [mutated(rng, one, depth + 1) for one in value if rng.random() > 0.02]
        if result and rng.random() < 0.1:
            result.append(copy.deepcopy(rng.choice(result)))
        if rng.random() < 0.1:
            rng.shuffle(result)
        return result
    return value


def test_three_hundred_damaged_notebooks_end_in_a_submission(tmp_path):
    rng = random.Random(20)
    path = tmp_path / "warmup.ipynb"
    seen = set()
    for _ in range(300):
        data = bytearray(json.dumps(mutated(rng, RELEASE)).encode())
        if rng.random() < 0.3:
            for _ in range(rng.randrange(1, 20)):
                data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.1:
            data = data[: rng.randrange(len(data))]
        path.write_bytes(data)
        submission = read_submission(tmp_path, ASSIGNMENT, "ada")
        seen.update(codes(submission))
        assert set(submission.answers) <= {"double", "counter", "why"}
        json.dumps([submission.answers, [p.message for p in submission.problems]]).encode()
        read_cells(path)
    assert len(seen) >= 6


def test_limits_are_those_of_the_page():
    assert intake.MAX_FILE == 32 * 2**20
