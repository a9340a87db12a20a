"""Releases: the same bytes each time, and the cells that nbgrader itself would make."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from proctor.masters import MasterError, read_master
from proctor.release import chapter_notebook, notebook_text, public_repository, release, release_notebook

FILES = Path(__file__).parent / "files"
COURSE = Path(__file__).parents[2]
WARMUP = FILES / "course" / "solutions" / "warmup" / "warmup.md"


@pytest.fixture
def course(tmp_path):
    shutil.copytree(FILES / "course" / "solutions", tmp_path / "solutions")
    (tmp_path / "book" / "part").mkdir(parents=True)
    (tmp_path / "_config.yml").write_text("repository:\n  url: https://example.org/course\n")
    header = "---\nfile_format: mystnb\nkernelspec: {name: python3, display_name: Python 3}\n---\n"
    (tmp_path / "book" / "part" / "topic.md").write_text(header + "\n# Topic\n\n```{code-cell}\nprint(1)\n```\n")
    (tmp_path / "book" / "part" / "prose.md").write_text("# Only prose\n")
    return tmp_path


def test_everything_is_written_once_and_then_left_alone(course):
    first = release(course)
    assert [str(one.path.relative_to(course)) for one in first] == [
        "_nbgrader/source/warmup/warmup.ipynb",
        "notebooks/warmup/warmup.ipynb",
        "notebooks/book/part/topic.ipynb",
    ]
    assert all(one.changed for one in first)
    texts = {one.path: one.path.read_bytes() for one in first}
    assert not any(one.changed for one in release(course))
    for path, text in texts.items():
        assert path.read_bytes() == text
        nbformat.validate(nbformat.read(path, as_version=4))
        path.unlink()
    release(course)
    assert {path: path.read_bytes() for path in texts} == texts


def test_named_assignments_only(course):
    assert [one.path.name for one in release(course, ["warmup"])] == ["warmup.ipynb", "warmup.ipynb"]
    with pytest.raises(MasterError, match="no assignment 'gone'"):
        release(course, ["gone"])


def test_a_bad_master_writes_nothing(course):
    master = course / "solutions" / "warmup" / "warmup.md"
    master.write_text(master.read_text().replace("### END SOLUTION", "### END", 1))
    with pytest.raises(MasterError, match="no marker"):
        release(course)
    assert not (course / "notebooks").exists() and not (course / "_nbgrader").exists()


def test_a_student_gets_the_install_cell_after_the_title():
    cells = release_notebook(read_master(WARMUP), "https://example.org/course").cells
    assert cells[0].source.startswith("# Warm-up") and cells[1].id == "install"
    assert "git+https://example.org/course" in cells[1].source and "nbgrader" not in cells[1].metadata
    assert not any(cell.id == "install" for cell in release_notebook(read_master(WARMUP)).cells)


def test_nothing_secret_is_in_a_release():
    text = notebook_text(release_notebook(read_master(WARMUP)))
    for secret in ("return 2 * x", "secret_value", "memorized", "Because an answer", "BEGIN", "END"):
        assert secret not in text


def test_chapters_have_pinned_ids_and_the_text_of_the_page():
    notebook = chapter_notebook((COURSE / "tests/proctor/files/three/three.md").read_text(), "https://example.org/c")
    assert [cell.id for cell in notebook.cells[:3]] == ["cell-000", "install", "cell-001"]
    assert notebook.cells[0].source.startswith("# Three questions")


@pytest.mark.parametrize("text, url", [(None, None), ("", None), ("repository:", None), ("repository: {url: u}", "u")])
def test_the_repository_is_a_setting(tmp_path, text, url):
    if text is not None:
        (tmp_path / "_config.yml").write_text(text)
    assert public_repository(tmp_path) == url


@pytest.mark.slow
def test_nbgrader_makes_the_same_release_from_our_source(tmp_path):
    names = ["warmup", "gradient-descent", "three"]
    masters = [WARMUP, COURSE / "solutions/gradient-descent/gradient-descent.md", FILES / "three" / "three.md"]
    for name, master in zip(names, masters, strict=True):
        (tmp_path / "solutions" / name).mkdir(parents=True)
        shutil.copy(master, tmp_path / "solutions" / name / f"{name}.md")
    release(tmp_path)
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.source_directory = '_nbgrader/source'\nc.IncludeHeaderFooter.header = ''\n"
    )
    for name in names:
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", name]
        # nbgrader runs `alembic`, which lies beside this Python.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PATH": path})
        assert done.returncode == 0, done.stderr
        theirs = nbformat.read(tmp_path / "release" / name / f"{name}.ipynb", as_version=4)
        ours = nbformat.read(tmp_path / "notebooks" / name / f"{name}.ipynb", as_version=4)
        assert [_graded(cell) for cell in ours.cells] == [_graded(cell) for cell in theirs.cells]
        assert len(ours.cells) > 8


def _graded(cell):
    # nbgrader leaves the blank line before a hidden region at the end of the cell, which also enters its checksum.
    metadata = {key: value for key, value in cell.metadata.get("nbgrader", {}).items() if key != "checksum"}
    return cell.cell_type, cell.source.rstrip("\n"), cell.id, metadata
