"""proctor audit: a clean course has no findings, and each mistake is found where it stands."""

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from proctor.audit import Finding, audit, names, print_findings
from proctor.release import release

FILES = Path(__file__).parent / "files" / "tiny"


@pytest.fixture
def course(tmp_path):
    """A copy of the tiny course with its notebooks generated."""
    shutil.copytree(FILES, tmp_path / "course")
    release(tmp_path / "course")
    return tmp_path / "course"


def master(course):
    return course / "solutions" / "tiny" / "tiny.md"


def edit(course, *changes):
    text = master(course).read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    master(course).write_text(text)
    return [finding for finding in audit(course) if finding.file == "solutions/tiny/tiny.md"]


def errors(findings):
    return [finding for finding in findings if finding.severity == "error"]


def test_a_clean_course_has_only_the_warnings_of_its_size(course):
    findings = audit(course, course / "notebooks")
    assert errors(findings) == []
    assert [finding.message for finding in findings] == ["6 points in all", "3 questions"]


@pytest.mark.parametrize(
    ("right", "written"),
    [
        ("### BEGIN SOLUTION", "### BEGIN SOLUTON"),
        ("### BEGIN SOLUTION", "###BEGIN SOLUTION"),
        ("### BEGIN SOLUTION", "# BEGIN SOLUTION"),
        ("### BEGIN SOLUTION", "### begin solution"),
        ("### END SOLUTION", "### END SOLUTIONS"),
        ("### END SOLUTION", "### END  SOLUTION"),
        ("### BEGIN HIDDEN TESTS", "### BEGIN HIDDEN TEST"),
        ("### END HIDDEN TESTS", "### END HIDEN TESTS"),
        ("### BEGIN RUBRIC", "### BEGIN RUBRICK"),
        ("### BEGIN SOLUTION", "### BEGIN SOLUTION of halve"),
    ],
)
def test_a_misspelt_marker_is_found_and_the_right_one_named(course, right, written):
    found = [f for f in edit(course, (right, written)) if "looks like a marker" in f.message]
    assert len(found) == 1
    assert repr(" ".join(written.split()) if "  " not in written else written) in found[0].message
    assert repr(right) in found[0].fix
    assert found[0].cell in ("halve", "halve-once", "why")


@pytest.mark.parametrize("line", ["# the solution begins here", "# tests that were hidden", "hidden = tests", "# END"])
def test_an_ordinary_line_is_no_marker(course, line):
    changed = edit(course, ("    for _ in range(times):", f"    {line}\n    for _ in range(times):"))
    assert errors(changed) == []


def test_both_markers_misspelt_hide_nothing_and_are_found(course):
    findings = edit(
        course, ("### BEGIN HIDDEN TESTS", "### BEGIN HIDDENTESTS"), ("### END HIDDEN TESTS", "### END HIDDENTESTS")
    )
    assert len([f for f in findings if "looks like a marker" in f.message]) == 2
    assert {f.cell for f in findings if f.severity == "error"} == {"halve-once"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    ### BEGIN SOLUTION\n", "", "without its partner"),
        ("    ### BEGIN SOLUTION\n", "  ### BEGIN SOLUTION\n", "indented like its BEGIN"),
        ("import assert_close", "import assert_close\n### BEGIN SOLUTION\n### END SOLUTION\n#", "a cell without role"),
        (":answer: quarter", ":answer: halve", "two cells have the id 'halve'"),
        (":tests: halve-once 1", ":tests: Halve_once 1", "lower-case words with hyphens"),
        (":tests: halve-once 1", ":tests: halve-once -1", "positive number of points"),
    ],
)
def test_each_mistake_in_a_master_is_found(course, old, new, message):
    assert any(message in finding.message for finding in errors(edit(course, (old, new))))


def test_a_given_cell_may_not_use_an_answer(course):
    cell = '```{code-cell}\nhalf = halve(2.0)\n```\n\n+++ {"written"'
    (found,) = errors(edit(course, ('+++ {"written"', cell)))
    assert found.message == "uses 'halve', which only the answer 'halve' defines"
    assert found.fix == "give it the role :show:"


