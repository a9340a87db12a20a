"""The public tree holds what a student needs, works by itself, and holds nothing of the instructor's."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proctor import publish
from proctor.cli import app
from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook

ROOT = Path(__file__).resolve().parents[2]
MASTER = """\
---
file_format: mystnb
kernelspec:
  name: python3
  display_name: Python 3
proctor:
  title: Doubling
  imports: [math]
  forbids: []
  cpu_seconds: 5
---

# Doubling

```{code-cell}
from proctor import assert_equal, student
```

```{code-cell}
:answer: double
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
```

```{code-cell}
:tests: double-values 1
assert_equal(student.double(4), 8)
```
"""


@pytest.fixture
def course(tmp_path):
    """A small course: the real proctor and ravine, a site of one page, an assignment, and things to keep private."""
    root = tmp_path / "course"
    for name in ("ravine", "proctor"):
        for path in (ROOT / "src" / name).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                copy = root / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    (root / "solutions" / "doubling").mkdir(parents=True)
    master = root / "solutions" / "doubling" / "doubling.md"
    master.write_text(MASTER)
    (root / "notebooks" / "doubling" / ".ipynb_checkpoints").mkdir(parents=True)
    released = notebook_text(release_notebook(read_master(master)))
    (root / "notebooks" / "doubling" / "doubling.ipynb").write_text(released)
    (root / "notebooks" / "doubling" / ".ipynb_checkpoints" / "doubling.ipynb").write_text("{}")
    (root / "_build" / "html" / "_static").mkdir(parents=True)
    (root / "_build" / "html" / "index.html").write_text("<p>site</p>")
    (root / "_build" / "html" / "_static" / "a.css").write_text("p {}")
    (root / "_build" / "html" / ".buildinfo").write_text("machine")
    for name in ("LICENSE", "CITATION.cff", "pyproject.toml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    (root / ".course-secret").write_text("secret")
    return root


def test_the_tree_holds_these_things_and_no_others(course, tmp_path):
    files = {path.as_posix() for path in publish.write_public_tree(course, tmp_path / "public")}
    assert {name.split("/")[0] for name in files} == {
        *("site", "notebooks", "src", "LICENSE", "CITATION.cff", "pyproject.toml", "README.md", publish.MARK)
    }
    assert {name for name in files if name.startswith(("site", "notebooks"))} == {
        *("site/index.html", "site/_static/a.css", "site/.nojekyll", "notebooks/doubling/doubling.ipynb")
    }
    assert {"src/ravine/__init__.py", "src/proctor/__init__.py", "src/proctor/check.py"} <= files
    assert files == {
        p.relative_to(tmp_path / "public").as_posix() for p in (tmp_path / "public").rglob("*") if p.is_file()
    }


@pytest.mark.parametrize(
    "private",
    [
        "grade",
        "gradebook",
        "release",
        "verify",
        "mutants",
        "variants",
        "sample_class",
        "audit",
        "publish",
        "site",
        "export",
    ],
)
def test_what_only_an_instructor_runs_stays_here(private):
    assert f"proctor.{private}" not in publish.student_modules(ROOT / "src")


def test_no_solution_marker_or_secret_is_in_the_tree(course, tmp_path):
    publish.write_public_tree(course, tmp_path / "public")
    for path in (tmp_path / "public").rglob("*"):
        if path.is_file() and "src" not in path.parts:
            assert b"return 2 * x" not in path.read_bytes(), path
            assert path.name != ".course-secret"


def run(tree, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=300)


def test_a_student_can_import_what_a_notebook_imports(course, tmp_path):
    tree = tmp_path / "public"
    publish.write_public_tree(course, tree)
    code = (
        "import sys, proctor, ravine, proctor.cli, proctor.doctor\n"
        "from proctor import assert_close, assert_equal, assert_raises, rng, student\n"
        "print(all(m.__file__.startswith(sys.argv[1]) for n, m in sys.modules.items()"
        " if n.split('.')[0] in ('proctor', 'ravine')))"
    )
    done = run(tree, "-c", code, tree)
    assert (done.stdout.strip(), done.stderr) == ("True", "")


@pytest.mark.slow
def test_a_student_can_check_work_with_the_tree_alone(course, tmp_path):
    tree = tmp_path / "public"
    publish.write_public_tree(course, tree)
    notebook = tree / "notebooks" / "doubling" / "doubling.ipynb"
    blank = run(tree, "-m", "proctor.cli", "check", notebook)
    assert blank.returncode == 1, blank.stdout + blank.stderr
    notebook.write_text(notebook.read_text().replace("raise NotImplementedError()", "return x + x"))
    solved = run(tree, "-m", "proctor.cli", "check", notebook)
    assert solved.returncode == 0, solved.stdout + solved.stderr
    assert "pass" in solved.stdout


def test_a_command_of_the_instructor_says_that_it_is_not_here(course, tmp_path):
    tree = tmp_path / "public"
    publish.write_public_tree(course, tree)
    done = run(tree, "-m", "proctor.cli", "audit", "--course", course)
    assert (done.returncode, done.stdout) == (2, "")
    assert "student's copy" in done.stderr and "Traceback" not in done.stderr


def test_the_public_pyproject_is_the_base_package():
    text = publish.public_pyproject((ROOT / "pyproject.toml").read_text())
    public, whole = tomllib.loads(text), tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert public["project"]["dependencies"] == whole["project"]["dependencies"]
    assert public["project"]["scripts"] == {"proctor": "proctor.cli:app"}
    assert "optional-dependencies" not in public["project"]
    assert set(public["tool"]) == {"setuptools"}


def test_writing_again_replaces_the_tree_and_keeps_git(course, tmp_path):
    tree = tmp_path / "public"
    publish.write_public_tree(course, tree)
    (tree / ".git").mkdir()
    (tree / ".git" / "HEAD").write_text("ref")
    (tree / "site" / "old.html").write_text("gone from the book")
    publish.write_public_tree(course, tree)
    assert (tree / ".git" / "HEAD").read_text() == "ref"
    assert not (tree / "site" / "old.html").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".public-")] == []


def test_a_directory_of_somebody_else_is_left_alone(course, tmp_path):
    other = tmp_path / "home"
    other.mkdir()
    (other / "thesis.tex").write_text("years")
    for destination in (other, course, tmp_path, other / "thesis.tex"):
        with pytest.raises(ValueError):
            publish.write_public_tree(course, destination)
    assert (other / "thesis.tex").read_text() == "years"


def test_a_failure_leaves_the_tree_of_the_last_time(course, tmp_path):
    tree = tmp_path / "public"
    publish.write_public_tree(course, tree)
    (course / "LICENSE").unlink()
    with pytest.raises(FileNotFoundError):
        publish.write_public_tree(course, tree)
    assert (tree / "LICENSE").exists()


def test_without_a_site_it_says_what_to_do(course, tmp_path):
    (course / "_build" / "html" / "index.html").unlink()
    with pytest.raises(FileNotFoundError, match="make site"):
        publish.write_public_tree(course, tmp_path / "public")
    assert not (tmp_path / "public").exists()


def test_the_command_line_gives_the_message_alone(course, tmp_path):
    done = CliRunner().invoke(app, ["publish", str(course), "--course", str(course)])
    assert done.exit_code == 1
    assert "replace the course itself" in done.output and "Traceback" not in done.output
