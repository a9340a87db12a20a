"""The build driver: what it builds again, what it leaves, and how it fails."""

import shutil
from pathlib import Path

import pytest

from proctor import build as module
from proctor.build import BuildError, build, inputs, main, toc_sources

ROOT = Path(__file__).parents[2]
HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3, display_name: Python 3}\n---\n"
TOC = "format: jb-book\nroot: book/index\nparts:\n- caption: One\n  chapters:\n  - file: book/one/chapter\n"


@pytest.fixture
def course(tmp_path):
    """A course of two pages, with this course's settings and style."""
    for name in ("book/_static", "book/_extra", "book/_templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("_config.yml", "requirements.txt", "book/references.bib"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in ("src/ravine", "book/one", "notebooks/book/one"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "src/ravine/core.py").write_text("ANSWER = 42\n")
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "book/index.md").write_text("# Start\n\n```{claims}\n```\n\n```{often-said}\n```\n")
    (tmp_path / "notebooks/book/one/chapter.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4}')
    chapter(tmp_path, "claim('one is one', 1, equals=1)")
    return tmp_path


def chapter(course, code, words="Words."):
    """Write the course's chapter."""
    cell = f"```{{code-cell}}\n:tags: [remove-cell]\nfrom ravine.claims import claim\n{code}\n```\n"
    folklore = ":::{admonition} Said by all\n:class: folklore\nIt is $x$.\n:::\n"
    (course / "book/one/chapter.md").write_text(f"{HEADER}# Chapter\n\n{words}\n\n{cell}\n{folklore}")


def test_the_contents_give_the_order(course):
    assert [path.name for path in toc_sources(course)] == ["index.md", "chapter.md"]


def test_a_page_that_is_missing_is_named(course):
    (course / "_toc.yml").write_text(TOC + "  - file: notebooks/momentum/momentum\n")
    with pytest.raises(BuildError, match=r"notebooks/momentum/momentum.*proctor release"):
        toc_sources(course)


def test_no_course_is_an_error_that_says_so(tmp_path, capsys):
    assert main(["--root", str(tmp_path)]) == 1
    assert "--root must name the course's directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("src/ravine/core.py", {"execution", "frame", "pages"}),
        ("src/ravine/data/new.csv", {"execution", "frame", "pages"}),
        ("requirements.txt", {"execution", "frame", "pages"}),
        ("_config.yml", {"frame", "pages"}),
        ("book/_static/css/course.css", {"frame", "pages"}),
        ("book/one/chapter.md", {"pages"}),
        ("notebooks/book/one/chapter.ipynb", {"pages"}),
        ("src/ravine/__pycache__/core.pyc", set()),
        ("README.md", set()),
    ],
)
def test_what_a_change_touches(course, path, changed):
    before = inputs(course)
    (course / path).parent.mkdir(parents=True, exist_ok=True)
    with (course / path).open("a") as file:
        file.write("# changed\n")
    after = inputs(course)
    assert {
        name for name in ("execution", "frame", "pages") if getattr(before, name) != getattr(after, name)
    } == changed


def test_another_device_runs_the_chapters_again(course, monkeypatch):
    monkeypatch.setenv("RAVINE_DEVICE", "cpu")
    before = inputs(course)
    monkeypatch.setenv("RAVINE_DEVICE", "cuda")
    assert inputs(course).execution != before.execution


@pytest.mark.slow
def test_build_then_nothing_then_one_page(course, monkeypatch):
    lines = []
    assert build(course, say=lines.append)
    assert any("1 to run" in line for line in lines)
    page = (course / "_build/html/book/index.html").read_text()
    assert "one is one" in page and "Said by all" in page and "Claims checked when this site was built: 1." in page
    assert "tex-chtml.js" in page, "the formula of the gathered admonition needs MathJax"
    assert (course / "_build/html/_static/vendor/mathjax/tex-chtml.js").is_file()
    assert (course / "_build/html/notebooks/book/one/chapter.ipynb").is_file()
    assert (course / "_build/html/404.html").is_file() and (course / "_build/html/.nojekyll").is_file()

    with monkeypatch.context() as patched:
        patched.setattr(module, "_run_sphinx", None)  # neither Sphinx nor a kernel may start
        patched.setattr(module.executed, "execute", None)
        lines.clear()
        assert not build(course, say=lines.append)
        assert "up to date" in lines[0]

    chapter(course, "claim('one is one', 1, equals=1)", words="Other words.")
    lines.clear()
    assert build(course, say=lines.append)
    assert any("0 to run" in line for line in lines), "prose alone does not run a chapter again"
    assert "Other words." in (course / "_build/html/book/one/chapter.html").read_text()

    (course / "src/ravine/core.py").write_text("ANSWER = 43\n")
    lines.clear()
    assert build(course, say=lines.append)
    assert any("1 to run" in line for line in lines), "the cache does not see the library; the build must"


@pytest.mark.slow
def test_a_claim_that_does_not_hold_stops_the_build_every_time(course, capsys):
    chapter(course, "claim('two is one', 2, equals=1)")
    for _ in range(2):
        assert main(["--root", str(course)]) == 1
        told = capsys.readouterr().err
        assert "book/one/chapter.md" in told and "two is one" in told and "\x1b" not in told
    assert not (course / "_build/html/index.html").exists()


@pytest.mark.slow
def test_a_warning_stops_the_build(course, capsys):
    chapter(course, "claim('one is one', 1, equals=1)", words="See {ref}`nowhere`.")
    assert main(["--root", str(course)]) == 1
    assert "undefined label: 'nowhere'" in capsys.readouterr().err
    assert main(["--root", str(course)]) == 1, "a build that failed is not taken for a good one"
