"""The total counts every test once, and a suite that did not run is a failure, never a pass."""

import subprocess
import sys
from pathlib import Path

import pytest

from proctor import suites

CHAPTER = """\
---
file_format: mystnb
kernelspec:
  name: python3
  display_name: Python 3
---

# A chapter

```{code-cell}
:tags: [raises-exception]
1 + 1
```
"""


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def junit(tmp_path, text):
    report = tmp_path / "report.xml"
    report.write_text(text)
    return suites.count(report)


def test_a_report_is_counted(tmp_path):
    text = '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3"/><testsuite tests="1"/></testsuites>'
    assert junit(tmp_path, text) == (4, 3, 3)


@pytest.mark.parametrize("text", ["", "<testsuites>", "<testsuites/>", "no report"])
def test_a_report_cut_off_counts_for_nothing(tmp_path, text):
    assert junit(tmp_path, text) == (0, 0, 0)
    assert suites.count(tmp_path / "none.xml") == (0, 0, 0)


@pytest.mark.parametrize(("passed", "failed", "good"), [(3, 0, True), (3, 1, False), (0, 0, False)])
def test_a_suite_is_good_when_something_ran_and_nothing_failed(passed, failed, good):
    assert suites.Result("book", passed, failed, 0, 1.0).good is good


def test_the_last_line_is_the_plain_total():
    results = [suites.Result("lint", 2, 0, 0, 1.0), suites.Result("book", 3, 1, 2, 5.0)]
    assert suites.table(results).splitlines()[-1] == "5 passed, 1 failed, 2 skipped"


def test_chapters_and_masters_become_notebooks_that_do_not_churn(tmp_path):
    write(tmp_path, "book/part/topic.md", CHAPTER)
    write(tmp_path, "solutions/topic/topic.md", CHAPTER)
    write(tmp_path, "book/notation.md", "# No cells\n")
    stale = write(tmp_path, "_build/nbval/book/part/gone.ipynb", "{}")
    paths = suites.notebooks(tmp_path)
    assert [str(path.relative_to(tmp_path / suites.NBVAL).as_posix()) for path in paths] == [
        "book/part/topic.ipynb",
        "solutions/topic/topic.ipynb",
    ]
    assert not stale.exists()
    first = paths[0].read_bytes()
    assert b"raises-exception" in first and b"1 + 1" in first
    suites.notebooks(tmp_path)
    assert paths[0].read_bytes() == first


def test_an_unknown_suite_is_wrong_use(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        suites.main(["no-such-suite"])
    assert stopped.value.code == 2
    assert "ravine, proctor" in capsys.readouterr().err


def test_every_path_of_every_suite_exists():
    root = Path(__file__).resolve().parents[2]
    for name, words in suites.SUITES.items():
        for word in words:
            if not word.startswith("-") and name != "notebooks":
                assert (root / word).is_dir(), (name, word)
    tested = {word for words in suites.SUITES.values() for word in words}
    folders = {f"tests/{path.name}" for path in (root / "tests").iterdir() if list(path.glob("test_*.py"))}
    assert folders <= tested, "a folder of tests that no suite runs"


@pytest.mark.slow  # a whole pytest each
@pytest.mark.parametrize(
    ("body", "total"),
    [
        ("def test_a(): pass\ndef test_b(): assert 0\n", "1 passed, 1 failed, 0 skipped"),
        ("", "0 passed, 1 failed, 0 skipped"),
    ],
)
def test_pytest_is_really_run_and_really_counted(tmp_path, body, total):
    write(tmp_path, "tests/house/test_it.py", body)
    write(tmp_path, "pyproject.toml", "[tool.pytest.ini_options]\nmarkers = ['slow', 'browser']\n")
    command = [sys.executable, "-m", "proctor.suites", "house", "--workers", "0"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, total), done.stdout + done.stderr
