"""Damaged notebooks end in named problems and normal verdicts; `make soak` does the same with a thousand of them."""

import json
import random
import shutil
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from proctor.intake import Problem, Submission, read_cells
from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook
from proctor.sandbox import HOW_TO, sandbox_problem
from proctor.variants import read_variants
from proctor.verdict import Judgement, Verdict

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COURSE = Path(__file__).parent / "files" / "course"
MASTER = COURSE / "solutions" / "warmup" / "warmup.md"
ASSIGNMENT, VARIANTS = read_master(MASTER), read_variants(MASTER.with_name("wrong.py"))
NOTEBOOK = notebook_text(release_notebook(ASSIGNMENT)).encode()


@pytest.fixture
def fuzz(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import fuzz

    monkeypatch.setattr(fuzz, "KEPT", tmp_path / "kept")
    return fuzz


@pytest.fixture
def damages(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import damages

    return damages


def test_the_same_seed_damages_in_the_same_way(damages):
    first = [damages.fuzzed(NOTEBOOK, random.Random(seed)) for seed in range(20)]
    assert [damages.fuzzed(NOTEBOOK, random.Random(seed)) for seed in range(20)] == first
    assert sum(data == NOTEBOOK for data, _ in first) == 0 and len({data for data, _ in first}) == 20


def test_every_damage_does_something_to_a_valid_notebook(damages):
    whole = json.loads(NOTEBOOK)
    for damage in (*damages.IN_CELLS, *damages.IN_JSON):
        changed = [json.loads(NOTEBOOK) for _ in range(10)]
        for number, tree in enumerate(changed):
            damage(tree, random.Random(number))
        assert any(tree != whole for tree in changed), damage.__name__
    for damage in damages.IN_BYTES:
        assert damage(NOTEBOOK, random.Random(0)) != NOTEBOOK, damage.__name__


@pytest.mark.slow
def test_damaged_notebooks_are_read(fuzz, tmp_path):
    faults, named = fuzz.read_all(ASSIGNMENT, VARIANTS, 150, seed=1)
    assert faults == [] and not fuzz.KEPT.exists()
    assert len(named) >= 7 and 20 < named["not-a-notebook"] < 75 < 150 - named["no problem"], named
    for _, data, _ in fuzz.notebooks(ASSIGNMENT, VARIANTS, 50, seed=2):
        (tmp_path / "n.ipynb").write_bytes(data)
        read_cells(tmp_path / "n.ipynb")  # what `proctor check` reads


def test_a_notebook_that_is_misread_is_told_and_kept(fuzz, monkeypatch):
    def read(path, assignment, student):
        if student.endswith("3"):
            raise RecursionError("too deep")
        return Submission(student, {"double": "\ud800"}, (Problem("empty", "told\nin two lines"),))

    monkeypatch.setattr(fuzz, "read_submission", read)
    faults, _ = fuzz.read_all(ASSIGNMENT, VARIANTS, 4)
    assert [fault.partition(" (")[0] for fault in faults] == [f"fuzzed-000{n}" for n in (0, 0, 1, 1, 2, 2, 3)]
    assert faults[0].endswith(r"says 'told\nin two lines'") and "UTF-8" in faults[1] and "too deep" in faults[6]
    assert len(list(fuzz.KEPT.iterdir())) == 4
    assert fuzz.misread(Submission("ada", {"double": "x"}), ASSIGNMENT) == [
        "not a word on what became of ['counter', 'why']"
    ]


def test_points_that_are_not_due_are_told(fuzz):
    right, stubs = ASSIGNMENT.solutions(), ASSIGNMENT.stubs()
    cells = [("double-one", "double", 1), ("double-drawn", "double", 2), ("counter-adds", "counter", 2)]
    all_pass = Judgement(tuple(Verdict(cell, question, points, "pass") for cell, question, points in cells))
    none_pass = Judgement(tuple(replace(verdict, kind="fail") for verdict in all_pass.verdicts))

    def misjudged(answers, judgement):
        return fuzz.misjudged(Submission("ada", answers), judgement, ASSIGNMENT, VARIANTS)

    squares = "def double(x):\n    return x * x\n"
    assert misjudged(right, all_pass) == [] == misjudged(stubs, none_pass) == misjudged({}, none_pass)
    assert misjudged(stubs, all_pass) == ["double earned 3, is due 0", "counter earned 2, is due 0"]
    assert misjudged(right, none_pass) == ["double earned 0, is due 3", "counter earned 0, is due 2"]
    # A counter that uses a wrong double, or stands beside unknown text, may get less than it would elsewhere.
    assert misjudged(right | {"double": squares}, all_pass) == ["double earned 3, is due 0"]
    assert misjudged(right | {"double": "x = 1"}, none_pass) == []
    assert misjudged(right | {"double": "x = 1"}, all_pass) == []
    assert fuzz.known(ASSIGNMENT, VARIANTS)["double"]["def double(x):\n    return x + 1"] == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_damaged_notebooks_are_graded(fuzz, tmp_path):
    if sys.platform == "linux" and (reason := sandbox_problem()):
        pytest.fail(f"{HOW_TO} ({reason})")
    shutil.copytree(COURSE, tmp_path / "course")
    faults, kinds = fuzz.grade_some(tmp_path / "course", "warmup", 6, seed=0, jobs=2)
    assert faults == [] and isinstance(kinds, Counter) and sum(kinds.values()) == 6 * 3