def test_a_tests_cell_may_not_use_an_answer_or_another_tests_cell(course):
    findings = errors(
        edit(course, ('number / 2, name="half', 'halve(number), name="half'), ("number / 4, name", "shared / 4, name"))
    )
    assert [(f.cell, f.message, f.fix) for f in findings] == [
        ("halve-once", "uses 'halve', which only the answer 'halve' defines", "ask student.halve for a value"),
        (
            "quarter-value",
            "uses 'shared', which no given cell above defines",
            "define it in this cell or in a given cell above: a tests cell sees no other tests cell",
        ),
    ]


def test_an_answer_without_tests_is_an_error(course):
    text = master(course).read_text()
    cell = text[text.index("```{code-cell}\n:tests: quarter-value") : text.index("+++ {")]
    (found,) = errors(edit(course, (cell, "")))
    assert (found.cell, found.message) == ("quarter", "no tests cell judges this answer")


def test_an_answer_without_hidden_tests_is_an_error(course):
    text = master(course).read_text()
    start = text.index(":tests: quarter-value")
    hidden = text[text.index("### BEGIN HIDDEN", start) : text.index("### END HIDDEN TESTS", start)]
    findings = edit(course, (text[start:], text[start:].replace(hidden, "assert student.quarter(4.0)\n", 1)))
    assert [f.message for f in findings if "partner" in f.message]  # the END was left
    plain = text[start:].replace(hidden + "### END HIDDEN TESTS\n", "assert student.quarter(4.0)\n", 1)
    master(course).write_text(text[:start] + plain)
    found = [f for f in audit(course) if f.file.endswith("tiny.md") and f.severity == "error"]
    assert [(f.cell, f.message) for f in found] == [("quarter", "no hidden test judges this answer")]


def test_reveal_needs_drawn_inputs(course):
    fixed = ('name="a quarter of a drawn number"', 'name="a", reveal=True'), ('float(rng("quarter")', "float(Drawn(")
    findings = edit(course, ('number = float(rng("quarter").uniform(1.0, 9.0))', "number = 8.0"), fixed[0])
    assert [f.cell for f in findings if "reveal=True prints" in f.message] == ["quarter-value"]
    drawn = edit(course, ("number = 8.0", 'number = float(rng("quarter").uniform(1.0, 9.0))'))
    assert not [f for f in drawn if "reveal" in f.message]


def test_a_master_that_cannot_be_read_is_a_finding_and_the_audit_goes_on(course):
    master(course).write_bytes(b"\xff\xfe\x00")
    findings = audit(course)
    assert any(f.file.endswith("tiny.md") and "cannot be read" in f.message for f in findings)
    assert any(f.message == "no master or chapter makes this notebook" for f in findings)


def test_leaks_are_found_in_notebooks_site_and_public_tree(course, tmp_path):
    solution = "<pre><span>def quarter(x):</span>\n    <span>return</span> halve(x, times=<span>2</span>)</pre>"
    (course / "_build" / "html").mkdir(parents=True)
    (course / "_build" / "html" / "page.html").write_text(solution)
    tree = tmp_path / "public"
    (tree / "solutions").mkdir(parents=True)
    (tree / "solutions" / "wrong.py").write_text("")
    (tree / "notes.txt").write_text(
        "The base of the format is two, so halving a number\nlowers its exponent and leaves"
    )
    (tree / "all.zip").write_bytes(b"PK")
    found = {(f.severity, f.file, f.cell) for f in audit(course, tree)} - {
        ("warning", "solutions/tiny/tiny.md", ""),
    }
    assert found == {
        ("error", "_build/html/page.html", "quarter"),
        ("error", "notes.txt", "why"),
        ("error", "solutions", ""),
        ("error", "solutions/wrong.py", ""),
        ("warning", "all.zip", ""),
    }


def test_names_reads_what_is_bound_anywhere():
    used, bound = names("import a.b as c\nfor i in x:\n    y = i\ndef f(z):\n    return z + c\n")
    assert (used, bound) == ({"x", "i", "z", "c"}, {"c", "i", "y", "f", "z"})


def test_findings_are_printed_errors_first_with_their_count():
    console = Console(file=io.StringIO(), width=200)
    print_findings(
        [Finding("warning", "b.md", "", "small", "grow"), Finding("error", "a.md", "x", "bad", "mend")], console
    )
    assert console.file.getvalue().splitlines() == [
        "error: a.md [x]: bad; mend",
        "warning: b.md: small; grow",
        "1 errors, 1 warnings",
    ]
