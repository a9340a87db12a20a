"""proctor verify: a good assignment passes, and every way for a test to be blind is found."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proctor import verify
from proctor.masters import read_master
from proctor.variants import VariantsError, read_variants
from proctor.verified import silent

FILES = Path(__file__).parent / "files" / "tiny"


@pytest.fixture
def tiny(tmp_path):
    """A copy of the tiny course: the path of its master."""
    shutil.copytree(FILES, tmp_path / "course")
    return tmp_path / "course" / "solutions" / "tiny" / "tiny.md"


def run(master, seeds=2, **options):
    return verify.verify_assignment(master, jobs=2, seeds=seeds, progress=silent, **options)


def edit(master, *changes):
    text = master.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    master.write_text(text)


def details(report, kind):
    return {(row.question, row.name): row.detail for row in report.rows if row.kind == kind and not row.ok}


@pytest.mark.slow
def test_a_good_assignment_is_verified_and_kept(tiny):
    report = run(tiny)
    assert report.ok and not report.cached and report.problems == ()
    assert report.counts("master") == (4, 4)  # two seeds of the whole, two questions alone
    assert report.counts("untouched") == (5, 5)
    assert report.counts("wrong") == report.counts("right") == (2, 2)
    killed, mutants = report.counts("mutant")
    assert killed == mutants > 20 and report.kill_rate == 1.0

    again = run(tiny)
    assert again.cached and again.rows == report.rows
    kept = tiny.parents[2] / "_build" / "verify" / "tiny.json"
    assert json.loads(kept.read_text())["report"]["assignment"] == "tiny"
    kept.write_text("{}")
    assert not verify._read(kept, "any")


def test_the_key_changes_with_all_that_a_verdict_depends_on(tiny):
    wrong = tiny.with_name("wrong.py")
    keys = [verify._key(tiny, wrong, 2, 3), verify._key(tiny, wrong, 3, 3), verify._key(tiny, wrong, 2, 20)]
    wrong.write_text(wrong.read_text() + "\n")
    keys.append(verify._key(tiny, wrong, 2, 3))
    edit(tiny, ("# Tiny", "# Tiny one"))
    keys.append(verify._key(tiny, wrong, 2, 3))
    assert len(set(keys)) == 5
    assert verify._key(tiny, wrong, 2, 3) == keys[-1]


def test_the_key_covers_every_module_that_judging_imports():
    code = "import proctor.verify, proctor.candidate, sys; print(*(m for m in sys.modules if m.startswith('proctor.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("proctor.") for name in done.stdout.split()}
    assert loaded <= set(verify.MODULES) and set(verify.MODULES) - loaded == {"__init__", "examiner", "intake"}


def test_wrong_answers_get_the_seeds_they_are_given(tiny):
    assignment, variants = read_master(tiny), read_variants(tiny.with_name("wrong.py"))
    trials = list(verify._trials(assignment, variants, 4, 3))
    drawn = {kind: sorted({trial.seed for trial in trials if trial.kind == kind}) for kind in ("wrong", "right")}
    assert drawn == {"wrong": [0, 1, 2], "right": [0, 1, 2, 3]}
    assert {trial.seed for trial in verify._trials(assignment, variants, 4, 20) if trial.kind == "wrong"} == {
        0,
        1,
        2,
        3,
    }


@pytest.mark.slow
def test_blind_tests_are_found(tiny):
    edit(
        tiny,
        ('name="an eighth of a drawn number")', 'rtol=10.0, name="an eighth of a drawn number")'),
        ('assert_close(student.quarter(number), number / 4, name="a quarter of a drawn number")', "assert number > 0"),
    )
    report = run(tiny)
    assert not report.ok
    assert details(report, "wrong") == {
        ("halve", "ignores times"): "must fail halve-often, but passes",
        ("quarter", "halves once"): "must fail quarter-value, but passes",
    }
    blank = details(report, "untouched")
    assert blank["", "the release as it is"] == "must get nothing, but passes quarter-value"
    assert blank["quarter", "an empty cell"] == "must get nothing, but passes quarter-value"
    survivors = {(row.question, row.name) for row in report.survivors}
    assert ("halve", "line 1: halve: ignore times: times = 1") in survivors
    assert ("quarter", "line 4: halve(x, times=2) -> halve(x)") in survivors
    assert report.kill_rate < 1.0
    assert details(report, "master") == details(report, "right") == {}


@pytest.mark.slow
def test_unfair_tests_and_undeclared_uses_are_found(tiny):
    test = "assert_close(student.halve(number), number / 2"
    edit(tiny, (test, f"assert number < 5, 'too large'\n{test}"), (":uses: [halve]\n", ""))
    report = run(tiny, seeds=8)
    unfair = details(report, "master")
    assert "must get full marks, but fails halve-once: too large" in unfair.values()
    assert "quarter-value" in unfair["quarter", verify.ALONE]
    assert "must get full marks" in details(report, "right")["halve", "in one power"]


@pytest.mark.slow
def test_equivalents_excuse_what_survives_and_nothing_else(tiny):
    edit(tiny, ("    return x\n    ### END", "    x = abs(x)\n    return x\n    ### END"))
    wrong = tiny.with_name("wrong.py")
    report = run(tiny)
    survivors = {row.name for row in report.survivors}
    assert survivors == {"line 6: abs(x) -> x", "line 6: drop x = abs(x)"}

    wrong.write_text(
        wrong.read_text()
        + "\nfrom proctor.variants import equivalent\n"
        + "equivalent('halve', 'abs(x) -> x', why='drawn numbers are positive')\n"
        + "equivalent('halve', 'line 6: drop x = abs(x)', why='drawn numbers are positive')\n"
        + "equivalent('halve', 'x * 0.5 -> x / 0.5', why='wishful thinking')\n"
        + "equivalent('halve', 'x * 0.5 -> x * 0.25', why='no such mutant')\n"
    )
    report = run(tiny)
    assert report.survivors == () and not report.ok
    assert details(report, "mutant") == {
        ("halve", "line 5: x * 0.5 -> x / 0.5"): (
            "listed as equivalent, but halve-once tells it from the solution: take the entry out"
        )
    }
    assert len(report.problems) == 1 and "no mutant has the name 'x * 0.5 -> x * 0.25'" in report.problems[0]


@pytest.mark.slow
def test_mutants_that_loop_for_ever_are_killed_soon(tiny):
    loop = "    for _ in range(times):\n        x = x * 0.5\n"
    edit(tiny, (loop, "    while times > 0:\n        x = x * 0.5\n        times = times - 1\n"))
    report = run(tiny)
    rows = {row.name: row for row in report.rows if row.kind == "mutant"}
    assert rows["line 6: times - 1 -> times"].ok
    assert report.seconds < 60


@pytest.mark.slow
def test_a_given_cell_that_fails_is_a_fault_and_is_not_kept(tiny):
    edit(tiny, ("from proctor import assert_close, assert_equal, rng, student", "raise OSError('no data here')"))
    report = run(tiny, seeds=1)
    assert not report.ok
    assert all("no data here" in row.detail for row in report.rows)
    assert not (tiny.parents[2] / "_build").exists()


def test_a_wrong_py_that_does_not_run_is_refused(tiny):
    tiny.with_name("wrong.py").write_text("1 / 0\n")
    with pytest.raises(VariantsError, match=r"wrong\.py:1: does not run"):
        run(tiny)
